// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Figures
internal import VariationalInference

/// Images that the model dreams up.
struct Sample: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Pictures of draws from the prior, decoded.",
    discussion: "Shown are the expected pixels of p(x|z) for z drawn from N(0, I).")

  @OptionGroup var model: ModelOption
  @OptionGroup var output: PictureOutput

  @Option(parsing: .unconditional, help: "How many images.")
  var count = 64

  @Option(parsing: .unconditional, help: "Decides the draws.")
  var seed: UInt64 = 0

  func validate() throws { try require(count, "--count", atMost: 100_000) }

  func run() throws {
    let loaded = try model.load()
    try loaded.requireUnconditional()
    let intensities = loaded.model.sample(count: count, seed: seed)
    try output.write(
      ImageGrid(samples: intensities, size: loaded.imageSize, subtitle: loaded.summary),
      numbers: intensities, name: "samples", model: loaded)
  }
}
