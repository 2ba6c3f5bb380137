// SPDX-License-Identifier: Apache-2.0

internal import Formats

extension Calibration.Quantity {
  /// What is wrong, in two or three words; nil where nothing is.
  public var shortDeviation: String? {
    guard isMiscalibrated else { return nil }
    let words = [
      (Deviation.narrow, "too narrow"), (.wide, "too wide"), (.high, "too high"),
      (.low, "too low"),
    ].filter { deviation.contains($0.0) }.map(\.1)
    return words.isEmpty ? "of another shape" : words.joined(separator: ", ")
  }

  /// What is wrong, as a sentence; nil where nothing is.
  public var sentence: String? {
    guard isMiscalibrated else { return nil }
    var parts: [String] = []
    if deviation.contains(.narrow) {
      parts.append("too narrow (ranks are U-shaped): sds are \(ratio) times the right ones")
    }
    if deviation.contains(.wide) {
      parts.append("too wide (ranks crowd in the middle): sds are \(ratio) times the right ones")
    }
    let size = "\(shift.mean.magnitude.fixed(2)) +- \(shift.standardError.fixed(2)) sd"
    if deviation.contains(.high) {
      parts.append("too high (truths rank low): means are shifted up by \(size)")
    }
    if deviation.contains(.low) {
      parts.append("too low (truths rank high): means are shifted down by \(size)")
    }
    if parts.isEmpty {
      parts.append("of another shape than the right ones, which neither shift nor spread tells")
    }
    let claim = Calibration.isWithinClaim(self) ? "; the verdict claims no better" : ""
    return "Posteriors of `\(name)` are \(parts.joined(separator: "; and "))\(claim)."
  }

  private var ratio: String {
    "\(deviationRatio.mean.fixed(2)) +- \(deviationRatio.standardError.fixed(2))"
  }
}

extension Calibration {
  /// What a verdict to use claims: means to so many sd, and sds to these factors.
  private static let claim = (shift: 0.3, ratio: 0.7...1.4)

  /// A p-value below which chance is not worth a word.
  private static let surely = 0.002

  /// Whether errors are no larger than what a verdict to use claims.
  static func isWithinClaim(_ quantity: Quantity) -> Bool {
    quantity.shift.mean.magnitude <= claim.shift
      && claim.ratio.contains(quantity.deviationRatio.mean) && !quantity.deviation.isEmpty
  }

  /// What follows, a sentence each.
  public var conclusions: [String] {
    let all = simulations.count
    guard let resolution else {
      return [
        "None of \(all.counted("simulation")) has a verdict to use, so nothing can be said of one."
      ]
    }
    let worst = miscalibrated
    let usable = usableCount.counted("simulation")
    var sentences: [String] = []
    if worst.isEmpty {
      sentences.append("Calibrated as far as \(usable) can tell. \(limit(resolution))")
    } else {
      sentences.append(
        "Not calibrated: by \(usable), ranks of \(worst.count) of "
          + "\(quantities.count.counted("quantity", plural: "quantities")) are not uniform.")
      sentences += worst.prefix(10).compactMap(\.sentence)
      if worst.count > 10 { sentences.append("And so are \(worst.count - 10) more.") }
      if worst.allSatisfy({ $0.adjustedPValue > Self.surely }) {
        sentences.append(
          "One calibrated model in \((1 / Self.significance).fixed(0)) gives such ranks by chance: "
            + "another seed tells, and more simulations.")
      }
    }
    let refused = count(of: .doNotUse)
    if refused > 0 {
      sentences.append(
        "The verdict on \(refused) of \(all) was do-not-use; they do not count here.")
    }
    return sentences
  }

  private func limit(_ resolution: Resolution) -> String {
    let factors = [resolution.narrow, resolution.wide].compactMap { $0 }
    let parts = [
      factors.isEmpty
        ? nil : "sds \(factors.map { $0.fixed(2) }.joined(separator: " or ")) times the right ones",
      resolution.shift.map { "means off to one side by \($0.fixed(2)) sd" },
    ].compactMap { $0 }
    if parts.isEmpty { return "They are too few to tell even large errors." }
    let which = quantities.count == 1 ? "" : " of one of \(quantities.count) quantities"
    return "Seen with probability \(UniformityTest.power.fixed(1)) would have been "
      + "\(parts.joined(separator: ", or "))\(which); smaller errors may go unseen."
  }
}

extension Calibration: CustomStringConvertible {
  /// Verdicts, a line for each quantity, and what follows in words.
  public var description: String {
    let verdicts: [Verdict] = [.use, .useWeighted, .useWalked, .doNotUse]
    var lines = [
      "\(simulations.count.counted("simulation")): "
        + verdicts.map { "\($0.rawValue) \(count(of: $0))" }.joined(separator: ", ")
        + ", without a fit \(count(of: nil))", "",
    ]
    if usableCount > 0 { lines += table + [""] }
    lines += conclusions
    let failures = simulations.enumerated().filter { $1.verdict == nil }
    lines += failures.prefix(3).map { number, simulation in
      "Note: simulation \(number + 1) has no fit: \(simulation.failure ?? "")"
    }
    if failures.count > 3 { lines.append("Note: nor have \(failures.count - 3) more") }
    return lines.joined(separator: "\n")
  }

  private static let mostRows = 30

  /// All quantities in their order; of many those with the smallest p-values.
  private var table: [String] {
    let shown =
      quantities.count > Self.mostRows
      ? quantities.sorted { $0.pValue < $1.pValue }.prefix(Self.mostRows) : quantities[...]
    let width = max(4, shown.map(\.name.count).max() ?? 0)
    let head = ["z mean", "z sd", "in 50 %", "in 90 %", "p"]
    let widths = [15, 14, 9, 9, 8]
    func line(_ name: String, _ cells: [String]) -> String {
      name.padded(to: width) + zip(cells, widths).map { $0.leading($1) }.joined()
    }
    var lines = [line("", head)]
    for quantity in shown {
      let cells =
        [quantity.scoreMean, quantity.scoreDeviation].map {
          "\($0.mean.fixed(2)) +- \($0.standardError.fixed(2))"
        } + [quantity.coverage50, quantity.coverage90].map { "\((100 * $0.mean).fixed(0)) %" }
        + [Self.shown(p: quantity.adjustedPValue)]
      lines.append(
        line(quantity.name, cells) + (quantity.shortDeviation.map { "  \($0)" } ?? ""))
    }
    if shown.count < quantities.count {
      lines.append("and \(quantities.count - shown.count) more with larger p")
    }
    let errors = quantities[0]
    lines.append(
      "errors of shares: \((100 * errors.coverage50.standardError).fixed(0)) % and "
        + "\((100 * errors.coverage90.standardError).fixed(0)) %; p: of ranks so far from uniform, "
        + "adjusted for \(quantities.count.counted("quantity", plural: "quantities"))")
    return lines
  }

  /// A p-value with two digits, about.
  package static func shown(p value: Double) -> String {
    value < 0.0001 ? "<0.0001" : value.fixed(value < 0.01 ? 4 : value < 0.1 ? 3 : 2)
  }
}
