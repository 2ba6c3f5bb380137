// SPDX-License-Identifier: Apache-2.0

package import Figures
internal import Formats
internal import Tensors

/// The pictures of a trained model.
package struct ModelFigures<Model: MeasurableAutoencoder>: Sendable where Model.Scalar == Float {
  let model: Model
  let test: any Dataset
  /// The seed of all draws.
  let seed: UInt64
  /// One line under each headline: what was trained on what.
  let subtitle: String

  package init(model: Model, test: any Dataset, seed: UInt64, subtitle: String) {
    self.model = model
    self.test = test
    self.seed = seed
    self.subtitle = subtitle
  }

  /// Test images above the decoder's mean at the posterior mean.
  ///
  /// Memory is bounded, whatever the images: they are worked on by small blocks, and the grid is
  /// ``PictureTiles``.
  ///
  /// - Parameters:
  ///   - count: How many images; fewer where the data or the grid have room for fewer.
  ///   - proceed: Asked before each block; false ends the work.
  /// - Returns: The picture.
  /// - Precondition: The data are images.
  /// - Throws: `CancellationError` where `proceed` says so; ``UndefinedPixels``.
  package func reconstructions(
    count: Int = 32, proceed: FigureCheck? = nil
  ) throws -> ImageGrid {
    let tiles = PictureTiles(imageSize, count: min(count, test.count), copies: 2, columns: 16)
    var (originals, decoded): ([UInt8], [UInt8]) = ([], [])
    for block in blocks(of: tiles) {
      try proceed.ask()
      let batch = try model.batch(of: test, block, seed: seed)
      guard let images = batch.rows(.data, of: model.reads) else {
        preconditionFailure("a model that reads no data has no reconstructions")
      }
      originals += try tiles.shown(images)
      decoded += try tiles.shown(model.decode(model.posterior(given: batch).mean, batch))
    }
    let pixels = Self.interleaved(
      originals, decoded,
      rowBytes: tiles.columns * tiles.height * tiles.width * tiles.size.channels)
    return ImageGrid(
      title: "Reconstructions of test images", subtitle: subtitle, pixels: pixels, tiles: tiles,
      rowLabels: ["original", "reconstruction"], rowsPerGroup: 2)
  }

  /// So many images at a time that all their pixels take some 16 MB.
  private func blocks(of tiles: PictureTiles) -> [Range<Int>] {
    let pixels = tiles.size.height * tiles.size.width * tiles.size.channels
    let step = max(1, (1 << 22) / pixels)
    return stride(from: 0, to: tiles.count, by: step).map { $0..<min($0 + step, tiles.count) }
  }

  /// Rows, columns and channels of the field that the model is a density of.
  private var imageSize: (height: Int, width: Int, channels: Int) {
    guard let size = test.imageSize(of: model) else {
      preconditionFailure("the data '\(test.name)' are no images")
    }
    return size
  }

  /// A row of the first, a row of the second, and so on.
  private static func interleaved(_ a: [UInt8], _ b: [UInt8], rowBytes: Int) -> [UInt8] {
    stride(from: 0, to: a.count, by: rowBytes).flatMap { start in
      let row = start..<min(start + rowBytes, a.count)
      return Array(a[row]) + Array(b[row])
    }
  }

  /// Draws from the prior, decoded; under the conditions of the first examples where the model
  /// reads conditions.
  ///
  /// - Parameters:
  ///   - count: How many; fewer where the data or the grid have room for fewer.
  ///   - proceed: Asked before each block; false ends the work.
  /// - Returns: The picture.
  /// - Precondition: The data are images.
  /// - Throws: `CancellationError` where `proceed` says so; ``UndefinedPixels``.
  package func samples(count: Int = 64, proceed: FigureCheck? = nil) throws -> ImageGrid {
    let tiles = PictureTiles(imageSize, count: min(count, test.count))
    let z = model.priorDraws(count: tiles.count, seed: seed)
    let hasConditions = model.reads.contains { $0.role == .condition }
    var pixels: [UInt8] = []
    for block in blocks(of: tiles) {
      try proceed.ask()
      let given = hasConditions ? try model.batch(of: test, block, seed: seed) : nil
      pixels += try tiles.shown(model.decode(z.slice(block, along: 0), given))
    }
    return ImageGrid(
      title: "Draws from the prior, decoded", subtitle: subtitle, pixels: pixels, tiles: tiles)
  }

  /// Writes all pictures of a run, each as SVG and PNG: those of images where the data are images.
  ///
  /// A picture that cannot be drawn takes nothing else along: the others are drawn all the same.
  ///
  /// - Parameters:
  ///   - epochs: Of the run.
  ///   - folder: For the pictures; made where there is none.
  ///   - workers: The threads to use.
  ///   - proceed: Asked before each picture and within; false ends the work. No file is then half
  ///     written.
  /// - Returns: What could not be drawn.
  /// - Throws: `CancellationError` where `proceed` says so, and nothing else.
  package func writeAll(
    _ epochs: [EpochMetrics], to folder: String, workers: WorkerPool, proceed: FigureCheck? = nil
  ) throws -> [FigureFault] {
    var faults: [FigureFault] = []
    func write(_ name: String, _ figure: () throws -> some Figure) throws {
      try proceed.ask()
      do {
        let drawn = try figure()
        try proceed.ask()
        try Files.createFolder(folder)
        try Figures.write(drawn, to: folder, name: name)
      } catch let error as CancellationError {
        throw error
      } catch {
        faults.append(FigureFault(name: name, reason: "\(error)"))
      }
    }
    if test.imageSize(of: model) != nil {
      try write("reconstructions") { try reconstructions(proceed: proceed) }
      try write("samples") { try samples(proceed: proceed) }
    }
    try write("curves") { epochs.curves(subtitle: subtitle, noun: test.exampleNoun) }
    try write("latent") { try latentPlane(workers: workers) }
    return faults
  }

  /// Posterior means of test examples in two dimensions, coloured by label.
  package func latentPlane(count: Int = 5000, workers: WorkerPool) throws -> ScatterChart {
    let shown = test.prefix(count)
    let means = try model.encode(shown, seed: seed, workers: workers)
      .mean.converted(to: Double.self)
    if means.firstNonFinite != nil { throw UndefinedMeans() }
    let plane = PlaneProjection(means)
    let isImages = test.imageSize(of: model) != nil
    var chart = ScatterChart(
      title: "Posterior means of \(shown.count) test \(isImages ? "images" : "examples")",
      subtitle: subtitle, x: plane.x, y: plane.y, classes: shown.labels, xLabel: plane.xLabel,
      yLabel: plane.yLabel)
    chart.caption = chart.reading
    return chart
  }
}

