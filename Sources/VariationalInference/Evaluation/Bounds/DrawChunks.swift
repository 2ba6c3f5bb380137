// SPDX-License-Identifier: Apache-2.0

/// The draws of one example, cut into chunks of which the activations stay in a core's cache.
struct DrawChunks: Sendable {
  let samples: Int
  let size: Int

  /// 128 rows of 784 logits take 0.4 MB. (Seconds of one busy core for 100,000 draws of 784-400-20,
  /// twice each: 64 draws 1.10, 1.11; 128 0.85, 0.85; 256 1.07, 1.59; 512 1.01, 1.06.)
  static let size = 128
  /// From so many draws of one example on, it pays to make its likelihood ready for them.
  static let manyDraws = 256

  /// Chunks of `size` draws, a multiple of those that share a sequence of noise; the last may be smaller.
  init(samples: Int, size: Int) {
    precondition(size > 0 && size % NoisePurpose.drawsPerSequence == 0, "chunks of \(size) draws")
    self.samples = samples
    self.size = size
  }

  var count: Int { (samples + size - 1) / size }

  subscript(chunk: Int) -> Range<Int> { chunk * size..<min((chunk + 1) * size, samples) }
}
