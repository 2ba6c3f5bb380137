// SPDX-License-Identifier: Apache-2.0

import Synchronization
import TestSupport
import VariationalInference

/// Notes the rows that a model sees, from any thread.
final class RowRecorder: Sendable {
  private let rows = Mutex<[[Double]]>([])

  func note(_ x: [Double], width: Int) {
    rows.withLock { list in
      for start in stride(from: 0, to: x.count, by: width) {
        list.append(Array(x[start..<start + width]))
      }
    }
  }

  /// The rows noted since the last call, in no particular order.
  func take() -> [[Double]] {
    rows.withLock { list in
      defer { list = [] }
      return list
    }
  }
}

/// A model that is no autoencoder of linear layers: its parameters are used element by element, and
/// it notes the data it is given.
struct RecordingModel: Autoencoder {
  var scale: Tensor<Double>
  var bias: Tensor<Double>
  let recorder: RowRecorder

  init(pixels: Int, recorder: RowRecorder = RowRecorder()) {
    scale = .pseudoRandom([pixels], seed: 81)
    bias = .pseudoRandom([pixels], seed: 82)
    self.recorder = recorder
  }

  var latentDimension: Int { bias.count }
  var prior: StandardNormal<Double> { StandardNormal(dimension: bias.count) }

  func likelihood(given z: Tensor<Double>) -> IndependentBernoulli<Double> {
    IndependentBernoulli(logits: z * scale + bias)
  }

  func posterior(given x: Tensor<Double>) -> DiagonalGaussian<Double> {
    recorder.note(x.scalars, width: x.shape[1])
    let mean = (x - 0.5) * scale
    return DiagonalGaussian(mean: mean, logVariance: mean * 0 - 1)
  }

  mutating func visitParameters(
    _ visit: (_ name: String, _ parameter: inout Tensor<Double>) throws -> Void
  ) rethrows {
    try visit("scale", &scale)
    try visit("bias", &bias)
  }
}

/// Images of two pixels that spell the image's number, 0 ..< count.
func numberedImages(_ count: Int) -> ImageDataset {
  ImageDataset(
    name: "numbers", split: "train", height: 1, width: 2,
    pixels: (0..<count).flatMap { [UInt8($0 % 256), UInt8($0 / 256)] })
}

/// The number that a row of ``numberedImages(_:)`` spells.
func imageNumber(_ row: [Double]) -> Int {
  Int((row[0] * 255).rounded()) + 256 * Int((row[1] * 255).rounded())
}
