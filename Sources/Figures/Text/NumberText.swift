// SPDX-License-Identifier: Apache-2.0

/// Numbers as readers expect them: a true minus sign, commas between thousands, and powers of ten
/// written with superscripts. Exact integer arithmetic, the same text on every machine.
package enum NumberText {
  /// `value` with a fixed number of decimals, e.g. `−96.12`; as `1.23×10¹⁸` where
  /// that would take more than nine decimals or fifteen digits.
  package static func fixed(_ value: Double, decimals: Int) -> String {
    if value.isNaN { return "NaN" }
    if value.isInfinite { return value < 0 ? "−∞" : "∞" }
    let scaled = (value * Decades.power(decimals)).rounded()
    guard decimals <= 9, scaled.magnitude < 9e15 else { return scientific(value, digits: 3) }
    return decimal(Int64(scaled), exponent: -decimals)
  }

  /// `value` to about `digits` significant digits, never more decimals than that needs.
  package static func significant(_ value: Double, digits: Int) -> String {
    guard value.isFinite, value != 0 else { return fixed(value, decimals: 0) }
    let decade = Decades.floorLog10(value.magnitude)
    if decade < -4 || decade > 6 { return scientific(value, digits: digits) }
    return fixed(value, decimals: max(0, digits - 1 - decade))
  }

  /// `integer × 10^exponent` in plain digits: exact, for any tick of an axis.
  package static func decimal(_ integer: Int64, exponent: Int) -> String {
    var digits = String(integer.magnitude)
    var fraction = ""
    if exponent >= 0 {
      digits += integer == 0 ? "" : String(repeating: "0", count: exponent)
    } else {
      let places = -exponent
      if digits.count <= places {
        digits = String(repeating: "0", count: places + 1 - digits.count) + digits
      }
      fraction = "." + digits.suffix(places)
      digits = String(digits.dropLast(places))
    }
    return (integer < 0 ? "−" : "") + grouped(digits) + fraction
  }

  /// A mantissa of `digits` digits and a power of ten, e.g. `−1.50×10⁻⁹`.
  package static func scientific(_ value: Double, digits: Int) -> String {
    guard value.isFinite, value != 0 else { return fixed(value, decimals: 0) }
    var power = Decades.floorLog10(value.magnitude)
    var mantissa = (Decades.scale(value, by: digits - 1 - power)).rounded()
    if mantissa.magnitude >= Decades.power(digits) {  // 9.999 rounds up to 10.00
      mantissa /= 10
      power += 1
    }
    return decimal(Int64(mantissa), exponent: 1 - digits) + timesTen(to: power)
  }

  /// `×10ⁿ`.
  package static func timesTen(to power: Int) -> String {
    let raised = Array("⁰¹²³⁴⁵⁶⁷⁸⁹")
    let digits = String(power.magnitude).compactMap(\.wholeNumberValue).map { raised[$0] }
    return "×10" + (power < 0 ? "⁻" : "") + String(digits)
  }

  private static func grouped(_ digits: String) -> String {
    guard digits.count > 3 else { return digits }
    let first = digits.count % 3
    return digits.enumerated().reduce(into: "") { text, item in
      if item.offset > 0, item.offset % 3 == first % 3 { text.append(",") }
      text.append(item.element)
    }
  }
}

/// Powers of ten without the mathematics library, whose last digit differs between systems.
package enum Decades {
  /// `10^exponent`, correctly rounded for exponents from -22 to 22.
  package static func power(_ exponent: Int) -> Double {
    exponent < 0 ? 1 / positivePower(-exponent) : positivePower(exponent)
  }

  /// `value × 10^exponent`, rounded once for exponents from -22 to 22.
  package static func scale(_ value: Double, by exponent: Int) -> Double {
    if exponent < -300 { return value / positivePower(300) / positivePower(-exponent - 300) }
    if exponent > 300 { return value * positivePower(300) * positivePower(exponent - 300) }
    return exponent < 0 ? value / positivePower(-exponent) : value * positivePower(exponent)
  }

  /// The largest `n` with `10^n <= value`, for a positive finite value.
  package static func floorLog10(_ value: Double) -> Int {
    precondition(value > 0 && value.isFinite, "no decade for \(value)")
    var n = Int((Double(value.exponent) * 0.301_029_995_663_981_2).rounded(.down))
    while n < 308, power(n + 1) <= value { n += 1 }
    while n > -323, power(n) > value { n -= 1 }
    return n
  }

  private static func positivePower(_ exponent: Int) -> Double {
    var result = 1.0
    var base = 10.0
    var rest = exponent
    while rest > 0 {
      if rest & 1 == 1 { result *= base }
      base *= base
      rest >>= 1
    }
    return result
  }
}
