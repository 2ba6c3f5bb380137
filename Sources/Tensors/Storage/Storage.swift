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
  init(capacity: Int) {
    block = MemoryPool.shared.take(bytes: capacity * MemoryLayout<Scalar>.stride)
    base = block.address.assumingMemoryBound(to: Scalar.self)
    self.capacity = capacity
  }

  deinit { MemoryPool.shared.give(back: block) }
}
