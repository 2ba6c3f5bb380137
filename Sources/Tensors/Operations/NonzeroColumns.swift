// SPDX-License-Identifier: Apache-2.0

internal import CKernels

/// What is not zero in a layer's input over the whole batch, listed column by column: dW = D^T x
/// then costs one multiplication for each of these numbers and each output.
///
///     dW[o, j] = sum over the rows r with x[r, j] not 0 of D[r, o] x[r, j]
///
/// The rows are taken in blocks of 128, whose sums are added in order, so that the bits depend on
/// the batch alone. (A fifth of the pixels of MNIST are not zero.)
struct NonzeroColumns<Scalar: TensorScalar>: Sendable {
  /// `[batch rows, inputs]`
  private let input: Operand<Scalar>
  /// For each 128 rows one list for each 16 columns, `[row blocks, column blocks]`.
  private let lists: Storage<ElboColumns>
  /// Lists for the same rows: the inputs, divided by 16 and rounded up.
  private let columnBlocks: Int

  /// Memory for the lists of an input with so many numbers that are not zero; nil where a product
  /// with all of them is as fast. The lists are yet to be made.
  init?(of input: Operand<Scalar>, nonzero: Int) {
    let all = input.rows * input.columns
    guard all > 0, Double(nonzero) <= input.largestSparseShare * Double(all) else { return nil }
    self.input = input
    columnBlocks = (input.columns + Self.columnsAtOnce - 1) / Self.columnsAtOnce
    let rowBlocks = (input.rows + Self.rowsAtOnce - 1) / Self.rowsAtOnce
    lists = Storage(capacity: rowBlocks * columnBlocks)
  }

  private static var rowsAtOnce: Int { Int(ElboColumnsRows) }
  private static var columnsAtOnce: Int { 16 }

  /// How many lists there are.
  var count: Int { lists.capacity }

  /// Makes one of the lists: each has memory of its own, so that threads may make different ones at
  /// once.
  func list(_ index: Int) {
    switch input {
    case .exact(let tensor): list(index, of: tensor.pointer, Scalar.kernels.columns)
    case .rounded(let matrix): list(index, of: matrix.pointer, Scalar.kernels.rounded?.columns)
    }
  }

  private func list<Element>(
    _ index: Int, of x: UnsafePointer<Element>, _ kernels: ColumnKernels<Element, Scalar>?
  ) {
    let row = index / columnBlocks * Self.rowsAtOnce
    let column = index % columnBlocks * Self.columnsAtOnce
    kernels?.list(
      min(Self.rowsAtOnce, input.rows - row), input.columns - column,
      x + row * input.columns + column, input.columns, lists.base + index)
  }

  /// Writes or adds rows of dW, `[outputs.count, inputs]`, those of the columns `outputs` of D,
  /// `[batch rows, all outputs]`. The first block of rows writes unless `adding`, the others add.
  func writeGradient(
    _ outputs: Range<Int>, of d: Operand<Scalar>, adding: Bool,
    into target: UnsafeMutablePointer<Scalar>
  ) {
    switch d {
    case .exact(let d):
      write(outputs, d.pointer, d.shape[d.rank - 1], adding, target, Scalar.kernels.columns)
    case .rounded(let d):
      write(outputs, d.pointer, d.columns, adding, target, Scalar.kernels.rounded?.columns)
    }
  }

  private func write<Element>(
    _ outputs: Range<Int>, _ d: UnsafePointer<Element>, _ stride: Int, _ adding: Bool,
    _ target: UnsafeMutablePointer<Scalar>, _ kernels: ColumnKernels<Element, Scalar>?
  ) {
    for block in 0..<count / columnBlocks {
      let row = block * Self.rowsAtOnce
      kernels?.gradient(
        min(Self.rowsAtOnce, input.rows - row), outputs.count, input.columns,
        lists.base + block * columnBlocks, d + row * stride + outputs.lowerBound, stride,
        adding || block > 0, target)
    }
  }
}

extension Operand {
  /// How many numbers are not zero; nil where a layer with so few outputs would not gain by
  /// knowing.
  func nonzeroCount(forOutputs outputs: Int) -> Int? {
    guard outputs >= 64 else { return nil }
    switch self {
    case .exact(let tensor): return Scalar.kernels.columns?.count(tensor.count, tensor.pointer)
    case .rounded(let matrix):
      return Scalar.kernels.rounded?.columns.count(matrix.rows * matrix.columns, matrix.pointer)
    }
  }

  /// Up to this share of numbers that are not zero, listing them is faster than multiplying all.
  /// With half of them, as of rectified units, an epoch takes as long either way; a product in
  /// bfloat16 is twice as fast.
  fileprivate var largestSparseShare: Double {
    switch self {
    case .exact: 0.4
    case .rounded: 0.3
    }
  }
}
