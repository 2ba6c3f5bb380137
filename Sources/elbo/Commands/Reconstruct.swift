// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import VariationalInference

/// Test images beside what the model makes of them.
struct Reconstruct: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Pictures of test images above their reconstructions.",
    discussion: "Each image is encoded, and the mean of its posterior is decoded.")

  @OptionGroup var model: ModelOption
  @OptionGroup var test: TestDataOptions
  @OptionGroup var threads: ThreadOptions
  @OptionGroup var output: PictureOutput

  @Option(parsing: .unconditional, help: "How many images.")
  var count = 32

  func validate() throws { try require(count, "--count", atMost: 100_000) }

  func run() throws {
    let loaded = try model.load()
    let images = try test.load(for: loaded, workers: threads.makeWorkers())
    if images.imageSize(of: loaded.model) == nil {
      throw NoImages(model: loaded.path, data: images.name)
    }
    func draw(_ model: some DescribedAutoencoder<Float>) throws {
      let figures = ModelFigures(
        model: model, test: images, seed: test.seed, subtitle: loaded.summary)
      let shown = min(count, images.count)
      let rows = DecodedRows(shown, of: model.architecture) { block in
        let batch = try model.batch(of: images, block, seed: test.seed)
        return model.decode(model.posterior(given: batch).mean, batch)
      }
      try output.write(rows, name: "reconstructions", model: loaded) {
        do {
          return try figures.reconstructions(count: shown)
        } catch is UndefinedPixels {
          throw UndefinedResult(model: loaded.path, what: "pixels")
        }
      }
    }
    try draw(loaded.model)
  }
}

/// Only images are shown beside their reconstructions.
struct NoImages: Error, CustomStringConvertible {
  let model: String
  let data: String

  var description: String {
    "the data '\(data)' of the model '\(model)' are no images; 'elbo score' tells how well each row is "
      + "reconstructed"
  }
}
