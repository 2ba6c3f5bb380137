// SPDX-License-Identifier: Apache-2.0

/// Names one reproducible sequence of random numbers: a seed and three counters.
///
/// The fourth counter of Philox counts within the sequence. The training loop uses (example, epoch,
/// purpose), so the noise of an example depends neither on the batch nor on the thread it is in.
public struct NoiseKey: Sendable, Equatable {
  var seed: UInt64
  var counters: (UInt32, UInt32, UInt32)

  /// The sequence of `seed` at three counters, each of which must fit 32 bits.
  public init(seed: UInt64, _ first: Int = 0, _ second: Int = 0, _ third: Int = 0) {
    self.seed = seed
    counters = (UInt32(first), UInt32(second), UInt32(third))
  }

  /// Equal seeds and equal counters.
  public static func == (a: NoiseKey, b: NoiseKey) -> Bool {
    a.seed == b.seed && a.counters == b.counters
  }
}

extension NoiseKey {
  /// The key of another sequence, for the part `number` of what this key stands for. Keys of different
  /// parts have different seeds, so their sequences have nothing in common.
  package func derived(_ number: Int) -> NoiseKey {
    var key = self
    key.seed = seed &+ 0x9E37_79B9_7F4A_7C15 &* UInt64(number + 1)
    return key
  }
}
