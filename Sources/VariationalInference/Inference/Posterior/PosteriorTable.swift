// SPDX-License-Identifier: Apache-2.0

internal import Formats

extension Posterior {
  /// One line of the table: a parameter or derived value, one element of it.
  public struct Row: Sendable {
    /// `tau`, or `theta[3]`.
    public let name: String
    /// The mean of the recommended draws.
    public let mean: Double
    /// Their standard deviation.
    public let standardDeviation: Double
    /// The standard error of the mean, as far as draws tell; nil where the verdict is not to use
    /// them.
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
      return ElementNames.of(name, value.shape).enumerated().map { place, name in
        let (own, q) = (value.moments(of: place), other.moments(of: place))
        let sorted = value.sorted(place)
        return Row(
          name: name, mean: own.mean, standardDeviation: own.standardDeviation,
          meanError: meanError(value.draws[place], own.standardDeviation),
          quantiles: (sorted.quantile(0.05), sorted.quantile(0.5), sorted.quantile(0.95)),
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
  /// The table, the ELBO, the evidence, and the verdict in words. Of a long vector the first
  /// elements.
  public var description: String {
    var lines = table
    lines.append("")
    lines += evidenceLines
    lines.append("")
    lines.append("Verdict: \(fit.verdict.rawValue). \(fit.verdict.meaning)")
    lines += fit.reasons.map { "  - \($0)" }
    if !fit.advice.isEmpty { lines.append("What to do next:") }
    lines += fit.advice.map { "  - \($0)" }
    lines += (fit.notes + undefinedNotes).map { "Note: \($0)" }
    return lines.joined(separator: "\n")
  }

  /// A head, and a line for each number, or for each of a vector's first elements.
  private var table: [String] {
    let (all, most) = (rows, 10)
    var (shownRows, cuts, start) = ([Row](), [Int: String](), 0)
    for name in draws.names {
      let count = draws[name].draws.count
      shownRows += all[start..<start + min(count, most)]
      if count > most {
        cuts[shownRows.count - 1] =
          "and \(count - most) more, to \(all[start + count - 1].name)"
      }
      start += count
    }
    let width = max(4, shownRows.map(\.name.count).max() ?? 0)
    let head = ["mean", "sd", "error", "5 %", "50 %", "95 %", "q mean", "q sd"]
    var lines = ["".padded(to: width) + head.map { " " + $0.leading(9) }.joined()]
    for (index, row) in shownRows.enumerated() {
      let decimals = decimals(of: row)
      let values = [row.mean, row.standardDeviation].map { fixed($0, decimals) }
      let error =
        row.meanError.map {
          0 < $0 && $0 < 1e-4 ? shown($0) : fixed($0, self.decimals($0, digits: 2))
        }
        ?? "-"
      let others = [
        row.quantiles.low, row.quantiles.median, row.quantiles.high, row.surrogate.mean,
        row.surrogate.standardDeviation,
      ].map { fixed($0, decimals) }
      lines.append(
        row.name.padded(to: width)
          + (values + [error] + others).map { " " + $0.leading(9) }.joined())
      if let cut = cuts[index] { lines.append(cut) }
    }
    return lines
  }

  private var evidenceLines: [String] {
    let shape = fit.check.shape.map(shown) ?? "undefined"
    var lines = [
      "ELBO            \(withError(fit.elbo)) nats",
      "log evidence    \(withError(fit.logEvidence)) nats, "
        + "by importance weights (k-hat \(shape), relative ESS "
        + "\(shown(fit.check.relativeEffectiveSampleSize)))",
    ]
    if !fit.isEvidenceReliable {
      lines.append(
        "                by poor weights: it may be further off than its error, mostly too small")
    }
    if let reason = density.unknownConstant {
      lines.append("                both up to a constant, \(reason)")
    }
    lines.append(
      "\(fit.gradientEvaluations.counted("gradient")) and "
        + "\(fit.densityEvaluations.counted("density", plural: "densities")) in "
        + "\(shown(seconds * 1000)) ms")
    return lines
  }

  /// Quantities that are not numbers in some draws, and so have no moments.
  package var undefinedNotes: [String] {
    draws.names.flatMap { name -> [String] in
      let value = draws[name]
      return zip(ElementNames.of(name, value.shape), value.draws).compactMap { element, draws in
        let count = draws.count(where: \.isNaN)
        return count == 0
          ? nil
          : "`\(element)` is not a number in \(count) of \(draws.count.counted("draw")), "
            + "and has no moments"
      }
    }.prefix(5).map { $0 }
  }

  private func withError(_ estimate: Fit.Estimate) -> String {
    guard estimate.mean.isFinite else { return "undefined" }
    let decimals = decimals(estimate.standardError, digits: 2)
    return "\(fixed(estimate.mean, decimals)) +- \(fixed(estimate.standardError, decimals))"
  }

  /// Three digits of the standard deviation, in as many decimals as a column holds; nil for an exponent.
  private func decimals(of row: Row) -> Int? {
    let deviation = row.standardDeviation
    guard deviation > 0, deviation < 1e-4 else { return decimals(deviation, digits: 3) }
    return row.mean.magnitude < 1e-3 ? nil : 7
  }

  /// The decimals with which a number has so many digits; 4 at least for what is nearly 0, nil for
  /// what is better shown with an exponent.
  private func decimals(_ value: Double, digits: Int) -> Int? {
    guard value.isFinite, value.magnitude < 1e7 else { return nil }
    var (decimals, scaled) = (digits - 1, value.magnitude)
    if scaled < 1e-4 { return 4 }
    while scaled >= 10, decimals > 0 { (decimals, scaled) = (decimals - 1, scaled / 10) }
    while scaled < 1 { (decimals, scaled) = (decimals + 1, scaled * 10) }
    return decimals
  }

  /// A number with so many decimals, which all columns of a line have in common.
  private func fixed(_ value: Double, _ decimals: Int?) -> String {
    guard let decimals, value.isFinite, value.magnitude < 1e9 else { return shown(value) }
    return value.fixed(decimals)
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
