// SPDX-License-Identifier: Apache-2.0

/// What a measurement of the evidence is made of, in the order in which it is measured.
package enum EvidencePart: String, CaseIterable, Sendable {
  case elbo, iwae, ais, gaps, health
}

/// How much of a measurement somebody has decided; what is nil is to be chosen.
package struct EvidenceWishes: Sendable {
  package var limit, importanceSamples, aisSteps, aisChains, simulated: Int?

  package init(
    limit: Int? = nil, importanceSamples: Int? = nil, aisSteps: Int? = nil, aisChains: Int? = nil,
    simulated: Int? = nil
  ) {
    self.limit = limit
    self.importanceSamples = importanceSamples
    self.aisSteps = aisSteps
    self.aisChains = aisChains
    self.simulated = simulated
  }
}

/// How much each part of a measurement of the evidence computes.
package struct EvidencePlan: Sendable {
  package var parts: Set<EvidencePart>
  /// Examples for importance sampling and annealing: the first ones.
  package var limit: Int
  /// The first of those, for which the best posterior is sought.
  package var gapImages: Int
  package var importanceSamples: Int
  package var steps: Int
  package var chains: Int
  package var simulated: Int
  package var seed: UInt64

  /// The plan where no time is set.
  package init(
    _ parts: Set<EvidencePart>, examples: Int, wishes: EvidenceWishes, seed: UInt64
  ) {
    self.parts = parts
    limit = min(wishes.limit ?? 100, examples)
    gapImages = limit
    importanceSamples = wishes.importanceSamples ?? 5000
    steps = wishes.aisSteps ?? 100
    chains = wishes.aisChains ?? 16
    simulated = wishes.simulated ?? 50
    self.seed = seed
  }

  package var annealing: AnnealedImportanceSampling {
    AnnealedImportanceSampling(steps: steps, chains: chains, seed: seed)
  }

  /// Passes of the decoder that a part takes, a gradient counting as two: what progress is told in.
  /// That of the gaps is a guess, as it depends on when the searches converge.
  package func work(_ part: EvidencePart) -> Double {
    guard parts.contains(part) else { return 0 }
    switch part {
    case .elbo, .health: return 10_000
    case .iwae: return Double(limit * importanceSamples)
    case .ais: return Double(limit + 2 * simulated) * annealingWork
    case .gaps: return Double(gapImages) * Self.gapWork
    }
  }

  /// Of one image in one direction.
  ///
  ///     2 (C T + 4 W) (L + 1)
  ///
  /// C chains of T transitions and the 4 of the warm-up with W, each of L leapfrog steps: L + 1
  /// gradients, as a transition begins with that at its start.
  var annealingWork: Double {
    let settings = annealing
    let transitions = Double(chains * steps) + Double(4 * settings.warmUpSteps)
    return 2 * transitions * Double(settings.leapfrogSteps + 1)
  }

  /// Of one image: from the processor time of 20 searches of MNIST images.
  static let gapWork = 200_000.0
}

/// What was found out about speed and precision before a plan is made to fit a time.
package struct EvidencePilot: Sendable {
  /// Seconds of all threads for a pass of the decoder in importance sampling.
  package let secondsPerDraw: Double
  /// Seconds of all threads for a pass in annealing.
  package let secondsPerPass: Double
  /// The gap between reverse and forward annealing times T, in nats: the gap falls as 1 / T.
  package let gapTimesSteps: Double
  /// The standard deviation of the bound over images, in nats.
  package let spread: Double

  package init(
    secondsPerDraw: Double, secondsPerPass: Double, gapTimesSteps: Double, spread: Double
  ) {
    self.secondsPerDraw = secondsPerDraw
    self.secondsPerPass = secondsPerPass
    self.gapTimesSteps = gapTimesSteps
    self.spread = spread
  }

  /// Whether a plan can be made from it: the model's parameters may be too large to compute with.
  package var isDefined: Bool { gapTimesSteps.isFinite && spread.isFinite }

  /// T and the number of images N for a number of image-steps M = N T: the least squared error
  ///
  ///     (g / T)^2 + s^2 / N,   least at T = (2 g^2 M / s^2)^(1/3)
  ///
  /// of a bound that is g / T too low, on images whose values spread by s.
  func balance(imageSteps: Double, images: Int) -> (steps: Int, images: Int) {
    let squares = 2 * gapTimesSteps * gapTimesSteps * imageSteps / (spread * spread)
    // Infinite where all images have one bound; above 1e12 the path is as long as it may be.
    var steps = Self.cubeRoot(min(max(squares, 1), 1e15))
    // More images than there are cannot be had: the rest goes into longer paths.
    steps = min(max(steps, 20, imageSteps / Double(images)), 10_000)
    return (Int(steps), Int(min(max(imageSteps / steps, 2), Double(images))))
  }

  /// Newton's method for r^3 = x from r = x, above the root: far from it a step takes off a third,
  /// so that 1e15 is there in about 60 steps.
  private static func cubeRoot(_ x: Double) -> Double {
    var root = max(x, 1)
    for _ in 0..<200 { root -= (root - x / (root * root)) / 3 }
    return root
  }

  /// The plan that fits the time: half of it for annealing on the images, a fifth each for the simulated
  /// images and the gaps, a tenth for importance sampling on the same images.
  package func fit(
    _ plan: EvidencePlan, seconds: Double, images: Int, keeping fixed: EvidenceWishes
  ) -> EvidencePlan {
    var plan = plan
    let weights: [EvidencePart: Double] = [.ais: 0.7, .gaps: 0.2, .iwae: 0.1]
    let total = plan.parts.reduce(0) { $0 + (weights[$1] ?? 0) }
    guard total > 0 else { return plan }
    func share(_ part: EvidencePart) -> Double { seconds * (weights[part] ?? 0) / total }
    // 2 (L + 1) passes with L = 5; the warm-up is left out.
    let perImageStep = 12 * Double(plan.chains) * secondsPerPass
    let (steps, count) = balance(
      imageSteps: share(.ais) * 5 / 7 / perImageStep, images: images)
    if plan.parts.contains(.ais) {
      plan.steps = fixed.aisSteps ?? steps
      plan.limit = min(fixed.limit ?? count, images)
      // T must be decided before: it is in the work for one image.
      let rest = share(.ais) * 2 / 7 / (2 * plan.annealingWork * secondsPerPass)
      plan.simulated = fixed.simulated ?? Int(min(max(rest, 4), 1000))
    } else {
      plan.limit = min(fixed.limit ?? images, images)
    }
    let draws = share(.iwae) / secondsPerDraw
    plan.importanceSamples =
      fixed.importanceSamples ?? Int(min(max(draws / Double(plan.limit), 50), 100_000))
    let searches = share(.gaps) / (EvidencePlan.gapWork * secondsPerPass)
    plan.gapImages = Int(min(Double(plan.limit), max(searches, 2)))
    return plan
  }
}
