// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Formats
internal import VariationalInference

/// A run whose model's type nobody needs to know.
protocol TrainingRun {
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
  /// What goes on with the run where it stopped; nil for the run's own command.
  private let resumption: (() -> String)?
  private let keeper: RunKeeper<Model>
  private let record: RunRecord
  private let data: DatasetSplits
  private let workers: WorkerPool
  private let trainer: Trainer<Model>
  /// Whether the state in the folder is of other settings.
  private var isChanged = false

  init(
    _ place: RunPlace, record: RunRecord, data: DatasetSplits, model: Model, workers: WorkerPool,
    resumption: (() -> String)? = nil
  ) throws {
    self.resumption = resumption
    self.record = record
    self.data = data
    self.workers = workers
    trainer = try Trainer(model, data: data.train, options: record.options, workers: workers)
    keeper = RunKeeper(place, record: record, data: data, trainer: trainer)
  }

  private var folder: RunFolder { keeper.folder }

  var trained: any DescribedAutoencoder<Float> { trainer.model }

  var progress: TrainingProgress { trainer.progress }

  var epochs: [EpochMetrics] { keeper.epochs }

  private var best: BestEpoch? { keeper.best }

  /// Whether the run has waited in vain for a better epoch.
  private var isExhausted: Bool {
    trainer.progress.batch == 0
      && best?.isExhausted(after: epochs, patience: record.patience) == true
  }

  /// Whether there is nothing left to train.
  private var hasEnded: Bool { trainer.progress.epoch >= record.options.epochs || isExhausted }

  /// Takes up a state that was read from the file at `path` in the run's folder, and drops records of
  /// epochs after it; `isChanged` where the run goes on with other settings than it was saved under.
  func restore(_ state: TrainingState<Float>, from path: String, isChanged: Bool = false) throws {
    let progress = state.progress
    try progress.check(
      batchesPerEpoch: trainer.batchesPerEpoch, examples: data.train.count, path: path)
    // The epoch that the run is in, or the last one where it has just ended.
    let begun = progress.epoch + (progress.batch > 0 ? 1 : 0)
    if begun > record.options.epochs {
      throw ValidationError(
        "the run '\(folder.path)' has begun epoch \(begun); ask for at least as many "
          + "(--epochs, or --stages of a reproduction)")
    }
    try keeper.restore(state, from: path)
    self.isChanged = isChanged
  }

  func run(figures: Bool) throws {
    Interrupt.watch()
    announce()
    do {
      // A run that is killed before its first epoch has ended can be taken up, too.
      if trainer.progress.steps == 0 || isChanged { try save() }
      if !hasEnded { try Files.remove(folder.verdict) }
      try train()
      try save()
    } catch let divergence as SavedDivergence {
      throw divergence
    } catch {
      if keeper.earlier != nil, keeper.hasTrainedState, !(error is ExitCode) {
        Terminal.warn("what this run has saved is in '\(folder.path)'; go on with: \(goingOn)")
      }
      keeper.withdraw()
      throw error
    }
    try conclude(figures: figures)
  }

  private func train() throws {
    var display = TrainingDisplay(
      options: record.options, data: data.train, bestBy: keeper.part, run: folder.path,
      progress: trainer.progress)
    var (epochStart, imagesBefore) = (Clock.seconds, trainer.progress.imagesInEpoch)
    while !isExhausted, let step = try nextStep() {
      display.show(step)
      if step.endsEpoch {
        let seconds = Clock.seconds - epochStart
        let examples = data.train.count - imagesBefore
        let metrics = try finishEpoch(step, examples: examples, seconds: seconds)
        display.show(metrics, isBest: best?.epoch == metrics.epoch)
        (epochStart, imagesBefore) = (Clock.seconds, 0)
      }
      try saving { try keeper.saveIfDue() }
      if let signal = Interrupt.signalNumber, !hasEnded {
        try stop(signal)
      }
    }
  }

  private func announce() {
    let (train, test) = (data.train, data.test)
    let noun = train.exampleNoun
    let validation = data.validation.map { ", \($0.count.grouped) validation" } ?? ""
    Terminal.line(
      "\(train.name): \(train.count.grouped) training\(validation) and \(test.count.grouped) test "
        + test.count.noun(noun) + " of "
        + train.exampleWords)
    Terminal.line(
      "model: \(record.summary); \(record.parameterCount.grouped) parameters; "
        + "\(workers.count.counted("thread"))")
    Terminal.line("objective: \(record.meaning); nats per \(noun)")
    if let words = record.options.words { Terminal.line("training: \(words)") }
    if record.options.precision == .bfloat16 {
      Terminal.line("products: of bfloat16 numbers; sums, weights and evaluations in fp32")
    }
    if let earlier = keeper.earlier {
      Terminal.line(
        "the run in '\(earlier.path)' stays until the first epoch of this one is saved; until then this "
          + "one is in '\(folder.path)'")
    }
    for change in isChanged ? record.changes.suffix(1) : [] {
      Terminal.line("changed: \(change.words)")
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
      // What was good before stays; that the disk is full, say, is the lesser evil.
      try? keeper.saveBest()
      throw divergedRun.saved(divergence)
    }
  }

