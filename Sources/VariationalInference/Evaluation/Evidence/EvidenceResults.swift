// SPDX-License-Identifier: Apache-2.0

internal import Formats

/// What was measured of the evidence; nil for parts that were not asked for.
package struct EvidenceResults: Sendable {
  package private(set) var plan: EvidencePlan
  /// The test data.
  package let data: any Dataset
  /// What a log-probability of them means.
  package let meaning: String
  /// Whether p(x) is a probability, so that log p(x) is at most 0.
  package let isProbability: Bool
  /// The ELBO of all examples.
  package var elbo: [Double]?
  package var iwae: ImportanceWeightedBound?
  package var ais: AnnealedBound?
  package var simulated: Simulated?
  package var gaps: InferenceGaps?
  package var health: LatentHealth?

  /// Bounds on images drawn from the model.
  package struct Simulated: Sendable {
    package let elbo: [Double]
    package let bounds: BidirectionalBound
  }

  /// The ELBO of the images that the dearer bounds are taken on.
  package var elboOfLimit: [Double]? { elbo.map { all in examples(plan.limit).map { all[$0] } } }

  /// The numbers of so many examples, in the order in which bounds have them.
  package func examples(_ count: Int) -> [Int] { plan.subset.examples(count) }

  /// Takes the examples that there was time for in the place of those that were planned, the same
  /// for importance sampling and annealing.
  ///
  /// Parts of which less than two examples were done are no longer in the plan.
  mutating func settle() {
    func isLost(_ count: Int?) -> Bool { count.map { $0 < 2 } ?? false }
    if isLost(iwae?.bound.count) {
      iwae = nil
      plan.parts.remove(.iwae)
    }
    if isLost(ais?.bound.count) || isLost(simulated?.elbo.count) {
      (ais, simulated) = (nil, nil)
      plan.parts.remove(.ais)
    }
    if isLost(gaps?.bound.count) {
      gaps = nil
      plan.parts.remove(.gaps)
    }
    if health == nil { plan.parts.remove(.health) }
    let counts = [iwae?.bound.count, ais?.bound.count].compactMap { $0 }
    if let least = counts.min(), least < plan.limit {
      plan.limit = least
      iwae = iwae?.first(least)
      ais = ais?.first(least)
    }
    plan.gapImages = gaps?.bound.count ?? plan.gapImages
    plan.simulated = simulated?.elbo.count ?? plan.simulated
  }

  package var annealingWords: String { "AIS, T = \(plan.steps), \(plan.chains.counted("chain"))" }

  /// Shapes of the tails that could be fitted; not a number where weights are undefined.
  package var shapes: [Double] { iwae?.paretoShape.compactMap { $0 } ?? [] }

  /// The share of images whose k-hat is above 0.7 or undefined.
  package var shareAboveThreshold: Double {
    Double(shapes.count { !($0 <= ParetoShape.threshold) }) / Double(max(shapes.count, 1))
  }
}
