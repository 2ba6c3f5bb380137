// SPDX-License-Identifier: Apache-2.0

internal import Formats
internal import VariationalInference

#if canImport(Glibc)
  internal import Glibc
#else
  internal import Darwin
#endif

/// The memory that training a model takes, estimated before any of it is taken: far too much is
/// then a sentence, not a crash.
struct MemoryNeed {
  private let parameters: Double
  /// Whether their average is kept beside them.
  private let isAveraged: Bool
  private let activations: Double

  init(
    _ architecture: AutoencoderArchitecture, _ options: TrainingOptions,
    examples: Int
  ) {
    let rows = min(options.batchSize, examples) * options.objective.samples
    let encoder = [architecture.data] + architecture.hidden
    let decoder = [architecture.latent] + architecture.decoderHidden + [architecture.data]
    func weights(_ widths: [Int]) -> Double {
      zip(widths, widths.dropFirst()).reduce(0) { $0 + Double($1.0) * Double($1.1) }
    }
    let heads = 2 * Double(encoder.last ?? 0) * Double(architecture.latent)
    parameters = weights(encoder) + heads + weights(decoder)
    isAveraged = options.average != nil
    activations = Double(rows) * (encoder + decoder).reduce(0) { $0 + Double($1) }
  }

  /// In single precision: a parameter has a gradient and two moments, and saving holds all but the
  /// gradient twice more, so that an average counts three times; an activation has a gradient.
  private var bytes: Double {
    4 * ((isAveraged ? 13 : 10) * parameters + 2 * activations)
  }

  /// Refuses a model for which this machine is too small.
  func check() throws {
    let machine = Double(sysconf(Int32(_SC_PHYS_PAGES))) * Double(sysconf(Int32(_SC_PAGESIZE)))
    if bytes > machine { throw TooLargeModel(bytes: bytes, machine: machine) }
  }
}

/// A model for which this machine is too small.
struct TooLargeModel: Error, CustomStringConvertible {
  let bytes: Double
  let machine: Double

  var description: String {
    "training needs about \((bytes / 1e9).fixed(0)) GB of memory where this machine has "
      + "\((machine / 1e9).fixed(0)) GB; choose a smaller --hidden, --latent or --batch-size"
  }
}
