// SPDX-License-Identifier: Apache-2.0

/// The bound of some images with their encoder's q, and with the best q* of each family.
public struct InferenceGaps: Sendable {
  /// L[q] of each image, in nats.
  public let bound: [Double]
  /// The families that were searched, each from the best of the one before.
  public let optimised: [OptimisedBound]

  /// What the search for the best member of a family found.
  public struct OptimisedBound: Sendable {
    /// The family.
    public let family: PosteriorFamily
    /// L[q*] of each image, in nats.
    public let bound: [Double]
    /// Whether the search of each image came to rest before its steps ran out. Where it did not,
    /// L[q*] is too low, the approximation gap too wide and the amortisation gap too narrow.
    public let hasConverged: [Bool]
    /// The steps of each image's search.
    public let steps: [Int]
  }

  /// L[q*] - L[q] of each image, in nats: what is lost because a network computes q for all images
  /// at once. Its noise is small, as both bounds are taken on the same draws. Nil where the family
  /// was not searched.
  public func amortisationGap(_ family: PosteriorFamily) -> [Double]? {
    optimised.first { $0.family == family }.map { zip($0.bound, bound).map { $0 - $1 } }
  }

  /// The gaps of a family, given what log p(x) is taken to be.
  ///
  /// - Parameters:
  ///   - family: Best the family of q itself; with a larger one the amortisation gap includes what q's
  ///     own family loses against it.
  ///   - reference: One value for each image, in the same order.
  /// - Returns: Nil where the family was not searched.
  public func decomposition(
    _ family: PosteriorFamily, reference: EvidenceReference
  ) -> GapDecomposition? {
    guard let best = optimised.first(where: { $0.family == family }),
      let amortisation = amortisationGap(family)
    else { return nil }
    precondition(
      reference.logEvidence.count == bound.count,
      "\(reference.logEvidence.count) values of log p(x) for \(bound.count) images")
    return GapDecomposition(
      family: family, reference: reference,
      approximation: zip(reference.logEvidence, best.bound).map { $0 - $1 },
      amortisation: amortisation)
  }
}

/// What log p(x) is taken to be, image by image.
public struct EvidenceReference: Sendable {
  /// In nats.
  public let logEvidence: [Double]
  /// How it was found, for records: "IWAE-5000", "AIS, 1000 steps, 16 chains", "closed form".
  public let method: String
  /// Whether it is a lower bound in expectation; the approximation gap is then one too.
  public let isLowerBound: Bool

  /// Values of log p(x) with their origin.
  public init(logEvidence: [Double], method: String, isLowerBound: Bool) {
    self.logEvidence = logEvidence
    self.method = method
    self.isLowerBound = isLowerBound
  }
}

/// Where the nats between L[q] and log p(x) are lost, image by image.
///
///     log p(x) - L[q]   =   log p(x) - L[q*]    +    L[q*] - L[q]
///     inference gap     =   approximation gap   +    amortisation gap
///
/// - Source: Cremer, Li and Duvenaud, "Inference suboptimality in variational autoencoders", ICML
///   2018, section 3, arXiv:1801.03558.
public struct GapDecomposition: Sendable {
  /// The family of q*.
  public let family: PosteriorFamily
  /// What log p(x) was taken to be.
  public let reference: EvidenceReference
  /// log p(x) - L[q*], in nats: what no member of the family can reach. A lower bound on that where
  /// the reference is one on log p(x), and then even negative where L[q*] is the tighter bound.
  public let approximation: [Double]
  /// L[q*] - L[q], in nats: what the encoder loses.
  public let amortisation: [Double]

  /// The sum of the two: log p(x) - L[q].
  public var inference: [Double] { zip(approximation, amortisation).map { $0 + $1 } }

  /// The images whose inference gap is widest, widest first, and before them those whose gap is not
  /// a number.
  public func worst(_ count: Int) -> [(image: Int, gap: Double)] {
    let gaps = inference
    // NaN has no place in the order of numbers, and sorting by it would give no order at all.
    let undefined = gaps.map { $0.isNaN ? 1 : 0 }
    let widths = gaps.map { $0.isNaN ? 0 : $0 }
    return gaps.indices.sorted {
      (undefined[$0], widths[$0], $1) > (undefined[$1], widths[$1], $0)
    }.prefix(count).map { ($0, gaps[$0]) }
  }
}

extension Estimate {
  /// The difference of two means over different examples, with the standard error of independent
  /// samples: for the amortisation gap of test images less that of training images, which is the part
  /// of it that comes from generalisation. For the same examples take the mean of the differences.
  public func difference(from other: Estimate) -> Estimate {
    let variance = standardError * standardError + other.standardError * other.standardError
    return Estimate(
      mean: mean - other.mean, standardError: variance.squareRoot(),
      examples: examples + other.examples)
  }
}
