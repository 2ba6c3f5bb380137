// SPDX-License-Identifier: Apache-2.0

internal import Tensors

#if canImport(Glibc)
  internal import Glibc
#else
  internal import Darwin
#endif

/// A symmetric factor of diag(d)^2 + U U^T after scaling by d, in O(D r) numbers:
///
///     F = diag(d) (I + Q^T diag(c) Q),   d^-1 U = Q^T diag(s) V^T,   c = sqrt(1 + s^2) - 1
struct LowRankFactor: Sendable {
  /// d, D numbers.
  let deviations: [Double]
  /// Q, orthonormal rows, `[r, D]`, and s, r numbers; none where U is 0.
  let directions: Tensor<Double>
  let singularValues: [Double]

  /// - Parameters:
  ///   - deviations: d.
  ///   - loadings: U^T, `[rank, D]`.
  init(deviations: [Double], loadings: Tensor<Double>) {
    self.deviations = deviations
    let scaled = loadings * Tensor(deviations.map { 1 / $0 })
    let (squares, vectors) = scaled.matrixProduct(scaled.transposed()).symmetricEigen()
    let largest = squares.doubles.last ?? 0
    let kept = squares.doubles.indices.filter { squares.doubles[$0] > 1e-12 * max(1, largest) }
    singularValues = kept.map { squares.doubles[$0].squareRoot() }
    directions =
      kept.isEmpty
      ? Tensor(shape: [0, deviations.count]) { _ in }
      : vectors.selectingRows(kept).matrixProduct(scaled)
        .scalingRows(singularValues.map { 1 / $0 })
  }

  /// log |F|.
  var logDeterminant: Double {
    deviations.reduce(0) { $0 + log($1) } + singularValues.reduce(0) { $0 + log1p($1 * $1) / 2 }
  }

  /// x + Q^T diag(c) Q x for each row x.
  private func stretched(_ rows: Tensor<Double>, by c: [Double]) -> Tensor<Double> {
    if c.isEmpty { return rows }
    let along = rows.matrixProduct(directions.transposed()) * Tensor(c)
    return rows + along.matrixProduct(directions)
  }

  /// F e for each row e.
  func times(_ rows: Tensor<Double>) -> Tensor<Double> {
    stretched(rows, by: singularValues.map { (1 + $0 * $0).squareRoot() - 1 })
      * Tensor(deviations)
  }

  /// F^-1 x for each row x.
  func solved(_ rows: Tensor<Double>) -> Tensor<Double> {
    stretched(
      rows * Tensor(deviations.map { 1 / $0 }),
      by: singularValues.map { 1 / (1 + $0 * $0).squareRoot() - 1 })
  }

  /// (F F^T)^-1 x for each row x.
  func precisionTimes(_ rows: Tensor<Double>) -> Tensor<Double> {
    let inverse = Tensor(deviations.map { 1 / $0 })
    return stretched(rows * inverse, by: singularValues.map { 1 / (1 + $0 * $0) - 1 }) * inverse
  }

  /// F F^T x for each row x.
  func covarianceTimes(_ rows: Tensor<Double>) -> Tensor<Double> {
    let scale = Tensor(deviations)
    return stretched(rows * scale, by: singularValues.map { $0 * $0 }) * scale
  }

  /// F as a matrix.
  var matrix: Tensor<Double> { times(.identity(deviations.count)).transposed() }
}

extension FactoredGaussian {
  /// Covariance diag(d)^2 + U U^T.
  init(mean: [Double], lowRank: LowRankFactor) {
    self.init(mean: mean, factor: lowRank.matrix, lowRank: lowRank)
  }

  /// The same Gaussian with a triangular factor.
  var triangular: FactoredGaussian {
    lowRank == nil ? self : FactoredGaussian(mean: mean, factor: factor.triangularFactor())
  }
}
