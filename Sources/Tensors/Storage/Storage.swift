// SPDX-License-Identifier: Apache-2.0

/// Memory for `capacity` scalars, aligned to 64 bytes, taken from and returned to a ``MemoryPool``.
///
/// `@unchecked Sendable`: a storage is written only by the operation that creates it, before any
/// other thread can see it, or by disjoint rows of one parallel step that ends in a meeting of all
/// threads; afterwards it is read only.
final class Storage<Scalar>: @unchecked Sendable {
  let base: UnsafeMutablePointer<Scalar>
  let capacity: Int
  private let block: MemoryPool.Block

  /// Uninitialised memory.
  ///
  /// - Precondition: `capacity` is not negative, and its bytes can be counted.
  init(capacity: Int) {
    let (bytes, overflows) = capacity.multipliedReportingOverflow(by: MemoryLayout<Scalar>.stride)
    precondition(
      capacity >= 0 && !overflows && bytes <= MemoryPool.mostBytes,
      "no memory holds \(capacity) numbers of \(MemoryLayout<Scalar>.stride) bytes")
    block = MemoryPool.shared.take(bytes: bytes)
    // A block that comes back from the pool may have held numbers of another type: it is bound anew.
    base = block.address.bindMemory(to: Scalar.self, capacity: capacity)
    self.capacity = capacity
  }

  deinit { MemoryPool.shared.give(back: block) }
}
