// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Formats
internal import VariationalInference

/// Learns a variational autoencoder.
struct Train: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Train a variational autoencoder on pictures, arrays, tables or counts.",
    discussion: """
      Examples:

        elbo train                                        built-in digits, 50 epochs
        elbo train --data mnist --epochs 10
        elbo train --data folder/of/idx/files --hidden 512,256 --latent 10
        elbo train --data photos --size 32x32             colour pictures of any size
        elbo train --data patients.csv --label outcome --latent 5 --hidden 100
        elbo train --data counts.npz --likelihood multinomial
        elbo train --resume runs/mnist-2026-01-31-120000  go on where a run stopped
        elbo train --resume runs/a --data moved/data      where its data are now
        elbo train --resume runs/a --learning-rate 3e-4   with other steps from here on
        elbo train --data mnist --validation 0.1 --patience 10 --epochs 500
        elbo train --data mnist --seeds 5 -o runs/five    five runs, mean and spread
        elbo train --data more.csv --from runs/first      begin with its parameters
        elbo train --json | jq --unbuffered .test.elbo    a number for each epoch

      The run's folder gets model.safetensors (loads into PyTorch with load_state_dict), \
      best.safetensors (the same of the best epoch, by the validation part, else by the test part), \
      run.json, metrics.jsonl, verdict.json and pictures. Ctrl-C saves everything first. The last \
      lines say what the run is worth, and what to try.

      Without --binarize, grey levels are used as they are: the reconstruction term is then a \
      cross-entropy on grey levels, not a normalised density, as in most tutorials.
      """)

  @OptionGroup var settings: TrainingSettings
  @OptionGroup var checkpoints: CheckpointSettings
  @OptionGroup var threads: ThreadOptions

  @Option(
    name: .shortAndLong,
    help: "The run's folder; must be empty or new. (default: runs/<data>-<time>)",
    completion: .file())
  var output: String?

  @Flag(
    help: """
      Replace the run in a folder that is not empty, once the first epoch of this one is saved.
      """)
  var overwrite = false

  @Option(parsing: .unconditional, help: "Passes over the data. (default: 50)")
  var epochs: Int?

  @Option(
    parsing: .unconditional,
    help: "Stop after so many epochs without a new best of the validation part.")
  var patience: Int?

  @Option(
    help: """
      Begin with the parameters of this model: a run's folder or a .safetensors file. Its architecture \
      and likelihood are those of the run, too.
      """, completion: .file())
  var from: String?

  @Option(
    parsing: .unconditional,
    help: """
      Train so many runs, with --seed and the numbers after it as seeds, in folders seed-0, seed-1, ... \
      of the output folder, on one division of the data; at the end mean and spread.
      """)
  var seeds: Int?

  @Option(
    help: """
      Go on with the run in this folder, exactly as it would have gone on; or from one of the states that \
      --keep kept, RUN/state-<steps>.safetensors. Takes its settings, of which --epochs, --patience, \
      --threads, --checkpoint-every and --keep may differ, --learning-rate, --schedule, \
      --final-learning-rate, --warm-up, --clip-gradient and --weight-decay from here on, and --data where \
      the same data are elsewhere. Of a folder of --seeds, goes on with those that have not ended.
      """, completion: .file())
  var resume: String?

  @Flag(inversion: .prefixedNo, help: "Draw pictures at the end.")
  var figures = true

  @Flag(
    help: """
      Write an object of JSON to the standard output after each epoch, as in metrics.jsonl, and at \
      the end one with the verdict; everything else beside it.
      """)
  var json = false

  @Flag(help: "Show nothing but warnings and errors.")
  var quiet = false

  @Flag(help: "Measure where the time of the steps goes and print it at the end.")
  var profile = false

  func validate() throws {
    try require(epochs, "--epochs", atMost: mostEpochs)
    if resume == nil { try settings.check(epochs: epochs ?? 50) }
    try require(patience, "--patience", atMost: mostEpochs)
    try require(seeds, "--seeds", atMost: 1000)
    try require(output, "--output")
    try require(resume, "--resume")
    try require(from, "--from")
    if resume != nil {
      let own = [("--output", output != nil), ("--from", from != nil), ("--seeds", seeds != nil)]
      if let option = settings.firstFixed ?? own.first(where: \.1)?.0 {
        throw ValidationError(
          "--resume takes the settings of the run; \(option) cannot be changed, only --epochs, "
            + "--patience, --threads, --checkpoint-every, --keep, the learning rate with its schedule, and "
            + "the place of the data can")
      }
      if overwrite { throw ValidationError("--resume and --overwrite exclude each other") }
    }
  }

  func run() throws {
    if json { Terminal.leaveOutputToProgram() }
    if quiet { Terminal.beQuiet() }
    let workers = threads.makeWorkers(profile: profile ? Profile() : nil)
    if let resume {
      try goOn(with: resume, workers)
    } else {
      try begin(workers)
    }
    ProfileTable(workers)?.write()
  }

  private func begin(_ workers: WorkerPool) throws {
    let source = settings.data ?? "digits"
    let time = Clock.now("%Y-%m-%d-%H%M%S")
    let folder = RunFolder(output ?? "runs/\(DataSource.shortName(source))-\(time)")
    if output != nil { try folder.check(overwriting: overwrite) }
    let initial = try from.map { try InitialModel($0, activation: self.settings.activation) }
    let settings = initial.map { self.settings.adopting($0.model) } ?? self.settings
    let options = settings.options(epochs: epochs ?? 50)
    try options.precision.check()
    let reading = try settings.reading.reading(seed: options.seed)
    let read = try DataSource.load(
      source, reading, table: initial?.model.likelihoodKind.table,
      binarized: settings.binarize ?? .none, workers: workers)
    for note in read.notes { Terminal.line(note) }
    let (likelihood, architecture) = try settings.model(
      of: read.parts, table: read.table ?? initial?.model.likelihoodKind.table,
      seed: options.seed)
    let data = architecture.fields.complete(read.parts)
    for note in likelihood.notes(on: data.train) { Terminal.line(note) }
    try MemoryNeed.training(architecture, options, examples: data.train.count).check()
    func plan(_ seed: UInt64) throws -> TrainingPlan {
      try TrainingPlan(
        data: data, likelihood, architecture, from: initial, seed: seed, workers: workers
      ) { model in
        var own = options
        own.seed = seed
        return record(of: model, source: DataSource.absolute(source), reading, data, own)
      }
    }
    // What is refused below has not cost an earlier run.
    var first = try plan(options.seed)
    (first.record.patience, first.record.checkpoints) = (patience, checkpoints.policy())
    try first.checkPatience()
    let place = try output == nil ? Self.newFolder(folder) : folder
    guard let seeds else {
      return try first.begin(in: place, overwriting: overwrite).run(figures: figures)
    }
    let training = SeedTraining(
      folder: place, runs: SeedRuns(first: options.seed, count: seeds), figures: figures)
    try training.begin(overwriting: overwrite) { seed, place in
      var next = try plan(seed)
      (next.record.patience, next.record.checkpoints) = (patience, checkpoints.policy())
      next.resumption = { training.resumption(place) }
      return try next.begin(in: place.folder.seed(seed), overwriting: false, within: place)
    }
  }

  /// A new folder of that name, or, where a run began in the same second, of that and a number.
  private static func newFolder(_ folder: RunFolder) throws -> RunFolder {
    var (place, number) = (folder, 1)
    while try !Files.createNewFolder(place.path) {
      number += 1
      place = RunFolder("\(folder.path)-\(number)")
    }
    return place
  }

  private func record(
    of model: any DescribedAutoencoder<Float>, source: String, _ reading: DataReading,
    _ data: DatasetSplits, _ options: TrainingOptions
  ) -> RunRecord {
    func make(_ model: some DescribedAutoencoder<Float>) -> RunRecord {
      RunRecord(
        dataSource: source, reading: reading, data: data, model: model, options: options,
        started: Clock.now("%Y-%m-%dT%H:%M:%S%z"))
    }
    return make(model)
  }

  private func goOn(with path: String, _ workers: WorkerPool) throws {
    let changes = RunChanges(
      epochs: epochs, patience: patience, data: settings.data,
      learningRate: settings.learningRate, steps: settings.steps, checkpoints: checkpoints)
    let ofState = RunFolder.ofState(path)
    let folder = ofState ?? RunFolder(path)
    try folder.mend()
    if Files.exists(folder.seeds) {
      let training = SeedTraining(
        folder: folder, runs: try SeedRuns(path: folder.seeds), figures: figures)
      return try training.goOn(changes, workers: workers)
    }
    guard Files.exists(folder.state) else { throw RunError.nothingToResume(path: folder.path) }
    let record = try RunRecord(path: folder.record)
    try RunContinuation(record, run: folder, changes: changes, workers: workers)
      .resumed(folder, from: ofState == nil ? nil : path).run(figures: figures)
  }
}
