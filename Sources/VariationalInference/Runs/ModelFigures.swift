// SPDX-License-Identifier: Apache-2.0

package import Figures
internal import Formats
internal import Tensors

/// The pictures of a trained model.
package struct ModelFigures: Sendable {
  let model: VariationalAutoencoder<Float>
  let test: ImageDataset
  /// How pixels become data, and the seed of all draws.
  let binarization: Binarization
  let seed: UInt64
  /// One line under each headline: what was trained on what.
  let subtitle: String

  package init(
    model: VariationalAutoencoder<Float>, test: ImageDataset, binarization: Binarization,
    seed: UInt64, subtitle: String
  ) {
    self.model = model
    self.test = test
    self.binarization = binarization
    self.seed = seed
    self.subtitle = subtitle
  }

  /// Test images above the decoder's mean at the posterior mean, and those means, `[count, data]`.
  package func reconstructions(count: Int = 32) -> (figure: ImageGrid, intensities: Tensor<Float>) {
    let shown = test.prefix(count)
    let source = ExampleSource.evaluation(shown, binarization, seed: seed)
    let originals: Tensor<Float> = source.pixels(0..<shown.count)
    let decoded = model.decode(model.posterior(given: originals).mean)
    let columns = min(16, shown.count)
    let pixels = Self.interleaved(
      originals.greyBytes, decoded.greyBytes, rowBytes: columns * test.pixelsPerImage)
    let figure = ImageGrid(
      title: "Reconstructions of test images", subtitle: subtitle, pixels: pixels,
      imageWidth: test.width, imageHeight: test.height, columns: columns,
      rowLabels: ["original", "reconstruction"], rowsPerGroup: 2)
    return (figure, decoded)
  }

  /// A row of the first, a row of the second, and so on.
  private static func interleaved(_ a: [UInt8], _ b: [UInt8], rowBytes: Int) -> [UInt8] {
    stride(from: 0, to: a.count, by: rowBytes).flatMap { start in
      let row = start..<min(start + rowBytes, a.count)
      return Array(a[row]) + Array(b[row])
    }
  }

  /// Draws from the prior, decoded.
  package func samples(count: Int = 64) -> ImageGrid {
    Self.samples(
      model.sample(count: count, seed: seed), height: test.height, width: test.width,
      subtitle: subtitle)
  }

  /// Decoded latent variables as a square grid.
  package static func samples(
    _ intensities: Tensor<Float>, height: Int, width: Int,
    title: String = "Draws from the prior, decoded", subtitle: String
  ) -> ImageGrid {
    let count = intensities.shape[0]
    let columns = (1...count).first { $0 * $0 >= count } ?? 1
    return ImageGrid(
      title: title, subtitle: subtitle, pixels: intensities.greyBytes, imageWidth: width,
      imageHeight: height, columns: columns)
  }

  /// Writes all pictures of a run, each as SVG and PNG.
  package func writeAll(_ epochs: [EpochMetrics], to folder: String, workers: WorkerPool) throws {
    try Files.createFolder(folder)
    try write(reconstructions().figure, to: folder, name: "reconstructions")
    try write(samples(), to: folder, name: "samples")
    try write(epochs.curves(subtitle: subtitle), to: folder, name: "curves")
    try write(latentPlane(workers: workers), to: folder, name: "latent")
  }

  /// Posterior means of test images in two dimensions, coloured by label.
  package func latentPlane(count: Int = 5000, workers: WorkerPool) -> ScatterChart {
    let shown = test.prefix(count)
    let means = model.encode(shown, binarization: binarization, seed: seed, workers: workers)
      .mean.converted(to: Double.self)
    let plane = PlaneProjection(means)
    return ScatterChart(
      title: "Posterior means of \(shown.count) test images", subtitle: subtitle,
      x: plane.x, y: plane.y, classes: (shown.labels ?? []).map(Int.init),
      xLabel: plane.xLabel, yLabel: plane.yLabel)
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
