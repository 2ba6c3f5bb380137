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
    _ rows: DecodedRows, as table: TableSchema, isDrawn: Bool, model: ModelOption.Loaded
  ) throws {
    let target = try file("samples", ending: "csv", model)
    let names = table.columns.map(\.name)
    try AtomicFile.write(to: target) { file in
      try file.write(CSV.encoded([names]))
      try rows.forEachBlock(of: model.path, "numbers") { block in
        let (numbers, width) = (block.doubles, table.width)
        let lines = stride(from: 0, to: numbers.count, by: width).map { first in
          table.cells(
            of: Array(numbers[first..<first + width]), isSingle: true, roundingCounts: isDrawn)
        }
        try file.write(CSV.encoded(lines))
      }
    }
    Terminal.line(
      "Wrote \(target): \(rows.count.grouped) \(rows.count.noun("row")) of "
        + names.count.counted("column"))
  }

  /// Writes numbers that are no pictures as .npy, and says where.
  func write(_ rows: DecodedRows, model: ModelOption.Loaded) throws {
    let target = try file("samples", ending: "npy", model)
    let shape = [rows.count, rows.width]
    try writeNumbers(rows, "numbers", shape: shape, to: target, model)
    Terminal.line("Wrote \(target): \(shape)")
  }

  private func writeNumbers(
    _ rows: DecodedRows, _ what: String, shape: [Int], to target: String,
    _ model: ModelOption.Loaded
  ) throws {
    try NPY.write(shape: shape, to: target) { file in
      try rows.forEachBlock(of: model.path, what) { try file.write($0.scalars) }
    }
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

  /// Writes images as a square grid of those for which there is room, or their numbers, and says where.
  func write(
    _ rows: DecodedRows, title: String, name: String, model: ModelOption.Loaded
  ) throws {
    try write(rows, name: name, model: model) {
      let tiles = PictureTiles(model.imageSize, count: rows.count)
      var pixels: [UInt8] = []
      // No more than it shows: the first rows do not depend on how many there are.
      try rows.first(tiles.count).forEachBlock(of: model.path, "pixels") {
        pixels += try tiles.shown($0)
      }
      return ImageGrid(title: title, subtitle: model.summary, pixels: pixels, tiles: tiles)
    }
  }

  /// Writes a figure or the numbers of its images, and says where; the figure is made where it is
  /// needed.
  func write(
    _ rows: DecodedRows, name: String, model: ModelOption.Loaded,
    figure: () throws -> ImageGrid
  ) throws {
    let target = output ?? model.run?.figures ?? "."
    if output != nil { try Files.createFolder(Files.parent(of: target)) }
    if target.hasSuffix(".npy") {
      let (height, width, channels) = model.imageSize
      let shape = [rows.count, height, width] + (channels == 1 ? [] : [channels])
      try writeNumbers(rows, "pixels", shape: shape, to: target, model)
    } else if target.hasSuffix(".svg") {
      try AtomicFile.write(Array(try figure().svg().utf8), to: target)
    } else if target.hasSuffix(".png") {
      try AtomicFile.write(try figure().png(), to: target)
    } else {
      try Files.createFolder(target)
      let paths = try Figures.write(try figure(), to: target, name: name)
      return Terminal.line("Wrote \(paths.joined(separator: " and "))")
    }
    Terminal.line("Wrote \(target)")
  }
}
