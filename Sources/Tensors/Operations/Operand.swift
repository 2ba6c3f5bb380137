// SPDX-License-Identifier: Apache-2.0

/// A matrix as products take it: the numbers of a tensor, or those rounded to bfloat16. Both
/// operands of a product are of one kind.
enum Operand<Scalar: TensorScalar>: Sendable {
  /// `[..., columns]`.
  case exact(Tensor<Scalar>)
  /// `[rows, columns]`.
  case rounded(RoundedMatrix)

  /// All axes of a tensor but the last.
  var rows: Int {
    switch self {
    case .exact(let tensor): tensor.shape.dropLast().reduce(1, *)
    case .rounded(let matrix): matrix.rows
    }
  }

  /// The last axis.
  var columns: Int {
    switch self {
    case .exact(let tensor): tensor.shape.last ?? 1
    case .rounded(let matrix): matrix.columns
    }
  }

  /// Blocks of rows that follow each other in one memory, as one matrix; nil where they do not.
  static func joined(_ blocks: [Operand]) -> Operand? {
    let tensors = blocks.compactMap { if case .exact(let tensor) = $0 { tensor } else { nil } }
    if tensors.count == blocks.count {
      return Tensor.joined(tensors).map(Operand.exact)
    }
    let matrices = blocks.compactMap { if case .rounded(let matrix) = $0 { matrix } else { nil } }
    guard matrices.count == blocks.count else { return nil }
    return RoundedMatrix.joined(matrices).map(Operand.rounded)
  }
}

extension MatrixProduct {
  /// C = op(A) op(B) with the first of A's elements at `offset`. Where A is transposed, an offset
  /// within its first row selects rows of C: those of A's columns from `offset` on.
  func multiply<Scalar>(
    _ a: Operand<Scalar>, from offset: Int = 0, _ b: Operand<Scalar>,
    into c: UnsafeMutablePointer<Scalar>
  ) {
    switch (a, b) {
    case (.exact(let a), .exact(let b)):
      withExtendedLifetime((a, b)) {
        Scalar.kernels.multiply(self, a.pointer + offset, b.pointer, c)
      }
    case (.rounded(let a), .rounded(let b)):
      withExtendedLifetime((a, b)) {
        Scalar.kernels.rounded?.multiply(self, a.pointer + offset, b.pointer, c)
      }
    default: preconditionFailure("a product of a rounded and an exact matrix")
    }
  }
}

extension Tensor {
  /// op(a) op(b), `[m, k]` by `[k, n]`, all axes but the last of each counted as rows before it is
  /// transposed. Nothing is recorded.
  static func product(
    _ a: Operand<Scalar>, _ b: Operand<Scalar>, transposeA: Bool = false, transposeB: Bool = false,
    resultShape: [Int]
  ) -> Tensor {
    let result = Tensor(uninitialized: resultShape)
    result.writeProduct(a, b, transposeA: transposeA, transposeB: transposeB)
    return result
  }

  /// Writes op(a) op(b) into this tensor, which has not yet been shown to anyone.
  func writeProduct(
    _ a: Operand<Scalar>, _ b: Operand<Scalar>, transposeA: Bool = false, transposeB: Bool = false
  ) {
    let columns = transposeB ? b.rows : b.columns
    // A stride must be positive, also where there are no columns.
    let product = MatrixProduct(
      m: transposeA ? a.columns : a.rows, n: columns, k: transposeA ? a.rows : a.columns,
      strideA: max(a.columns, 1), strideB: max(b.columns, 1), strideC: max(columns, 1),
      transposeA: transposeA, transposeB: transposeB)
    product.multiply(a, b, into: mutablePointer)
  }
}