extension Dataset {
  /// Rows, columns and channels of the one field that a model is a density of, where it is of
  /// images.
  package func imageSize(
    of model: some JointDensity
  ) -> (height: Int, width: Int, channels: Int)? {
    let names = model.reads.names(.data)
    return names.count == 1 ? field(names[0])?.imageSize : nil
  }

  /// The class of each example, where there is a field "label"; else none.
  fileprivate var labels: [Int] {
    guard let field = field("label"), case .category(let classes) = field.kind else { return [] }
    let rows = [Float](unsafeUninitializedCapacity: count * classes) { buffer, filled in
      let target = UnsafeMutableBufferPointer(rebasing: buffer[..<(count * classes)])
      target.initialize(repeating: 0)
      write(field, of: Array(0..<count), round: .evaluation(seed: 0), to: target)
      filled = count * classes
    }
    return (0..<count).map { example in
      rows[example * classes..<(example + 1) * classes].firstIndex { $0 == 1 }
        .map { $0 - example * classes } ?? 0
    }
  }
}

/// Asked by what draws pictures whether it shall go on; false ends the work.
package typealias FigureCheck = () -> Bool

extension FigureCheck? {
  /// - Throws: `CancellationError` where the answer is false.
  func ask() throws {
    if let self, !self() { throw CancellationError() }
  }
}

