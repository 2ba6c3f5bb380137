// SPDX-License-Identifier: Apache-2.0

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

  /// Seconds for the ELBO of all images.
  package var elboSeconds = 0.0
  /// Seconds for the health of the latent space, which grow with the square of the number of images.
  package var healthSeconds = 0.0
  /// Seconds for a window of the search for the best posteriors of two images, in all families.
  package var windowSeconds = 0.0

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
    steps = max(min(steps, imageSteps / Self.fewestImages), imageSteps / Double(images))
    steps = min(max(steps, 20), 10_000)
    return (Int(steps), Int(min(max(imageSteps / steps, 2), Double(images))))
  }

  /// Longer paths than so many images have time for say little of a mean.
  private static let fewestImages = 16.0

  /// Newton's method for r^3 = x from r = x, above the root: far from it a step takes off a third,
  /// so that 1e15 is there in about 60 steps.
  private static func cubeRoot(_ x: Double) -> Double {
    var root = max(x, 1)
    for _ in 0..<200 { root -= (root - x / (root * root)) / 3 }
    return root
  }

  /// The part of annealing's time that the images of the data get; simulated ones get the rest.
  static let shareOfData = 5.0 / 7

  /// The plan that fits the time: half of it for annealing on the images, a fifth each for the simulated
  /// images and the gaps, a tenth for importance sampling on the same images.
  package func fit(
    _ plan: EvidencePlan, seconds: Double, images: Int, keeping fixed: EvidenceWishes
  ) -> EvidencePlan {
    var plan = plan
    let weights = EvidencePlan.weights
    let total = plan.parts.reduce(0) { $0 + (weights[$1] ?? 0) }
    guard total > 0 else { return plan }
    func share(_ part: EvidencePart) -> Double { seconds * (weights[part] ?? 0) / total }
    // 2 (L + 1) passes with L = 5; the warm-up is left out.
    let perImageStep = 12 * Double(plan.chains) * secondsPerPass
    let (steps, count) = balance(
      imageSteps: share(.ais) * Self.shareOfData / perImageStep, images: images)
    if plan.parts.contains(.ais) {
      plan.steps = fixed.aisSteps ?? steps
      // The warm-up, half of the work of a short path, counts now that T is known.
      let affordable =
        share(.ais) * Self.shareOfData / (plan.annealingWork * secondsPerPass)
      plan.limit = min(
        fixed.limit ?? Int(min(max(affordable, 2), Double(count))), images)
      // T must be decided before: it is in the work for one image.
      let rest = share(.ais) * (1 - Self.shareOfData) / (2 * plan.annealingWork * secondsPerPass)
      plan.simulated = fixed.simulated ?? Int(min(max(rest, 2), 1000))
    }
    let draws = share(.iwae) / secondsPerDraw
    if !plan.parts.contains(.ais) {
      // All images, if there is time for some hundred draws of each.
      let count = min(max(draws / Double(fixed.importanceSamples ?? 500), 2), Double(images))
      plan.limit = min(fixed.limit ?? (plan.parts.contains(.iwae) ? Int(count) : images), images)
    }
    plan.importanceSamples =
      fixed.importanceSamples ?? Int(min(max(draws / Double(plan.limit), 50), 100_000))
    let searches = share(.gaps) / (EvidencePlan.gapWork * secondsPerPass)
    plan.gapImages = Int(min(Double(plan.limit), max(searches, 2)))
    return plan
  }

  /// A part of a measurement for which there is no time, and the seconds that it takes at least.
  package struct LeftOut: Sendable, Equatable {
    package let part: EvidencePart
    package let seconds: Double

    package init(part: EvidencePart, seconds: Double) {
      (self.part, self.seconds) = (part, seconds)
    }
  }

  /// The plan that fits the time, without the parts of which the least that can be measured, or what
  /// was asked for, takes too long.
  ///
  /// The ELBO is measured in any case: it is told where that alone takes too long.
  package func fitting(
    _ plan: EvidencePlan, seconds: Double, images: Int, keeping fixed: EvidenceWishes
  ) -> (plan: EvidencePlan, leftOut: [LeftOut]) {
    var (plan, leftOut) = (plan, [LeftOut]())
    func leaveOut(_ part: EvidencePart, _ needed: Double) {
      plan.parts.remove(part)
      leftOut.append(LeftOut(part: part, seconds: needed))
    }
    let rest = seconds - elboSeconds
    if rest < 0 {
      leftOut.append(LeftOut(part: .elbo, seconds: elboSeconds))
      // What is measured beside it would make it later still.
      let least = fit(plan, seconds: 0, images: images, keeping: fixed)
      for part in EvidencePart.allCases where part != .elbo && plan.parts.contains(part) {
        leaveOut(part, cost(part, of: least))
      }
      return (fit(plan, seconds: 0, images: images, keeping: fixed), leftOut)
    }
    if plan.parts.contains(.health), healthSeconds > max(0.3 * rest, 0.2) {
      leaveOut(.health, healthSeconds)
    }
    plan.healthSeconds = plan.parts.contains(.health) ? healthSeconds : 0
    while true {
      let time = max(rest - plan.healthSeconds, 0)
      let fitted = fit(plan, seconds: time, images: images, keeping: fixed)
      let total = plan.parts.reduce(0) { $0 + (EvidencePlan.weights[$1] ?? 0) }
      let dearest = EvidencePart.allCases.filter(plan.parts.contains).compactMap { part in
        EvidencePlan.weights[part].map { weight in
          (part: part, seconds: cost(part, of: fitted), share: time * weight / total)
        }
      }.max { $0.seconds - $0.share < $1.seconds - $1.share }
      guard let dearest, dearest.seconds > max(1.3 * dearest.share, dearest.share + 0.5) else {
        return (fitted, leftOut)
      }
      leaveOut(dearest.part, dearest.seconds)
    }
  }

  /// The seconds that a part of a plan takes; of the gaps those of two images and few windows.
  private func cost(_ part: EvidencePart, of plan: EvidencePlan) -> Double {
    switch part {
    case .iwae: plan.work(.iwae) * secondsPerDraw
    case .ais: plan.work(.ais) * secondsPerPass
    case .gaps: Self.fewestWindows * windowSeconds
    case .elbo: elboSeconds
    case .health: healthSeconds
    }
  }

  /// A search takes three windows at least, one for each of its rates.
  private static let fewestWindows = 4.0
}
