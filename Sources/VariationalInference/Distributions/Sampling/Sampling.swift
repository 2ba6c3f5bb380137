// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
  internal import Glibc
#else
  internal import Darwin
#endif

// Single random numbers for laws whose draws take a random count of them. All are exact: of the law
// up to rounding. A parameter that is none gives a draw that is no number.

extension CounterGenerator {
  /// A number uniform between 0 and 1, both excluded: a multiple of 2^-53.
  mutating func uniform() -> Double {
    (Double(next() >> 12) + 0.5) * 0x1p-52
  }

  /// A standard normal number.
  ///
  /// - Source: Box and Muller, "A note on the generation of random normal deviates", Ann. Math.
  ///   Stat. 29 (1958), doi:10.1214/aoms/1177706645.
  mutating func standardNormal() -> Double {
    let radius = (-2 * log(uniform())).squareRoot()
    return radius * cos(2 * .pi * uniform())
  }

  /// A number of the exponential law of rate 1.
  mutating func exponential() -> Double { -log(uniform()) }

  /// A number of the gamma law of rate 1.
  mutating func gamma(_ shape: Double) -> Double {
    if shape >= 1 { return gammaFromOne(shape) }
    return exp(logGamma(shape))
  }

  /// The logarithm of a number of the gamma law of rate 1, which for small shapes is often smaller
  /// than the smallest number there is: g(shape) is g(shape + 1) u^(1 / shape).
  mutating func logGamma(_ shape: Double) -> Double {
    if shape >= 1 { return log(gammaFromOne(shape)) }
    guard shape > 0 else { return .nan }
    return log(gammaFromOne(shape + 1)) - exponential() / shape
  }

  /// For shapes from 1 on.
  ///
  /// - Source: Marsaglia and Tsang, "A simple method for generating gamma variables", ACM Trans.
  ///   Math. Software 26 (2000), doi:10.1145/358407.358414.
  private mutating func gammaFromOne(_ shape: Double) -> Double {
    guard shape.isFinite else { return .nan }
    let d = shape - 1.0 / 3
    let c = 1 / (9 * d).squareRoot()
    while true {
      let x = standardNormal()
      let root = 1 + c * x
      if root <= 0 { continue }
      let v = root * root * root
      let u = uniform()
      if u < 1 - 0.0331 * (x * x) * (x * x) { return d * v }
      if log(u) < 0.5 * x * x + d * (1 - v + log(v)) { return d * v }
    }
  }

  /// The log-odds log(x / (1 - x)) of a number x of the beta law, which may be 0 or 1 when rounded.
  mutating func logOddsOfBeta(_ a: Double, _ b: Double) -> Double { logGamma(a) - logGamma(b) }

  /// A number of the beta law.
  mutating func beta(_ a: Double, _ b: Double) -> Double { 1 / (1 + exp(-logOddsOfBeta(a, b))) }

  /// A number of Student's law with mean 0 and scale 1: a standard normal number over the root of a
  /// gamma number of shape and rate degreesOfFreedom / 2.
  mutating func studentT(_ degreesOfFreedom: Double) -> Double {
    let half = degreesOfFreedom / 2
    if half == .infinity { return standardNormal() }
    return standardNormal() * exp(0.5 * (log(half) - logGamma(half)))
  }

  /// An angle between -pi and pi of the von Mises law around 0.
  ///
  /// With r = (1 + sqrt(1 + 4 k^2)) / (2 k) a proposal has the cosine f = (1 + r z) / (r + z). What
  /// is computed is 1 - f, as f alone would say nothing of small angles.
  ///
  /// - Source: Best and Fisher, "Efficient simulation of the von Mises distribution", Applied
  ///   Statistics 28 (1979), doi:10.2307/2346732.
  mutating func vonMises(_ concentration: Double) -> Double {
    let k = concentration
    guard k >= 0, k.isFinite else { return .nan }
    let root = hypot(1, 2 * k)
    let excess = (1 + 1 / (root + 2 * k)) / (2 * k)
    // So little concentration that r is infinite.
    guard excess.isFinite else { return .pi * (2 * uniform() - 1) }
    while true {
      let z = cos(.pi * uniform())
      let distance = excess * (1 - z) / (1 + excess + z)
      let c = k * (excess + distance)
      let u = uniform()
      if c * (2 - c) > u || log(c / u) + 1 >= c {
        let angle = 2 * asin(min((distance / 2).squareRoot(), 1))
        return uniform() < 0.5 ? -angle : angle
      }
    }
  }
}
