// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
  internal import Glibc
#else
  internal import Darwin
#endif

// Single counts. A parameter that is none gives a draw that is no number.

extension CounterGenerator {
  /// A count of the Poisson law: by products of uniform numbers for small rates, else by
  /// transformed rejection, algorithm PTRS.
  ///
  /// - Source: Hörmann, "The transformed rejection method for generating Poisson random variables",
  ///   Insurance: Mathematics and Economics 12 (1993), doi:10.1016/0167-6687(93)90997-4.
  mutating func poisson(_ rate: Double) -> Double {
    guard rate >= 0, rate.isFinite else { return .nan }
    if rate < 10 {
      let limit = exp(-rate)
      var (count, product) = (0.0, uniform())
      while product > limit {
        product *= uniform()
        count += 1
      }
      return count
    }
    let logRate = log(rate)
    let b = 0.931 + 2.53 * rate.squareRoot()
    let a = -0.059 + 0.02483 * b
    let scale = 1.1239 + 1.1328 / (b - 3.4)
    let accepted = 0.9277 - 3.6224 / (b - 2)
    while true {
      let u = uniform() - 0.5
      let v = uniform()
      let distance = 0.5 - u.magnitude
      let k = ((2 * a / distance + b) * u + rate + 0.43).rounded(.down)
      if distance >= 0.07, v <= accepted { return k }
      if k < 0 || (distance < 0.013 && v > distance) { continue }
      let proposed = log(v * scale / (a / (distance * distance) + b))
      if proposed <= k * logRate - rate - lgamma(k + 1) { return k }
    }
  }

  /// A number of successes: by the waiting times between them where few are expected, else by
  /// transformed rejection, algorithm BTRD without its squeezes.
  ///
  /// - Source: Hörmann, "The generation of binomial random variates", J. Stat. Comput. Simul. 46
  ///   (1993), doi:10.1080/00949659308811496; Devroye, "Non-uniform random variate generation"
  ///   (1986), section X.4.3, of waiting times.
  mutating func binomial(_ trials: Double, _ probability: Double) -> Double {
    guard trials >= 0, trials.isFinite, probability >= 0, probability <= 1 else { return .nan }
    if probability > 0.5 { return trials - binomial(trials, 1 - probability) }
    if probability == 0 { return 0 }
    if trials * probability < 10 {
      let slope = log1p(-probability)
      var (count, reached) = (-1.0, 0.0)
      while reached <= trials {
        reached += (log(uniform()) / slope).rounded(.down) + 1
        count += 1
      }
      return count
    }
    let (n, p, mean) = (trials, probability, trials * probability)
    let deviation = (mean * (1 - p)).squareRoot()
    let b = 1.15 + 2.53 * deviation
    let a = -0.0873 + 0.0248 * b + 0.01 * p
    let scale = (2.83 + 5.1 / b) * deviation
    let mode = ((n + 1) * p).rounded(.down)
    let logOdds = log(p) - log1p(-p)
    let atMode = lgamma(mode + 1) + lgamma(n - mode + 1)
    while true {
      let u = uniform() - 0.5
      let v = uniform()
      let distance = 0.5 - u.magnitude
      let k = ((2 * a / distance + b) * u + mean + 0.5).rounded(.down)
      if distance >= 0.07, v <= 0.92 - 4.2 / b { return k }
      if k < 0 || k > n { continue }
      let proposed = log(v * scale / (a / (distance * distance) + b))
      let ratio = atMode - lgamma(k + 1) - lgamma(n - k + 1) + (k - mode) * logOdds
      if proposed <= ratio { return k }
    }
  }
}
