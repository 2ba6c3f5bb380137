// SPDX-License-Identifier: Apache-2.0

internal import Synchronization

/// The rows of a batch that one tape of a parallel step works on.
struct Shard<Scalar: TensorScalar>: Sendable {
  /// The rows of the batch.
  let rows: Range<Int>
  /// How many rows all shards have together.
  let batch: Int
  let workspace: Workspace<Scalar>
  /// Where operations note their time, if anybody wants to know.
  let profile: Profile?
  /// Where the step's products are of operands rounded to bfloat16.
  let rounded: RoundedOperands<Scalar>?

  /// Where the rows of a tensor lie in the matrix of the whole batch: `capacity` elements, the shard's
  /// from `offset` on. Nil for a tensor that is not marked as rows.
  ///
  /// - Precondition: A marked tensor has as many rows as this shard, on its first axis.
  func place(of shape: [Int], rows marked: Int?) -> (offset: Int, capacity: Int)? {
    guard let marked else { return nil }
    precondition(
      marked == rows.count && shape.first?.isMultiple(of: marked) == true,
      "a tensor of shape \(shape), marked as \(marked) rows, among \(rows.count) rows of a batch")
    let perRow = shape.reduce(1, *) / marked
    return (rows.lowerBound * perRow, batch * perRow)
  }
}

/// The memory of a parallel step, kept from step to step: one block for each allocation in program
/// order, which holds the rows of all shards.
///
/// Shards write to one block without asking each other. Those that ask for the same capacity, batch times
/// elements per row, have rows of the same width and so disjoint places. A shard that asks for another
/// capacity gets no place.
final class Workspace<Scalar: Sendable>: Sendable {
  private struct Slot {
    var storage: Storage<Scalar>
    /// What the first shard of this step to come here asked for.
    var asked: Int?
  }

  private let slots = Mutex<[Slot]>([])

  /// The block of an allocation; nil where another shard asked for a different size, because it ran
  /// another program: their rows could overlap.
  func slot(_ index: Int, capacity: Int) -> Storage<Scalar>? {
    slots.withLock { slots in
      // A shard has come to all places before this one, so that there is at most one to add.
      if index == slots.count { slots.append(Slot(storage: Storage(capacity: capacity))) }
      guard capacity == slots[index].asked ?? capacity else { return nil }
      slots[index].asked = capacity
      if slots[index].storage.capacity < capacity {
        slots[index].storage = Storage(capacity: capacity)
      }
      return slots[index].storage
    }
  }

  /// Forgets what the shards of the last step asked for. What they wrote is about to be overwritten: all
  /// that leaves a step is a copy.
  func beginStep() {
    slots.withLock { slots in
      for index in slots.indices { slots[index].asked = nil }
    }
  }
}

extension Tensor {
  /// The number of the step's parameter that this tensor is, in the order of the step's list; nil for any
  /// other tensor.
  package var parameterNumber: Int? {
    trace.flatMap { $0.node < $0.tape.parameterCount ? $0.node : nil }
  }

  /// Whether the first axis holds rows of a parallel step's batch: see ``rows``.
  package var isRowsOfBatch: Bool { rows != nil }

  /// Blocks of rows that follow each other in one memory, as one matrix `[all rows, last axis]`; nil where
  /// they do not.
  package static func joined(_ blocks: [Tensor]) -> Tensor? {
    let first = blocks[0]
    var (end, rows) = (first.offset, 0)
    for block in blocks {
      guard block.storage === first.storage, block.offset == end else { return nil }
      end += block.count
      rows += block.shape.dropLast().reduce(1, *)
    }
    return Tensor(
      shape: [rows, first.shape[first.rank - 1]], storage: first.storage, offset: first.offset)
  }
}
