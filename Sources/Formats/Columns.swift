// SPDX-License-Identifier: Apache-2.0

// Numbers and words in columns of text.

extension Double {
  /// With a fixed number of decimals: 1.005 as "1.00" or "1.01" as its bits have it, -0.001 as "0.00".
  package func fixed(_ decimals: Int) -> String {
    guard isFinite else { return isNaN ? "nan" : (self < 0 ? "-inf" : "inf") }
    let scale = (0..<decimals).reduce(1.0) { result, _ in result * 10 }
    let scaled = (magnitude * scale).rounded()
    guard scaled < 1e15 else { return "\(self)" }
    let digits = String(Int(scaled))
    let padded = String(repeating: "0", count: max(0, decimals + 1 - digits.count)) + digits
    let sign = self < 0 && scaled > 0 ? "-" : ""
    return decimals == 0
      ? sign + padded : sign + padded.dropLast(decimals) + "." + padded.suffix(decimals)
  }
}

extension Int {
  /// A noun as it follows this number: "draw" after 1, else "draws".
  ///
  /// - Parameters:
  ///   - singular: Of one.
  ///   - plural: Of others, where an "s" does not make it.
  /// - Returns: One of the two.
  package func noun(_ singular: String, plural: String? = nil) -> String {
    self == 1 ? singular : plural ?? singular + "s"
  }

  /// The number and its noun: "1 draw", "20 draws".
  ///
  /// - Parameters:
  ///   - singular: The noun of one.
  ///   - plural: That of others, where an "s" does not make it.
  /// - Returns: Both, with a blank between.
  package func counted(_ singular: String, plural: String? = nil) -> String {
    "\(self) \(noun(singular, plural: plural))"
  }
}

extension String {
  /// With blanks after it, to a width.
  package func padded(to width: Int) -> String {
    self + String(repeating: " ", count: Swift.max(0, width - count))
  }

  /// With blanks before it, to a width.
  package func leading(_ width: Int) -> String {
    String(repeating: " ", count: Swift.max(0, width - count)) + self
  }
}
