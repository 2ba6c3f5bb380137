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
  func write(to folder: String) throws -> [String] {
    try Files.createFolder(folder)
    var paths: [String] = []
    if let chart = ladder {
      paths += try Figures.write(chart, to: folder, name: "evidence-ladder")
    }
    if let chart = sandwich {
      paths += try Figures.write(chart, to: folder, name: "evidence-sandwich")
    }
    if let chart = divergences {
      paths += try Figures.write(chart, to: folder, name: "kl-per-dimension")
    }
    if let grid = try worst { paths += try Figures.write(grid, to: folder, name: "worst-images") }
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
      caption: caption(images, best: best.name), bounds: rungs(lower, best: best))
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
        best: best))
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
      }, valueLabel: "KL(q(z|x) || p(z)), nats per image", nameLabel: "latent dimension",
      order: .descending)
  }

  /// The images on which the ELBO is furthest below the best lower bound, with their reconstructions; nil
  /// where the data are no images.
  private var worst: ImageGrid? {
    get throws {
      guard let best = results.bounds.best, let gaps = results.bounds.inferenceGap,
        let size = results.data.imageSize(of: model)
      else { return nil }
      let order = gaps.indices.sorted { gaps[$0] > gaps[$1] }.prefix(16)
      var (originals, decoded): ([UInt8], [UInt8]) = ([], [])
      let examples = results.examples(gaps.count)
      for image in order {
        let batch = try model.batch(
          of: results.data, [examples[image]], seed: results.plan.seed)
        originals += batch.rows(.data, of: model.reads)?.greyBytes ?? []
        decoded += model.decode(model.posterior(given: batch).mean, batch).greyBytes
      }
      return ImageGrid(
        title: "Where the ELBO is furthest below \(best.name)", subtitle: subtitle,
        caption:
          "Widest first, of \(results.words(ofFirst: gaps.count)): \(gaps[order[0]].fixed(1)) "
          + "to \(gaps[order[order.count - 1]].fixed(1)) nats.",
        pixels: originals + decoded, imageWidth: size.width, imageHeight: size.height,
        imageChannels: size.channels, columns: order.count,
        rowLabels: ["image", "reconstruction"])
    }
  }
}
