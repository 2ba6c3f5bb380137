// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Formats
internal import VariationalInference

/// Models of the same data by their evidence.
struct CompareModels: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "compare-models",
    abstract: "Which of several models the data favour, by log p(x) of each.",
    discussion: """
      Fits each model as `elbo posterior` does, estimates its log evidence by importance weights and by \
      annealing, and compares those that are known in full:

        elbo compare-models linear.stan quadratic.stan --data data.json

      Evidence is known in full where all priors integrate to 1: none is flat, and a law on all \
      numbers is cut to the bounds of its parameter, as in `tau ~ normal(0, 1) T[0, ]` with \
      `real<lower=0> tau`. A difference means something only between densities of the same numbers: \
      not between a model of y and one of log(y).
      """)

  @Argument(
    help: "Two Stan programs (.stan) or more, or libraries that BridgeStan compiled (.so).",
    completion: .file())
  var models: [String]

  @Option(help: "The data of all of them: a JSON file as CmdStan takes it.", completion: .file())
  var data: String?

  @Option(parsing: .unconditional, help: "Draws of the importance weights of each.")
  var draws = 4000

  @Option(parsing: .unconditional, help: "Decides all random numbers.")
  var seed: UInt64 = 0

  @OptionGroup var stan: StanOptions

  @OptionGroup var threads: ThreadOptions

  @Flag(help: "Print one JSON object instead of text.")
  var json = false

  func validate() throws {
    guard models.count > 1 else {
      throw ValidationError("\(models.count) model: two or more are expected")
    }
    for model in models { try require(model, "MODEL") }
    try require(data, "--data")
    guard (100...1_000_000).contains(draws) else {
      throw ValidationError("--draws \(draws): a number from 100 to 1000000 is expected")
    }
  }

  func run() throws {
    Interrupt.endAtOnce()
    let display = PosteriorDisplay(isSilent: json)
    defer { display.end() }
    let workers = threads.makeWorkers()
    // All are read before the first is fitted, so that a slip in the last costs no time.
    let loaded = try models.map {
      try PosteriorModel.load($0, data: data, seed: seed, stan: stan, workers: workers)
    }
    let entries = try loaded.enumerated().map { number, model in
      ModelComparison.Entry(
        // Equal names are told apart by the way to them.
        loaded.filter { $0.name == model.name }.count > 1 ? models[number] : model.name,
        try evidence(of: model.density, display))
    }
    display.end()
    let comparison = ModelComparison(entries)
    if json {
      Terminal.write(comparison.json.pretty)
    } else {
      Terminal.block("log p(x) in nats +- standard errors; seed \(seed)\n")
      Terminal.block("\(comparison)")
    }
  }

  private func evidence(
    of density: some LogDensity, _ display: PosteriorDisplay
  ) throws -> EvidenceReport {
    var options = FitOptions(seed: seed, draws: draws)
    options.progress = { display.show($0) }
    let posterior = try density.posterior(options)
    return posterior.evidence(AnnealingOptions(seed: seed))
  }
}
