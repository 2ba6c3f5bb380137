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
  /// Which examples are taken, and in which order.
  package var subset: EvidenceSubset
  /// How many of them are for importance sampling and annealing.
  package var limit: Int
  /// The first of those, for which the best posterior is sought.
  package var gapImages: Int
  package var importanceSamples: Int
  package var steps: Int
  package var chains: Int
  package var simulated: Int
  package var seed: UInt64
  /// When the measurement is to be over; nil where no time is set.
  package var end: ContinuousClock.Instant?
  /// When what is not over yet is given up.
  package var lastEnd: ContinuousClock.Instant?
  /// What the health of the latent space takes of that time, in seconds.
  var healthSeconds = 0.0

  /// The plan where no time is set.
  package init(
    _ parts: Set<EvidencePart>, examples: Int, wishes: EvidenceWishes, seed: UInt64,
    subset: EvidenceSubset = .first
  ) {
    self.parts = parts
    self.subset = subset
    limit = min(wishes.limit ?? 100, examples)
    gapImages = limit
    importanceSamples = wishes.importanceSamples ?? 5000
    steps = wishes.aisSteps ?? 100
    chains = wishes.aisChains ?? 16
    simulated = wishes.simulated ?? 50
    self.seed = seed
  }

  /// The same plan, in the order of the data where all of them are taken for all bounds.
  func ordered(of all: Int) -> EvidencePlan {
    var plan = self
    let least = parts.contains(.gaps) ? min(limit, gapImages) : limit
    if least >= all { plan.subset = .first }
    return plan
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

  /// The shares of the time that parts of no fixed length get.
  static let weights: [EvidencePart: Double] = [.ais: 0.7, .gaps: 0.2, .iwae: 0.1]

  /// When a part that begins now is to be over: later parts keep their shares of the time left.
  func limit(_ part: EvidencePart) -> ContinuousClock.Instant? {
    guard let end, let weight = Self.weights[part] else { return nil }
    let order = EvidencePart.allCases
    let later = order.drop { $0 != part }.dropFirst().filter(parts.contains)
    let rest = later.reduce(0) { $0 + (Self.weights[$1] ?? 0) }
    let health = later.contains(.health) ? healthSeconds : 0
    let now = ContinuousClock.now
    let left = max(end - now - .seconds(health), .zero)
    return now + left * (weight / (weight + rest))
  }

  /// Of one image: from the processor time of 20 searches of MNIST images.
  static let gapWork = 200_000.0
}
