// SPDX-License-Identifier: Apache-2.0

internal import CLAPACK

extension Tensor where Scalar == Double {
  /// The eigenvalues and eigenvectors of a symmetric matrix, by LAPACK's `dsyev`:
  /// A = V^T diag(values) V with orthonormal rows of V.
  ///
  /// - Returns: `values` `[n]` in ascending order; row i of `vectors` `[n, n]` belongs to value i.
  ///   Both without a gradient.
  /// - Precondition: `[n, n]`, finite; only the part below the diagonal is read.
  public func symmetricEigen() -> (values: Tensor, vectors: Tensor) {
    precondition(
      rank == 2 && shape[0] == shape[1], "no eigenvalues of a tensor of shape \(shape)")
    precondition(firstNonFinite == nil, "no eigenvalues of a matrix with infinite elements")
    let n = shape[0]
    let vectors = copy
    let values = Tensor(uninitialized: [n])
    // LAPACK is column-major: our rows are its columns, and our lower triangle its upper one.
    var (job, triangle): (CChar, CChar) = (CChar(UInt8(ascii: "V")), CChar(UInt8(ascii: "U")))
    var (order, leading, status): (Int32, Int32, Int32) = (Int32(n), Int32(max(n, 1)), 0)
    // At least 3 n - 1; (NB + 2) n lets it reduce A to tridiagonal form in blocks, NB = 32 as
    // LAPACK has it.
    var workSize = Int32(max(1, 34 * n))
    var work = [Double](repeating: 0, count: Int(workSize))
    ProductThread.shieldedBLAS {
      dsyev_(
        &job, &triangle, &order, vectors.mutablePointer, &leading, values.mutablePointer, &work,
        &workSize, &status)
    }
    precondition(status == 0, "LAPACK found no eigenvalues of a matrix of shape \(shape)")
    return (values, vectors)
  }
}
