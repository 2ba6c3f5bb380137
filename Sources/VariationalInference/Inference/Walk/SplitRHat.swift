// SPDX-License-Identifier: Apache-2.0

/// How much chains disagree: the potential scale reduction of chains cut in two.
///
///     R-hat^2 = ((n - 1) / n W + B / n) / W
///
/// W the mean variance within the half-chains of length n, B / n the variance of their means.
///
/// - Source: Gelman, Carlin, Stern, Dunson, Vehtari and Rubin, "Bayesian data analysis", 3rd ed.,
///   section 11.4; folded as in Vehtari, Gelman, Simpson, Carpenter and Buerkner, Bayesian Analysis
///   16 (2021), here without ranks.
package enum SplitRHat {
  /// R-hat of the values themselves.
  ///
  /// - Parameters:
  ///   - values: All chains' values at the first time, then at the second, ...
  ///   - chains: How many chains.
  /// - Returns: Not a number where no half-chain moves.
  package static func plain(_ values: [Double], chains: Int) -> Double {
    let half = values.count / chains / 2
    var (means, within) = ([Double](), 0.0)
    means.reserveCapacity(2 * chains)
    for part in 0..<2 {
      for chain in 0..<chains {
        let first = part * half * chains + chain
        var sum = 0.0
        for time in 0..<half { sum += values[first + time * chains] }
        let mean = sum / Double(half)
        var squares = 0.0
        for time in 0..<half {
          let distance = values[first + time * chains] - mean
          squares += distance * distance
        }
        means.append(mean)
        within += squares / Double(half - 1)
      }
    }
    within /= Double(2 * chains)
    let spread = means.standardDeviation
    let between = spread * spread * Double(means.count) / Double(means.count - 1)
    return ((Double(half - 1) / Double(half) * within + between) / within).squareRoot()
  }

  /// R-hat of the distances from the median: chains that agree on the middle may differ in width.
  package static func folded(_ values: [Double], chains: Int) -> Double {
    let median = values.median
    return plain(values.map { ($0 - median).magnitude }, chains: chains)
  }
}
