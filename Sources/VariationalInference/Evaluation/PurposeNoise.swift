// SPDX-License-Identifier: Apache-2.0

internal import Tensors

extension NoisePurpose {
  /// Standard normal numbers `[examples, ...]`, those of each example a function of (seed, example,
  /// round) and of this purpose alone.
  func noise<Scalar: TensorScalar>(
    _ examples: some Collection<Int>, round: Int = 0, shape: [Int], seed: UInt64
  ) -> Tensor<Scalar> {
    precondition(shape.first == examples.count, "noise \(shape) for \(examples.count) examples")
    let width = shape.dropFirst().reduce(1, *)
    return Tensor(shape: shape) { buffer in
      guard let base = buffer.baseAddress else { return }
      for (row, example) in examples.enumerated() {
        key(seed: seed, example: example, round: round)
          .writeStandardNormal(width, to: base + row * width)
      }
    }
  }
}
