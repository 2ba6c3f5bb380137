// SPDX-License-Identifier: Apache-2.0

internal import Formats
internal import VariationalInference

extension EvidenceContradiction {
  /// What it means and what to do, in one sentence.
  func sentence(_ results: EvidenceResults) -> String {
    let (plan, nats) = (results.plan, difference.inNats)
    let images =
      isSimulated
      ? "the \(difference.examples.grouped) \(results.noun)s simulated from the model"
      : results.words(ofFirst: larger.values.count)
    switch kind {
    case .lowerAboveUpper:
      return "\(larger.name), a lower bound, is \(nats) above \(smaller.name), an upper one, "
        + "on \(images): one of them is wrong by at least half of that, as means of a few weights "
        + "with heavy tails can be; take longer paths (--ais-steps \(4 * plan.steps))."
    case .aboveZero:
      let which = difference.examples == larger.values.count ? "" : "\(difference.examples) of "
      return "\(larger.name) is \(nats) above 0 on \(which)\(images), where p(x) is a probability "
        + "and log p(x) at most 0: quote no bound of this model; if more draws and steps do not "
        + "mend it, its weights are too large to compute with."
    case .importanceSamplingBelowELBO:
      return
        "\(smaller.name) is \(nats) below \(larger.name) on \(images), which in expectation it "
        + "is not: do not quote it; take more draws (--importance-samples "
        + "\(4 * plan.importanceSamples)) or another --seed."
    case .searchBelowStart:
      return
        "\(smaller.name) is \(nats) below \(larger.name) on \(images), although its family has "
        + "that one as a member: the search lost ground, and this family's gaps say nothing; take "
        + "another --seed."
    case .annealingBelow:
      return "AIS is \(nats) below \(larger.name) on \(images): its chains fell short of the "
        + "posterior, and it is not the bound to quote; take longer paths "
        + "(--ais-steps \(4 * plan.steps))."
    }
  }
}

extension EvidenceResults {
  /// What the numbers say, in sentences.
  var conclusions: [String] {
    [bestWords, moreWords, gapWords, sandwichWords, weightWords].compactMap { $0 }
  }

  /// What an example is called.
  var noun: String { data.exampleNoun }

  /// So many of the examples, as they are taken, in words.
  func words(ofFirst count: Int) -> String {
    let words = "\(count.grouped) \(data.split) \(noun)s"
    if count == data.count { return "all \(words)" }
    return plan.subset.rule == .first
      ? "the first \(words)" : "\(count.grouped) random \(data.split) \(noun)s"
  }

  private var bestWords: String? {
    let bounds = bounds
    guard let best = bounds.best, bounds.lower.count > 1 else { return nil }
    let equals = bounds.asGoodAsBest.map(\.name)
    return
      "Of \(bounds.lower.count) lower bounds measured on \(words(ofFirst: best.values.count)) the "
      + "largest is \(best.name): \(best.estimate.inNats)."
      + (equals.isEmpty
        ? "" : " Not told apart from it, \(noun) by \(noun): \(equals.joined(separator: ", ")).")
  }

  /// The same of more images, where some bounds were measured on fewer.
  private var moreWords: String? {
    let bounds = bounds
    let more = bounds.measured(on: plan.limit)
    guard bounds.comparedExamples < plan.limit, more.count > 1,
      let best = EvidenceBounds.largest(more)
    else { return nil }
    return "Of the \(more.count) measured on \(words(ofFirst: plan.limit)) the largest is "
      + "\(best.name): \(best.estimate.inNats)."
  }

  private var gapWords: String? {
    guard let best = bounds.best, let own = bounds.own, let gap = bounds.inferenceGap else {
      return nil
    }
    if bounds.contradictions.contains(where: { $0.deniesLowerBound && $0.larger.name == best.name })
    {
      return "\(best.name) is above an upper bound: gaps against it say nothing."
    }
    if best.method == .elbo {
      return
        "No bound that was measured is above the ELBO: how far it is below log p(x) is not known."
    }
    return "The ELBO is at least \(Estimate(gap).inNats) below log p(x) (\(best.name) - "
      + "\(own.name), \(noun) by \(noun); \(words(ofFirst: gap.count)))."
  }

  private var sandwichWords: String? {
    guard let (lower, upper) = bounds.sandwich else { return nil }
    return "On \(plan.simulated.grouped) \(noun)s simulated from the model log p(x) is enclosed "
      + "\(upper.difference(from: lower).widthWords), by \(lower.name) and \(upper.name); of "
      + "the \(data.split) \(noun)s no upper bound is measured."
  }

  /// What heavy tails of the importance weights mean for the other numbers.
  private var weightWords: String? {
    if shapes.isEmpty || shareAboveThreshold <= 0.1 { return nil }
    let tails =
      "k-hat is above 0.7 for \(Int(100 * shareAboveThreshold)) % of the \(noun)s: their importance "
      + "weights have so heavy tails that IWAE-\(plan.importanceSamples), a lower bound all the "
      + "same, rises slowly with K, and its draws do not tell how far it is below log p(x). "
    return tails + annealingStandingWords
  }

  private var annealingStandingWords: String {
    let limit = "\(Int(AnnealingStanding.narrowWidth)) nat, three standard errors included"
    switch bounds.annealingStanding {
    case .notRun:
      return "Annealed importance sampling was not run (--parts iwae,ais)."
    case .below(let other, let difference):
      return "Nor does AIS: it is \(difference.inNats) below \(other.name)."
    case .contradicted:
      return "Nor does AIS: a lower bound is above an upper one."
    case .wide(let width):
      return
        "Nor does AIS: it encloses log p(x) of simulated \(noun)s \(width.widthWords) only "
        + "(narrow would be \(limit)); take longer paths (--ais-steps \(4 * plan.steps))."
    case .narrow(let width):
      return "Quote AIS: no lower bound measured is above it by more than chance, and it encloses "
        + "log p(x) of simulated \(noun)s \(width.widthWords), which is narrow (at most "
        + "\(limit))."
    }
  }
}

extension Estimate {
  /// "1.20 ± 0.10 nats".
  var inNats: String { "\(mean.fixed(2)) ± \(standardError.fixed(2)) nats" }

  /// How narrowly two bounds enclose a number, where this is the upper one less the lower: chance makes
  /// that negative where they are closer than their errors.
  fileprivate var widthWords: String {
    mean.fixed(2) != "0.00" && mean > 0
      ? "to within \(inNats)"
      : "to within the errors of both bounds (the upper less the lower: \(inNats))"
  }
}
