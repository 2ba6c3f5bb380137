// SPDX-License-Identifier: Apache-2.0

/// A counter-based generator: Philox4x32 with ten rounds.
///
/// The i-th block of 128 random bits is a pure function of (seed, stream, i), so any draw can be
/// repeated without replaying those before it, on any machine and for any number of threads.
///
/// - Source: Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011,
///   doi:10.1145/2063384.2063405.
public struct CounterGenerator: RandomNumberGenerator, Sendable {
  private let key: SIMD2<UInt32>
  private var counter: SIMD4<UInt32>
  private var block = SIMD4<UInt32>()
  private var used = 4

  /// The generator of `seed` at the beginning of `stream`.
  ///
  /// - Parameters:
  ///   - seed: One seed for a whole run.
  ///   - stream: Distinct for each purpose and item: for example, the index of an image.
  public init(seed: UInt64, stream: UInt64) {
    key = SIMD2(UInt32(truncatingIfNeeded: seed), UInt32(truncatingIfNeeded: seed >> 32))
    counter = SIMD4(
      0, 0, UInt32(truncatingIfNeeded: stream), UInt32(truncatingIfNeeded: stream >> 32))
  }

  /// The next 64 uniformly distributed bits.
  public mutating func next() -> UInt64 {
    if used == 4 {
      block = Self.block(counter: counter, key: key)
      counter.x &+= 1
      if counter.x == 0 { counter.y &+= 1 }
      used = 0
    }
    defer { used += 2 }
    return UInt64(block[used]) | UInt64(block[used + 1]) << 32
  }

  /// Philox4x32-10: 128 bits for one counter under one key.
  public static func block(counter: SIMD4<UInt32>, key: SIMD2<UInt32>) -> SIMD4<UInt32> {
    var (x, k) = (counter, key)
    for _ in 0..<10 {
      let p0 = x.x.multipliedFullWidth(by: 0xD251_1F53)
      let p1 = x.z.multipliedFullWidth(by: 0xCD9E_8D57)
      x = SIMD4(p1.high ^ x.y ^ k.x, p1.low, p0.high ^ x.w ^ k.y, p0.low)
      k = SIMD2(k.x &+ 0x9E37_79B9, k.y &+ 0xBB67_AE85)
    }
    return x
  }
}
