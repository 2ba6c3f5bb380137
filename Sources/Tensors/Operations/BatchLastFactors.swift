// SPDX-License-Identifier: Apache-2.0

extension Tensor {
  /// The Cholesky factor L of each draw, A = L L^T with a lower triangular L and a positive
  /// diagonal: `[n, n, draws]`, the draws last.
  ///
  /// Only what is on and below the diagonal of A is read, and only there is its gradient dA not 0.
  /// With G the gradient of L, S = dA + dA^T is, last column first,
  ///
  ///     S[i, j] = (G[i, j] - sum over q > j of S[i, q] L[q, j]) / L[j, j],  i >= j
  ///
  /// - Source: Murray 2016, "Differentiation of the Cholesky decomposition", the reverse mode; its
  ///   updates are gathered here into one sum for each element.
  ///
  /// - Returns: `[n, n, draws]`, zeros above the diagonal. A draw whose matrix is not positive
  ///   definite has not-a-number from its first bad pivot on, its last diagonal element included;
  ///   the other draws do not see it.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func choleskyBatchLast() -> Tensor {
    precondition(
      rank == 3 && shape[0] == shape[1],
      "no square matrices with the draws last in a tensor of shape \(shape)")
    let (shape, n, draws) = (shape, shape[0], shape[2])
    let l = Tensor.generate(shape, self) { Scalar.kernels.drawsCholesky(n, draws, $1, $0) }
    return Tensor.operation(value: l, inputs: [self]) { g in
      [.generate(shape, l, g) { Scalar.kernels.drawsCholeskyGradient(n, draws, $1, $2, $0) }]
    }
  }

  /// The solution y of L y = b, or of L^T y = b, of each draw, for this tensor b: `[n, draws]`, or
  /// `[n, columns, draws]` for several right-hand sides, the draws last.
  ///
  /// With G the gradient of y: db = L^-T G and dL = -db y^T on and below the diagonal; of
  /// L^T y = b: db = L^-1 G and dL = -y db^T there. Both are summed over the draws for an operand
  /// that is the same for all.
  ///
  /// - Parameters:
  ///   - factor: L, `[n, n, draws]`; what lies above its diagonal is not read. The last axis of L
  ///     and of b is `draws` or 1.
  ///   - transposed: Whether to solve L^T y = b.
  /// - Returns: y, of the shape of b with `draws` last.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func triangularSolveBatchLast(factor: Tensor, transposed: Bool = false) -> Tensor {
    precondition(
      (rank == 2 || rank == 3) && factor.rank == 3 && factor.shape[0] == factor.shape[1]
        && shape[0] == factor.shape[0] && Tensor.haveDrawsInCommon(self, factor),
      "shapes \(shape) and \(factor.shape) have no triangular solution with the draws last")
    let (l, shape) = (factor.detached, shape)
    let (tracedL, tracedB) = (factor.isTraced, isTraced)
    let y = detached.solvedBatchLast(l, transposed: transposed)
    return Tensor.operation(value: y, inputs: [self, factor]) { g in
      let v = g.solvedBatchLast(l, transposed: !transposed)
      return [
        tracedB ? v.summedDraws(to: shape[shape.count - 1]) : nil,
        tracedL
          ? Tensor.drawsProduct(
            (-(transposed ? y : v)).withColumns, (transposed ? v : y).withColumns,
            transposeB: true, lower: true
          ).summedDraws(to: l.shape[2]) : nil,
      ]
    }
  }

  private func solvedBatchLast(_ l: Tensor, transposed: Bool) -> Tensor {
    let (n, columns, last) = (shape[0], withColumns.shape[1], shape[rank - 1])
    let draws = last == 1 ? l.shape[2] : last
    return Tensor.generate(shape.dropLast() + [draws], l, self) {
      Scalar.kernels.drawsTriangularSolve(
        transposed, n, columns, draws, $1, l.shape[2] == draws, $2, last == draws, $0)
    }
  }

  /// `[n, draws]` as `[n, 1, draws]`.
  private var withColumns: Tensor {
    rank == 3 ? self : reshaped(to: [shape[0], 1, shape[1]])
  }
}
