// SPDX-License-Identifier: Apache-2.0

/// The limits by which a fit is judged: set on some hundred posteriors so that no verdict to use a
/// fit stood beside a mean wrong by more than 0.3 sd or an sd outside 0.7 ... 1.4 of the true one.
enum VerdictRules {
  private static let useDeviation = 0.35
  private static let weightedDeviation = 0.45
  private static let leastSampleSize = 0.5
  private static let mostNonFinite = 0.02
  private static let mostOutside = 0.05
  /// One draw that weighs as much as so many stands for a region that the others do not see.
  private static let mostWeight = 5.0
  private static let mostDifference = 0.2
  private static let ratios = 0.8...1.2
  /// Narrower, as of a skewed parameter q may be off on its own scale alone, and weights mend that.
  private static let quantityRatios = 0.87...1.15

  private static let mostRHat = 1.2
  private static let leastAcceptance = 0.55
  static let mostDivergent = 0.05
  /// Above this, weights are good enough to contradict chains.
  private static let speakingSampleSize = 0.3
  private static let contradictionRatios = 0.77...1.25
  private static let contradictionDifference = 0.3

  /// What stands against using q, and against using it with its weights; empty if nothing does.
  static func objections(
    to check: Fit.Check, convergence: Fit.Convergence
  ) -> (use: [String], weighted: [String]) {
    var common: [String] = []
    if !convergence.isConverged {
      common.append(
        "the search for q did not settle: its last step moved a mean by "
          + "\(shown(convergence.lastMove)) sd")
    }
    if convergence.leavesModes { common.append(manyModes) }
    if convergence.finiteShare <= 0.9 || check.nonFiniteShare > mostNonFinite {
      let share = max(1 - convergence.finiteShare, check.nonFiniteShare)
      common.append("log p is not finite at \(percent(share)) of q's draws")
    }
    let size = check.relativeEffectiveSampleSize
    if !(size >= leastSampleSize) {
      common.append(
        "the importance weights are worth \(percent(size)) of their number, less than "
          + percent(leastSampleSize))
    }
    if !(check.outsideShare <= mostOutside) {
      common.append(
        "far outside q there is \(percent(check.outsideShare)) of what q covers, more than "
          + percent(mostOutside))
    }
    let deviation = check.logWeightDeviation
    func spread(_ limit: Double) -> [String] {
      deviation <= limit
        ? []
        : [
          "the log weights of q's draws differ by \(shown(deviation)) nats (sd), more than "
            + shown(limit)
        ]
    }
    var use = common + spread(useDeviation)
    if check.largestWeight > mostWeight {
      use.append(
        "one draw weighs as much as \(shown(check.largestWeight)) others, more than "
          + shown(mostWeight))
    }
    let difference = check.meanDifferences.largestMagnitude
    if !(difference <= mostDifference) {
      use.append(
        "a weighted mean is \(shown(difference)) sd from q's, more than \(shown(mostDifference))")
    }
    for ratio in [check.deviationRatios.min() ?? 1, check.deviationRatios.max() ?? 1]
    where !ratios.contains(ratio) {
      use.append("a weighted sd is \(shown(ratio)) times q's, outside 0.8 to 1.2")
    }
    var weighted = common + spread(weightedDeviation)
    if let shape = check.shape, !(shape < ParetoShape.threshold) {
      weighted.append(
        "the tail of the weights has shape k = \(shown(shape)), not below "
          + shown(ParetoShape.threshold))
    }
    return (use, weighted)
  }

  /// What stands against q's moments of parameters and derived values, where importance weights tell them
  /// well; empty if nothing does. What has no finite moments is left out.
  static func objections(
    quantities names: [String], ofQ own: (means: [Double], deviations: [Double]),
    weighted: (means: [Double], deviations: [Double])
  ) -> [String] {
    let all = names.indices.compactMap { place -> (size: Double, sentence: String)? in
      let deviation = own.deviations[place]
      // A value that is the same in all draws, as the corner of a Cholesky factor, moves by
      // rounding alone.
      guard deviation > 1e-12 * own.means[place].magnitude else { return nil }
      let difference = (weighted.means[place] - own.means[place]) / deviation
      let ratio = weighted.deviations[place] / deviation
      guard difference.isFinite, ratio.isFinite, ratio > 0,
        difference.magnitude > mostDifference || !quantityRatios.contains(ratio)
      else { return nil }
      return (
        max(difference.magnitude, max(ratio, 1 / ratio) - 1),
        "with weights the mean of `\(names[place])` is \(shown(difference)) sd from q's and its sd "
          + "\(shown(ratio)) times q's"
      )
    }
    return all.max { $0.size < $1.size }.map { [$0.sentence] } ?? []
  }

  private static let manyModes =
    "each search for further modes found some: there are more than q has"

  /// What stands against using the chains; empty if nothing does.
  static func objections(
    to walk: Fit.Walk, _ check: Fit.Check, convergence: Fit.Convergence
  ) -> [String] {
    var found = convergence.leavesModes ? [manyModes] : []
    if !(check.outsideShare <= mostOutside) {
      found.append("chains from q's draws do not come that far")
    }
    if !(walk.rHat <= mostRHat) {
      found.append(
        "the chains disagree: R-hat is \(shown(walk.rHat)), more than \(shown(mostRHat))")
    }
    if !(walk.acceptance > leastAcceptance) {
      found.append("the chains accept \(percent(walk.acceptance)) of their moves, too few")
    }
    if walk.hasStuckChains { found.append("a chain never moved") }
    if walk.divergentShare > mostDivergent {
      found.append("\(percent(walk.divergentShare)) of the chains' moves diverged, more than 5 %")
    }
    if walk.contradictsWeights {
      found.append("the chains and the importance weights give different moments")
    }
    return found
  }

  /// Whether weights that are good enough to say give other moments than chains do.
  static func contradicts(
    _ check: Fit.Check, weighted: (means: [Double], deviations: [Double]),
    walked: (means: [Double], deviations: [Double])
  ) -> Bool {
    guard check.relativeEffectiveSampleSize >= speakingSampleSize else { return false }
    return weighted.means.indices.contains { j in
      let (a, b) = (weighted.deviations[j], walked.deviations[j])
      let difference = (weighted.means[j] - walked.means[j]).magnitude / max(a, b)
      return !contradictionRatios.contains(a / b) || !(difference <= contradictionDifference)
    }
  }

  /// A share in per cent.
  static func percent(_ share: Double) -> String { "\(shown(100 * share)) %" }
}
