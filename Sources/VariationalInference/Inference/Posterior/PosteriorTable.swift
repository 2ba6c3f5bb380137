// SPDX-License-Identifier: Apache-2.0

extension Posterior {
  /// One line of the table: a parameter or derived value, one element of it.
  public struct Row: Sendable {
    /// `tau`, or `theta[3]`.
    public let name: String
    /// The mean of the recommended draws.
    public let mean: Double
    /// Their standard deviation.
    public let standardDeviation: Double
    /// The standard error of the mean, as far as draws tell; nil where the verdict is not to use them.
    public let meanError: Double?
    /// 5 %, 50 % and 95 % of the draws lie below.
    public let quantiles: (low: Double, median: Double, high: Double)
    /// Mean and standard deviation of q.
    public let surrogate: (mean: Double, standardDeviation: Double)
  }

  /// A line for each element of each parameter and derived value.
  public var rows: [Row] {
    draws.names.flatMap { name -> [Row] in
      let (value, other) = (draws[name], surrogate[name])
      return ElementNames.of(name, value.shape).indices.map { place in
        let (element, q) = (value.element(place), other.element(place))
        return Row(
          name: ElementNames.of(name, value.shape)[place], mean: element.mean,
          standardDeviation: element.standardDeviation,
          meanError: meanError(element.draws[0], element.standardDeviation),
          quantiles: (element.quantile(0.05), element.quantile(0.5), element.quantile(0.95)),
          surrogate: (q.mean, q.standardDeviation))
      }
    }
  }

  /// Of q: its own draws' error and what the search left, its last move. Of weighted draws by their
  /// effective number; of chains by the spread of their means.
  private func meanError(_ draws: [Double], _ deviation: Double) -> Double? {
    let count = Double(draws.count)
    switch fit.verdict {
    case .doNotUse: return nil
    case .use:
      let sampling = 1 / count
      return deviation
        * (sampling + fit.convergence.lastMove * fit.convergence.lastMove).squareRoot()
    case .useWeighted:
      return deviation / (fit.check.relativeEffectiveSampleSize * count).squareRoot()
    case .useWalked:
      let chains = fit.chains
      let length = draws.count / chains
      let means = (0..<chains).map { (chain: Int) -> Double in
        (0..<length).reduce(0.0) { $0 + draws[$1 * chains + chain] } / Double(length)
      }
      let spread = WeightedMoments(means, nil).standardDeviation
      return spread / Double(chains).squareRoot()
    }
  }
}

extension Posterior: CustomStringConvertible {
  /// The table, the ELBO, the evidence, and the verdict in words.
  public var description: String {
    let shownRows = rows.prefix(40)
    let width = max(4, shownRows.map(\.name.count).max() ?? 0)
    var lines = [
      pad("", width)
        + ["mean", "sd", "error", "5 %", "50 %", "95 %", "q mean", "q sd"]
        .map { padLeft($0, 10) }.joined()
    ]
    for row in shownRows {
      let numbers = [
        row.mean, row.standardDeviation, row.meanError, row.quantiles.low, row.quantiles.median,
        row.quantiles.high, row.surrogate.mean, row.surrogate.standardDeviation,
      ]
      lines.append(
        pad(row.name, width)
          + numbers.map { padLeft($0.map(shown) ?? "-", 10) }.joined())
    }
    if rows.count > shownRows.count { lines.append("and \(rows.count - shownRows.count) more") }
    lines.append("")
    lines += evidenceLines
    lines.append("")
    lines.append("Verdict: \(fit.verdict.rawValue). \(fit.verdict.meaning)")
    lines += fit.reasons.map { "  - \($0)" }
    if !fit.advice.isEmpty { lines.append("What to do next:") }
    lines += fit.advice.map { "  - \($0)" }
    lines += fit.notes.map { "Note: \($0)" }
    return lines.joined(separator: "\n")
  }

  private var evidenceLines: [String] {
    let shape = fit.check.shape.map(shown) ?? "undefined"
    var lines = [
      "ELBO            \(shown(fit.elbo.mean)) +- \(shown(fit.elbo.standardError)) nats",
      "log evidence    \(shown(fit.logEvidence.mean)) +- \(shown(fit.logEvidence.standardError)) nats, "
        + "by importance weights (k-hat \(shape), relative ESS "
        + "\(shown(fit.check.relativeEffectiveSampleSize)))",
    ]
    if isUpToAConstant {
      lines.append("                both up to a constant, as a prior is flat or not normalised")
    }
    lines.append(
      "\(fit.gradientEvaluations) gradients and \(fit.densityEvaluations) densities in "
        + "\(shown(seconds * 1000)) ms")
    return lines
  }

  /// Whether the density is known up to a constant only.
  var isUpToAConstant: Bool { (density as? ProgramDensity)?.isImproper ?? false }

  private func pad(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: max(0, width - text.count))
  }
  private func padLeft(_ text: String, _ width: Int) -> String {
    String(repeating: " ", count: max(1, width - text.count)) + text
  }
}

extension Verdict {
  /// What it tells the reader to do, in a sentence.
  public var meaning: String {
    switch self {
    case .use: "q describes the posterior: use its moments and draws."
    case .useWeighted: "Use the importance-weighted draws; q alone is off."
    case .useWalked: "Use the draws of the chains that started from q; q alone is off."
    case .doNotUse: "Do not use these numbers."
    }
  }
}
