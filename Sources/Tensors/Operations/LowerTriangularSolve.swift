// SPDX-License-Identifier: Apache-2.0

extension Tensor {
  /// The solution y of L y = x for each row x, with a lower triangular matrix for each group of
  /// rows.
  ///
  /// With D the gradient of y: dx = L^-T D, and dL = -(dx)^T y below and on the diagonal, summed
  /// over the rows of the group (from d(L y) = dL y + L dy = dx; see Giles 2008, of C = A^-1 B).
  ///
  /// - Parameter factor: L, `[groups, n, n]`; what lies above its diagonal is not read. No element
  ///   of the diagonal is 0.
  /// - Returns: This tensor's shape: `[groups, size, n]`, or `[rows, n]`, whose first rows / groups
  ///   rows are the first group.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func lowerTriangularSolve(factor: Tensor) -> Tensor {
    let groups = RowGroups(self, factor)
    precondition(
      factor.shape[1] == factor.shape[2], "no triangular matrices of shape \(factor.shape)")
    let (x, l) = (detached, factor.detached)
    let tracedL = factor.isTraced
    let y = x.substituted(l, groups, transposed: false)
    return Tensor.operation(value: y.marked(rows ?? factor.rows), inputs: [self, factor]) { g in
      let dx = g.substituted(l, groups, transposed: true)
      return [dx, tracedL ? -dx.outerProducts(y, groups, shape: l.shape) : nil]
    }
  }

  /// Forward substitution in L, or backward substitution in its transpose, row by row:
  ///
  ///     y[i] = (x[i] - sum over j < i of L[i, j] y[j]) / L[i, i]
  ///     y[i] = (x[i] - sum over j > i of L[j, i] y[j]) / L[i, i]
  ///
  /// In place, on a copy of x: y[i] is written when all that it depends on has been. n^2 / 2
  /// multiplications for each row.
  private func substituted(_ factor: Tensor, _ groups: RowGroups, transposed: Bool) -> Tensor {
    let (n, result) = (shape[rank - 1], copy)
    withExtendedLifetime(factor) {
      for row in 0..<groups.count * groups.size {
        let l = factor.pointer + row / groups.size * n * n
        let y = result.mutablePointer + row * n
        for step in 0..<n {
          let i = transposed ? n - 1 - step : step
          var rest = y[i]
          for j in transposed ? i + 1..<n : 0..<i {
            rest -= l[transposed ? j * n + i : i * n + j] * y[j]
          }
          y[i] = rest / l[i * n + i]
        }
      }
    }
    return result
  }

  /// The sum of d^T y over the rows d, y of each group, `[groups, n, n]`, on and below the
  /// diagonal; else 0, as what is there in L is not read.
  private func outerProducts(_ y: Tensor, _ groups: RowGroups, shape: [Int]) -> Tensor {
    let product = groups.product(self, y, shape, m: shape[1], transposeA: true)
    let n = shape[1]
    for matrix in 0..<shape[0] {
      for row in 0..<n {
        (product.mutablePointer + (matrix * n + row) * n + row + 1)
          .update(repeating: 0, count: n - row - 1)
      }
    }
    return product
  }
}
