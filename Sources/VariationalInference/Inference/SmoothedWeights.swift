// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
  internal import Glibc
#else
  internal import Darwin
#endif

/// Importance weights whose largest were replaced by the quantiles of the generalised Pareto
/// distribution that fits them: an average by them has a finite variance.
///
///     w_(i) = min(u + sigma ((1 - p_i)^-k - 1) / k, w_max),   p_i = (i - 1/2) / M
///
/// of the i-th of the M weights above u; the others stay as they are.
///
/// - Source: Vehtari, Simpson, Gelman, Yao and Gabry, "Pareto smoothed importance sampling",
///   JMLR 25 (2024), arXiv:1507.02646, section 3.
package struct SmoothedWeights: Sendable {
  /// Their sum is 1; all 0 where no weight is positive.
  package let normalized: [Double]
  /// k, see ``ParetoShape``; nil where the largest weights are too few or too equal to be fitted.
  package let shape: Double?
  /// The logarithm of the mean weight after smoothing, in nats.
  package let logMean: Double

  /// Smooths weights that are given by their logarithms; one that is no finite number counts as 0.
  package init(logWeights: [Double]) {
    let largest = logWeights.reduce(-Double.infinity) { $1.isFinite ? max($0, $1) : $0 }
    guard largest.isFinite else {
      normalized = logWeights.map { _ in 0 }
      shape = nil
      logMean = -.infinity
      return
    }
    var weights = logWeights.map { $0.isFinite ? exp($0 - largest) : 0 }
    shape = Self.smooth(&weights)
    let sum = weights.reduce(0, +)
    normalized = weights.map { $0 / sum }
    logMean = largest + log(sum / Double(weights.count))
  }

  /// (sum w)^2 / sum w^2 over the number of weights; 0 where all are 0.
  package var relativeEffectiveSampleSize: Double {
    let squares = normalized.reduce(0) { $0 + $1 * $1 }
    return squares > 0 ? 1 / squares / Double(normalized.count) : 0
  }

  /// Replaces the tail of weights whose largest is 1.
  private static func smooth(_ weights: inout [Double]) -> Double? {
    let tail = ParetoShape.tailSize(samples: weights.count)
    guard tail >= 5, tail < weights.count else { return nil }
    let order = weights.indices.sorted { (weights[$0], $0) < (weights[$1], $1) }
    let places = order.suffix(tail)
    let threshold = weights[order[weights.count - tail - 1]]
    let exceedances = places.map { max(weights[$0] - threshold, 1e-300) }
    guard let last = exceedances.last, last > 1e-12 else { return nil }
    let (k, scale) = ParetoShape.distribution(exceedances: exceedances)
    guard k.isFinite, scale.isFinite else { return k }
    for (index, place) in places.enumerated() {
      let rest = log1p(-(Double(index) + 0.5) / Double(tail))
      let quantile = k.magnitude > 1e-9 ? scale * expm1(-k * rest) / k : -scale * rest
      weights[place] = min(threshold + quantile, 1)
    }
    return k
  }
}
