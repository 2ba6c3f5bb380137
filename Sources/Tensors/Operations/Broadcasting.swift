// SPDX-License-Identifier: Apache-2.0

internal import CKernels

extension [Int] {
  /// Whether the sizes agree or one is 1, from the last axis on.
  package func broadcasts(with other: [Int]) -> Bool {
    let shared = Swift.min(count, other.count)
    return (0..<shared).allSatisfy { back in
      let (a, b) = (self[count - 1 - back], other[other.count - 1 - back])
      return a == b || a == 1 || b == 1
    }
  }
}

/// Two shapes laid over each other, the last axes aligned: sizes are equal, or one of them is 1 or
/// missing and that operand is repeated.
struct Broadcast {
  /// Adjacent axes that both operands treat alike are one axis here: a bias added to a batch of
  /// rows becomes two axes, whatever the rank.
  struct Axis {
    var size: Int
    var advancesA: Bool
    var advancesB: Bool
  }

  /// The shape of the result, with all its axes.
  let shape: [Int]
  /// Those of the result without axes of size 1, the last one innermost.
  private(set) var axes: [Axis] = []

  /// - Precondition: Of each pair of sizes, from the last on, both are equal or one is 1.
  init(_ a: [Int], _ b: [Int]) {
    precondition(a.broadcasts(with: b), "shapes \(a) and \(b) do not broadcast")
    let rank = max(a.count, b.count)
    shape = (0..<rank).map { axis in
      let (sizeA, sizeB) = (Self.size(a, axis, rank), Self.size(b, axis, rank))
      return sizeA == 1 ? sizeB : sizeA
    }
    for axis in 0..<rank {
      let (sizeA, sizeB) = (Self.size(a, axis, rank), Self.size(b, axis, rank))
      append(Axis(size: shape[axis], advancesA: sizeA != 1, advancesB: sizeB != 1))
    }
  }

  /// The rows of two operands of whole rows, such as `[batch, 1, n]` and `[batch, draws, n]`:
  /// shapes of as many axes, the last of them equal. Rows are what is counted here, not elements.
  init?(rowsOf a: [Int], _ b: [Int]) {
    guard a.count == b.count, a.last == b.last, a.broadcasts(with: b) else { return nil }
    self.init(a.dropLast(), b.dropLast())
  }

  /// The size of an operand on an axis of the result; 1 on those before its own first.
  private static func size(_ shape: [Int], _ axis: Int, _ rank: Int) -> Int {
    let own = axis - (rank - shape.count)
    return own < 0 ? 1 : shape[own]
  }

  /// Adds an axis within the last. Where each operand advances along both or along neither, its
  /// elements have one step between them, and the two axes are one.
  private mutating func append(_ axis: Axis) {
    if axis.size == 1 { return }
    if let last = axes.last, last.advancesA == axis.advancesA, last.advancesB == axis.advancesB {
      axes[axes.count - 1].size *= axis.size
    } else {
      axes.append(axis)
    }
  }

  /// Rows of the result that follow each other, element i of row r being
  ///
  ///     result[out + r count + i] = op(A[a + r rowStepA + i stepA], B[b + r rowStepB + i stepB])
  ///
  /// Steps are 0 where an operand is repeated; those between elements are 0 or 1.
  struct Rows {
    var out, a, b: Int
    let rows, count: Int
    let rowStepA, rowStepB, stepA, stepB: Int
  }

  /// Calls `body` for the last two axes together, at each place along the others. That place is a
  /// number whose digits, with the sizes of the other axes as bases, are the indices on them.
  func forEachRows(_ body: (Rows) -> Void) {
    let one = Axis(size: 1, advancesA: true, advancesB: true)
    let (inner, outer) = (axes.last ?? one, axes.dropLast())
    let (middle, rest) = (outer.last ?? one, outer.dropLast())
    let blocks = rest.reduce(1) { $0 * $1.size }
    if blocks * middle.size * inner.size == 0 { return }
    let (stepA, stepB) = (inner.advancesA ? 1 : 0, inner.advancesB ? 1 : 0)
    // An operand that does not advance along the innermost axis has one element there.
    let stepsA = Self.strides(outer.map { ($0.size, $0.advancesA) }, stepA * inner.size)
    let stepsB = Self.strides(outer.map { ($0.size, $0.advancesB) }, stepB * inner.size)
    for block in 0..<blocks {
      var rows = Rows(
        out: block * middle.size * inner.size, a: 0, b: 0, rows: middle.size, count: inner.size,
        rowStepA: stepsA.last ?? 0, rowStepB: stepsB.last ?? 0, stepA: stepA, stepB: stepB)
      var place = block
      for axis in rest.indices.reversed() {
        let (quotient, index) = place.quotientAndRemainder(dividingBy: rest[axis].size)
        place = quotient
        rows.a += index * stepsA[axis]
        rows.b += index * stepsB[axis]
      }
      body(rows)
    }
  }

