// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Formats
internal import VariationalInference

/// What may change where a run is taken up; nil is as before.
struct RunChanges {
  var epochs: Int?
  var patience: Int?
  /// Where the data are now; they must be the same.
  var data: String?
  var learningRate: Double?
  /// Of these what decides single steps: schedule, limits, decay.
  var steps: StepSettings
  var checkpoints: CheckpointSettings

  /// The record of the run as it goes on from `progress`, with so many batches in an epoch.
  func applied(
    to record: RunRecord, at progress: TrainingProgress, batchesPerEpoch batches: Int
  ) throws -> RunRecord {
    var later = record
    later.options.epochs = epochs ?? record.options.epochs
    later.patience = patience ?? record.patience
    later.dataSource = data.map(DataSource.absolute) ?? record.dataSource
    later.checkpoints = checkpoints.policy(record.checkpoints)
    later.options = try steps.changing(
      later.options, learningRate: learningRate, from: progress.steps, batchesPerEpoch: batches)
    return record.changed(to: later, at: progress, time: Clock.now("%Y-%m-%dT%H:%M:%S%z"))
  }
}

/// A run of several that is taken up, or begun by the record of the first.
struct RunContinuation {
  let data: DatasetSplits
  let workers: WorkerPool
  let changes: RunChanges
  let resumption: (() -> String)?

  /// Data as the record says, or where they are now.
  init(
    _ record: RunRecord, run: RunFolder, changes: RunChanges, workers: WorkerPool,
    resumption: (() -> String)? = nil
  ) throws {
    try record.options.precision.check()
    (self.changes, self.workers, self.resumption) = (changes, workers, resumption)
    do {
      let read = try DataSource.load(
        changes.data ?? record.dataSource, record.reading, table: record.likelihood.table,
        binarized: record.data.binarization, workers: workers)
      data = record.architecture.fields.complete(read.parts)
    } catch
      where changes.data == nil && record.dataSource.hasPrefix("/")
      && !Files.exists(record.dataSource)
    {
      throw MissingData(run: run.path, source: record.dataSource)
    }
  }

  /// Takes up the run in a folder at a state of it, the last one unless another is named; `parent` is the
  /// place of the several runs that it is one of.
  func resumed(
    _ folder: RunFolder, from state: String? = nil, within parent: RunPlace? = nil
  ) throws -> any TrainingRun {
    let place = try folder.takeUp(within: parent)
    let path = state ?? place.folder.state
    let old = try RunRecord(path: place.folder.record)
    try old.check(data, run: place.folder.path)
    try MemoryNeed.training(old.architecture, old.options, examples: data.train.count).check()
    func resume(_ model: some DescribedAutoencoder<Float>) throws -> any TrainingRun {
      let state = try old.state(at: path, of: model, data)
      let record = try changes.applied(
        to: old, at: state.progress, batchesPerEpoch: old.options.batches(of: data.train.count))
      if record.patience != nil, data.validation == nil {
        throw PatienceInVain(data: record.data.name)
      }
      let session = try TrainingSession(
        place, record: record, data: data, model: model, workers: workers,
        resumption: resumption)
      var options = record.options
      // Of more epochs the state need not know.
      options.epochs = old.options.epochs
      try session.restore(state, from: path, isChanged: options != old.options)
      try record.write(to: place.folder.record)
      return session
    }
    return try resume(old.initialModel)
  }

  /// Begins a run like that of `record` with another seed.
  func begun(
    _ folder: RunFolder, like record: RunRecord, seed: UInt64, within parent: RunPlace
  ) throws -> any TrainingRun {
    try record.check(data, run: folder.path)
    var record = try changes.applied(
      to: record, at: TrainingProgress(),
      batchesPerEpoch: record.options.batches(of: data.train.count))
    record.changes = []
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
    return try plan.begin(in: folder, overwriting: true, within: parent)
  }
}

extension TrainingOptions {
  /// Batches in an epoch of so many examples.
  fileprivate func batches(of examples: Int) -> Int {
    (examples + batchSize - 1) / batchSize
  }
}

extension RunRecord {
  /// A state of the run, also one that was saved before its settings were changed.
  ///
  /// - Throws: An error naming the file, and what is of another run.
  func state(
    at path: String, of model: some DescribedAutoencoder<Float>, _ data: DatasetSplits
  ) throws -> TrainingState<Float> {
    func read(_ options: TrainingOptions) throws -> TrainingState<Float> {
      try TrainingState(
        checkpoint: path, model: model, options: options, fingerprint: self.data.fingerprint,
        dataMeaning: likelihood.meaning(onData: data.train.meaning))
    }
    do {
      return try read(options)
    } catch let error as CheckpointError {
      guard case .otherRun = error.fault else { throw error }
      for earlier in earlierOptions {
        if let state = try? read(earlier) { return state }
      }
      throw error
    }
  }
}

/// The data of a run are not where they were.
struct MissingData: Error, CustomStringConvertible {
  let run: String
  let source: String

  var description: String {
    "the data of the run '\(run)' were in '\(source)', where there is nothing; name their place now with "
      + "--data, or bring them back to their folder or file"
  }
}
