// SPDX-License-Identifier: Apache-2.0

/// What was measured of the evidence; nil for parts that were not asked for.
package struct EvidenceResults: Sendable {
  package let plan: EvidencePlan
  /// The test data.
  package let data: any Dataset
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

  /// The best lower bound of log p(x) of the images of the gaps.
  package var reference: EvidenceReference? {
    let method = ais == nil ? "IWAE-\(plan.importanceSamples)" : annealingWords
    return (ais?.bound ?? iwae?.bound).map {
      EvidenceReference(
        logEvidence: Array($0.prefix(plan.gapImages)), method: method, isLowerBound: true)
    }
  }

  /// Where the nats of the ELBO go, for q's own family.
  package var decomposition: GapDecomposition? {
    reference.flatMap { gaps?.decomposition(.diagonal, reference: $0) }
  }

  package var annealingWords: String { "AIS, T = \(plan.steps), \(plan.chains) chains" }

  /// Shapes of the tails that could be fitted; not a number where weights are undefined.
  package var shapes: [Double] { iwae?.paretoShape.compactMap { $0 } ?? [] }

  /// The share of images whose importance weights are not to be trusted, undefined ones among them.
  package var shareAboveThreshold: Double {
    Double(shapes.count { !($0 <= ParetoShape.threshold) }) / Double(max(shapes.count, 1))
  }
}
