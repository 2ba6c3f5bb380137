// SPDX-License-Identifier: Apache-2.0

internal import VariationalInference

extension EvidenceContradiction {
  /// What it means and what to do, in one sentence.
  func sentence(_ results: EvidenceResults) -> String {
    let (plan, nats) = (results.plan, difference.inNats)
    let images =
      isSimulated
      ? "the \(difference.examples.grouped) images simulated from the model"
      : results.words(ofFirst: larger.values.count)
    switch kind {
    case .lowerAboveUpper:
      return "\(larger.name), a lower bound, is \(nats) above \(smaller.name), an upper one, on \(images): "
        + "one of them is wrong by at least half of that, as few weights of a heavy tail can be; take "
        + "longer paths (--ais-steps \(4 * plan.steps)) and more chains."
    case .aboveZero:
      let which = difference.examples == larger.values.count ? "" : "\(difference.examples) of "
      return "\(larger.name) is \(nats) above 0 on \(which)\(images), but p(x) is a probability there, and "
        + "log p(x) at most 0: take none of these numbers for log p(x); if more draws and steps do not "
        + "mend it, the model's weights are too large to compute with."
    case .importanceSamplingBelowELBO:
      return "\(smaller.name) is \(nats) below \(larger.name) on \(images), though in expectation it is not: "
        + "do not quote it; take more draws (--importance-samples \((4 * plan.importanceSamples).grouped))"
        + ", or another --seed."
    case .searchBelowStart:
      return "\(smaller.name) is \(nats) below \(larger.name) on \(images), though its family has that one as a "
        + "member: the search lost ground, and the gaps of this family say nothing; take another --seed."
    case .annealingBelow:
      return "AIS is \(nats) below \(larger.name) on \(images): its chains fell short of the posterior, and "
        + "it is not the bound to quote; take longer paths (--ais-steps \(4 * plan.steps))."
    }
  }
}

extension EvidenceResults {
  /// What the numbers say, in sentences.
  var conclusions: [String] {
    [bestWords, gapWords, sandwichWords, weightWords].compactMap { $0 }
  }

  /// Some of the first images of the data, in words.
  func words(ofFirst count: Int) -> String {
    count == data.count
      ? "all \(count.grouped) \(data.split) images" : "the first \(count.grouped) \(data.split) images"
  }

  private var bestWords: String? {
    let bounds = bounds
    guard let best = bounds.best, bounds.lower.count > 1 else { return nil }
    let equals = bounds.asGoodAsBest.map(\.name)
    return "Of \(bounds.lower.count) lower bounds measured on \(words(ofFirst: best.values.count)) the "
      + "largest is \(best.name): \(best.estimate.inNats)."
      + (equals.isEmpty
        ? "" : " Not told apart from it, image by image: \(equals.joined(separator: ", ")).")
  }

  private var gapWords: String? {
    guard let best = bounds.best, let own = bounds.own, let gap = bounds.inferenceGap else { return nil }
    if best.method == .elbo {
      return "No bound that was measured is above the ELBO: how far it is below log p(x) is not known."
    }
    return "The ELBO is at least \(Estimate(gap).inNats) below log p(x) on these images (\(best.name) - "
      + "\(own.name), image by image)."
  }

  private var sandwichWords: String? {
    guard let (lower, upper) = bounds.sandwich else { return nil }
    return "On \(plan.simulated.grouped) images simulated from the model log p(x) is enclosed to within "
      + "\(upper.difference(from: lower).inNats), by \(lower.name) and \(upper.name); there is no upper "
      + "bound of the \(data.split) images."
  }

  /// What heavy tails of the importance weights mean for the other numbers.
  private var weightWords: String? {
    if shapes.isEmpty || shareAboveThreshold <= 0.1 { return nil }
    let iwae = "IWAE-\(plan.importanceSamples)"
    let words =
      "k-hat is above 0.7 for \(Int(100 * shareAboveThreshold)) % of the images: their importance weights "
      + "have so heavy tails that \(iwae), a lower bound all the same, rises slowly with K, and how far "
      + "it is below log p(x) its draws do not tell. "
    let narrow = "\(Int(AnnealingStanding.narrowWidth)) nat"
    switch bounds.annealingStanding {
    case .notRun:
      return words + "Annealed importance sampling was not run (--parts iwae,ais)."
    case .below(let other, let difference):
      return words + "Nor does AIS: it is \(difference.inNats) below \(other.name)."
    case .contradicted:
      return words + "Nor does AIS, whose bounds contradict each other."
    case .wide(let width):
      return words + "AIS does not tell either: it encloses log p(x) of simulated images to within "
        + "\(width.inNats), and \(narrow), three standard errors included, would be narrow; take longer "
        + "paths (--ais-steps \(4 * plan.steps))."
    case .narrow(let width):
      return words + "Quote AIS: no lower bound measured is above it by more than chance, and it encloses "
        + "log p(x) of simulated images to within \(width.inNats), which is narrow (at most \(narrow), three "
        + "standard errors included)."
    }
  }
}

extension Estimate {
  /// "1.20 ± 0.10 nats".
  var inNats: String { "\(mean.fixed(2)) ± \(standardError.fixed(2)) nats" }
}
