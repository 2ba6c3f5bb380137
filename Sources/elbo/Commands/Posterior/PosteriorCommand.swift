// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Formats
internal import VariationalInference

/// The posterior of a model's latent variables.
struct PosteriorCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "posterior",
    abstract: "The posterior of a model, its evidence, and a verdict on both.",
    discussion: """
      Fits q, checks it by importance weights, corrects it by Markov chains where it does not fit, \
      and says which numbers to use. There is nothing to tune.

        elbo posterior list
        elbo posterior eight_schools
        elbo posterior model.stan --data data.json
        elbo posterior model.stan --data data.json --output fit
        elbo posterior eight_schools --calibrate 100

      The folder gets draws.csv, or chains/draws-1.csv and on where the draws are those of \
      chains, which ArviZ and CmdStanPy read, summary.csv, posterior.json, pictures, and starts \
      and metrics for chains of CmdStan. The exit status is 0 whatever the verdict. Stan programs \
      need a library, which `make stan` fetches.
      """)

  @Argument(
    help: """
      A Stan program (.stan), a library that BridgeStan compiled from one (.so), the name of a \
      built-in example, or 'list'.
      """, completion: .file())
  var model: String

  @Option(help: "The data of a Stan program: a JSON file as CmdStan takes it.", completion: .file())
  var data: String?

  @Option(
    help: """
      What q is: automatic, mean-field, full-rank, low-rank:RANK, laplace, pathfinder, flow:LAYERS \
      or mixture:COMPONENTS.
      """, transform: FitFamily.init(parsing:))
  var family = FitFamily.automatic

  @Option(
    parsing: .unconditional,
    help: "Draws of the check, and in draws.csv.")
  var draws = 4000

  @Option(parsing: .unconditional, help: "Decides all random numbers.")
  var seed: UInt64 = 0

  @Option(
    parsing: .unconditional,
    help: """
      Repeat the fit on so many data sets that the model draws, and say whether the truth ranks \
      among the draws as it should (simulation-based calibration).
      """)
  var calibrate: Int?

  @Option(
    help: """
      For a Stan program: one without parameters whose generated quantities draw the parameters \
      and the data of the other, under the same names. --calibrate needs it; with --output, \
      pictures show the prior by it.
      """, completion: .file())
  var simulator: String?

  @OptionGroup var stan: StanOptions

  @OptionGroup var threads: ThreadOptions

  @Option(
    name: .shortAndLong,
    help: "A folder for draws, summary, pictures and starts of chains; must be empty or new.",
    completion: .file())
  var output: String?

  @Flag(help: "Replace the files in a folder that is not empty.")
  var overwrite = false

  @Flag(help: "Print one JSON object instead of text.")
  var json = false

  func validate() throws {
    try require(model, "MODEL")
    try require(data, "--data")
    try require(output, "--output")
    guard (100...1_000_000).contains(draws) else {
      throw ValidationError("--draws \(draws): a number from 100 to 1000000 is expected")
    }
    if overwrite, output == nil { throw ValidationError("--overwrite is for --output") }
    if model == PosteriorModel.listing, data != nil || output != nil || calibrate != nil {
      throw ValidationError("'list' takes --json alone")
    }
    try require(calibrate, "--calibrate", atMost: 100_000)
    try require(simulator, "--simulator")
    try PosteriorModel.check(model, data: data, simulator: simulator, stan)
    if StanOptions.isStan(model), calibrate != nil, simulator == nil {
      throw ValidationError("--calibrate of a Stan program needs --simulator")
    }
    if simulator != nil, calibrate == nil, output == nil {
      throw ValidationError("--simulator is for --calibrate, or for the pictures of --output")
    }
  }

  func run() throws {
    if model == PosteriorModel.listing {
      if json {
        Terminal.write(PosteriorModel.examplesJSON.pretty)
      } else {
        for line in PosteriorModel.examples { Terminal.line(line) }
      }
    } else {
      Interrupt.endAtOnce()
      let folder = output.map(PosteriorFolder.init)
      try folder?.check(overwriting: overwrite)
      let workers = threads.makeWorkers()
      let loaded = try PosteriorModel.load(
        model, data: data, seed: seed, stan: stan, workers: workers)
      let simulated = try simulator.map { path in
        try loaded.simulated(path, isComplete: calibrate != nil, stan: stan, workers: workers)
      }
      // Before the fit, as a program that fails should say so at once.
      let prior =
        output == nil ? nil : try simulated?.priorQuantities(count: min(draws, 4000), seed: seed)
      let calibrated: (any SimulatableDensity)? =
        calibrate == nil ? nil : simulated ?? loaded.density as? any SimulatableDensity
      try report(loaded.density, calibrated, prior: prior ?? [:], of: loaded, in: folder)
    }
  }

  private func report(
    _ density: some LogDensity, _ simulated: (any SimulatableDensity)?,
    prior: [String: [Double]], of model: PosteriorModel, in folder: PosteriorFolder?
  ) throws {
    let display = PosteriorDisplay(isSilent: json)
    var options = FitOptions(seed: seed, draws: draws, family: family)
    options.progress = { display.show($0) }
    defer { display.end() }
    let posterior = try density.posterior(options)
    display.end()
    if !json {
      let what = model.description.map { ", \($0)" } ?? ""
      let count = density.dimension
      Terminal.line("\(model.name)\(what); \(count.grouped) \(count.noun("unknown"))")
      Terminal.block("\n\(posterior)")
    }
    options.progress = nil
    let calibration = try simulated.map { try calibrated($0, options, display) }
    if json {
      Terminal.write(posterior.json(model: model.name, calibration: calibration).pretty)
    } else if let calibration {
      Terminal.block("\n\(calibration)")
    }
    if let folder { try write(posterior, calibration, prior: prior, of: model, to: folder) }
  }

  private func calibrated(
    _ density: some SimulatableDensity, _ options: FitOptions, _ display: PosteriorDisplay
  ) throws -> Calibration {
    let count = calibrate ?? 0
    defer { display.end() }
    return try density.calibrate(simulations: count, options: options, seed: seed) { done in
      display.show(simulation: done, of: count)
      return true
    }
  }

  /// Files, and pictures beside them.
  private func write(
    _ posterior: Posterior<some LogDensity>, _ calibration: Calibration?,
    prior: [String: [Double]], of model: PosteriorModel, to folder: PosteriorFolder
  ) throws {
    // From here on files are whole or not there, and a signal waits for them.
    Interrupt.watch()
    let names = try folder.write(
      posterior, calibration, prior: prior, model: model.name, overwriting: overwrite)
    if json { return }
    Terminal.line("")
    Terminal.line("Wrote to \(folder.path): \(names.joined(separator: ", "))")
    let draws = "\"\(folder.path)/\(names[0])\""
    Terminal.line("In Python: arviz.from_cmdstan(\(draws)), cmdstanpy.from_csv(\(draws))")
  }
}

extension FitFamily {
  /// As `--family` takes it.
  fileprivate init(parsing argument: String) throws {
    guard let family = FitFamily(argument), family.hasMembers else {
      throw ValidationError(
        "automatic, mean-field, full-rank, low-rank:RANK, laplace, pathfinder, flow:LAYERS or "
          + "mixture:COMPONENTS is expected, as in low-rank:3")
    }
    self = family
  }

  private var hasMembers: Bool {
    switch self {
    case .lowRank(let rank): rank >= 0
    case .flow(let layers): (1...1000).contains(layers)
    case .mixture(let components): (1...1000).contains(components)
    default: true
    }
  }
}
