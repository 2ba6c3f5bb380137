// SPDX-License-Identifier: Apache-2.0

/// The largest of many values, in memory that does not grow with their number: a binary heap whose
/// root is the smallest of those kept.
///
/// Children of place i are 2 i + 1 and 2 i + 2, none smaller than its parent. A value costs one
/// comparison where it is not among the largest, else of the order log(capacity).
struct LargestValues: Sendable {
  private var heap: [Double] = []
  private let capacity: Int

  /// Keeps at most `capacity` values.
  init(capacity: Int) {
    self.capacity = capacity
    heap.reserveCapacity(capacity)
  }

  /// The values kept, in ascending order.
  var sorted: [Double] { heap.sorted() }

  /// Takes a value in; one that is not a number has no place in any order and is left out.
  mutating func insert(_ value: Double) {
    if value.isNaN { return }
    if heap.count < capacity {
      heap.append(value)
      moveUp(heap.count - 1)
    } else if let smallest = heap.first, value > smallest {
      heap[0] = value
      moveDown(0)
    }
  }

  private mutating func moveUp(_ start: Int) {
    var child = start
    while child > 0, heap[child] < heap[(child - 1) / 2] {
      heap.swapAt(child, (child - 1) / 2)
      child = (child - 1) / 2
    }
  }

  private mutating func moveDown(_ start: Int) {
    var parent = start
    while 2 * parent + 1 < heap.count {
      let (left, right) = (2 * parent + 1, 2 * parent + 2)
      let child = right < heap.count && heap[right] < heap[left] ? right : left
      if heap[parent] <= heap[child] { return }
      heap.swapAt(parent, child)
      parent = child
    }
  }
}
