// SPDX-License-Identifier: Apache-2.0

/// All bounds of log p(x) of one measurement, and what they say together.
package struct EvidenceBounds: Sendable {
  /// Lower bounds of the data, each of as many of the first examples as it was measured on, in the
  /// order in which they were taken.
  package let lower: [EvidenceBound]
  /// Bounds of examples drawn from the model; none where there are none.
  package let simulatedLower, simulatedUpper: [EvidenceBound]
  /// Whether p(x) is a probability, so that log p(x) is at most 0.
  package let isProbability: Bool

  /// These bounds; where p(x) is a probability, 0 is an upper bound too.
  package init(
    lower: [EvidenceBound], simulatedLower: [EvidenceBound] = [],
    simulatedUpper: [EvidenceBound] = [], isProbability: Bool = false
  ) {
    self.lower = lower
    self.simulatedLower = simulatedLower
    let zero = simulatedLower.first.map { EvidenceBound.zero($0.values.count) }
    self.simulatedUpper = simulatedUpper + (isProbability ? zero.map { [$0] } ?? [] : [])
    self.isProbability = isProbability
  }

  /// How many of the first examples all lower bounds were measured on: they are compared there.
  package var comparedExamples: Int { lower.map(\.values.count).min() ?? 0 }

  /// The lower bounds of the examples that they have in common.
  package var compared: [EvidenceBound] { measured(on: comparedExamples) }

  /// The lower bounds that were measured on so many examples or more, on so many.
  package func measured(on count: Int) -> [EvidenceBound] {
    lower.filter { $0.values.count >= count }.map { $0.first(count) }
  }

  /// The largest of the lower bounds, on the examples that they have in common; nil where there is
  /// none.
  ///
  /// The largest of several means is too large by chance, but by no more than the standard errors
  /// of their differences.
  package var best: EvidenceBound? { Self.largest(compared) }

  /// Lower bounds that are not told apart from the best: example by example they are below it by no
  /// more than chance.
  package var asGoodAsBest: [EvidenceBound] {
    guard let best else { return [] }
    return compared.filter { $0 != best && !best.exceeds($0) }
  }

  /// L[q] of the examples in common, from as many draws as there are.
  package var own: EvidenceBound? { compared.last { $0.method == .elbo } }

  /// The best lower bound less L[q], in nats: in expectation at most log p(x) - L[q]. Nil where
  /// nothing but L[q] was measured.
  package var inferenceGap: [Double]? {
    guard let best, let own, lower.contains(where: { $0.method != .elbo }) else { return nil }
    return zip(best.values, own.values).map { $0 - $1 }
  }

  /// The largest lower and the smallest upper bound of the simulated examples: in expectation
  /// log p(x) lies between.
  package var sandwich: (lower: EvidenceBound, upper: EvidenceBound)? {
    guard let lower = Self.largest(simulatedLower),
      let upper = simulatedUpper.min(by: { $0.estimate.mean < $1.estimate.mean })
    else { return nil }
    return (lower, upper)
  }

  /// That of the largest mean; nil of none.
  package static func largest(_ bounds: [EvidenceBound]) -> EvidenceBound? {
    bounds.max { $0.estimate.mean < $1.estimate.mean }
  }
}

extension EvidenceResults {
  /// All bounds that were measured.
  package var bounds: EvidenceBounds {
    func bound(
      _ method: EvidenceBound.Method, _ name: String, _ values: [Double]?
    ) -> [EvidenceBound] {
      values.map { [EvidenceBound(method: method, name: name, values: $0)] } ?? []
    }
    let both = simulated?.bounds
    return EvidenceBounds(
      lower: bound(
        .elbo, "ELBO, L[q]", elbo.map { all in examples(data.count).map { all[$0] } })
        + bound(.elbo, "L[q] of \(GapOptions().boundDraws) draws", gaps?.bound)
        + (gaps?.optimised ?? []).flatMap {
          bound(.optimised($0.family), "L[q*] \($0.family.rawValue)", $0.bound)
        }
        + bound(.importanceSampling, "IWAE-\(plan.importanceSamples)", iwae?.bound)
        + bound(.annealing, "AIS", ais?.bound),
      simulatedLower: bound(.elbo, "ELBO, L[q]", simulated?.elbo)
        + bound(.annealing, "AIS", both?.lower.bound),
      simulatedUpper: bound(.reverseAnnealing, "reverse AIS", both?.upper.bound),
      isProbability: isProbability)
  }

  /// Where the nats of the ELBO go, for q's own family, against the best lower bound.
  package var decomposition: GapDecomposition? {
    bounds.best.flatMap { best in
      gaps?.decomposition(
        .diagonal,
        reference: EvidenceReference(
          logEvidence: best.values, method: best.name, isLowerBound: true))
    }
  }
}
