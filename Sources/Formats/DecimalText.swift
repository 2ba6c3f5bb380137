// SPDX-License-Identifier: Apache-2.0

/// Numbers in decimal digits, as tables hold them: "12", "-0.5", ".5e-3", "inf".
package enum DecimalText {
  /// The number that a text is, rounded correctly.
  ///
  /// - Parameters:
  ///   - text: ASCII, without blanks around it.
  ///   - decimalComma: Whether a comma may stand for the decimal point.
  /// - Returns: The number, and whether it was written without decimal point and exponent; nil of
  ///   any other text.
  package static func parse(
    _ text: UnsafeBufferPointer<UInt8>, decimalComma: Bool = false
  ) -> (value: Double, isWhole: Bool)? {
    var place = 0
    let isNegative = text.first == UInt8(ascii: "-")
    if isNegative || text.first == UInt8(ascii: "+") { place = 1 }
    // The significant digits as one number, for 19 of them are below 2^64.
    var (digits, significant, count, exponent) = (UInt64(0), 0, 0, 0)
    var isWhole = true
    while place < text.count {
      let byte = text[place]
      if byte >= 0x30 && byte <= 0x39 {
        count += 1
        if significant > 0 || byte != 0x30 { significant += 1 }
        if significant <= 19 { digits = digits &* 10 &+ UInt64(byte &- 0x30) }
        if !isWhole { exponent -= 1 }
      } else if isWhole, byte == UInt8(ascii: ".") || decimalComma && byte == UInt8(ascii: ",") {
        isWhole = false
      } else {
        break
      }
      place += 1
    }
    guard count > 0 else { return infinity(text[place...], isNegative) }
    if place < text.count {
      guard let power = self.exponent(text[place...]) else { return nil }
      isWhole = false
      exponent += power
    }
    if significant <= 19, digits <= 1 << 53, abs(exponent) <= 22 {
      // Both are exact, so one operation rounds once (Clinger 1990, doi:10.1145/93542.93557).
      let magnitude = Double(digits)
      let value = exponent < 0 ? magnitude / powers[-exponent] : magnitude * powers[exponent]
      return (isNegative ? -value : value, isWhole)
    }
    let plain = text.map { $0 == UInt8(ascii: ",") ? UInt8(ascii: ".") : $0 }
    return Double(String(decoding: plain, as: UTF8.self)).map { ($0, isWhole) }
  }

  /// The powers of ten that a `Double` holds exactly.
  private static let powers: [Double] = (0..<22).reduce(into: [1]) { powers, _ in
    powers.append(powers[powers.count - 1] * 10)
  }

  /// The exponent in "e-3"; beyond any that matters it stays there.
  private static func exponent(_ text: Slice<UnsafeBufferPointer<UInt8>>) -> Int? {
    guard let mark = text.first, mark | 0x20 == UInt8(ascii: "e") else { return nil }
    var digits = text.dropFirst()
    let isNegative = digits.first == UInt8(ascii: "-")
    if isNegative || digits.first == UInt8(ascii: "+") { digits = digits.dropFirst() }
    guard !digits.isEmpty, digits.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
    let size = digits.reduce(0) { min($0 * 10 + Int($1 - 0x30), 100_000) }
    return isNegative ? -size : size
  }

  private static func infinity(
    _ text: Slice<UnsafeBufferPointer<UInt8>>, _ isNegative: Bool
  ) -> (value: Double, isWhole: Bool)? {
    guard text.count == 3 || text.count == 8 else { return nil }
    let word = String(decoding: text.map { $0 | 0x20 }, as: UTF8.self)
    guard word == "inf" || word == "infinity" else { return nil }
    return (isNegative ? -.infinity : .infinity, false)
  }
}
