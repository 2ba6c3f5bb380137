// SPDX-License-Identifier: Apache-2.0

// Linear algebra. Matrices of all draws are handled together, each element's draws side by side.
// Where a matrix is the same for all draws, as a design matrix is, its product with a latent vector
// is one product for all of them.

extension Value {
  /// The product with a vector, or with a matrix: `[m, k]` by `[k]` is `[m]`, by `[k, n]` is `[m,
  /// n]`.
  public func times(_ other: Value) -> Value {
    if fault != nil { return self }
    if other.fault != nil { return other }
    guard shape.count == 2, let inner = other.shape.first, shape[1] == inner,
      other.shape.count <= 2
    else { return Value(fault: "a matrix product of shapes \(shape) and \(other.shape)") }
    return other.shape.count == 1
      ? Value(tensor.matrixVectorBatchLast(other.tensor))
      : Value(tensor.matrixProductBatchLast(other.tensor))
  }

  /// The sum of the products of two vectors' elements.
  public func dot(_ other: Value) -> Value { (self * other).sum() }

  /// a[i] b[j] for all pairs of two vectors' elements.
  public static func outer(_ a: Value, _ b: Value) -> Value { a.asColumn * b }

  /// Products of matrices that are the last two axes.
  func matrixProduct(_ other: Value) -> Value {
    if shape.count == 2, other.shape.count == 2 { return times(other) }
    return (asColumn * other.insertingAxis(other.shape.count - 2)).sum(along: shape.count - 1)
  }

  /// Matrices that are the last two axes, rows and columns exchanged.
  func transposedLast() -> Value {
    if shape.count == 2 { return map { $0.transposedFirstAxes() } }
    let rank = shape.count
    let (rows, columns) = (shape[rank - 2], shape[rank - 1])
    let places = (0..<rows * columns).map { $0 % rows * columns + $0 / rows }
    return reshaped(to: shape.dropLast(2) + [rows * columns]).taken(places)
      .reshaped(to: shape.dropLast(2) + [columns, rows])
  }

  private func insertingAxis(_ axis: Int) -> Value {
    var shape = shape
    shape.insert(1, at: axis)
    return reshaped(to: shape)
  }
}

// MARK: - Factors

extension Value {
  /// The Cholesky factor L of symmetric positive definite matrices A = L L^T, which are the last
  /// two axes: lower triangular, with a positive diagonal. Only the lower triangle of A is read,
  /// and has a gradient.
  ///
  /// Where a draw's matrix is not positive definite its factor is no number, and so is a density of
  /// it; other draws have theirs.
  public func cholesky() -> Value {
    if fault != nil { return self }
    guard shape.count >= 2, shape[shape.count - 2] == shape[shape.count - 1] else {
      return Value(
        fault: "the Cholesky factor of a value of shape \(shape), not of square matrices")
    }
    if shape.count == 2 { return map { $0.choleskyBatchLast() } }
    // Several matrices of each draw are those of more draws.
    let (size, outer, shape) = (shape[shape.count - 1], shape.dropLast(2).reduce(1, *), shape)
    return map { matrices in
      let draws = matrices.shape[matrices.rank - 1]
      let factors = matrices.reshaped(to: [outer, size * size, draws]).transposedFirstAxes()
        .reshaped(to: [size, size, outer * draws]).choleskyBatchLast()
      return factors.reshaped(to: [size * size, outer, draws]).transposedFirstAxes()
        .reshaped(to: shape + [draws])
    }
  }

  /// The solution y of L y = b, or of L^T y = b, with this lower triangular matrix L, `[n, n]`;
  /// what lies above its diagonal is not read.
  ///
  /// - Parameters:
  ///   - right: b, `[n]`, or `[n, m]` for m right-hand sides.
  ///   - transposed: Whether to solve L^T y = b.
  /// - Returns: y, of the shape of b.
  public func triangularSolve(_ right: Value, transposed: Bool = false) -> Value {
    if fault != nil { return self }
    if right.fault != nil { return right }
    guard shape.count == 2, shape[0] == shape[1], right.shape.first == shape[0],
      right.shape.count <= 2
    else {
      return Value(fault: "a triangular solution with shapes \(shape) and \(right.shape)")
    }
    return Value(right.tensor.triangularSolveBatchLast(factor: tensor, transposed: transposed))
  }

  /// The solution y of A y = b with A = L L^T, of which this is the Cholesky factor L.
  ///
  /// - Parameter right: b, `[n]`, or `[n, m]` for m right-hand sides.
  /// - Returns: y, of the shape of b.
  public func choleskySolve(_ right: Value) -> Value {
    triangularSolve(triangularSolve(right), transposed: true)
  }

  /// Logarithms of the diagonal of matrices that are the last two axes: `[..., n, n]` to `[...,
  /// n]`.
  func logDiagonal() -> Value {
    if fault != nil { return self }
    guard shape.count >= 2, shape[shape.count - 2] == shape[shape.count - 1] else {
      return Value(fault: "the diagonal of a value of shape \(shape)")
    }
    let n = shape[shape.count - 1]
    return reshaped(to: shape.dropLast(2) + [n * n]).taken((0..<n).map { $0 * (n + 1) }).log()
  }

  /// log det L of triangular matrices L with a positive diagonal, which are the last two axes.
  /// Twice that of a Cholesky factor is log det of the matrix that it is the factor of.
  public func logTriangularDeterminant() -> Value { logDiagonal().sum(along: -1) }
}
