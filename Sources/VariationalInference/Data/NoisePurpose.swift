// SPDX-License-Identifier: Apache-2.0

internal import Tensors

/// What a sequence of random numbers is for: part of its key, so that no two purposes share one.
enum NoisePurpose: Int {
  case trainingLatent = 1
  case trainingPixels
  case evaluationLatent
  case evaluationPixels
  case priorSample
  case simulatedPixels = 32
  case aggregatePosterior = 40
  case gapOptimisation
  case gapSelection
  case gapBound
  case flowWeights
  /// Markov chains need several sequences: this and the numbers up to 63.
  case firstOfChains = 48

  /// The numbers of one example in one epoch (or of one draw, outside training).
  func key(seed: UInt64, example: Int, round: Int = 0, offset: Int = 0) -> NoiseKey {
    NoiseKey(seed: seed, example, round, rawValue + offset)
  }
}

extension NoisePurpose {
  /// Standard normal numbers `[rows, ...]`, those of each example a function of (seed, example,
  /// round) and of this purpose alone.
  ///
  /// The rows are one for each example, or equally many in succession, which then share one
  /// sequence.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  func noise<Scalar: TensorScalar>(
    _ examples: [Int], round: Int = 0, offset: Int = 0, shape: [Int], seed: UInt64
  ) -> Tensor<Scalar> {
    let (rows, count) = (shape.first ?? 0, examples.count)
    precondition(rows.isMultiple(of: count), "noise \(shape) for \(count) examples")
    return Tensor(shape: shape) {
      write(examples, round: round, offset: offset, seed: seed, to: $0)
    }
  }

  /// Fills `buffer` with standard normal numbers, as many for each example.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  func write<Scalar: TensorScalar>(
    _ examples: [Int], round: Int, offset: Int = 0, seed: UInt64,
    to buffer: UnsafeMutableBufferPointer<Scalar>
  ) {
    guard let base = buffer.baseAddress, !examples.isEmpty else { return }
    let width = buffer.count / examples.count
    for (index, example) in examples.enumerated() {
      key(seed: seed, example: example, round: round, offset: offset)
        .writeStandardNormal(width, to: base + index * width)
    }
  }
}
