// SPDX-License-Identifier: Apache-2.0

internal import Tensors

/// Where true values lie among the draws of a fit.
package struct TruthRanks: Sendable {
  /// The rank of each truth among its draws, from 0 to 1; not a number where a value is none.
  package let ranks: [Double]
  /// (truth - mean) / sd of each, by all draws; not a number for what does not vary.
  package let scores: [Double]

  /// - Parameters:
  ///   - truth: Q numbers.
  ///   - values: `[N, Q]`: the same of each draw that the verdict recommends.
  ///   - fit: The verdict, and the draws' weights.
  ///   - generator: The order of ties.
  init(
    of truth: [Double], among values: Tensor<Double>, _ fit: Fit,
    using generator: inout CounterGenerator
  ) {
    let isWeighted = fit.verdict == .useWeighted
    let (means, deviations) = values.columnMoments(weights: fit.draws.weights)
    let kept =
      fit.verdict == .useWalked
      ? values.selectingRows(Self.independentRows(of: values, chains: fit.chains)) : values
    let columns = kept.transposed()
    var ranks: [Double] = []
    for (place, value) in truth.enumerated() {
      ranks.append(
        Self.rank(
          of: value, among: columns.row(place), weights: isWeighted ? fit.draws.weights : nil,
          tie: Double.random(in: 0..<1, using: &generator)))
    }
    self.ranks = ranks
    scores = truth.indices.map { place in
      let (mean, deviation) = (means[place], deviations[place])
      return deviation > Self.rounding * mean.magnitude
        ? (truth[place] - mean) / deviation : .nan
    }
  }

  /// What differs by less, relatively, is equal but for rounding.
  private static let rounding = 1e-10

  /// The rank of a number among n draws, from 0 to 1, which is uniform where the number is one more
  /// such draw:
  ///
  ///     (n F + U (1 + n T)) / (n + 1)
  ///
  /// F and T the weights of the draws below the number and of those equal to it, n = 1 / sum w^2
  /// their effective number, U uniform. Of n equal weights this is exactly uniform, ties or not; of
  /// others nearly, as n is large.
  ///
  /// - Parameters:
  ///   - truth: The number.
  ///   - draws: At least one.
  ///   - weights: Of the draws, summing to 1; nil for equal ones.
  ///   - uniform: U, from 0 to 1.
  /// - Returns: Not a number where the number or a draw is none.
  package static func rank(
    of truth: Double, among draws: [Double], weights: [Double]?, tie uniform: Double
  ) -> Double {
    var (below, equal, squares) = (0.0, 0.0, 0.0)
    let one = 1 / Double(draws.count)
    for (index, draw) in draws.enumerated() {
      let weight = weights?[index] ?? one
      if weight == 0 { continue }
      if draw.isNaN { return .nan }
      squares += weight * weight
      let distance = (draw - truth).magnitude
      if draw == truth || distance <= rounding * max(draw.magnitude, truth.magnitude) {
        equal += weight
      } else if draw < truth {
        below += weight
      }
    }
    if truth.isNaN || squares == 0 { return .nan }
    let n = 1 / squares
    return (n * below + uniform * (1 + n * equal)) / (n + 1)
  }

  /// Rows of chains at times so far apart that their number is no more than the effective number of
  /// draws of the quantity that has fewest: var / var(mean), with the variance of the mean from the
  /// spread of the chains' means.
  ///
  /// - Parameters:
  ///   - values: `[times chains, Q]`, all chains at one time before those at the next.
  ///   - chains: How many chains.
  /// - Returns: Whole times, from the last one back.
  package static func independentRows(of values: Tensor<Double>, chains: Int) -> [Int] {
    let times = values.shape[0] / chains
    let deviations = values.columnMoments().deviations
    let means = (0..<chains).map { chain in
      values.selectingRows((0..<times).map { $0 * chains + chain }).columnMoments().means
    }
    var least = Double(values.shape[0])
    for (place, deviation) in deviations.enumerated() {
      let own = means.map { $0[place] }
      let spread = own.standardDeviation * (Double(chains) / Double(chains - 1)).squareRoot()
      guard spread > rounding * own.mean.magnitude else { continue }
      let ratio = deviation / spread
      least = min(least, Double(chains) * ratio * ratio)
    }
    let step = min(times, Int((Double(values.shape[0]) / max(least, 1)).rounded(.up)))
    return stride(from: times - 1, through: 0, by: -step).flatMap { time in
      (0..<chains).map { time * chains + $0 }
    }
  }
}
