// SPDX-License-Identifier: Apache-2.0

/// A matrix of bfloat16 numbers, row after row: `rows * columns` of them from `offset` on.
struct RoundedMatrix: Sendable {
  /// The upper halves of `Float`s: sign, 8 bits of exponent, 7 of the significand. Rounded to
  /// nearest, a normal number is off by at most 2^-8 of itself.
  let storage: Storage<UInt16>
  /// The place of the first number.
  let offset: Int
  let rows: Int
  let columns: Int

  var pointer: UnsafePointer<UInt16> { UnsafePointer(storage.base + offset) }
}

extension RoundedMatrix {
  /// Blocks of rows that follow each other in one memory, as one matrix; nil where they do not.
  static func joined(_ blocks: [RoundedMatrix]) -> RoundedMatrix? {
    let first = blocks[0]
    var (end, rows) = (first.offset, 0)
    for block in blocks {
      guard block.storage === first.storage, block.offset == end else { return nil }
      end += block.rows * block.columns
      rows += block.rows
    }
    return RoundedMatrix(
      storage: first.storage, offset: first.offset, rows: rows, columns: first.columns)
  }
}

/// What a parallel step multiplies in bfloat16: a copy of the parameters, which follows them, and
/// memory for rows of the whole batch. Each number is rounded once, however many products it
/// enters.
final class RoundedOperands<Scalar: TensorScalar>: Sendable {
  /// Of 2 bytes a number, with slots of its own: roundings are counted apart from other
  /// allocations.
  let workspace = Workspace<UInt16>()
  private let parameters: FlatBuffer<Scalar>
  /// The rounded parameters, at the places of the flat buffer.
  private let copy: Storage<UInt16>
  private let kernels: RoundedKernels<Scalar>

  init(of parameters: FlatBuffer<Scalar>) {
    guard let kernels = Scalar.kernels.rounded else {
      preconditionFailure("\(Scalar.self) has no products in bfloat16")
    }
    self.kernels = kernels
    self.parameters = parameters
    copy = Storage(capacity: parameters.ranges.last?.upperBound ?? 0)
    refreshAll()
  }

  /// Rounds parameters that have changed: disjoint ranges on several threads at once.
  func refresh(_ range: Range<Int>) {
    kernels.round(
      range.count, parameters.pointer(at: range.lowerBound), copy.base + range.lowerBound)
  }

  /// Rounds all parameters.
  func refreshAll() {
    for range in parameters.ranges { refresh(range) }
  }

  /// A parameter `[outputs, inputs]`.
  func weight(_ number: Int) -> RoundedMatrix {
    let shape = parameters.shapes[number]
    return RoundedMatrix(
      storage: copy, offset: parameters.ranges[number].lowerBound, rows: shape[0],
      columns: shape[1])
  }

  /// Rounds a shard's rows into memory of the whole batch, from `place.offset` on, so that the rows
  /// of all shards are one operand of dW = D^T x; or where another shard uses that otherwise, into
  /// memory of their own.
  func round(
    _ tensor: Tensor<Scalar>, place: (offset: Int, capacity: Int), slot: Int
  ) -> RoundedMatrix {
    guard let storage = workspace.slot(slot, capacity: place.capacity) else { return round(tensor) }
    return round(tensor, to: storage, at: place.offset)
  }

  /// Rounds a tensor, all of whose axes but the last are rows.
  func round(_ tensor: Tensor<Scalar>) -> RoundedMatrix {
    round(tensor, to: Storage(capacity: tensor.count), at: 0)
  }

  private func round(
    _ tensor: Tensor<Scalar>, to storage: Storage<UInt16>, at offset: Int
  ) -> RoundedMatrix {
    withExtendedLifetime(tensor) {
      kernels.round(tensor.count, tensor.pointer, storage.base + offset)
    }
    let columns = tensor.shape[tensor.rank - 1]
    return RoundedMatrix(
      storage: storage, offset: offset, rows: tensor.count / max(columns, 1), columns: columns)
  }
}
