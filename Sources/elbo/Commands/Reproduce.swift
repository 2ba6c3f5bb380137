// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Formats
internal import VariationalInference

/// Runs published experiments.
struct Reproduce: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Repeat a published experiment and compare its number.",
    subcommands: [ReproduceTable.self])
}

/// Table 1 of the paper on importance-weighted autoencoders.
struct ReproduceTable: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "iwae-table1",
    abstract: "IWAE paper, table 1: MNIST, one stochastic layer, negative log-likelihood.",
    discussion: """
      Burda et al., arXiv:1509.00519: 784-200-200-50 with tanh, pixels drawn anew at each use, batches \
      of 20, stages of 1, 3, 9, ... 2,187 epochs at falling rates, 5,000 importance samples for each \
      test image. Published: 86.76 nats for k = 1, 85.54 for k = 5, 84.78 for k = 50.

      Hours of work. Ctrl-C saves; the same command goes on where it stopped, and with more --stages \
      continues a shorter run:

        elbo reproduce iwae-table1 --k 1 --stages 6
        elbo reproduce iwae-table1 --k 1
      """)

  @Option(parsing: .unconditional, help: "K, the samples of the training objective: 1 is the ELBO.")
  var k = 1

  @Option(parsing: .unconditional, help: "Stages to run, at most 8; stage i has 3^(i-1) epochs.")
  var stages = ImportanceWeightedTable.stageCount

  @Option(help: "The gradient's estimator for k > 1; the paper's is 'reparameterised'.")
  var gradient: ImportanceWeightedGradient = .reparameterised

  @Option(help: DataSource.help, completion: .file())
  var data = "mnist"

  @Option(
    name: .shortAndLong,
    help: "The run's folder, new or with this run. (default: reproductions/iwae-table1-k<k>)",
    completion: .file())
  var output: String?

  @Option(parsing: .unconditional, help: "Draws for each test image at the end.")
  var importanceSamples = 5000

  @Option(parsing: .unconditional, help: "Decides weights, order and noise.")
  var seed: UInt64 = 0

  @OptionGroup var threads: ThreadOptions

  func validate() throws {
    try require(k, "--k", atMost: 1000)
    try require(stages, "--stages", atMost: ImportanceWeightedTable.stageCount)
    try require(importanceSamples, "--importance-samples", atMost: 100_000)
    try require(data, "--data")
    try require(output, "--output")
    if k == 1, gradient != .reparameterised {
      throw ValidationError("--gradient goes with --k 5 or more; k = 1 is trained on the ELBO")
    }
  }

  func run() throws {
    let workers = threads.makeWorkers()
    let table = ImportanceWeightedTable(
      samples: k, stages: stages, gradient: gradient, seed: seed)
    let images = try DataSource.load(
      data, binarized: ImportanceWeightedTable.binarization, workers: workers
    ).parts
    let folder = RunFolder(output ?? "reproductions/iwae-table1-k\(k)")
    let run = try ReproductionRun(
      table, data: images, source: DataSource.absolute(data), folder: folder, workers: workers)
    try run.announce()
    try run.train()
    try run.judge(importanceSamples: importanceSamples)
  }
}