/// A picture that could not be drawn.
package struct FigureFault: Sendable, Equatable, CustomStringConvertible {
  /// Of the picture, without an ending.
  package let name: String
  package let reason: String

  package var description: String { "the picture '\(name)' was not drawn: \(reason)" }
}

/// A picture whose pixels are infinite or not a number.
package struct UndefinedPixels: Error, Sendable, CustomStringConvertible {
  package var description: String {
    "the model gives pixels that are infinite or undefined"
  }
}

/// Posterior means that have no place in a plane.
package struct UndefinedMeans: Error, Sendable, CustomStringConvertible {
  package var description: String {
    "the model gives posterior means that are infinite or undefined"
  }
}

extension PictureTiles {
  /// The bytes of pictures, `[count, height x width x channels]`, as they stand in the grid.
  ///
  /// - Parameter intensities: From 0 to 1.
  /// - Returns: The bytes, picture after picture.
  /// - Throws: ``UndefinedPixels``.
  package func shown(_ intensities: Tensor<Float>) throws -> [UInt8] {
    if intensities.firstNonFinite != nil { throw UndefinedPixels() }
    let bytes = intensities.greyBytes
    let width = size.height * size.width * size.channels
    return stride(from: 0, to: bytes.count, by: width).flatMap { start in
      shown(Array(bytes[start..<start + width]))
    }
  }
}

extension ImageGrid {
  /// Decoded latent variables, `[count, height x width x channels]`, as a square grid of those for
  /// which there is room.
  ///
  /// - Parameters:
  ///   - intensities: From 0 to 1, at least as many as there is room for.
  ///   - size: Of a picture.
  ///   - given: How many there are, where only the first are decoded.
  ///   - title: The headline.
  ///   - subtitle: The line under it.
  /// - Throws: ``UndefinedPixels``.
  package init(
    samples intensities: Tensor<Float>, size: (height: Int, width: Int, channels: Int),
    given: Int? = nil, title: String = "Draws from the prior, decoded", subtitle: String
  ) throws {
    let tiles = PictureTiles(size, count: given ?? intensities.shape[0])
    self.init(
      title: title, subtitle: subtitle,
      pixels: try tiles.shown(intensities.slice(0..<tiles.count, along: 0)), tiles: tiles)
  }
}

/// Points as they are where they have up to two dimensions, else along their two principal
/// components; where there are so many dimensions that those would take longer than the training,
/// along the two coordinates of largest variance.
private struct PlaneProjection {
  let x: [Double]
  let y: [Double]
  let xLabel: String
  let yLabel: String

  private static let mostForComponents = 1000

  init(_ points: Tensor<Double>) {
    let dimension = points.shape[1]
    if dimension <= 2 {
      x = points.slice(0..<1, along: 1).scalars
      y = dimension == 2 ? points.slice(1..<2, along: 1).scalars : x.map { _ in 0 }
      (xLabel, yLabel) = ("z[0]", dimension == 2 ? "z[1]" : "")
      return
    }
    if dimension > Self.mostForComponents {
      let deviations = points - points.mean(along: 0)
      let variances = (deviations * deviations).mean(along: 0).scalars
      let widest = variances.indices.sorted { variances[$0] > variances[$1] }.prefix(2)
      let columns = widest.map { points.slice($0..<$0 + 1, along: 1).scalars }
      (x, y) = (columns[0], columns[1])
      (xLabel, yLabel) = ("z[\(widest[0])]", "z[\(widest[1])]")
      return
    }
    let components = PrincipalComponents(points)
    x = components.coordinates(of: points, along: 0)
    y = components.coordinates(of: points, along: 1)
    let total = components.variances.reduce(0, +)
    func label(_ number: Int) -> String {
      let share = total > 0 ? 100 * components.variances[number] / total : 0
      return "principal component \(number + 1) (\(Int(share.rounded())) % of the variance)"
    }
    (xLabel, yLabel) = (label(0), label(1))
  }
}
