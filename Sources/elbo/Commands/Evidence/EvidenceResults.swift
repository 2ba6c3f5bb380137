// SPDX-License-Identifier: Apache-2.0

internal import Formats
internal import VariationalInference

/// What `elbo evidence` measured; nil for parts that were not asked for.
struct EvidenceResults {
  let plan: EvidencePlan
  /// The test images and what makes numbers comparable.
  let images: ImageDataset
  let binarization: Binarization
  /// What the protocols of all numbers say of the model.
  let model: [JSONValue.Member]
  /// The ELBO of all images.
  var elbo: [Double]?
  var iwae: ImportanceWeightedBound?
  var ais: AnnealedBound?
  var simulated: Simulated?
  var gaps: InferenceGaps?
  var health: LatentHealth?

  /// Bounds on images drawn from the model.
  struct Simulated {
    let elbo: [Double]
    let bounds: BidirectionalBound
  }

  /// The ELBO of the images that the dearer bounds are taken on.
  var elboOfLimit: [Double]? { elbo.map { Array($0.prefix(plan.limit)) } }

  /// The best lower bound of log p(x) of the images of the gaps.
  var reference: EvidenceReference? {
    let method = ais == nil ? "IWAE-\(plan.importanceSamples)" : annealingWords
    return (ais?.bound ?? iwae?.bound).map {
      EvidenceReference(
        logEvidence: Array($0.prefix(plan.gapImages)), method: method, isLowerBound: true)
    }
  }

  /// Where the nats of the ELBO go, for q's own family.
  var decomposition: GapDecomposition? {
    reference.flatMap { gaps?.decomposition(.diagonal, reference: $0) }
  }

  var annealingWords: String { "AIS, T = \(plan.steps), \(plan.chains) chains" }

  /// Shapes of the tails that could be fitted; not a number where weights are undefined.
  var shapes: [Double] { iwae?.paretoShape.compactMap { $0 } ?? [] }

  /// The share of images whose importance weights are not to be trusted, undefined ones among them.
  var shareAboveThreshold: Double {
    Double(shapes.count { !($0 <= ParetoShape.threshold) }) / Double(max(shapes.count, 1))
  }
}

/// A number with what makes it comparable.
struct EvidenceNumber {
  /// Its key in JSON.
  let key: String
  /// Its row in the table.
  let name: String
  let mean: Double
  /// Over examples; nil for a count.
  let standardError: Double?
  let examples: Int
  /// In short, for the table.
  let words: String
  /// In full.
  let details: [JSONValue.Member]
}
