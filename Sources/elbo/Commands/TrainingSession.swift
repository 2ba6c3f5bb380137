// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Formats
internal import VariationalInference

/// A run whose model's type nobody needs to know.
protocol TrainingRun {
  /// Takes up the state saved in the folder, and drops records of epochs after it.
  func restore() throws
  /// Goes on to the end.
  func run(figures: Bool) throws
  /// Where the run stands.
  var progress: TrainingProgress { get }
  /// The model as it stands.
  var trained: any DescribedAutoencoder<Float> { get }
  /// The epochs so far.
  var epochs: [EpochMetrics] { get }
}

/// A run from its present state to its end: steps, evaluation, records, pictures.
final class TrainingSession<Model: DescribedAutoencoder>: TrainingRun where Model.Scalar == Float {
  /// What goes on with the run where it stopped.
  private let resumption: String
  private let folder: RunFolder
  /// Keeps other processes out of the folder.
  private let claim: FileLock
  private let record: RunRecord
  private let data: DatasetSplits
  private let workers: WorkerPool
  private let trainer: Trainer<Model>
  /// The epochs so far.
  private(set) var epochs: [EpochMetrics] = []
  private var lastSave = -Double.infinity

  /// A long run saves its state this often, in seconds, at the end of an epoch.
  private static var saveInterval: Double { 30 }

  init(
    folder: RunFolder, claim: FileLock, record: RunRecord, data: DatasetSplits,
    model: Model, workers: WorkerPool, resumption: String? = nil
  ) throws {
    self.resumption = resumption ?? "elbo train --resume \(folder.path)"
    self.folder = folder
    self.claim = claim
    self.record = record
    self.data = data
    self.workers = workers
    trainer = try Trainer(model, data: data.train, options: record.options, workers: workers)
  }

  /// What a log-probability of the training data means under the model.
  private var meaning: String { record.likelihood.meaning(onData: data.train.meaning) }

  var trained: any DescribedAutoencoder<Float> { trainer.model }

  var progress: TrainingProgress { trainer.progress }

  func restore() throws {
    let state = try TrainingState(
      checkpoint: folder.state, model: trainer.model, options: record.options,
      fingerprint: record.data.fingerprint, dataMeaning: meaning)
    let progress = state.progress
    try progress.check(
      batchesPerEpoch: trainer.batchesPerEpoch, examples: data.train.count, path: folder.state)
    // The epoch that the run is in, or the last one where it has just ended.
    let begun = progress.epoch + (progress.batch > 0 ? 1 : 0)
    if begun > record.options.epochs {
      throw ValidationError(
        "the run '\(folder.path)' has begun epoch \(begun); ask for at least as many "
          + "(--epochs, or --stages of a reproduction)")
    }
    trainer.restore(state)
    epochs = try folder.readMetrics(upTo: progress.epoch)
    try folder.write(epochs)
  }

  func run(figures: Bool) throws {
    Interrupt.watch()
    announce()
    var display = TrainingDisplay(
      options: record.options, data: data.train, progress: trainer.progress)
    var (epochStart, imagesBefore) = (Clock.seconds, trainer.progress.imagesInEpoch)
    while let step = try nextStep() {
      display.show(step)
      if step.endsEpoch {
        let seconds = Clock.seconds - epochStart
        let metrics = try finishEpoch(step, seconds: seconds)
        let images = Double(data.train.count - imagesBefore)
        display.show(metrics, rate: images / max(seconds, 1e-9))
        (epochStart, imagesBefore) = (Clock.seconds, 0)
      }
      if let signal = Interrupt.signalNumber, trainer.progress.epoch < record.options.epochs {
        try stop(signal)
      }
    }
    try save()
    try conclude(figures: figures)
  }

  private func announce() {
    let (train, test) = (data.train, data.test)
    let noun = train.exampleNoun
    Terminal.line(
      "\(train.name): \(train.count.grouped) training and \(test.count.grouped) test \(noun)s of "
        + train.exampleWords)
    Terminal.line(
      "model: \(record.summary); \(record.parameterCount.grouped) parameters; "
        + "\(workers.count) thread\(workers.count == 1 ? "" : "s")")
    Terminal.line("objective: \(record.meaning); nats per \(noun)")
    if record.options.precision == .bfloat16 {
      Terminal.line("products: of bfloat16 numbers; sums, weights and evaluations in fp32")
    }
    if trainer.progress.steps > 0 {
      Terminal.line("resumed after step \(trainer.progress.steps.grouped)")
    }
  }

  private func nextStep() throws -> TrainingStep? {
    do {
      return try trainer.step()
    } catch let divergence as TrainingDivergence {
      Terminal.clearLine()
      throw diverged("\(divergence)")
    }
  }

  private func diverged(_ divergence: String) -> SavedDivergence {
    SavedDivergence(
      divergence: divergence, state: Files.exists(folder.state) ? folder.state : nil)
  }

  private func finishEpoch(_ step: TrainingStep, seconds: Double) throws -> EpochMetrics {
    let test = try trainer.model.evaluate(
      on: data.test, objective: record.options.objective, seed: record.options.seed,
      workers: workers
    ).mean
    guard test.isFinite else {
      throw diverged(
        "training diverged in epoch \(step.epoch + 1): the ELBO of the test \(data.test.exampleNoun)s is "
          + "\(test.elbo); try a smaller learning rate")
    }
    let metrics = EpochMetrics(
      epoch: step.epoch + 1, seconds: seconds, train: step.epochSoFar.mean, test: test)
    epochs.append(metrics)
    try folder.append(metrics)
    if Clock.seconds - lastSave > Self.saveInterval { try save() }
    return metrics
  }

  /// Model and state, each whole or not at all; undefined numbers never replace good ones.
  private func save() throws {
    let model = trainer.model
    if model.parameters.contains(where: { $0.firstNonFinite != nil }) {
      throw diverged(
        "training diverged by step \(trainer.progress.steps): parameters are infinite or undefined; "
          + "try a smaller learning rate")
    }
    try model.save(
      to: folder.model, dataShape: record.data.shape,
      metadata: [
        "data": record.data.name, "height": "\(record.data.size.height)",
        "width": "\(record.data.size.width)", "elbo": ElboVersion.current,
      ])
    try trainer.state.save(
      to: folder.state, model: model, options: record.options,
      fingerprint: record.data.fingerprint, dataMeaning: meaning)
    lastSave = Clock.seconds
  }

  private func stop(_ signal: Int32) throws {
    Terminal.clearLine()
    try save()
    let progress = trainer.progress
    Terminal.line(
      "Stopped in epoch \(progress.epoch + 1) after \(progress.batch) of "
        + "\(trainer.batchesPerEpoch) batches; everything is saved. Go on with:")
    Terminal.line("  \(resumption)")
    throw ExitCode(128 + signal)
  }

  private func conclude(figures: Bool) throws {
    if figures {
      let pictures = ModelFigures(
        model: trainer.model, test: data.test, seed: record.options.seed, subtitle: record.summary)
      try pictures.writeAll(epochs, to: folder.figures, workers: workers)
    }
    if let last = epochs.last {
      Terminal.line(
        "done: test \(record.options.objective.name) \(last.test.objective.fixed(2)) nats per \(data.test.exampleNoun); "
          + record.protocolWords)
    }
    Terminal.line("wrote \(folder.path)" + (figures ? "; look at \(folder.figures)" : ""))
  }
}

/// Training diverged; where the last good state is.
struct SavedDivergence: Error, CustomStringConvertible {
  let divergence: String
  let state: String?

  var description: String {
    divergence + (state.map { "; the last good state is '\($0)'" } ?? "")
  }
}
