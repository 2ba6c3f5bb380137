// SPDX-License-Identifier: Apache-2.0

internal import Synchronization

/// Recycles blocks of memory by size: a fresh block of 400 KB would cost a page fault for every
/// 4 KB of it, at each step of training.
final class MemoryPool: Sendable {
  struct Block: @unchecked Sendable {
    // A plain address: who holds the block owns the memory.
    let address: UnsafeMutableRawPointer
    let sizeClass: Int
  }

  static let shared = MemoryPool()

  private struct State: ~Copyable {
    var free = [[Block]](repeating: [], count: 64 * MemoryPool.stepsPerDoubling)
    var bytes = 0
  }

  private let state = Mutex(State())

  /// Free blocks beyond this go back to the system.
  private static let retainedBytes = 96 << 20
  private static let alignment = 64
  /// Sizes between two powers of two: at most a quarter of a block is unused.
  private static let stepsPerDoubling = 4

  func take(bytes: Int) -> Block {
    let sizeClass = Self.sizeClass(of: bytes)
    let size = Self.size(of: sizeClass)
    let reused = state.withLock { state -> Block? in
      guard let block = state.free[sizeClass].popLast() else { return nil }
      state.bytes -= size
      return block
    }
    return reused
      ?? Block(
        address: .allocate(byteCount: size, alignment: Self.alignment), sizeClass: sizeClass)
  }

  func give(back block: Block) {
    let size = Self.size(of: block.sizeClass)
    let kept = state.withLock { state -> Bool in
      guard state.bytes + size <= Self.retainedBytes else { return false }
      state.free[block.sizeClass].append(block)
      state.bytes += size
      return true
    }
    if !kept { block.address.deallocate() }
  }

  /// The smallest class whose blocks hold `bytes`: 64, 80, 96, 112, 128, 160, ... bytes.
  static func sizeClass(of bytes: Int) -> Int {
    let needed = max(bytes, alignment)
    let exponent = Int.bitWidth - 1 - (needed - 1).leadingZeroBitCount
    let floor = 1 << exponent
    let step = max(1, floor / stepsPerDoubling)
    return exponent * stepsPerDoubling + (needed - floor + step - 1) / step
  }

  static func size(of sizeClass: Int) -> Int {
    let (exponent, steps) = sizeClass.quotientAndRemainder(dividingBy: stepsPerDoubling)
    return (1 << exponent) + steps * max(1, (1 << exponent) / stepsPerDoubling)
  }
}
