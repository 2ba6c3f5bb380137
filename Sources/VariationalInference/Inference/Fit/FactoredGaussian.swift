// SPDX-License-Identifier: Apache-2.0

package import Tensors

#if canImport(Glibc)
  internal import Glibc
#else
  internal import Darwin
#endif

/// N(m, F F^T) with a lower triangular F: z = m + F e.
package struct FactoredGaussian: Sendable {
  package let mean: [Double]
  /// F, `[D, D]`.
  package let factor: Tensor<Double>
  /// F^T: products with it on the right run over whole rows.
  let transposedFactor: Tensor<Double>

  /// F as fewer numbers, where it is not triangular.
  let lowRank: LowRankFactor?

  package init(mean: [Double], factor: Tensor<Double>) {
    self.init(mean: mean, factor: factor, lowRank: nil)
  }

  init(mean: [Double], factor: Tensor<Double>, lowRank: LowRankFactor?) {
    self.mean = mean
    self.factor = factor
    self.lowRank = lowRank
    transposedFactor = factor.transposed()
  }

  /// Independent coordinates.
  package init(mean: [Double], deviations: [Double]) {
    self.init(mean: mean, factor: .diagonal(deviations))
  }

  var dimension: Int { mean.count }

  /// log |F|.
  var logDeterminant: Double {
    lowRank?.logDeterminant ?? factor.diagonalElements.reduce(0) { $0 + log($1.magnitude) }
  }

  /// log of the density at the mean: -log |F| - D/2 log 2 pi.
  var logPeak: Double { -logDeterminant - Double(dimension) / 2 * log(2 * .pi) }

  /// The entropy less D/2 log 2 pi, which log p lacks nothing of: log |F| + D/2.
  var entropy: Double { logDeterminant + Double(dimension) / 2 }

  /// The standard deviation of each coordinate.
  var deviations: [Double] { factor.rowSquares.map { $0.squareRoot() } }

  /// For each coordinate the direction of e along which z moves most in it: F's rows at unit
  /// length, `[D, D]`.
  var coordinateDirections: Tensor<Double> {
    factor * Tensor(deviations.map { 1 / $0 }, shape: [dimension, 1])
  }

  /// m + scale F e for each row e, `[n, D]`.
  func points(_ noise: Tensor<Double>, scale: Double = 1) -> Tensor<Double> {
    let scaled = scale == 1 ? noise : noise * scale
    return Tensor(mean) + (lowRank?.times(scaled) ?? scaled.matrixProduct(transposedFactor))
  }

  /// F^-1 (z - m) for each row z, `[n, D]`.
  func whitened(_ points: Tensor<Double>) -> Tensor<Double> {
    let n = dimension
    if let lowRank { return lowRank.solved(points - Tensor(mean)) }
    return (points - Tensor(mean))
      .lowerTriangularSolve(factor: factor.reshaped(to: [1, n, n]))
  }

  /// |F^-1 (z - m)|.
  func distance(to point: [Double]) -> Double {
    whitened(Tensor(point, shape: [1, dimension])).rowSquares[0].squareRoot()
  }
}

extension CountedDensity {
  /// The ELBO of each Gaussian by a few antithetic draws, all of them in one call:
  ///
  ///     mean log p(m + F e) + log |F| + D/2 (+ D/2 log 2 pi, left out)
  ///
  /// A value that is not finite counts as the smallest finite one. Where fewer than three quarters
  /// are finite, the ELBO is -infinity.
  func bounds(
    _ gaussians: [FactoredGaussian], pairs: Int, noise: (Int) -> Tensor<Double>
  ) -> [Double] {
    if gaussians.isEmpty { return [] }
    let points = gaussians.indices.map { gaussians[$0].points(noise($0).withNegatives) }
    let values = values(at: points.count == 1 ? points[0] : .concatenated(points))
    return gaussians.indices.map { index in
      let own = values[index * 2 * pairs..<(index + 1) * 2 * pairs]
      let finite = own.filter(\.isFinite)
      guard 4 * finite.count >= 3 * own.count, let least = finite.min() else { return -.infinity }
      let sum = finite.reduce(0, +) + Double(own.count - finite.count) * least
      return sum / Double(own.count) + gaussians[index].entropy
    }
  }
}
