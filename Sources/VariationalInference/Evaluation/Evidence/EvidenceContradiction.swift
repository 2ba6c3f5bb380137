// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
  internal import Glibc
#else
  internal import Darwin
#endif

/// Two numbers of one measurement that cannot both be what they are called, or that show a method to
/// have failed.
package struct EvidenceContradiction: Sendable {
  package enum Kind: String, Sendable {
    /// A lower bound of log p(x) is above an upper one.
    case lowerAboveUpper = "lower_bound_above_upper_bound"
    /// log p(x) is above 0, where p(x) is a probability.
    case aboveZero = "log_probability_above_zero"
    /// More draws of q gave a smaller bound.
    case importanceSamplingBelowELBO = "iwae_below_elbo"
    /// The search for the best q* of a family left it below a member of the family.
    case searchBelowStart = "best_posterior_below_start"
    /// Annealing, which begins at q, ended below another lower bound.
    case annealingBelow = "ais_below_lower_bound"
  }

  package let kind: Kind
  /// The names of the bound that is too large beside the other, and of the other.
  package let larger, smaller: String
  /// The larger less the smaller, example by example, in nats.
  package let difference: Estimate
  /// Whether its examples are simulated ones, not the first ones of the data.
  package let areSimulated: Bool
}

extension EvidenceResults {
  /// What contradicts, beyond ``EvidenceBound/standardErrors`` standard errors of the differences.
  package var contradictions: [EvidenceContradiction] {
    aboveUpper + aboveZero + outOfOrder
  }

  private var aboveUpper: [EvidenceContradiction] {
    guard let simulated else { return [] }
    return simulated.upperBounds.flatMap { upper in
      simulated.lowerBounds.compactMap { lower in
        contradiction(
          upper.method == .probability ? .aboveZero : .lowerAboveUpper, lower, upper,
          areSimulated: true)
      }
    }
  }

  private var aboveZero: [EvidenceContradiction] {
    guard isProbability else { return [] }
    return allLowerBounds.compactMap { lower in
      let zero = EvidenceBound.zero(lower.values.count)
      return contradiction(.aboveZero, lower, zero) ?? single(lower)
    }
  }

  /// A bound of a single example so far above 0 that chance does not explain it, whatever the mean.
  ///
  /// The mean weight w of an example has E[w] = p(x) <= 1, so that P(log w > t) <= exp(-t) by Markov's
  /// inequality, and less for a mean of logarithms. For N examples t = log(1000 N) is passed by one
  /// of them in a thousand measurements.
  private func single(_ lower: EvidenceBound) -> EvidenceContradiction? {
    let limit = log(1000 * Double(lower.values.count))
    let found = lower.values.filter { $0 > limit }
    return found.isEmpty
      ? nil
      : EvidenceContradiction(
        kind: .aboveZero, larger: lower.name, smaller: EvidenceBound.zero(0).name,
        difference: Estimate(found), areSimulated: false)
  }

  /// Bounds of the data that stand in the wrong order.
  private var outOfOrder: [EvidenceContradiction] {
    let all = allLowerBounds
    func bounds(_ isOne: (EvidenceBound.Method) -> Bool) -> [EvidenceBound] {
      all.filter { isOne($0.method) }
    }
    let own = bounds { $0 == .elbo }
    let optimised = bounds { if case .optimised = $0 { true } else { false } }
    let importance = bounds { $0 == .importanceSampling }
    let ladder = own.suffix(1) + optimised
    let searches = zip(ladder, ladder.dropFirst()).compactMap { start, end in
      gaps == nil ? nil : contradiction(.searchBelowStart, start, end)
    }
    let sampling = importance.flatMap { iwae in
      own.compactMap { contradiction(.importanceSamplingBelowELBO, $0, iwae) }
    }
    let annealing = bounds { $0 == .annealing }.compactMap { ais in
      // Of all that are above it the largest, on the examples in common.
      Self.largest((own + optimised + importance).map { $0.first(comparedExamples) })
        .flatMap { contradiction(.annealingBelow, $0, ais) }
    }
    return sampling.prefix(1) + searches + annealing
  }

  private func contradiction(
    _ kind: EvidenceContradiction.Kind, _ larger: EvidenceBound, _ smaller: EvidenceBound,
    areSimulated: Bool = false
  ) -> EvidenceContradiction? {
    guard larger.exceeds(smaller) else { return nil }
    return EvidenceContradiction(
      kind: kind, larger: larger.name, smaller: smaller.name,
      difference: larger.difference(from: smaller), areSimulated: areSimulated)
  }
}

/// What can be said of annealing as a measure of log p(x).
package enum AnnealingStanding: Sendable {
  case notRun
  /// Another lower bound is above it by so much.
  case below(EvidenceBound, Estimate)
  /// A lower bound of the simulated examples is above an upper one.
  case contradicted
  /// log p(x) of the simulated examples is enclosed to within so many nats: narrow or not.
  case wide(Estimate)
  case narrow(Estimate)

  /// The width of a sandwich, three standard errors added, up to which it is called narrow: 1 nat. p(x)
  /// is then known to within a factor of e, and no error of AIS that is seen on simulated examples is
  /// above it. Models whose bounds differ by less are not told apart by it.
  package static let narrow = 1.0
}

extension EvidenceResults {
  /// How far annealing can stand for log p(x), by what was measured.
  package var annealingStanding: AnnealingStanding {
    guard let best, let annealing = lowerBounds.first(where: { $0.method == .annealing }),
      let (lower, upper) = simulated?.sandwich
    else { return .notRun }
    if best.exceeds(annealing) { return .below(best, best.difference(from: annealing)) }
    if contradictions.contains(where: \.areSimulated) { return .contradicted }
    let width = upper.difference(from: lower)
    let most = width.mean + EvidenceBound.standardErrors * width.standardError
    return most <= AnnealingStanding.narrow ? .narrow(width) : .wide(width)
  }
}