  /// Calls `body` for each innermost row with the offsets of output and operands, the length, and
  /// the operands' strides, 0 or 1.
  func forEachRow(_ body: (_ out: Int, _ a: Int, _ b: Int, Int, Int, Int) -> Void) {
    forEachRows { rows in
      for row in 0..<rows.rows {
        body(
          rows.out + row * rows.count, rows.a + row * rows.rowStepA, rows.b + row * rows.rowStepB,
          rows.count, rows.stepA, rows.stepB)
      }
    }
  }

  /// Calls `body` for each block of rows that follow each other in both operands.
  func forEachBlock(_ body: (_ out: Int, _ a: Int, _ b: Int, _ count: Int) -> Void) {
    forEachRow { out, a, b, count, strideA, strideB in
      if strideA == 1, strideB == 1 { return body(out, a, b, count) }
      for row in 0..<count { body(out + row, a + row * strideA, b + row * strideB, 1) }
    }
  }

  /// Calls `body` for each run of elements that both operands hold side by side, the second of
  /// which has the broadcast shape: with the offset of the run in it, that in the first, and the
  /// length.
  func forEachRun(_ body: (_ out: Int, _ a: Int, _ count: Int) -> Void) {
    forEachRow { out, a, _, count, strideA, _ in
      if strideA == 1 { return body(out, a, count) }
      for element in 0..<count { body(out + element, a, 1) }
    }
  }

  /// Elements between neighbours along each axis of an operand; 0 where it is repeated.
  private static func strides(_ axes: [(size: Int, advances: Bool)], _ inner: Int) -> [Int] {
    var strides = [Int](repeating: 0, count: axes.count)
    var step = max(inner, 1)
    for axis in axes.indices.reversed() where axes[axis].advances {
      strides[axis] = step
      step *= axes[axis].size
    }
    return strides
  }
}

extension Tensor {
  /// An element-wise kernel of two tensors, broadcast; nothing is recorded.
  static func binary(_ operation: ElboBinary, _ a: Tensor, _ b: Tensor) -> Tensor {
    let kernel = Scalar.kernels.binary
    if a.shape == b.shape {
      return generate(a.shape, a, b) { kernel(operation, a.count, $1, 1, $2, 1, $0) }
        .marked(a.rows ?? b.rows)
    }
    // One value for all, as of a scalar: there is no layout to work out.
    if b.count == 1, b.rank <= a.rank {
      return generate(a.shape, a, b) { kernel(operation, a.count, $1, 1, $2, 0, $0) }
        .marked(a.rows ?? b.rows(spanning: a.shape))
    }
    let broadcast = Broadcast(a.shape, b.shape)
    return generate(broadcast.shape, a, b) { out, pointerA, pointerB in
      broadcast.forEachRows {
        // All rows in one call: they may be as short as a latent vector.
        Scalar.kernels.binaryRows(
          operation, $0.rows, $0.count, pointerA + $0.a, $0.rowStepA, $0.stepA, pointerB + $0.b,
          $0.rowStepB, $0.stepB, out + $0.out)
      }
    }
    .marked(a.rows(spanning: broadcast.shape) ?? b.rows(spanning: broadcast.shape))
  }

  /// This operand's mark of rows of a batch, where its first axis is that of a result of `shape`:
  /// not if it was repeated along that axis, nor if the result has axes before it.
  private func rows(spanning shape: [Int]) -> Int? {
    rank == shape.count && self.shape.first == shape.first ? rows : nil
  }

  /// Sums the axes along which `shape` was repeated to make this tensor's shape: the gradient of a
  /// broadcast, since dL/da[i] is the sum of dL/dy over all elements y that a[i] enters. From the
  /// last axis to the first: those that stay become `inner`, one that does not is summed away as
  /// the middle of `[outer, size, inner]`. Nothing is recorded.
  func summed(to shape: [Int]) -> Tensor {
    if self.shape == shape { return self }
    var result = self
    var inner = 1
    for axis in self.shape.indices.reversed() {
      let own = axis - (rank - shape.count)
      let target = own < 0 ? 1 : shape[own]
      if target == self.shape[axis] {
        inner *= target
      } else {
        // What is left of the axes before it; some axis may be empty, so no quotient tells.
        let outer = self.shape[..<axis].reduce(1, *)
        result = result.summedMiddle(outer: outer, size: self.shape[axis], inner: inner)
      }
    }
    return Tensor(shape: shape, storage: result.storage, offset: result.offset)
  }

  /// `[outer, size, inner]` to `[outer, inner]`: y[o, j] = sum over i of x[o, i, j].
  private func summedMiddle(outer: Int, size: Int, inner: Int) -> Tensor {
    Tensor.generate([outer, inner], self) { Scalar.kernels.sum(outer, size, inner, $1, $0) }
  }
}
