// SPDX-License-Identifier: Apache-2.0

package import VariationalInference

/// A small generator for test data that shares no code with the library's own.
///
/// - Source: Steele, Lea and Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014.
package struct SplitMix64: RandomNumberGenerator, Sendable {
  private var state: UInt64

  /// The generator that always yields the same numbers for `seed`.
  package init(seed: UInt64) { state = seed }

  /// The next 64 bits.
  package mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}

/// Where pseudo-random test data lie.
package enum Spread: Sendable {
  /// Uniform in a range.
  case uniform(ClosedRange<Double>)
  /// Uniform in plus or minus a range: away from the kink that many functions have at 0.
  case eitherSign(ClosedRange<Double>)

  func draw(using generator: inout SplitMix64) -> Double {
    switch self {
    case .uniform(let range): return .random(in: range, using: &generator)
    case .eitherSign(let range):
      let magnitude = Double.random(in: range, using: &generator)
      return Bool.random(using: &generator) ? magnitude : -magnitude
    }
  }
}

extension Tensor {
  /// Deterministic test data: the same numbers for the same seed, in either precision.
  package static func pseudoRandom(
    _ shape: [Int], _ spread: Spread = .uniform(-1.5...1.5), seed: UInt64 = 1
  ) -> Tensor {
    var generator = SplitMix64(seed: seed)
    let count = shape.reduce(1, *)
    return Tensor((0..<count).map { _ in Scalar(spread.draw(using: &generator)) }, shape: shape)
  }
}
