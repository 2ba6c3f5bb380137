// SPDX-License-Identifier: Apache-2.0

internal import Figures
internal import Formats
internal import VariationalInference

/// The pictures of `elbo evidence`.
struct EvidenceFigures<Model: DescribedAutoencoder> where Model.Scalar == Float {
  let results: EvidenceResults
  let model: Model
  let subtitle: String

  /// Writes what there is to draw, and returns the paths.
  ///
  /// - Throws: `CancellationError` where a signal asks the command to end; no file is half written.
  func write(to folder: String) throws -> [String] {
    try Files.createFolder(folder)
    var paths: [String] = []
    func write(_ name: String, _ figure: () throws -> (some Figure)?) throws {
      if Interrupt.signalNumber != nil { throw CancellationError() }
      guard let figure = try figure() else { return }
      paths += try Figures.write(figure, to: folder, name: name)
    }
    try write("evidence-ladder") { ladder }
    try write("evidence-sandwich") { sandwich }
    try write("kl-per-dimension") { divergences }
    try write("worst-images") { try worst }
    return paths
  }

  /// Rungs of one set of images. The images differ by far more than the bounds on one image do, but
  /// all bounds have the images in common: a bar is the error of the difference from the best lower
  /// bound, image by image.
  private func rungs(
    _ lower: [EvidenceBound], _ upper: [EvidenceBound] = [], best: EvidenceBound
  ) -> [LadderChart.Bound] {
    func rung(_ bound: EvidenceBound, _ kind: LadderChart.Kind) -> LadderChart.Bound {
      LadderChart.Bound(
        bound.name, bound.estimate.mean,
        standardError: bound.difference(from: best).standardError, kind: kind)
    }
    return lower.map { rung($0, .lower) } + upper.map { rung($0, .upper) }
  }

  private func caption(_ images: String, best: String) -> String {
    "\(images); seed \(results.plan.seed). Bars: two standard errors of the difference from \(best), "
      + "\(results.noun) by \(results.noun)."
  }

  /// L[q], L[q*], IWAE-K, AIS, on the images that all have in common.
  private var ladder: LadderChart? {
    let bounds = results.bounds
    guard let best = bounds.best, bounds.lower.count > 1 else { return nil }
    // L[q] once, from the more draws.
    let lower = bounds.compared.filter { $0.method != .elbo || $0 == bounds.own }
    let images =
      "\(results.data.name), \(results.words(ofFirst: bounds.comparedExamples)); "
      + results.meaning
    return LadderChart(
      title: "Lower bounds of log p(x)", subtitle: subtitle,
      caption: caption(images, best: best.name), bounds: rungs(lower, best: best),
      unit: "nats per \(results.noun)")
  }

  private var sandwich: LadderChart? {
    let bounds = results.bounds
    guard let best = bounds.sandwich?.lower else { return nil }
    let images =
      "\(results.plan.simulated) \(results.noun)s simulated from the model; "
      + results.annealingWords
    return LadderChart(
      title: "log p(x) from both sides", subtitle: subtitle,
      caption: caption(images, best: best.name),
      bounds: rungs(
        bounds.simulatedLower, bounds.simulatedUpper.filter { $0.method == .reverseAnnealing },
        best: best), unit: "nats per \(results.noun)")
  }

  private var divergences: BarChart? {
    guard let health = results.health else { return nil }
    return BarChart(
      title: "KL of each latent dimension", subtitle: subtitle,
      caption:
        "\(results.data.name) \(results.data.split), all \(results.data.count) \(results.noun)s; "
        + "\(health.activeUnits) of \(health.activity.count.counted("dimension")) are active.",
      bars: health.divergencePerDimension.enumerated().map { index, kl in
        BarChart.Bar("z[\(index)]", kl.mean, error: kl.standardError)
      }, valueLabel: "KL(q(z|x) || p(z)), nats per \(results.noun)", nameLabel: "latent dimension",
      order: .descending)
  }

  /// The images on which the ELBO is furthest below the best lower bound, with their
  /// reconstructions; nil where the data are no images.
  private var worst: ImageGrid? {
    get throws {
      guard let best = results.bounds.best, let gaps = results.bounds.inferenceGap,
        let size = results.data.imageSize(of: model)
      else { return nil }
      // In one row, original over reconstruction.
      let most = PictureTiles(size, count: 16, copies: 2, columns: 16).columns
      let order = gaps.indices.sorted { gaps[$0] > gaps[$1] }.prefix(most)
      let tiles = PictureTiles(size, count: order.count, copies: 2, columns: order.count)
      var (originals, decoded): ([UInt8], [UInt8]) = ([], [])
      let examples = results.examples(gaps.count)
      for image in order {
        let batch = try model.batch(
          of: results.data, [examples[image]], seed: results.plan.seed)
        originals += batch.rows(.data, of: model.reads).map { tiles.shown($0.greyBytes) } ?? []
        decoded += tiles.shown(
          model.decode(model.posterior(given: batch).mean, batch).greyBytes)
      }
      return ImageGrid(
        title: "Where the ELBO is furthest below \(best.name)", subtitle: subtitle,
        caption:
          "Widest first, of \(results.words(ofFirst: gaps.count)): \(gaps[order[0]].fixed(1)) "
          + "to \(gaps[order[order.count - 1]].fixed(1)) nats.",
        pixels: originals + decoded, tiles: tiles, rowLabels: ["image", "reconstruction"])
    }
  }
}
