// SPDX-License-Identifier: Apache-2.0

/// Three operands laid over each other, the last axes aligned, as ``Broadcast`` does with two.
struct OperandRows {
  /// The shape of the result.
  let shape: [Int]
  /// Axes of the result, the innermost first, with the step of each operand along it: 0 where it is
  /// repeated. Axes along which all operands go on alike are one.
  private var axes: [(size: Int, steps: SIMD4<Int>)] = []

  /// - Precondition: Of sizes of one axis, all are equal or 1.
  init(_ shapes: [[Int]]) {
    let rank = shapes.reduce(0) { max($0, $1.count) }
    var shape = [Int](repeating: 1, count: rank)
    var lengths = SIMD4<Int>(repeating: 1)
    for back in 0..<rank {
      var size = 1
      var steps = SIMD4<Int>.zero
      for (operand, own) in shapes.enumerated() where back < own.count {
        let ownSize = own[own.count - 1 - back]
        if ownSize == 1 { continue }
        precondition(size == 1 || size == ownSize, "shapes \(shapes) do not broadcast")
        size = ownSize
        steps[operand] = lengths[operand]
        lengths[operand] *= ownSize
      }
      shape[rank - 1 - back] = size
      if size == 1 { continue }
      if let last = axes.last, steps == last.steps &* SIMD4(repeating: last.size) {
        axes[axes.count - 1].size *= size
      } else {
        axes.append((size, steps))
      }
    }
    self.shape = shape
  }

  /// Rows that follow each other in the result: the last two axes together.
  struct Rows {
    let rows: Int
    let count: Int
    /// For each operand, the step from row to row and that within one.
    let steps: [Int]
  }

  /// Calls `body` for the last two axes together at each place along the others, with the offset of
  /// the first element in the result and in the operands.
  func forEachRows(_ body: (Rows, _ out: Int, _ offsets: SIMD4<Int>) -> Void) {
    if shape.contains(0) { return }
    let one = (size: 1, steps: SIMD4<Int>.zero)
    let (inner, middle) = (axes.first ?? one, axes.count > 1 ? axes[1] : one)
    let rows = Rows(
      rows: middle.size, count: inner.size,
      steps: (0..<3).flatMap { [middle.steps[$0], inner.steps[$0]] })
    if axes.count < 3 { return body(rows, 0, .zero) }
    var indices = [Int](repeating: 0, count: axes.count)
    var offsets = SIMD4<Int>.zero
    for block in 0..<axes.dropFirst(2).reduce(1, { $0 * $1.size }) {
      body(rows, block * middle.size * inner.size, offsets)
      for axis in 2..<axes.count {
        indices[axis] += 1
        offsets &+= axes[axis].steps
        if indices[axis] < axes[axis].size { break }
        offsets &-= axes[axis].steps &* SIMD4(repeating: axes[axis].size)
        indices[axis] = 0
      }
    }
  }
}

extension Tensor {
  /// The mark of the first of the operands that has the rows of a result of `shape`.
  static func rowsOfBatch(_ operands: [Tensor], _ shape: [Int]) -> Int? {
    for operand in operands
    where operand.rows != nil && operand.rank == shape.count && operand.shape.first == shape.first {
      return operand.rows
    }
    return nil
  }
}
