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

      The run's folder gets model.safetensors (loads into PyTorch with load_state_dict), \
      run.json, metrics.jsonl and pictures. Ctrl-C saves everything first.

      Without --binarize, grey levels are used as they are: the reconstruction term is then a \
      cross-entropy on grey levels, not a normalised density, as in most tutorials.
      """)

  @OptionGroup var settings: TrainingSettings
  @OptionGroup var threads: ThreadOptions

  @Option(
    name: .shortAndLong,
    help: "The run's folder; must be empty or new. (default: runs/<data>-<time>)")
  var output: String?

  @Flag(help: "Replace the run in a folder that is not empty.")
  var overwrite = false

  @Option(parsing: .unconditional, help: "Passes over the data. (default: 50)")
  var epochs: Int?

  @Option(
    help: "Go on with the run in this folder, exactly as it would have gone on. Takes its settings."
  )
  var resume: String?

  @Flag(inversion: .prefixedNo, help: "Draw pictures at the end.")
  var figures = true

  @Flag(help: "Measure where the time of the steps goes and print it at the end.")
  var profile = false

  func validate() throws {
    try require(epochs, "--epochs")
    try require(output, "--output")
    try require(resume, "--resume")
    if resume != nil {
      if let option = settings.firstGiven ?? (output == nil ? nil : "--output") {
        throw ValidationError(
          "--resume takes the settings of the run; \(option) cannot be changed, only --epochs and "
            + "--threads can")
      }
      if overwrite { throw ValidationError("--resume and --overwrite exclude each other") }
    }
  }

  func run() throws {
    let workers = threads.makeWorkers(profile: profile ? Profile() : nil)
    let session = try resume.map { try resumed($0, workers) } ?? begun(workers)
    try session.run(figures: figures)
    ProfileTable(workers)?.write()
  }

  private func begun(_ workers: WorkerPool) throws -> any TrainingRun {
    let source = settings.data ?? "digits"
    let time = Clock.now("%Y-%m-%d-%H%M%S")
    let folder = RunFolder(output ?? "runs/\(DataSource.shortName(source))-\(time)")
    try folder.check(overwriting: overwrite)
    let options = settings.options(epochs: epochs ?? 50)
    try options.precision.check()
    let reading = try settings.reading.reading(seed: options.seed)
    let read = try DataSource.load(
      source, reading, binarized: settings.binarize ?? .none, workers: workers)
    for note in read.notes { Terminal.line(note) }
    let (likelihood, architecture) = try settings.model(
      of: read.parts, table: read.table, seed: options.seed)
    let data = architecture.fields.complete(read.parts)
    try MemoryNeed(architecture, options, examples: data.train.count).check()
    func begin(_ model: some DescribedAutoencoder<Float>) throws -> any TrainingRun {
      let record = RunRecord(
        dataSource: DataSource.absolute(source), reading: reading, data: data, model: model,
        options: options,
        started: Clock.now("%Y-%m-%dT%H:%M:%S%z"))
      // Only now, so that what was refused above has not cost an earlier run.
      let claim = try folder.prepare(overwriting: overwrite)
      try record.write(to: folder.record)
      return try TrainingSession(
        folder: folder, claim: claim, record: record, data: data, model: model, workers: workers)
    }
    return try begin(likelihood.model(architecture, seed: options.seed, startingAt: data.train))
  }

  private func resumed(_ path: String, _ workers: WorkerPool) throws -> any TrainingRun {
    let folder = RunFolder(path)
    guard Files.exists(folder.state) else { throw RunError.nothingToResume(path: folder.path) }
    let claim = try folder.claim()
    var record = try RunRecord(path: folder.record)
    try record.options.precision.check()
    let read = try DataSource.load(
      record.dataSource, record.reading, table: record.likelihood.table,
      binarized: record.data.binarization, workers: workers)
    let data = record.architecture.fields.complete(read.parts)
    try record.check(data, run: folder.path)
    record.options.epochs = epochs ?? record.options.epochs
    try MemoryNeed(record.architecture, record.options, examples: data.train.count).check()
    func resume(_ model: some DescribedAutoencoder<Float>) throws -> any TrainingRun {
      let session = try TrainingSession(
        folder: folder, claim: claim, record: record, data: data, model: model, workers: workers)
      try session.restore()
      try record.write(to: folder.record)
      return session
    }
    return try resume(record.initialModel)
  }
}
