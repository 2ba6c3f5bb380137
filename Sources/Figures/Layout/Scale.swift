// SPDX-License-Identifier: Apache-2.0

/// A straight map from numbers of the data to positions on the page.
package struct Scale: Equatable, Sendable {
  /// The numbers shown. Never empty: its ends differ.
  package let domain: ClosedRange<Double>
  /// Positions of the domain's lower and upper end, in figure points; may run either way.
  package let start: Double
  package let end: Double

  package init(_ domain: ClosedRange<Double>, from start: Double, to end: Double) {
    self.domain = domain
    self.start = start
    self.end = end
  }

  /// The position of `value` in figure points; for values far outside the domain some position far
  /// outside the page, always a finite one.
  package func callAsFunction(_ value: Double) -> Double {
    let fraction = (value - domain.lowerBound) / (domain.upperBound - domain.lowerBound)
    return start + max(-1e5, min(1e5, fraction)) * (end - start)
  }
}

/// Choosing the part of the number line that an axis shows.
package enum Domain {
  /// Data beyond this magnitude is treated as missing: spans must not overflow.
  package static let limit = 1e300

  /// Whether a number can be drawn at all.
  package static func isDrawable(_ value: Double) -> Bool { value.magnitude <= limit }

  /// The range of the drawable numbers, widened by `padding` of its span on both sides.
  ///
  /// A single value gets room around it, so that the axis still has ticks; no value gives nil.
  package static func covering(
    _ values: some Sequence<Double>, padding: Double = 0
  ) -> ClosedRange<Double>? {
    var lower = Double.infinity
    var upper = -Double.infinity
    for value in values where isDrawable(value) {
      lower = min(lower, value)
      upper = max(upper, value)
    }
    guard lower <= upper else { return nil }
    let span = upper - lower
    // Under a 10⁻⁹ part of the magnitude two numbers are one number with rounding errors.
    guard span > 1e-9 * max(lower.magnitude, upper.magnitude) else {
      let middle = lower + span / 2
      let room = middle == 0 ? 1 : max(middle.magnitude * 0.1, .leastNormalMagnitude)
      return (middle - room)...(middle + room)
    }
    return (lower - padding * span)...(upper + padding * span)
  }
}
