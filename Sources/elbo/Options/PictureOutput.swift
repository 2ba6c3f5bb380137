// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Figures
internal import Formats
internal import VariationalInference

/// Where pictures go: a folder gets SVG and PNG, a file's ending says which of them, and .npy asks
/// for the numbers instead.
struct PictureOutput: ParsableArguments {
  @Option(
    name: .shortAndLong,
    help: """
      A folder for NAME.svg and NAME.png, or one file ending in .svg, .png or .npy (intensities \
      from 0 to 1, [count, height, width]). (default: the run's figures folder, else here)
      """)
  var output: String?

  func validate() throws {
    try require(output, "--output")
    let foreign = [".jpg", ".jpeg", ".gif", ".webp", ".pdf", ".eps", ".tif", ".tiff", ".npz"]
    if let output, foreign.contains(where: output.lowercased().hasSuffix) {
      throw ValidationError(
        "--output \(output): a folder, or a file ending in .svg, .png or .npy is expected")
    }
  }

  /// Writes a figure or its numbers, and says where.
  func write(
    _ figure: ImageGrid, numbers: Tensor<Float>, name: String, model: ModelOption.Loaded
  ) throws {
    if numbers.firstNonFinite != nil { throw UndefinedResult(model: model.path, what: "pixels") }
    let target = output ?? model.run?.figures ?? "."
    if output != nil { try Files.createFolder(Files.parent(of: target)) }
    if target.hasSuffix(".npy") {
      let (height, width, channels) = model.imageSize
      let pixel = channels == 1 ? [] : [channels]
      let array = NPY(
        shape: [numbers.shape[0], height, width] + pixel, .float32(numbers.scalars))
      try AtomicFile.write(array.encoded(), to: target)
    } else if target.hasSuffix(".svg") {
      try AtomicFile.write(Array(try figure.svg().utf8), to: target)
    } else if target.hasSuffix(".png") {
      try AtomicFile.write(try figure.png(), to: target)
    } else {
      try Files.createFolder(target)
      let paths = try Figures.write(figure, to: target, name: name)
      return Terminal.line("Wrote \(paths.joined(separator: " and "))")
    }
    Terminal.line("Wrote \(target)")
  }
}
