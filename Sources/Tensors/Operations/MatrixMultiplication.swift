// SPDX-License-Identifier: Apache-2.0

extension Tensor {
  /// The matrix product `[..., k] x [k, n] -> [..., n]`: all leading axes of the left operand count
  /// as rows.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func matrixProduct(_ other: Tensor) -> Tensor {
    precondition(
      rank >= 1 && other.rank == 2 && shape[rank - 1] == other.shape[0],
      "shapes \(shape) and \(other.shape) have no matrix product")
    let (a, b) = (detached, other.detached)
    let (tracedA, tracedB) = (isTraced, other.isTraced)
    let value = Tensor.product(a, b, resultShape: Array(shape.dropLast()) + [other.shape[1]])
    return Tensor.operation(value: value, inputs: [self, other]) { g in
      [
        tracedA ? .product(g, b, transposeB: true, resultShape: a.shape) : nil,
        tracedB ? .product(a, g, transposeA: true, resultShape: b.shape) : nil,
      ]
    }
  }

  /// op(a) op(b) for tensors seen as matrices: all axes but the last are rows. Nothing is recorded.
  static func product(
    _ a: Tensor, _ b: Tensor, transposeA: Bool = false, transposeB: Bool = false,
    resultShape: [Int]
  ) -> Tensor {
    let result = Tensor(uninitialized: resultShape)
    result.writeProduct(a, b, transposeA: transposeA, transposeB: transposeB)
    return result
  }

  /// Writes op(a) op(b) into this tensor, which has not yet been shown to anyone.
  func writeProduct(_ a: Tensor, _ b: Tensor, transposeA: Bool = false, transposeB: Bool = false) {
    let ((rowsA, columnsA), (rowsB, columnsB)) = (a.matrixShape, b.matrixShape)
    let product = MatrixProduct(
      m: transposeA ? columnsA : rowsA, n: transposeB ? rowsB : columnsB,
      k: transposeA ? rowsA : columnsA, strideA: max(columnsA, 1), strideB: max(columnsB, 1),
      strideC: max(transposeB ? rowsB : columnsB, 1), transposeA: transposeA,
      transposeB: transposeB)
    withExtendedLifetime((a, b)) {
      Scalar.kernels.multiply(product, a.pointer, b.pointer, mutablePointer)
    }
  }

  /// (product of all axes but the last, last axis)
  private var matrixShape: (rows: Int, columns: Int) {
    (shape.dropLast().reduce(1, *), shape.last ?? 1)
  }
}
