// SPDX-License-Identifier: Apache-2.0

internal import Tensors

/// Examples as the network sees them: pixels converted, noise drawn, each a pure function of
/// (seed, example, round), whatever batch or thread they fall into.
struct ExampleSource: Sendable {
  let data: ImageDataset
  let binarization: Binarization
  let seed: UInt64
  let pixelPurpose: NoisePurpose
  let latentPurpose: NoisePurpose

  /// For fitting: pixels and noise change with the epoch.
  static func training(_ data: ImageDataset, _ binarization: Binarization, seed: UInt64) -> Self {
    Self(
      data: data, binarization: binarization, seed: seed, pixelPurpose: .trainingPixels,
      latentPurpose: .trainingLatent)
  }

  /// For judging: the same pixels and noise at every evaluation with the same seed.
  static func evaluation(_ data: ImageDataset, _ binarization: Binarization, seed: UInt64) -> Self {
    Self(
      data: data, binarization: binarization, seed: seed, pixelPurpose: .evaluationPixels,
      latentPurpose: .evaluationLatent)
  }

  /// Writes the pixels of some examples, one row each.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  func writePixels<Scalar: TensorScalar>(
    _ examples: [Int], round: Int, to buffer: UnsafeMutableBufferPointer<Scalar>
  ) {
    let width = data.pixelsPerImage
    data.pixels.withUnsafeBufferPointer { pixels in
      func bytes(of example: Int) -> UnsafeBufferPointer<UInt8> {
        UnsafeBufferPointer(rebasing: pixels[example * width..<(example + 1) * width])
      }
      for (row, example) in examples.enumerated() {
        // The order is random: each image would be waited for.
        let ahead = row + Self.imagesAhead
        if ahead < examples.count { PixelConversion.prefetch(bytes(of: examples[ahead])) }
        let target = UnsafeMutableBufferPointer(rebasing: buffer[row * width..<(row + 1) * width])
        if let base = target.baseAddress {
          conversion(example, round).write(bytes(of: example), to: base)
        }
      }
    }
  }

  /// Standard normal numbers for some examples, the first axis of `shape`.
  func noise<Scalar>(
    _ examples: [Int], round: Int, shape: [Int]
  ) -> Tensor<Scalar> {
    latentPurpose.noise(examples, round: round, shape: shape, seed: seed)
  }

  /// Writes standard normal numbers, as many for each of some examples, one after the other.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  func writeNoise<Scalar: TensorScalar>(
    _ examples: [Int], round: Int, to buffer: UnsafeMutableBufferPointer<Scalar>
  ) {
    latentPurpose.write(examples, round: round, seed: seed, to: buffer)
  }

  private static var imagesAhead: Int { 4 }

  private func conversion(_ example: Int, _ round: Int) -> PixelConversion {
    switch binarization {
    case .none, .static: .greyLevels
    case .threshold: .threshold
    case .dynamic: .draw(pixelPurpose.key(seed: seed, example: example, round: round))
    }
  }
}

/// The order of the examples in one epoch, cut into batches; the last may be smaller.
struct EpochOrder: Sendable {
  private let order: [Int]
  private let batchSize: Int

  /// A uniformly random order that depends on seed and epoch alone.
  init(examples: Int, batchSize: Int, seed: UInt64, epoch: Int) {
    var generator = CounterGenerator(
      seed: seed, stream: GeneratorPurpose.epochOrder.stream(UInt64(epoch)))
    order = Array(0..<examples).shuffled(using: &generator)
    self.batchSize = min(batchSize, examples)
  }

  /// The number of batches.
  var count: Int { (order.count + batchSize - 1) / batchSize }

  /// The examples of a batch.
  subscript(batch: Int) -> ArraySlice<Int> {
    order[batch * batchSize..<min((batch + 1) * batchSize, order.count)]
  }
}
