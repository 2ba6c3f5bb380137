// SPDX-License-Identifier: Apache-2.0

extension Tensor {
  /// Rows in groups, each group through a matrix of its own: y[r] = W[group of r] x[r].
  ///
  /// One product for each group; its bits depend on that group alone. With D the gradient of y:
  /// dx = D W and dW = D^T x, group by group. As in all products, what is not finite in W need not
  /// show where it meets zeros.
  ///
  /// - Parameter weight: `[groups, outputs, inputs]`.
  /// - Returns: `[groups, size, outputs]` for this tensor of shape `[groups, size, inputs]`; or
  ///   `[rows, outputs]` for `[rows, inputs]`, whose first rows / groups rows are the first group.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func groupedLinear(weight: Tensor) -> Tensor {
    let groups = RowGroups(self, weight)
    let (x, w) = (detached, weight.detached)
    let (tracedX, tracedW) = (isTraced, weight.isTraced)
    let outputs = w.shape[1]
    let resultShape: [Int] = x.shape.dropLast() + [outputs]
    let value = groups.product(x, w, resultShape, m: groups.size, transposeB: true)
    return Tensor.operation(value: value.marked(rows ?? weight.rows), inputs: [self, weight]) { g in
      [
        tracedX ? groups.product(g, w, x.shape, m: groups.size) : nil,
        tracedW ? groups.product(g, x, w.shape, m: outputs, transposeA: true) : nil,
      ]
    }
  }
}

/// Rows `[groups, size, n]`, or `[rows, n]` in equal groups, beside matrices `[groups, ..., n]`.
struct RowGroups {
  let count: Int
  /// Rows in a group.
  let size: Int

  init<Scalar>(_ rows: Tensor<Scalar>, _ matrices: Tensor<Scalar>) {
    let groups = matrices.shape.first ?? 0
    precondition(
      matrices.rank == 3 && groups > 0 && rows.shape.last == matrices.shape[2]
        && (rows.rank == 2 && rows.shape[0] % groups == 0
          || rows.rank == 3 && rows.shape[0] == groups),
      "rows of shape \(rows.shape) and matrices of shape \(matrices.shape) for groups of them")
    count = groups
    size = rows.shape.dropLast().reduce(1, *) / groups
  }

  /// op(a) op(b) of each group, with `m` rows in each product: a, b and the result are cut into
  /// `count` equal parts that follow each other. Of a transposed a the rows are summed over, `size`
  /// of them.
  func product<Scalar>(
    _ a: Tensor<Scalar>, _ b: Tensor<Scalar>, _ resultShape: [Int], m: Int,
    transposeA: Bool = false, transposeB: Bool = false
  ) -> Tensor<Scalar> {
    let result = Tensor<Scalar>(uninitialized: resultShape)
    let (columnsA, columnsB) = (a.shape[a.rank - 1], b.shape[b.rank - 1])
    let columns = resultShape[resultShape.count - 1]
    let product = MatrixProduct(
      m: m, n: columns, k: transposeA ? size : columnsA, strideA: max(columnsA, 1),
      strideB: max(columnsB, 1), strideC: max(columns, 1), transposeA: transposeA,
      transposeB: transposeB)
    withExtendedLifetime((a, b)) {
      for group in 0..<count {
        Scalar.kernels.multiply(
          product, a.pointer + group * (a.count / count), b.pointer + group * (b.count / count),
          result.mutablePointer + group * (result.count / count))
      }
    }
    return result
  }
}
