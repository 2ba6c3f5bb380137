// SPDX-License-Identifier: Apache-2.0

internal import CLAPACK

// LAPACK is column-major: our rows are its columns, and our lower triangle its upper one.

extension Tensor where Scalar == Double {
  /// The Cholesky factor of a symmetric matrix, by LAPACK's `dpotrf`: A = L L^T, L lower triangular
  /// with a positive diagonal.
  ///
  /// - Returns: L, `[n, n]`, without a gradient; nil where A is not positive definite, or not
  ///   finite.
  /// - Precondition: `[n, n]`; only the part on and below the diagonal is read.
  public func choleskyFactor() -> Tensor? {
    precondition(
      rank == 2 && shape[0] == shape[1], "no Cholesky factor of a tensor of shape \(shape)")
    let (n, factor) = (shape[0], copy)
    var triangle = CChar(UInt8(ascii: "U"))
    var (order, leading, status): (Int32, Int32, Int32) = (Int32(n), Int32(max(n, 1)), 0)
    ProductThread.shieldedBLAS {
      dpotrf_(&triangle, &order, factor.mutablePointer, &leading, &status)
    }
    factor.clearAboveDiagonal()
    return status == 0 && factor.firstNonFinite == nil ? factor : nil
  }

  /// X of A X = B for a symmetric positive definite matrix A, by LAPACK's `dposv`.
  ///
  /// - Parameter right: B, `[n, m]`.
  /// - Returns: X, `[n, m]`, without a gradient; nil where A is not positive definite.
  /// - Precondition: `[n, n]`; only the part on and below the diagonal is read.
  public func positiveDefiniteSolution(_ right: Tensor) -> Tensor? {
    precondition(
      rank == 2 && shape[0] == shape[1] && right.rank == 2 && right.shape[0] == shape[0],
      "no system of equations of shapes \(shape) and \(right.shape)")
    // The right sides are LAPACK's columns.
    let (n, factor, sides) = (shape[0], copy, right.transposed())
    var triangle = CChar(UInt8(ascii: "U"))
    var (order, columns) = (Int32(n), Int32(right.shape[1]))
    var (leading, status): (Int32, Int32) = (Int32(max(n, 1)), 0)
    ProductThread.shieldedBLAS {
      dposv_(
        &triangle, &order, &columns, factor.mutablePointer, &leading, sides.mutablePointer,
        &leading, &status)
    }
    return status == 0 && sides.firstNonFinite == nil ? sides.transposed() : nil
  }

  /// The triangular matrix with the same product with its own transpose: L L^T = A A^T, L lower
  /// triangular with no negative number on its diagonal.
  ///
  /// It is R^T of the QR factorisation of A^T, which squares no condition number as the Cholesky
  /// factor of A A^T would.
  ///
  /// - Returns: L, `[n, n]`, without a gradient.
  /// - Precondition: `[n, m]`, n no larger than m.
  public func triangularFactor() -> Tensor {
    let (n, m) = orthogonalisable
    let (packed, _) = factorised()
    let factor = Tensor(uninitialized: [n, n])
    for row in 0..<n {
      (factor.mutablePointer + row * n).update(from: packed.pointer + row * m, count: n)
    }
    factor.clearAboveDiagonal()
    for column in 0..<n where factor.mutablePointer[column * n + column] < 0 {
      for row in column..<n { factor.mutablePointer[row * n + column].negate() }
    }
    return factor
  }

  /// Orthonormal rows that span what the first of these rows span, each on the side of its own row:
  /// Q of A^T = Q R with a positive diagonal of R, transposed. Rows of independent normal numbers
  /// become uniformly distributed frames.
  ///
  /// - Returns: `[n, m]`, without a gradient.
  /// - Precondition: `[n, m]`, n no larger than m.
  public func orthonormalRows() -> Tensor {
    let (n, m) = orthogonalisable
    var (packed, scales) = factorised()
    let isNegative = (0..<n).map { packed.pointer[$0 * m + $0] < 0 }
    var (length, count, leading) = (Int32(m), Int32(n), Int32(max(m, 1)))
    var (workSize, status): (Int32, Int32) = (Int32(max(1, 32 * n)), 0)
    var work = [Double](repeating: 0, count: Int(workSize))
    ProductThread.shieldedBLAS {
      dorgqr_(
        &length, &count, &count, packed.mutablePointer, &leading, &scales, &work, &workSize,
        &status)
    }
    precondition(status == 0, "LAPACK found no orthonormal rows of shape \(shape)")
    for row in 0..<n where isNegative[row] {
      for column in 0..<m { packed.mutablePointer[row * m + column].negate() }
    }
    return packed
  }

  /// n and m of a matrix whose rows can be made orthonormal.
  private var orthogonalisable: (Int, Int) {
    precondition(
      rank == 2 && shape[0] <= shape[1], "the rows of shape \(shape) have no orthonormal basis")
    return (shape[0], shape[1])
  }

  /// R^T on and below the diagonal, Householder's vectors above it, and their scales: `dgeqrf`.
  private func factorised() -> (packed: Tensor, scales: [Double]) {
    let (n, m, packed) = (shape[0], shape[1], copy)
    var scales = [Double](repeating: 0, count: max(n, 1))
    var (length, count, leading) = (Int32(m), Int32(n), Int32(max(m, 1)))
    var (workSize, status): (Int32, Int32) = (Int32(max(1, 32 * n)), 0)
    var work = [Double](repeating: 0, count: Int(workSize))
    ProductThread.shieldedBLAS {
      dgeqrf_(
        &length, &count, packed.mutablePointer, &leading, &scales, &work, &workSize, &status)
    }
    precondition(status == 0, "LAPACK factorised no matrix of shape \(shape)")
    return (packed, scales)
  }

  /// Sets what lies above the diagonal of a new square matrix to 0.
  private func clearAboveDiagonal() {
    let n = shape[0]
    for row in 0..<n {
      (mutablePointer + row * n + row + 1).update(repeating: 0, count: n - row - 1)
    }
  }
}
