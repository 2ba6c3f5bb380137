// SPDX-License-Identifier: Apache-2.0

/// Which columns of a matrix are not zero in all of its rows, a bit for each, 16 to a word.
struct ColumnSet: Sendable {
  private(set) var groups: [UInt16]

  /// Nil where products with so few outputs would not pay for moving columns, or of rounded numbers.
  init?<Scalar>(occupiedIn matrix: Operand<Scalar>, outputs: Int) {
    guard outputs >= 64, case .exact(let tensor) = matrix else { return nil }
    groups = [UInt16](repeating: 0, count: (matrix.columns + 15) / 16)
    withExtendedLifetime(tensor) {
      Scalar.kernels.findColumns(matrix.rows, matrix.columns, tensor.pointer, &groups)
    }
  }

  /// How many there are.
  var count: Int { groups.reduce(0) { $0 + $1.nonzeroBitCount } }

  /// The columns in any of these sets; nil where one is missing.
  static func union(_ sets: [ColumnSet?]) -> ColumnSet? {
    let known = sets.compactMap { $0 }
    guard var union = known.first, known.count == sets.count else { return nil }
    for set in known.dropFirst() {
      for index in union.groups.indices { union.groups[index] |= set.groups[index] }
    }
    return union
  }
}

/// The columns of a matrix that are not zero in all of its rows, side by side.
///
/// In a gradient dW = D^T A, a column of A that is zero throughout gives zeros: only the others need
/// be multiplied. 128 images of MNIST leave some 260 of 784 pixels empty.
struct OccupiedColumns<Scalar: TensorScalar>: Sendable {
  /// `[rows, columns]`
  private let matrix: Tensor<Scalar>
  private let set: ColumnSet
  /// `[rows, columns of the set]`, with zeros up to a multiple of 16.
  private let packed: Tensor<Scalar>

  /// Memory for the columns in `set`; nil where too few others would be left out of products with
  /// this many rows to pay for moving the columns. The rows are yet to be packed.
  init?(_ set: ColumnSet, of operand: Operand<Scalar>) {
    guard case .exact(let matrix) = operand else { return nil }
    let (rows, columns) = (operand.rows, operand.columns)
    let width = (set.count + 15) / 16 * 16
    guard width > 0, rows * (columns - width) >= 20 * columns else { return nil }
    self.matrix = matrix
    self.set = set
    packed = Tensor(uninitialized: [rows, width])
  }

  var rows: Int { matrix.shape[0] }

  /// What is multiplied in place of the matrix.
  var operand: Operand<Scalar> { .exact(packed) }

  func pack(_ rows: Range<Int>) {
    let (columns, width) = (matrix.shape[1], packed.shape[1])
    withExtendedLifetime((matrix, packed)) {
      Scalar.kernels.packColumns(
        rows.count, columns, set.groups, matrix.pointer + rows.lowerBound * columns,
        packed.mutablePointer + rows.lowerBound * width, width)
    }
  }

  /// Puts rows of these columns alone back in their places, among zeros.
  func spread(
    _ rows: Int, from packed: UnsafePointer<Scalar>, into target: UnsafeMutablePointer<Scalar>
  ) {
    let (columns, width) = (matrix.shape[1], self.packed.shape[1])
    Scalar.kernels.spreadColumns(rows, columns, set.groups, packed, width, target)
  }
}
