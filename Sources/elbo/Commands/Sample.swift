// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Formats
internal import VariationalInference

/// Data that the model dreams up.
struct Sample: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Draws from the prior, decoded: pictures, rows of a table, or an array.",
    discussion: """
      z is drawn from N(0, I), and the expected x of p(x|z) is shown; --draw draws x itself. Images \
      become pictures, a table's rows a .csv with its columns, units and levels, anything else a .npy.

        elbo sample runs/<run>
        elbo sample runs/<run> --count 1000 --draw --output new-patients.csv
        elbo sample runs/<run> --condition 3              of a model with a condition
      """)

  @OptionGroup var model: ModelOption
  @OptionGroup var output: PictureOutput

  @Option(parsing: .unconditional, help: "How many examples.")
  var count = 64

  @Flag(help: "Draw x from p(x|z) instead of showing its mean.")
  var draw = false

  @Option(
    help: "What the model is given: a value for each of its conditions, as in 3 or male,41.5.")
  var condition: String?

  @Option(
    parsing: .unconditional,
    help: "Of models of counts that are given each row's total: that total. (default: 100)")
  var total: Int?

  @Option(parsing: .unconditional, help: "Decides the draws.")
  var seed: UInt64 = 0

  func validate() throws {
    try require(count, "--count", atMost: 100_000)
    try require(total, "--total", atMost: 1_000_000_000)
  }

  func run() throws {
    let loaded = try model.load()
    func write(_ model: some DescribedAutoencoder<Float>) throws {
      let rows = DecodedRows(count, of: model.architecture) { block in
        let given = try loaded.given(condition, total: total, count: block.count)
        return draw
          ? model.simulate(block, given, seed: seed).x
          : model.decode(model.priorDraws(block, seed: seed), given)
      }
      if let table = model.likelihoodKind.table {
        try output.write(rows, as: table, isDrawn: draw, model: loaded)
      } else if loaded.isOfImages {
        try output.write(
          rows, title: "Draws from the prior, decoded", name: "samples", model: loaded)
      } else {
        try output.write(rows, model: loaded)
      }
    }
    try write(loaded.model)
  }
}
