// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
  internal import Glibc
#else
  internal import Darwin
#endif

/// The shape k of the generalised Pareto distribution that fits the largest importance weights.
///
///     P(w > u + y) ~ (1 + k y / sigma)^(-1/k)
///
/// The weights have finite moments up to order 1/k: a finite variance for k < 1/2, a finite mean for
/// k < 1. An importance-sampling estimate is usable up to k = 0.7, or 1 - 1 / log10 K where that is
/// less (Vehtari et al., section 3.2.4).
///
/// - Source: Vehtari, Simpson, Gelman, Yao and Gabry, "Pareto smoothed importance sampling",
///   JMLR 25 (2024), arXiv:1507.02646; Zhang and Stephens, "A new and efficient estimation method for
///   the generalized Pareto distribution", Technometrics 51 (2009), doi:10.1198/tech.2009.08017.
public enum ParetoShape {
  /// Above this, an estimate by importance sampling is not to be used, whatever the sample size.
  public static let threshold = 0.7

  /// How many of `samples` weights make the tail: the smaller of K / 5 and 3 sqrt K, rounded up.
  public static func tailSize(samples: Int) -> Int {
    Int(min(Double(samples) / 5, 3 * Double(samples).squareRoot()).rounded(.up))
  }

  /// Fits a tail, given the logarithms of the largest weights.
  ///
  /// - Parameter largest: Logarithms of the `tailSize` + 1 largest weights, ascending; the first is
  ///   the threshold u, the others are the tail.
  /// - Returns: k; nil where there is nothing to fit: fewer than five weights in the tail, or equal
  ///   weights; not a number where a weight is infinite, beside which no other has a size.
  static func fit(largest: [Double]) -> Double? {
    guard largest.count > 5, let first = largest.first, let last = largest.last,
      last > first
    else { return nil }
    if last == .infinity { return .nan }
    let threshold = exp(first - last)
    // Logarithms that differ by less than 1e-16 have equal exponentials.
    guard threshold < 1 else { return nil }
    return fit(exceedances: largest.dropFirst().map { exp($0 - last) - threshold })
  }

  /// Zhang and Stephens' estimate of k from exceedances over a threshold, ascending, the largest
  /// positive.
  ///
  /// With theta = -k / sigma, log L(theta) = n (log(-theta / k) - k - 1), k the mean of
  /// log(1 - theta x). The estimate is k at the posterior mean of theta on a grid, under their
  /// data-dependent prior, drawn towards 1/2 as if ten more weights had said so (Vehtari et al.,
  /// appendix C).
  static func fit(exceedances x: [Double]) -> Double { distribution(exceedances: x).shape }

  /// The same shape, and the scale sigma = -k / theta that goes with it before k is drawn towards
  /// 1/2.
  static func distribution(exceedances x: [Double]) -> (shape: Double, scale: Double) {
    let (n, grid) = (Double(x.count), 30 + Int(Double(x.count).squareRoot()))
    // theta[i] = 1 / x[n] + (1 - sqrt(m / (i - 1/2))) / (3 x*), i = 1 ... m, x* the first quartile
    // and m = 30 + floor(sqrt n). All are below 1 / x[n], with which the density would end at the
    // largest x.
    let quartile = max(x[Int(n / 4 + 0.5) - 1], 1e-300)
    let thetas = (0..<grid).map { (index: Int) -> Double in
      let spread = 1 - (Double(grid) / (Double(index) + 0.5)).squareRoot()
      return 1 / x[x.count - 1] + spread / (3 * quartile)
    }
    let logLikelihoods = thetas.map { (theta: Double) -> Double in
      let k = shape(theta, x)
      return n * (log(-theta / k) - k - 1)
    }
    // At theta = 0 the formula is 0 / 0; max() would stop at such a value, were it the first.
    let largest = logLikelihoods.filter { !$0.isNaN }.max() ?? 0
    let weights = logLikelihoods.map { $0.isNaN ? 0.0 : exp($0 - largest) }
    let weighted = zip(thetas, weights).reduce(0.0) { $0 + $1.0 * $1.1 }
    let theta = weighted / weights.reduce(0, +)
    let k = shape(theta, x)
    // (n k + 10 x 1/2) / (n + 10).
    let priorCount = 10.0
    return ((k * n + priorCount / 2) / (n + priorCount), -k / theta)
  }

  /// The k of largest likelihood for this theta: the mean of log(1 - theta x).
  private static func shape(_ theta: Double, _ x: [Double]) -> Double {
    let total = x.reduce(0.0) { (sum: Double, y: Double) -> Double in sum + log1p(-theta * y) }
    return total / Double(x.count)
  }
}
