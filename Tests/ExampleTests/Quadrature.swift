// SPDX-License-Identifier: Apache-2.0

import Foundation

/// Means and standard deviations of functions of two coordinates under a density that is known up
/// to a constant, on a grid of midpoints that covers it.
func gridMoments(
  _ x: ClosedRange<Double>, _ y: ClosedRange<Double>, cells: Int,
  of functions: [(Double, Double) -> Double], logDensity: (Double, Double) -> Double
) -> [(mean: Double, deviation: Double)] {
  func midpoints(_ range: ClosedRange<Double>) -> [Double] {
    let width = (range.upperBound - range.lowerBound) / Double(cells)
    return (0..<cells).map { range.lowerBound + (Double($0) + 0.5) * width }
  }
  let (columns, rows) = (midpoints(x), midpoints(y))
  let points = columns.flatMap { a in rows.map { (a, $0) } }
  let logs = points.map { logDensity($0.0, $0.1) }
  let largest = logs.max() ?? 0
  let weights = logs.map { exp($0 - largest) }
  let total = weights.reduce(0, +)
  return functions.map { f in
    var (first, second) = (0.0, 0.0)
    for (point, weight) in zip(points, weights) {
      let value = f(point.0, point.1)
      first += weight / total * value
      second += weight / total * value * value
    }
    return (first, (second - first * first).squareRoot())
  }
}

/// log p(y) of a level that walks at random, by the Kalman filter, and mean and variance of its
/// last value.
///
///     level[0] ~ N(m, v),   level[t] ~ N(level[t - 1], step^2),   y[t] ~ N(level[t], error^2)
func kalmanFilter(
  _ y: [Double], step: Double, error: Double, start: (mean: Double, variance: Double)
) -> (logLikelihood: Double, mean: Double, variance: Double) {
  var (mean, variance, total) = (start.mean, start.variance, 0.0)
  for (t, value) in y.enumerated() {
    if t > 0 { variance += step * step }
    let spread = variance + error * error
    let miss = value - mean
    total -= 0.5 * (log(2 * .pi * spread) + miss * miss / spread)
    mean += variance / spread * miss
    variance *= error * error / spread
  }
  return (total, mean, variance)
}
