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

  /// The mean over the examples.
  package var estimate: Estimate { Estimate(values) }

  /// The bound of the first examples alone.
  func first(_ count: Int) -> EvidenceBound {
    EvidenceBound(method: method, name: name, values: Array(values.prefix(count)))
  }

  /// This bound less another one, example by example, over the first examples, which both have. Examples
  /// differ by far more than the bounds of one example do: the error of the difference is not that of
  /// either mean.
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

  /// So many standard errors of a difference are taken for more than chance: 1 in 700 by chance alone,
  /// where examples are many.
  package static let standardErrors = 3.0
}

extension EvidenceResults {
  /// All lower bounds of log p(x) that were measured, each of as many of the first examples as it was
  /// measured on.
  package var allLowerBounds: [EvidenceBound] {
    func bound(
      _ method: EvidenceBound.Method, _ name: String, _ values: [Double]?
    ) -> [EvidenceBound] {
      values.map { [EvidenceBound(method: method, name: name, values: $0)] } ?? []
    }
    let draws = GapOptions().boundDraws
    return bound(.elbo, "ELBO, L[q]", elbo)
      + bound(.elbo, "ELBO, L[q], \(draws) draws", gaps?.bound)
      + (gaps?.optimised ?? []).flatMap {
        bound(.optimised($0.family), "L[q*] \($0.family.rawValue)", $0.bound)
      }
      + bound(.importanceSampling, "IWAE-\(plan.importanceSamples)", iwae?.bound)
      + bound(.annealing, "AIS", ais?.bound)
  }

  /// The examples on which all bounds were measured, the first ones: only there are they compared.
  package var comparedExamples: Int { allLowerBounds.map(\.values.count).min() ?? 0 }

  /// All lower bounds, on the examples that they have in common.
  package var lowerBounds: [EvidenceBound] {
    let count = comparedExamples
    return allLowerBounds.map { $0.first(count) }
  }

  /// The largest of all lower bounds that were measured.
  ///
  /// The largest of several means is too large by chance, but by no more than the standard error of
  /// their differences.
  package var best: EvidenceBound? { Self.largest(lowerBounds) }

  /// Lower bounds that are not told apart from the best: example by example, they are below it by no
  /// more than chance.
  package var asGoodAsBest: [EvidenceBound] {
    guard let best else { return [] }
    return lowerBounds.filter { $0 != best && !best.exceeds($0) }
  }

  /// L[q] of the examples in common, from as many draws as there are.
  package var ownBound: EvidenceBound? { lowerBounds.last { $0.method == .elbo } }

  /// The best lower bound less the ELBO, at most log p(x) - L[q] in expectation; nil where nothing but
  /// the ELBO was measured.
  package var inferenceGap: [Double]? {
    guard let best, let own = ownBound, lowerBounds.contains(where: { $0.method != .elbo })
    else { return nil }
    return zip(best.values, own.values).map { $0 - $1 }
  }

  /// Where the nats of the ELBO go, for q's own family.
  package var decomposition: GapDecomposition? {
    guard let best else { return nil }
    return gaps?.decomposition(
      .diagonal,
      reference: EvidenceReference(
        logEvidence: best.values, method: best.name, isLowerBound: true))
  }

  static func largest(_ bounds: [EvidenceBound]) -> EvidenceBound? {
    bounds.max { $0.estimate.mean < $1.estimate.mean }
  }
}

extension EvidenceResults.Simulated {
  /// Lower bounds of log p(x) of the simulated examples.
  package var lowerBounds: [EvidenceBound] {
    [
      EvidenceBound(method: .elbo, name: "ELBO, L[q]", values: elbo),
      EvidenceBound(method: .annealing, name: "AIS", values: bounds.lower.bound),
    ]
  }

  /// Upper bounds of log p(x) of the simulated examples; with 0 where p(x) is a probability.
  package var upperBounds: [EvidenceBound] {
    [EvidenceBound(method: .reverseAnnealing, name: "reverse AIS", values: bounds.upper.bound)]
      + (isProbability ? [.zero(elbo.count)] : [])
  }

  /// The largest lower bound and the smallest upper bound: log p(x) lies between, in expectation.
  package var sandwich: (lower: EvidenceBound, upper: EvidenceBound)? {
    let upper = upperBounds.min { $0.estimate.mean < $1.estimate.mean }
    return upper.flatMap { upper in
      EvidenceResults.largest(lowerBounds).map { ($0, upper) }
    }
  }
}

extension EvidenceBound {
  /// The logarithm of a probability is at most 0.
  static func zero(_ count: Int) -> EvidenceBound {
    EvidenceBound(
      method: .probability, name: "0, the log of a probability of 1",
      values: [Double](repeating: 0, count: count))
  }
}
