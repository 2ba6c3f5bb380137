// SPDX-License-Identifier: Apache-2.0

internal import Tensors

// Steps within the Gaussians of independent coordinates: F is diagonal. The ELBO's second
// derivative by the mean is that of full rank, F^-T (E[r e^T] - I) F^-1, and its optimal precision
// of a coordinate the diagonal of what full rank would take.
extension PolishStep.Moments {
  /// Along directions in which p is wider than q, steps are no longer than by this factor.
  private static let leastPrecision = 1e-3

  /// (I - A)^-1 r for each row r: Newton's steps of the mean, in units of q.
  static func newtonSteps(
    _ rows: Tensor<Double>, eigenvalues: [Double], _ eigenvectors: Tensor<Double>
  ) -> Tensor<Double> {
    let inverse = eigenvalues.map { 1 / max(1 - $0, leastPrecision) }
    let along = rows.matrixProduct(eigenvectors.transposed()) * Tensor(inverse)
    return along.matrixProduct(eigenvectors)
  }

  /// q after a step of this rate: variances change by factors between 1/2 and 2.
  func movedAlongAxes(_ gaussian: FactoredGaussian, rate: Double) -> FactoredGaussian {
    let n = gaussian.dimension
    let residual = Tensor(rows: [self.residual])
    var step = Self.newtonSteps(residual, eigenvalues: eigenvalues, eigenvectors).row(0)
      .map { rate * $0 }
    // In the metric of p as far as it is known, not of q, which is narrow across correlations.
    let length = rate * step.dot(self.residual)
    let longest = max(1, 0.3 * Double(n).squareRoot())
    if length > longest * longest {
      step = step.map { $0 * longest / length.squareRoot() }
    }
    let changes = eigenvectors.squared().transposedTimes(eigenvalues)
    let deviations = gaussian.factor.diagonalElements
    return FactoredGaussian(
      mean: (0..<n).map { gaussian.mean[$0] + deviations[$0] * step[$0] },
      deviations: (0..<n).map {
        deviations[$0] / min(max(1 - rate * changes[$0], 0.5), 2).squareRoot()
      })
  }
}
