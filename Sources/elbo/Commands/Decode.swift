// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Formats
internal import VariationalInference

/// Latent variables made visible.
struct Decode: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract:
      "Latent variables read from a .npy file, decoded: pictures, rows of a table, or an array.",
    discussion: """
      The file holds an array [count, latent], or what 'elbo encode' wrote, [count, 2 + draws, \
      latent], of which the means are decoded.
      """)

  @OptionGroup var model: ModelOption

  @Argument(help: "The .npy file of latent variables.", completion: .file())
  var latents: String

  @OptionGroup var output: PictureOutput

  @Option(
    help: "What the model is given: a value for each of its conditions, as in 3 or male,41.5.")
  var condition: String?

  @Option(
    parsing: .unconditional,
    help: "Of models of counts that are given each row's total: that total. (default: 100)")
  var total: Int?

  func run() throws {
    let loaded = try model.load()
    let z = try readLatents(loaded)
    let rows = DecodedRows(z.shape[0], of: loaded.model.architecture) { block in
      let given = try loaded.given(condition, total: total, count: block.count)
      return loaded.model.decode(z.slice(block), given)
    }
    if let table = loaded.model.likelihoodKind.table {
      return try output.write(rows, as: table, isDrawn: false, model: loaded)
    }
    if !loaded.isOfImages { return try output.write(rows, model: loaded) }
    try output.write(
      rows, title: "Decoded \(Files.name(of: latents))", name: "decoded", model: loaded)
  }

  private func readLatents(_ loaded: ModelOption.Loaded) throws -> Tensor<Float> {
    // The file, its numbers as they are and in single precision, of which a byte becomes four.
    try MemoryNeed(
      work: "reading '\(latents)'", bytes: 10 * Double(Files.size(latents) ?? 0),
      advice: "decode it in parts"
    ).check()
    let array = try NPY.read(latents)
    let latent = loaded.model.latentDimension
    let isEncoded = array.shape.count == 3 && array.shape[1] >= 2
    guard array.shape.last == latent, array.shape.count == 2 || isEncoded, array.shape[0] > 0 else {
      throw LatentShapeError(path: latents, found: array.shape, latent: latent)
    }
    let values = Tensor<Float>(array.floats, shape: array.shape)
    if values.firstNonFinite != nil { throw LatentShapeError(path: latents, latent: latent) }
    return isEncoded
      ? values.slice(0..<1, along: 1).reshaped(to: [array.shape[0], latent]) : values
  }
}

/// An array that does not hold latent variables of the model.
struct LatentShapeError: Error, CustomStringConvertible {
  let path: String
  /// Nil where the shape is right but a number is not finite.
  var found: [Int]?
  let latent: Int

  var description: String {
    guard let found else {
      return "'\(path)' holds infinite or undefined numbers; encode the data again"
    }
    return "'\(path)' has shape \(found) where [count, \(latent)] or [count, 2 + draws, \(latent)]"
      + " is expected, at least one row; encode the data with this model"
  }
}

extension NPY {
  /// The elements in single precision.
  var floats: [Float] {
    switch elements {
    case .float32(let values): values
    case .float64(let values): values.map { Float($0) }
    case .uint8(let values): values.map { Float($0) }
    case .integers(let values): values.map { Float($0) }
    }
  }
}