  private func diverged(_ divergence: String) -> SavedDivergence {
    try? keeper.saveBest()
    return divergedRun.saved(divergence)
  }

  private var divergedRun: Divergence<Model> {
    Divergence(
      folder: folder, earlier: keeper.earlier, record: record, data: data, trainer: trainer,
      workers: workers)
  }

  private func finishEpoch(
    _ step: TrainingStep, examples: Int, seconds: Double
  ) throws -> EpochMetrics {
    let model = trainer.model
    func mean(on part: any Dataset) throws -> MeanTerms {
      try model.evaluate(
        on: part, objective: record.options.objective, seed: record.options.seed,
        workers: workers
      ).mean
    }
    let test = try mean(on: data.test)
    guard test.isFinite else {
      throw diverged(
        "training diverged in epoch \(step.epoch + 1): the ELBO of the test \(data.test.exampleNoun)s is "
          + "\(test.elbo)")
    }
    let metrics = EpochMetrics(
      epoch: step.epoch + 1, step: trainer.progress.steps, time: Clock.stamp, seconds: seconds,
      rate: Double(examples) / max(seconds, 1e-9), train: step.epochSoFar.mean, test: test,
      validation: try data.validation.map { try mean(on: $0) })
    try saving { try keeper.add(metrics) }
    return metrics
  }

  private func save() throws {
    try saving { try keeper.save() }
  }

  private func saving(_ write: () throws -> Void) throws {
    do {
      try write()
    } catch let fault as UnsavableState {
      throw diverged("\(fault)")
    }
  }

  private func stop(_ signal: Int32) throws {
    Terminal.clearLine()
    try save()
    let progress = trainer.progress
    Terminal.notice(
      "Stopped in epoch \(progress.epoch + 1) after \(progress.batch) of "
        + "\(trainer.batchesPerEpoch.counted("batch", plural: "batches")); "
        + "everything is saved. Go on with:")
    Terminal.notice("  \(goingOn)")
    throw ExitCode(128 + signal)
  }

  private var goingOn: String {
    resumption?() ?? folder.resumption
  }

  private func conclude(figures: Bool) throws {
    try keeper.find()
    // Before the pictures: a run that is asked to end while it draws has then lost nothing.
    if let last = epochs.last { try judge(last) }
    if figures { try drawFigures() }
    Terminal.line("wrote \(folder.path)" + (figures ? "; look at \(folder.figures)" : ""))
    if let fault = keeper.unsettled { throw fault }
  }

  /// Draws the pictures; one that cannot be drawn is a warning, a signal ends the command.
  private func drawFigures() throws {
    let pictures = ModelFigures(
      model: trainer.model, test: data.test, seed: record.options.seed, subtitle: record.summary)
    do {
      let faults = try pictures.writeAll(epochs, to: folder.figures, workers: workers) {
        Interrupt.signalNumber == nil
      }
      for fault in faults { Terminal.warn("\(fault)") }
    } catch is CancellationError {
      Terminal.line(
        "Stopped while the pictures were drawn; the run has ended and all of it is saved. Draw "
          + "them with:")
      Terminal.line("  \(folder.resumption)")
      throw ExitCode(128 + (Interrupt.signalNumber ?? 2))
    }
  }
}

extension TrainingSession {
  /// Says what the run is worth, and keeps it in `verdict.json`.
  private func judge(_ last: EpochMetrics) throws {
    let model = trainer.model
    let measurement = try model.measured(
      on: data, objective: record.options.objective, seed: record.options.seed, workers: workers)
    let verdict = RunVerdict(
      measurement, epochs: epochs, best: best, record: record, folder: folder)
    let isEarly = isExhausted && last.epoch < record.options.epochs
    let json = verdict.json(
      measurement, epochs: last.epoch, best: best, record: record, stoppedEarly: isEarly)
    try AtomicFile.write(Array(json.pretty.utf8), to: folder.verdict)
    Terminal.object(["verdict": json], of: folder.path)
    let objective = record.options.objective.name
    Terminal.line(
      "test \(objective) \(measurement.test.words) nats per \(data.test.exampleNoun) after epoch "
        + "\(last.epoch); \(record.protocolWords)")
    if let best {
      Terminal.line(
        "best epoch \(best.epoch): \(best.part.rawValue) \(objective) \(best.value.fixed(2))"
          + (best.warning.map { ", \($0)" } ?? "")
          + (keeper.savedBest == best.epoch
            ? "; kept in \(RunFolder.bestName)"
            : "; its parameters were not kept, as an earlier version trained it"))
    }
    if isEarly, let patience = record.patience, let best {
      Terminal.line(
        "stopped early: no new best of the validation part in the \(last.epoch - best.epoch) "
          + "\((last.epoch - best.epoch).noun("epoch")) after epoch \(best.epoch) (--patience "
          + "\(patience)); a larger --patience with --resume goes on")
    }
    for line in verdict.lines { Terminal.line(line) }
  }
}

/// Training diverged: where, whether there is a good state, and what to try.
struct SavedDivergence: Error, CustomStringConvertible {
  let finding: String
  let state: String
  let advice: String

  var description: String { "\(finding); \(state); \(advice)" }
}
