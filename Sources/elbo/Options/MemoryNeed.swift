// SPDX-License-Identifier: Apache-2.0

internal import Formats
internal import VariationalInference

/// The memory that a piece of work takes beyond what is taken already, estimated before any of it:
/// far too much is then a sentence, not a crash.
struct MemoryNeed {
  /// What needs it: "training".
  let work: String
  let bytes: Double
  /// What needs less: "choose a smaller --hidden".
  let advice: String

  /// Refuses work for which there is not enough.
  func check() throws {
    guard let limit = MemoryLimit.current(), bytes > limit.bytes else { return }
    throw TooLittleMemory(need: self, limit: limit)
  }
}

extension MemoryNeed {
  /// Training in single precision: a parameter has a gradient and two moments, all but the gradient have
  /// a copy to return to from a divergence, and saving holds them twice more, so that an average counts
  /// four times; an activation has a gradient.
  static func training(
    _ architecture: AutoencoderArchitecture, _ options: TrainingOptions, examples: Int
  ) -> MemoryNeed {
    let rows = Double(min(options.batchSize, examples)) * Double(options.objective.samples)
    let encoder = [architecture.data] + architecture.hidden
    let decoder = [architecture.latent] + architecture.decoderHidden + [architecture.data]
    func weights(_ widths: [Int]) -> Double {
      zip(widths, widths.dropFirst()).reduce(0) { $0 + Double($1.0) * Double($1.1) }
    }
    let heads = 2 * Double(encoder.last ?? 0) * Double(architecture.latent)
    let parameters = weights(encoder) + heads + weights(decoder)
    let activations = rows * architecture.rowWidth
    return MemoryNeed(
      work: "training",
      bytes: 4 * ((options.average == nil ? 13 : 17) * parameters + 2 * activations),
      advice: "choose a smaller --hidden, --latent or --batch-size")
  }

  /// Crops of pictures, as bytes; nil where there are none.
  static func crops(_ reading: DataReading) -> MemoryNeed? {
    guard let count = reading.patches, let size = reading.size else { return nil }
    let pixels = size.reduce(Double(count)) { $0 * Double($1) }
    return MemoryNeed(
      work: "reading \(count.grouped) crops", bytes: (reading.isGrey ? 1 : 3) * pixels,
      advice: "take fewer --patches or a smaller --size")
  }

  /// Blocks of so many rows, each on a thread of its own, through encoder and decoder.
  static func passes(
    _ work: String, _ architecture: AutoencoderArchitecture, rows: Int, threads: Int,
    beside other: Double = 0, advice: String
  ) -> MemoryNeed {
    MemoryNeed(
      work: work,
      bytes: 8 * Double(rows) * architecture.rowWidth * Double(threads) + other, advice: advice)
  }
}

extension AutoencoderArchitecture {
  /// The numbers that one row takes on its way through both networks.
  var rowWidth: Double {
    ([data] + hidden + [latent, latent, latent] + decoderHidden + [data])
      .reduce(0) { $0 + Double($1) }
  }

  /// So many rows fill 64 MB on their way, or are 16: whole blocks of a matrix product.
  var rowsAtOnce: Int {
    let rows = Int(min((64 * 1_048_576) / (8 * rowWidth), 4096))
    return max(rows / 256 * 256, min(max(rows / 16 * 16, 16), 256))
  }
}

/// Work for which there is not enough memory.
struct TooLittleMemory: Error, CustomStringConvertible {
  let need: MemoryNeed
  let limit: MemoryLimit

  var description: String {
    "\(need.work) needs about \(need.bytes.ofMemory) of memory, and \(limit.source) leaves "
      + "\(limit.bytes.ofMemory); \(need.advice)"
  }
}

extension Double {
  /// 3.2e9 as "3.2 GB", 5e7 as "50 MB".
  fileprivate var ofMemory: String {
    if self >= 1e10 { return "\((self / 1e9).fixed(0)) GB" }
    return self >= 1e9 ? "\((self / 1e9).fixed(1)) GB" : "\((self / 1e6).fixed(0)) MB"
  }
}
