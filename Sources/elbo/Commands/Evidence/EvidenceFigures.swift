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
  /// all bounds have the images in common: a bar is the error of the difference from the last but
  /// `above` rungs, image by image.
  private func rungs(
    _ bounds: [(name: String, values: [Double]?)], above: Int = 0
  ) -> [LadderChart.Bound] {
    let known = bounds.compactMap { bound in bound.values.map { (name: bound.name, values: $0) } }
    guard known.count > 1 + above else { return [] }
    let best = known[known.count - 1 - above].values
    return known.enumerated().map { index, bound in
      let error = Estimate(zip(bound.values, best).map { $0 - $1 }).standardError
      return LadderChart.Bound(
        bound.name, Estimate(bound.values).mean, standardError: error,
        kind: index < known.count - above ? .lower : .upper)
    }
  }

  private func caption(_ images: String, best: String) -> String {
    "\(images); seed \(results.plan.seed). Bars: two standard errors of the difference from \(best), "
      + "image by image."
  }

  /// L[q], L[q*], IWAE-K, AIS: on the images of the gaps where there are any, so that all rungs are
  /// of the same images.
  private var ladder: LadderChart? {
    let plan = results.plan
    let count = results.gaps == nil ? plan.limit : plan.gapImages
    func some(_ values: [Double]?) -> [Double]? { values.map { Array($0.prefix(count)) } }
    let bounds = rungs(
      [("ELBO, L[q]", results.gaps?.bound ?? some(results.elboOfLimit))]
        + (results.gaps?.optimised ?? []).map { ("L[q*] \($0.family.rawValue)", $0.bound) }
        + [
          ("IWAE-\(plan.importanceSamples)", some(results.iwae?.bound)),
          ("AIS", some(results.ais?.bound)),
        ])
    guard let best = bounds.last?.name else { return nil }
    let images =
      "\(results.data.name) \(results.data.split), the first \(count) images; "
      + results.data.meaning
    return LadderChart(
      title: "Lower bounds of log p(x)", subtitle: subtitle, caption: caption(images, best: best),
      bounds: bounds)
  }

  private var sandwich: LadderChart? {
    guard let simulated = results.simulated else { return nil }
    let images =
      "\(results.plan.simulated) images simulated from the model; "
      + results.annealingWords
    return LadderChart(
      title: "log p(x) from both sides", subtitle: subtitle, caption: caption(images, best: "AIS"),
      bounds: rungs(
        [
          ("ELBO, L[q]", simulated.elbo), ("AIS", simulated.bounds.lower.bound),
          ("reverse AIS", simulated.bounds.upper.bound),
        ], above: 1))
  }

  private var divergences: BarChart? {
    guard let health = results.health else { return nil }
    return BarChart(
      title: "KL of each latent dimension", subtitle: subtitle,
      caption:
        "\(results.data.name) \(results.data.split), all \(results.data.count) images; "
        + "\(health.activeUnits) of \(health.activity.count) dimensions are active.",
      bars: health.divergencePerDimension.enumerated().map { index, kl in
        BarChart.Bar("z[\(index)]", kl.mean, error: kl.standardError)
      }, valueLabel: "KL(q(z|x) || p(z)), nats per image", nameLabel: "latent dimension",
      order: .descending)
  }

  /// The images on which the ELBO is furthest below the best lower bound, with their reconstructions; nil
  /// where the data are no images.
  private var worst: ImageGrid? {
    get throws {
      guard let best = results.ais?.bound ?? results.iwae?.bound, let elbo = results.elboOfLimit,
        let size = results.data.imageSize(of: model)
      else { return nil }
      let gaps = zip(best, elbo).map { $0 - $1 }
      let order = gaps.indices.sorted { gaps[$0] > gaps[$1] }.prefix(16)
      var (originals, decoded): ([UInt8], [UInt8]) = ([], [])
      for image in order {
        let batch = try model.batch(
          of: results.data, image..<image + 1, seed: results.plan.seed)
        originals += batch.rows(.data, of: model.reads)?.greyBytes ?? []
        decoded += model.decode(model.posterior(given: batch).mean, batch).greyBytes
      }
      return ImageGrid(
        title: "Where the ELBO is furthest below log p(x)", subtitle: subtitle,
        caption:
          "Widest first, of the first \(results.plan.limit) images: \(gaps[order[0]].fixed(1)) "
          + "to \(gaps[order[order.count - 1]].fixed(1)) nats.",
        pixels: originals + decoded, imageWidth: size.width, imageHeight: size.height,
        imageChannels: size.channels, columns: order.count,
        rowLabels: ["image", "reconstruction"])
    }
  }
}
