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
      from 0 to 1, [count, height, width]); a .csv where the data are a table. (default: the run's \
      figures folder, else here)
      """, completion: .file())
  var output: String?

  func validate() throws {
    try require(output, "--output")
    let foreign = [".jpg", ".jpeg", ".gif", ".webp", ".pdf", ".eps", ".tif", ".tiff", ".npz"]
    if let output, foreign.contains(where: output.lowercased().hasSuffix) {
      throw ValidationError(
        "--output \(output): a folder, or a file ending in .svg, .png or .npy is expected")
    }
  }

  /// Writes rows of a table as CSV, and says where.
  func write(
    _ rows: Tensor<Float>, as table: TableSchema, isDrawn: Bool, model: ModelOption.Loaded
  ) throws {
    if rows.firstNonFinite != nil { throw UndefinedResult(model: model.path, what: "numbers") }
    let target = try file("samples", ending: "csv", model)
    let width = table.width
    let numbers = rows.doubles
    let cells = (0..<rows.shape[0]).map { row in
      table.cells(
        of: Array(numbers[row * width..<(row + 1) * width]), isSingle: true,
        roundingCounts: isDrawn)
    }
    let csv = CSV(columns: table.columns.map(\.name), rows: cells)
    try AtomicFile.write(csv.encoded(), to: target)
    Terminal.line(
      "Wrote \(target): \(rows.shape[0].grouped) \(rows.shape[0].noun("row")) "
        + "of \(cells[0].count.counted("column"))"
    )
  }

  /// Writes numbers that are no pictures as .npy, and says where.
  func write(_ rows: Tensor<Float>, model: ModelOption.Loaded) throws {
    if rows.firstNonFinite != nil { throw UndefinedResult(model: model.path, what: "numbers") }
    let target = try file("samples", ending: "npy", model)
    try NPY(shape: rows.shape, .float32(rows.scalars)).write(to: target)
    Terminal.line("Wrote \(target): \(rows.shape)")
  }

  /// The file that --output names, or one of that name in the folder.
  private func file(
    _ name: String, ending: String, _ model: ModelOption.Loaded
  ) throws -> String {
    let target = output ?? model.run?.path ?? "."
    if target.hasSuffix(".\(ending)") {
      try Files.createFolder(Files.parent(of: target))
      return target
    }
    if [".svg", ".png", ".npy", ".csv"].contains(where: target.hasSuffix) {
      throw ValidationError(
        "--output \(target): these data are no images; a folder or a file ending in .\(ending) is "
          + "expected")
    }
    try Files.createFolder(target)
    return "\(target)/\(name).\(ending)"
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
