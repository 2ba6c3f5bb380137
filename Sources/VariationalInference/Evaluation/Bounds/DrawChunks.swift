// SPDX-License-Identifier: Apache-2.0

internal import Tensors

/// The draws of one example, cut into chunks of which the activations stay in a core's cache.
struct DrawChunks: Sendable {
  let samples: Int
  let size: Int

  /// 128 rows of 784 logits take 0.4 MB. (Seconds of one busy core for 100,000 draws of 784-400-20,
  /// twice each: 64 draws 1.10, 1.11; 128 0.85, 0.85; 256 1.07, 1.59; 512 1.01, 1.06.)
  static let size = 128
  /// From so many draws of one example on, it pays to make its likelihood ready for them.
  static let manyDraws = 256
  /// Draws that share one sequence of noise: a chunk is whole blocks of them, so that a draw does not
  /// depend on the size of the chunks.
  static let noiseBlock = 64

  /// Chunks of `size` draws, a multiple of `noiseBlock`; the last may be smaller.
  init(samples: Int, size: Int) {
    precondition(size > 0 && size % Self.noiseBlock == 0, "chunks of \(size) draws")
    self.samples = samples
    self.size = size
  }

  var count: Int { (samples + size - 1) / size }

  subscript(chunk: Int) -> Range<Int> { chunk * size..<min((chunk + 1) * size, samples) }
}

extension ExampleSource {
  /// Standard normal numbers for draws of one example, the first axis of `shape`: each block of 64
  /// draws has a sequence of its own, the block's number as its round.
  func noise<Scalar>(_ example: Int, draws: Range<Int>, shape: [Int]) -> Tensor<Scalar> {
    precondition(
      shape.first == draws.count && draws.lowerBound % DrawChunks.noiseBlock == 0,
      "noise \(shape) for draws \(draws)")
    let dimension = shape.dropFirst().reduce(1, *)
    return Tensor(shape: shape) { buffer in
      guard let base = buffer.baseAddress else { return }
      for start in stride(from: 0, to: draws.count, by: DrawChunks.noiseBlock) {
        let rows = min(DrawChunks.noiseBlock, draws.count - start)
        let block = (draws.lowerBound + start) / DrawChunks.noiseBlock
        latentPurpose.key(seed: seed, example: example, round: block)
          .writeStandardNormal(rows * dimension, to: base + start * dimension)
      }
    }
  }
}
