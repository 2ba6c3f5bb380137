// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Formats
internal import VariationalInference

/// All that a run needs but its folder: data, model and record.
struct TrainingPlan {
  /// The parts of the data, with all fields that the model reads.
  let data: DatasetSplits
  /// With its first parameters.
  let model: any DescribedAutoencoder<Float>
  var record: RunRecord
  let workers: WorkerPool
  /// What goes on with the run where it stopped; nil for the run's own command.
  var resumption: String?

  /// A run that begins with drawn parameters, or those of another model; `record` is made of the model.
  init(
    data: DatasetSplits, _ likelihood: AutoencoderLikelihood,
    _ architecture: AutoencoderArchitecture, from initial: InitialModel?, seed: UInt64,
    workers: WorkerPool,
    record: (any DescribedAutoencoder<Float>) -> RunRecord
  ) throws {
    (self.data, self.workers) = (data, workers)
    var model = likelihood.model(architecture, seed: seed, startingAt: data.train)
    if let initial {
      try initial.check(architecture, likelihood)
      model = Self.replacing(model, initial.model.parameters)
    }
    self.model = model
    self.record = record(model)
    if let initial {
      self.record.from = initial.path
      self.record.initialisation = "the parameters of '\(initial.path)'"
    }
  }

  private static func replacing(
    _ model: some DescribedAutoencoder<Float>, _ parameters: [Tensor<Float>]
  ) -> any DescribedAutoencoder<Float> {
    model.replacingParameters(with: parameters)
  }

  /// The run at its beginning, in a folder that may hold another one only where that is overwritten.
  func begin(in folder: RunFolder, overwriting: Bool) throws -> any TrainingRun {
    try checkPatience()
    func begin(_ model: some DescribedAutoencoder<Float>) throws -> any TrainingRun {
      let claim = try folder.prepare(overwriting: overwriting)
      try record.write(to: folder.record)
      return try TrainingSession(
        folder: folder, claim: claim, record: record, data: data, model: model, workers: workers,
        resumption: resumption)
    }
    return try begin(model)
  }

  /// Refuses to wait for a part of the data that is not there.
  func checkPatience() throws {
    if record.patience != nil, data.validation == nil {
      throw PatienceInVain(data: record.data.name)
    }
  }
}

/// A run of several that is taken up, or begun by the record of the first.
struct RunContinuation {
  let data: DatasetSplits
  let workers: WorkerPool
  let resumption: String?
  let epochs: Int?
  let patience: Int?

  /// Data as the record says.
  init(
    _ record: RunRecord, epochs: Int?, patience: Int?, workers: WorkerPool,
    resumption: String? = nil
  ) throws {
    try record.options.precision.check()
    let read = try DataSource.load(
      record.dataSource, record.reading, table: record.likelihood.table,
      binarized: record.data.binarization, workers: workers)
    data = record.architecture.fields.complete(read.parts)
    (self.epochs, self.patience, self.workers) = (epochs, patience, workers)
    self.resumption = resumption
  }

  /// The record with what may be changed on the way.
  private func changed(_ record: RunRecord) -> RunRecord {
    var record = record
    record.options.epochs = epochs ?? record.options.epochs
    record.patience = patience ?? record.patience
    return record
  }

  /// Takes up the run in a folder where it stopped; the claim is to that folder.
  func resumed(_ folder: RunFolder, claim: FileLock) throws -> any TrainingRun {
    let old = try RunRecord(path: folder.record)
    try old.check(data, run: folder.path)
    let record = changed(old)
    if record.patience != nil, data.validation == nil {
      throw PatienceInVain(data: record.data.name)
    }
    try MemoryNeed(record.architecture, record.options, examples: data.train.count).check()
    func resume(_ model: some DescribedAutoencoder<Float>) throws -> any TrainingRun {
      let session = try TrainingSession(
        folder: folder, claim: claim, record: record, data: data, model: model, workers: workers,
        resumption: resumption)
      try session.restore()
      try record.write(to: folder.record)
      return session
    }
    return try resume(record.initialModel)
  }

  /// Begins a run like that of `record` with another seed.
  func begun(_ folder: RunFolder, like record: RunRecord, seed: UInt64) throws -> any TrainingRun {
    try record.check(data, run: folder.path)
    var record = changed(record)
    record.options.seed = seed
    record.started = Clock.now("%Y-%m-%dT%H:%M:%S%z")
    let initial = try record.from.map {
      try InitialModel($0, activation: record.architecture.activation)
    }
    var plan = try TrainingPlan(
      data: data, record.likelihood, record.architecture, from: initial, seed: seed,
      workers: workers
    ) { _ in record }
    plan.resumption = resumption
    return try plan.begin(in: folder, overwriting: true)
  }
}

/// Training was to wait for a validation part that the data do not have.
struct PatienceInVain: Error, CustomStringConvertible {
  let data: String

  var description: String {
    "--patience waits for the validation part, and '\(data)' has none; add --validation 0.1 to take one "
      + "from the training part"
  }
}
