// SPDX-License-Identifier: Apache-2.0

internal import Synchronization

/// Recycles blocks of memory by size: a fresh block of 400 KB would cost a page fault for every
/// 4 KB of it, at each step of training.
final class MemoryPool: Sendable {
  struct Block: @unchecked Sendable {
    // A plain address: who holds the block owns the memory.
    let address: UnsafeMutableRawPointer
    let sizeClass: Int
    /// What the system gave, up to some lines before the address.
    fileprivate let allocation: UnsafeMutableRawPointer
  }

  static let shared = MemoryPool()

  private struct State: ~Copyable {
    var free = [[Block]](repeating: [], count: 64 * MemoryPool.stepsPerDoubling)
    var bytes = 0
    var largeBlocks = 0
  }

  private let state = Mutex(State())

  /// Free blocks beyond this go back to the system.
  private static let retainedBytes = 96 << 20
  private static let alignment = 64
  /// Large blocks begin in different lines of a page. The system would begin all at the same: where
  /// equal places of several are read and written together, as Adam does, they would meet in the few
  /// lines of a cache that serve that place. (Its time fell from 650 to 510 us.)
  private static let largeBytes = 1 << 16
  private static let staggerBytes = 9 * alignment
  private static let staggers = 8
  /// Sizes between two powers of two: at most a quarter of a block is unused.
  private static let stepsPerDoubling = 4

  /// The largest block that has a size class.
  static let mostBytes = 1 << 62

  /// A block of at least `bytes`, 0 to ``mostBytes``, aligned to a line of the cache. What is in it is
  /// left over from its last owner.
  func take(bytes: Int) -> Block {
    let sizeClass = Self.sizeClass(of: bytes)
    let size = Self.size(of: sizeClass)
    let (reused, stagger) = state.withLock { state -> (Block?, Int) in
      if let block = state.free[sizeClass].popLast() {
        state.bytes -= size
        return (block, 0)
      }
      if size < Self.largeBytes { return (nil, 0) }
      state.largeBlocks += 1
      return (nil, state.largeBlocks % Self.staggers * Self.staggerBytes)
    }
    if let reused { return reused }
    let allocation = UnsafeMutableRawPointer.allocate(
      byteCount: size + stagger, alignment: Self.alignment)
    return Block(address: allocation + stagger, sizeClass: sizeClass, allocation: allocation)
  }

  /// Keeps a block for the next who asks for its size, unless enough is kept already.
  func give(back block: Block) {
    let size = Self.size(of: block.sizeClass)
    let kept = state.withLock { state -> Bool in
      guard state.bytes + size <= Self.retainedBytes else { return false }
      state.free[block.sizeClass].append(block)
      state.bytes += size
      return true
    }
    if !kept { block.allocation.deallocate() }
  }

  /// The smallest class whose blocks hold `bytes`: 64, 80, 96, 112, 128, 160, ... bytes.
  static func sizeClass(of bytes: Int) -> Int {
    let needed = max(bytes, alignment)
    let exponent = Int.bitWidth - 1 - (needed - 1).leadingZeroBitCount
    let floor = 1 << exponent
    let step = max(1, floor / stepsPerDoubling)
    return exponent * stepsPerDoubling + (needed - floor + step - 1) / step
  }

  /// The bytes of a block of a class: 2^(class / 4) and as many quarters of that as remain.
  static func size(of sizeClass: Int) -> Int {
    let (exponent, steps) = sizeClass.quotientAndRemainder(dividingBy: stepsPerDoubling)
    return (1 << exponent) + steps * max(1, (1 << exponent) / stepsPerDoubling)
  }
}
