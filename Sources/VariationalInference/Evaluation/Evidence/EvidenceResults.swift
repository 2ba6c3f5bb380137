// SPDX-License-Identifier: Apache-2.0

internal import Formats

/// What was measured of the evidence; nil for parts that were not asked for.
package struct EvidenceResults: Sendable {
  package let plan: EvidencePlan
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
  package var elboOfLimit: [Double]? { elbo.map { Array($0.prefix(plan.limit)) } }

  package var annealingWords: String { "AIS, T = \(plan.steps), \(plan.chains.counted("chain"))" }

  /// Shapes of the tails that could be fitted; not a number where weights are undefined.
  package var shapes: [Double] { iwae?.paretoShape.compactMap { $0 } ?? [] }

  /// The share of images whose k-hat is above 0.7 or undefined.
  package var shareAboveThreshold: Double {
    Double(shapes.count { !($0 <= ParetoShape.threshold) }) / Double(max(shapes.count, 1))
  }
}
