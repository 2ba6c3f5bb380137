// SPDX-License-Identifier: Apache-2.0

/// The directions in which points vary most.
public struct PrincipalComponents: Sendable {
  /// The centre of the points, `[dimension]`.
  public let mean: [Double]
  /// Unit vectors, the one of largest variance first; the largest entry of each is positive.
  public let directions: [[Double]]
  /// The variance along each direction, in the order of the directions.
  public let variances: [Double]

  /// The components of the rows of `points`, `[count, dimension]`, at least one row.
  ///
  ///     C = 1/(count - 1) sum over rows of (x - mean) (x - mean)^T,   C u = variance u
  ///
  /// Cost: count x dimension^2 for C, dimension^3 for its eigenvectors.
  public init(_ points: Tensor<Double>) {
    let (count, dimension) = (points.shape[0], points.shape[1])
    let centre = points.mean(along: 0)
    let deviations = points - centre
    // One row has no deviation: 0, not 0 / 0.
    let covariance = deviations.transposed().matrixProduct(deviations) / Double(max(count - 1, 1))
    let (values, vectors) = covariance.symmetricEigen()
    // Eigenvalues come in ascending order.
    let rows = (0..<dimension).reversed().map { vectors.slice($0..<$0 + 1).scalars }
    mean = centre.scalars
    variances = values.scalars.reversed()
    directions = rows.map { row in
      // An eigenvector has no sign of its own: without a rule it would be whatever LAPACK makes it.
      let largest = row.max { abs($0) < abs($1) } ?? 0
      return largest < 0 ? row.map { -$0 } : row
    }
  }

  /// The coordinates of the rows of `points` along one direction.
  ///
  ///     (x - mean)^T u
  public func coordinates(of points: Tensor<Double>, along direction: Int) -> [Double] {
    let axis = Tensor(directions[direction], shape: [mean.count, 1])
    return (points - Tensor(mean)).matrixProduct(axis).scalars
  }
}
