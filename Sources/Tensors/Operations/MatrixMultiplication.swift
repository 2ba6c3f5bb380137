// SPDX-License-Identifier: Apache-2.0

extension Tensor {
  /// The matrix product `[..., k] x [k, n] -> [..., n]`: all leading axes of the left operand count
  /// as rows.
  ///
  /// With D the gradient of the product: dx = D W^T, dW = x^T D for the right operand W. What is not
  /// finite in W need not show in dx where it meets zeros of D.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func matrixProduct(_ other: Tensor) -> Tensor {
    precondition(
      rank >= 1 && other.rank == 2 && shape[rank - 1] == other.shape[0],
      "shapes \(shape) and \(other.shape) have no matrix product")
    let (a, b) = (detached, other.detached)
    let (tracedA, tracedB) = (isTraced, other.isTraced)
    let value = Tensor.product(a, b, resultShape: Array(shape.dropLast()) + [other.shape[1]])
      .marked(rank > 1 ? rows : nil)
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
    product(
      .exact(a), .exact(b), transposeA: transposeA, transposeB: transposeB, resultShape: resultShape
    )
  }
}
