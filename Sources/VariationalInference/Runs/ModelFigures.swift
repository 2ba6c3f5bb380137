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

  /// Test images above the decoder's mean at the posterior mean, and those means, `[count, data]`.
  ///
  /// - Precondition: The data are images.
  package func reconstructions(
    count: Int = 32
  ) throws -> (figure: ImageGrid, intensities: Tensor<Float>) {
    let shown = min(count, test.count)
    let batch = try model.batch(of: test, 0..<shown, seed: seed)
    let decoded = model.decode(model.posterior(given: batch).mean, batch)
    guard let originals = batch.rows(.data, of: model.reads) else {
      preconditionFailure("a model that reads no data has no reconstructions")
    }
    let columns = min(16, shown)
    let size = imageSize
    let pixels = Self.interleaved(
      originals.greyBytes, decoded.greyBytes,
      rowBytes: columns * size.height * size.width * size.channels)
    let figure = ImageGrid(
      title: "Reconstructions of test images", subtitle: subtitle, pixels: pixels,
      imageWidth: size.width, imageHeight: size.height, imageChannels: size.channels,
      columns: columns, rowLabels: ["original", "reconstruction"], rowsPerGroup: 2)
    return (figure, decoded)
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

  /// Draws from the prior, decoded; under the conditions of the first examples where the model reads
  /// conditions.
  package func samples(count: Int = 64) throws -> ImageGrid {
    let shown = min(count, test.count)
    let batch = try model.batch(of: test, 0..<shown, seed: seed)
    return ImageGrid(
      samples: model.sample(count: shown, batch, seed: seed), size: imageSize, subtitle: subtitle)
  }

  /// Writes all pictures of a run, each as SVG and PNG: those of images where the data are images.
  package func writeAll(_ epochs: [EpochMetrics], to folder: String, workers: WorkerPool) throws {
    try Files.createFolder(folder)
    if test.imageSize(of: model) != nil {
      try write(reconstructions().figure, to: folder, name: "reconstructions")
      try write(samples(), to: folder, name: "samples")
    }
    try write(epochs.curves(subtitle: subtitle), to: folder, name: "curves")
    try write(latentPlane(workers: workers), to: folder, name: "latent")
  }

  /// Posterior means of test examples in two dimensions, coloured by label.
  package func latentPlane(count: Int = 5000, workers: WorkerPool) throws -> ScatterChart {
    let shown = test.prefix(count)
    let means = try model.encode(shown, seed: seed, workers: workers)
      .mean.converted(to: Double.self)
    let plane = PlaneProjection(means)
    let isImages = test.imageSize(of: model) != nil
    return ScatterChart(
      title: "Posterior means of \(shown.count) test \(isImages ? "images" : "examples")",
      subtitle: subtitle, x: plane.x, y: plane.y, classes: shown.labels,
      xLabel: plane.xLabel, yLabel: plane.yLabel)
  }
}

extension Dataset {
  /// Rows, columns and channels of the one field that a model is a density of, where it is of images.
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

extension ImageGrid {
  /// Decoded latent variables, `[count, height x width x channels]`, as a square grid.
  package init(
    samples intensities: Tensor<Float>, size: (height: Int, width: Int, channels: Int),
    title: String = "Draws from the prior, decoded", subtitle: String
  ) {
    let count = intensities.shape[0]
    let columns = (1...count).first { $0 * $0 >= count } ?? 1
    self.init(
      title: title, subtitle: subtitle, pixels: intensities.greyBytes, imageWidth: size.width,
      imageHeight: size.height, imageChannels: size.channels, columns: columns)
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
