// SPDX-License-Identifier: Apache-2.0

import Tensors

/// Random variates from arithmetic alone, the same on every machine.
struct DigitNoise {
  private var generator: CounterGenerator

  /// The variates of `seed` at the beginning of `stream`.
  init(seed: UInt64, stream: UInt64) {
    generator = CounterGenerator(seed: seed, stream: stream)
  }

  /// 64 uniform bits.
  mutating func bits() -> UInt64 { generator.next() }

  /// Uniform in [low, high).
  mutating func uniform(_ low: Double, _ high: Double) -> Double {
    low + (high - low) * (Double(bits() >> 11) * 0x1p-53)
  }

  /// Uniform in 0..<count; the bias is below count / 2³².
  mutating func index(below count: Int) -> Int {
    Int(((bits() >> 32) * UInt64(count)) >> 32)
  }

  /// Bell-shaped with mean 0, variance 1 and no value beyond 2√3 = 3.46.
  ///
  /// The sum of four uniform variates, each from 16 of the 64 bits: in units of 2¹⁶, and moved to
  /// the middles of the 2¹⁶ cells, it has mean 2 and variance 4 · 1/12.
  mutating func bell() -> Double {
    let word = bits()
    let sum = (word & 0xFFFF) + (word >> 16 & 0xFFFF) + (word >> 32 & 0xFFFF) + (word >> 48)
    return (Double(sum + 2) * 0x1p-16 - 2) * 3.0.squareRoot()
  }

  /// Two independent values of ``bell()``.
  mutating func bellPair() -> SIMD2<Double> {
    let first = bell()
    return SIMD2(first, bell())
  }
}
