// SPDX-License-Identifier: Apache-2.0

internal import Formats

extension EvidenceReport {
  /// What follows, a sentence each.
  public var conclusions: [String] {
    var sentences = [evidenceSentence]
    sentences.append(divergenceSentence)
    if let both = bidirectional { sentences.append(sentence(on: both)) }
    if let unknownConstant {
      sentences.append(
        "All of this is up to a constant, \(unknownConstant): do not compare it between models.")
    }
    return sentences
  }

  private var divergenceSentence: String {
    let isUnknown =
      !annealed.isReliable || verdict == .doNotUse
      || contradictions.contains { $0.kind == .directionsDiffer || $0.kind == .lowerAboveUpper }
    return isUnknown
      ? "KL(q || posterior) is at least \(nats(best.value.less(elbo))) nats, in expectation: so "
        + "much the best lower bound is above the ELBO."
      : "KL(q || posterior) is about \(nats(annealed.remainingDivergence)) nats: so much the ELBO "
        + "is short of log p(x)."
  }

  private var evidenceSentence: String {
    let kinds = contradictions.map(\.kind)
    let atLeast = "log p(x) is at least \(nats(best.value)) (\(best.name)), in expectation"
    if !annealed.isReliable {
      return atLeast
        + "; few chains carry annealing's weight, so how much more it is was not measured. More "
        + "steps would tell."
    }
    if verdict == .doNotUse {
      return atLeast
        + "; annealing's estimate, \(nats(annealed.estimate)), may be too small by more than its "
        + "error, as the verdict on q, at which the chains begin, is \(verdict.rawValue)."
    }
    if kinds.contains(.lowerAboveUpper) {
      return atLeast
        + "; no estimate is to be used, as bounds of simulated data are in the wrong order."
    }
    if kinds.contains(.directionsDiffer) {
      return atLeast
        + "; annealing to the posterior and back disagree, so no estimate is known to its "
        + "error."
    }
    let unsettled =
      annealed.isWithinTolerance ? "" : " (not at rest: with more steps it might be larger)"
    let estimate = "log p(x) is about \(nats(annealed.estimate)), by annealing\(unsettled)"
    return kinds.contains(.boundAboveEstimate) || kinds.contains(.estimatesDiffer)
      ? estimate + "; the importance estimate, which differs, is not to be used with it."
      : estimate + ", and the importance weights agree."
  }

  private func sentence(on both: BidirectionalEvidence) -> String {
    guard both.simulations.count > 1 else {
      return "On data that the model itself draws nothing could be measured."
    }
    let width = both.width
    let widest = both.simulations.map(\.width).max() ?? 0
    return
      "On data that the model itself draws, the annealing estimate is within "
      + "\(nats(max(width.mean, 0) + 2 * width.standardError)) nats of log p(x) on average, two "
      + "standard errors included: upper less lower bound is \(nats(width)) in the mean of "
      + "\(both.simulations.count) data sets, \(nats(widest)) at most. On data that it would "
      + "hardly draw this says nothing."
  }
}

extension EvidenceReport: CustomStringConvertible {
  /// Contradictions first, then every number with what it is, then the conclusion.
  public var description: String {
    var lines = contradictions.map { "Contradiction: \($0)" }
    if !lines.isEmpty { lines.append("") }
    let constant = isUpToAConstant ? " up to a constant" : ""
    let share = nats(relativeEffectiveSampleSize)
    lines += [
      "log p(x)\(constant), in nats",
      "lower bound  ELBO        \(nats(elbo))",
      "lower bound  annealing   \(nats(annealed.bound))  mean log weight, \(annealed.steps) steps",
      "estimate     importance  \(nats(importance))  k-hat \(shape.map(nats) ?? "undefined"), "
        + "relative ESS \(share)",
      "estimate     annealing   \(nats(annealed.estimate))  log mean weight, ESS "
        + "\(nats(annealed.effectiveSampleSize)) of \(annealed.chains) chains",
      "estimate     backward    \(nats(annealed.backwardEstimate))  annealing from draws to q",
      "best lower bound: \(nats(best.value)), \(best.name)",
    ]
    if let both = bidirectional {
      lines += ["", "Data sets drawn from the model: ELBO, lower bound, upper bound, width"]
      lines += both.simulations.map {
        "  \(nats($0.elbo))  \(nats($0.lower))  \(nats($0.upper))  \(nats($0.width))"
      }
      lines += both.failures.map { "  not used: \($0)" }
    }
    lines += [""] + conclusions
    return lines.joined(separator: "\n")
  }
}

/// A number to a thousandth.
func nats(_ value: Double) -> String { value.fixed(3) }

/// An estimate with its error.
func nats(_ estimate: Fit.Estimate) -> String {
  "\(nats(estimate.mean)) +- \(nats(estimate.standardError))"
}
