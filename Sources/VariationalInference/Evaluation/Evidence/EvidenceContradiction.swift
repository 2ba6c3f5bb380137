// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
  internal import Glibc
#else
  internal import Darwin
#endif

/// Two numbers of one measurement that cannot both be what they are called, or of which one shows
/// that its method failed.
package struct EvidenceContradiction: Sendable {
  package enum Kind: String, Sendable {
    /// A lower bound of log p(x) is above an upper one.
    case lowerAboveUpper = "lower_bound_above_upper_bound"
    /// log p(x) is above 0, where p(x) is a probability.
    case aboveZero = "log_probability_above_zero"
    /// The mean of many weights of q gave a smaller bound than single ones.
    case importanceSamplingBelowELBO = "iwae_below_elbo"
    /// The search for the best of a family ended below a member of the family.
    case searchBelowStart = "best_posterior_below_start"
    /// Annealing ended below another lower bound of the same examples.
    case annealingBelow = "ais_below_lower_bound"
  }

  package let kind: Kind
  /// The bound that is too large beside the other, and the other.
  package let larger, smaller: EvidenceBound
  /// The larger less the smaller, example by example, in nats.
  package let difference: Estimate
  /// Whether the examples were drawn from the model; else they are of the data.
  package let isSimulated: Bool

  /// Whether what was taken for a lower bound is above an upper one.
  package var deniesLowerBound: Bool { kind == .lowerAboveUpper || kind == .aboveZero }
}

extension EvidenceBounds {
  /// What contradicts, beyond ``EvidenceBound/standardErrors`` standard errors of a difference.
  package var contradictions: [EvidenceContradiction] { onSimulated + aboveZero + outOfOrder }

  private var onSimulated: [EvidenceContradiction] {
    simulatedUpper.flatMap { upper in
      simulatedLower.compactMap { lower in
        contradiction(
          upper.method == .probability ? .aboveZero : .lowerAboveUpper, lower, upper,
          isSimulated: true)
      }
    }
  }

  private var aboveZero: [EvidenceContradiction] {
    if !isProbability { return [] }
    return lower.compactMap {
      contradiction(.aboveZero, $0, .zero($0.values.count)) ?? examplesAboveZero($0)
    }
  }

  /// Single examples so far above 0 that chance does not explain it, whatever the mean.
  ///
  /// An example's mean weight w has E[w] = p(x) <= 1, so that P(log w > t) <= exp(-t) by Markov's
  /// inequality, and a mean of logarithms is smaller still. With t = log(1000 N) for N examples one
  /// measurement in a thousand is suspected wrongly.
  private func examplesAboveZero(_ lower: EvidenceBound) -> EvidenceContradiction? {
    let limit = log(1000 * Double(lower.values.count))
    let found = lower.values.filter { $0 > limit }
    if found.isEmpty { return nil }
    return EvidenceContradiction(
      kind: .aboveZero, larger: lower, smaller: .zero(found.count), difference: Estimate(found),
      isSimulated: false)
  }

  /// Bounds of the data that stand in the wrong order.
  private var outOfOrder: [EvidenceContradiction] {
    let own = lower.filter { $0.method == .elbo }
    let optimised = lower.filter {
      if case .optimised = $0.method { true } else { false }
    }
    let sampling = lower.filter { $0.method == .importanceSampling }.compactMap { iwae in
      own.lazy.compactMap { contradiction(.importanceSamplingBelowELBO, $0, iwae) }.first
    }
    // Each family has the best of the one before as a member.
    let ladder = own.suffix(1) + optimised
    let searches = zip(ladder, ladder.dropFirst()).compactMap {
      contradiction(.searchBelowStart, $0, $1)
    }
    let annealing = lower.filter { $0.method == .annealing }.compactMap { ais in
      // Of all that are above it, each on the examples in common, the one that is furthest.
      (own + optimised + lower.filter { $0.method == .importanceSampling })
        .compactMap { contradiction(.annealingBelow, $0, ais) }
        .max { $0.difference.mean < $1.difference.mean }
    }
    return sampling + searches + annealing
  }

  private func contradiction(
    _ kind: EvidenceContradiction.Kind, _ larger: EvidenceBound, _ smaller: EvidenceBound,
    isSimulated: Bool = false
  ) -> EvidenceContradiction? {
    guard larger.exceeds(smaller) else { return nil }
    return EvidenceContradiction(
      kind: kind, larger: larger, smaller: smaller,
      difference: larger.difference(from: smaller), isSimulated: isSimulated)
  }
}

/// What was found out about annealing as a measure of log p(x).
package enum AnnealingStanding: Sendable {
  case notRun
  /// Another lower bound of the same examples is above it by so much.
  case below(EvidenceBound, Estimate)
  /// A lower bound of the simulated examples is above an upper one.
  case contradicted
  /// No other lower bound is above it by more than chance, and log p(x) of the simulated examples
  /// is enclosed to within so many nats.
  case wide(Estimate)
  case narrow(Estimate)

  /// A sandwich is called narrow where its width and three standard errors of it are at most 1 nat:
  /// p(x) of the simulated examples is then known to a factor of e.
  package static let narrowWidth = 1.0
}

extension EvidenceBounds {
  /// How far annealing can stand for log p(x), by what was measured.
  package var annealingStanding: AnnealingStanding {
    guard lower.contains(where: { $0.method == .annealing }), let (lower, upper) = sandwich else {
      return .notRun
    }
    if let other = contradictions.first(where: { $0.kind == .annealingBelow }) {
      return .below(other.larger, other.difference)
    }
    if contradictions.contains(where: \.deniesLowerBound) { return .contradicted }
    let width = upper.difference(from: lower)
    let most = width.mean + EvidenceBound.standardErrors * width.standardError
    return most <= AnnealingStanding.narrowWidth ? .narrow(width) : .wide(width)
  }
}
