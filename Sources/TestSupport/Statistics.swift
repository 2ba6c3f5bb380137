// SPDX-License-Identifier: Apache-2.0

/// The largest difference between two lists, relative to the larger of `scale` and the largest
/// magnitude in `expected`; infinite where lengths differ or a number is undefined.
///
/// The scale is that of the whole list: an element that cancels to nearly zero carries the rounding
/// error of its large neighbours, and no derivation bounds it by its own size.
package func relativeError(
  _ actual: [Double], _ expected: [Double], scale: Double = 0
) -> Double {
  guard actual.count == expected.count else { return .infinity }
  let largest = expected.reduce(scale) { max($0, $1.magnitude) }
  var worst = 0.0
  for (a, b) in zip(actual, expected) where a != b {
    let difference = (a - b).magnitude
    guard difference.isFinite else { return .infinity }
    worst = max(worst, difference)
  }
  return worst == 0 ? 0 : worst / largest
}

/// How far `actual` is from `expected` in units in the last place of the expected `Float`; 0 where
/// both are the same infinity or both are not a number.
package func ulps(_ actual: Float, from expected: Double) -> Double {
  if actual.isNaN || expected.isNaN { return actual.isNaN && expected.isNaN ? 0 : .infinity }
  let rounded = Float(expected)
  if rounded.isInfinite || actual.isInfinite { return rounded == actual ? 0 : .infinity }
  return (Double(actual) - expected).magnitude / Double(rounded.ulp)
}

/// An observed statistic beside what it should be and its standard error: a check that passes when
/// the two are at most k standard errors apart.
///
/// Seeds are fixed, so a check passes always or never; k says how unlikely a false alarm was when
/// the seed was chosen: 1 in 16,000 for k = 4.
package struct StatisticalCheck: Sendable, CustomStringConvertible {
  package let name: String
  package let observed: Double
  package let expected: Double
  package let standardError: Double

  package init(_ name: String, observed: Double, expected: Double, standardError: Double) {
    self.name = name
    self.observed = observed
    self.expected = expected
    self.standardError = standardError
  }

  /// The distance in standard errors, signed.
  package var deviation: Double { (observed - expected) / standardError }

  /// Whether observed and expected are at most `k` standard errors apart; false where undefined.
  package func isWithin(_ k: Double) -> Bool { deviation.magnitude <= k }

  package var description: String {
    "\(name): observed \(observed), expected \(expected) +- \(standardError), "
      + "\(deviation) standard errors apart"
  }
}

/// Mean and standard error of a sample, for a check against a known expectation.
package func meanCheck(
  _ name: String, of sample: [Double], expected: Double
) -> StatisticalCheck {
  let n = Double(sample.count)
  let mean = sample.reduce(0, +) / n
  let squares = sample.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
  return StatisticalCheck(
    name, observed: mean, expected: expected,
    standardError: (squares / (n - 1) / n).squareRoot())
}

/// The first four moments and the tail of a sample, each against those of N(0, 1).
///
/// Standard errors for n independent standard normals: mean 1 / sqrt(n); second moment
/// sqrt(2 / n), as Var z^2 = 2; third sqrt(15 / n), as Var z^3 = E z^6; fourth sqrt(96 / n), as
/// Var z^4 = 105 - 9; a frequency sqrt(p (1 - p) / n).
package func standardNormalChecks(_ sample: [Double]) -> [StatisticalCheck] {
  let n = Double(sample.count)
  func moment(_ power: Int) -> Double {
    sample.reduce(0) { sum, z in sum + (0..<power).reduce(1) { p, _ in p * z } } / n
  }
  func check(_ name: String, _ observed: Double, _ expected: Double, _ variance: Double)
    -> StatisticalCheck
  {
    StatisticalCheck(
      name, observed: observed, expected: expected, standardError: (variance / n).squareRoot())
  }
  // 2 (1 - Phi(3)) and 1 - Phi(0), by scipy.stats.norm.sf, SciPy 1.17.1.
  let (beyondThree, positive) = (0.0026997960632601866, 0.5)
  return [
    check("mean", moment(1), 0, 1),
    check("second moment", moment(2), 1, 2),
    check("third moment", moment(3), 0, 15),
    check("fourth moment", moment(4), 3, 96),
    check(
      "P(|z| > 3)", Double(sample.count { $0.magnitude > 3 }) / n, beyondThree,
      beyondThree * (1 - beyondThree)),
    check("P(z > 0)", Double(sample.count { $0 > 0 }) / n, positive, positive * (1 - positive)),
  ]
}

/// The correlation of two independent standard normal samples, against 0 with error 1 / sqrt(n).
package func independenceCheck(
  _ name: String, _ a: [Double], _ b: [Double]
) -> StatisticalCheck {
  let n = Double(a.count)
  let product = zip(a, b).reduce(0) { $0 + $1.0 * $1.1 }
  return StatisticalCheck(
    name, observed: product / n, expected: 0, standardError: 1 / n.squareRoot())
}
