// SPDX-License-Identifier: Apache-2.0

/// Which columns of a matrix are not zero in all of its rows, a bit for each, 16 to a word.
struct ColumnSet: Sendable {
  private(set) var groups: [UInt16]

  /// The columns of a matrix, whose last axis they are; nil where products with so few outputs would
  /// not pay for moving them.
  init?<Scalar: TensorScalar>(occupiedIn matrix: Tensor<Scalar>, outputs: Int) {
    guard outputs >= 64 else { return nil }
    let columns = matrix.shape[matrix.rank - 1]
    groups = [UInt16](repeating: 0, count: (columns + 15) / 16)
    guard columns > 0 else { return }
    withExtendedLifetime(matrix) {
      Scalar.kernels.findColumns(matrix.count / columns, columns, matrix.pointer, &groups)
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
  private let matrix: Tensor<Scalar>
  private let set: ColumnSet
  private let packed: Storage<Scalar>
  /// Elements between rows as they lie here: a multiple of 16.
  let stride: Int

  /// Memory for the columns in `set`; nil where too few others would be left out of products with
  /// this many rows to pay for moving the columns. The rows are yet to be packed.
  init?(_ set: ColumnSet, of matrix: Tensor<Scalar>) {
    let (rows, columns) = (matrix.shape[0], matrix.shape[1])
    stride = (set.count + 15) / 16 * 16
    guard stride > 0, rows * (columns - stride) >= 20 * columns else { return nil }
    self.matrix = matrix
    self.set = set
    packed = Storage(capacity: rows * stride)
  }

  var rows: Int { matrix.shape[0] }

  /// The first row.
  var pointer: UnsafePointer<Scalar> { UnsafePointer(packed.base) }

  func pack(_ rows: Range<Int>) {
    let columns = matrix.shape[1]
    withExtendedLifetime(matrix) {
      Scalar.kernels.packColumns(
        rows.count, columns, set.groups, matrix.pointer + rows.lowerBound * columns,
        packed.base + rows.lowerBound * stride, stride)
    }
  }

  /// Puts rows of these columns alone back in their places, among zeros.
  func spread(
    _ rows: Int, from packed: UnsafePointer<Scalar>, into target: UnsafeMutablePointer<Scalar>
  ) {
    Scalar.kernels.spreadColumns(rows, matrix.shape[1], set.groups, packed, stride, target)
  }
}
