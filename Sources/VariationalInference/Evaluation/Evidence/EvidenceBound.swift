// SPDX-License-Identifier: Apache-2.0

/// A bound of log p(x), example by example.
package struct EvidenceBound: Sendable, Equatable {
  /// How it was found.
  package enum Method: Sendable, Equatable {
    case elbo, importanceSampling, annealing, reverseAnnealing
    /// With the best q* of a family.
    case optimised(PosteriorFamily)
    /// log p(x) <= 0, where p(x) is a probability.
    case probability
  }

  package let method: Method
  /// As reports call it.
  package let name: String
  /// Of the first examples, in nats.
  package let values: [Double]

  package init(method: Method, name: String, values: [Double]) {
    self.method = method
    self.name = name
    self.values = values
  }

  /// 0, the logarithm of the largest probability, of so many examples.
  package static func zero(_ count: Int) -> EvidenceBound {
    EvidenceBound(
      method: .probability, name: "0", values: [Double](repeating: 0, count: count))
  }

  /// The mean over the examples.
  package var estimate: Estimate { Estimate(values) }

  /// The bound of the first examples alone.
  func first(_ count: Int) -> EvidenceBound {
    EvidenceBound(method: method, name: name, values: Array(values.prefix(count)))
  }

  /// This bound less another one, example by example, over the first examples, which both have.
  /// Examples differ by far more than the bounds of one example do: the error of the difference is
  /// not that of either mean.
  package func difference(from other: EvidenceBound) -> Estimate {
    Estimate(zip(values, other.values).map { $0 - $1 })
  }

  /// Whether this bound is larger than another one by more than chance and rounding explain.
  package func exceeds(_ other: EvidenceBound) -> Bool {
    let difference = difference(from: other)
    // Sums of some hundred terms in Float are off by about 1e-5 of themselves.
    let rounding = max(1e-3, 1e-5 * other.estimate.mean.magnitude)
    return difference.mean > rounding
      && difference.mean > Self.standardErrors * difference.standardError
  }

  /// So many standard errors of a difference are taken for more than chance: where examples are
  /// many, 1 in 700 measurements by chance alone.
  package static let standardErrors = 3.0
}
