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
  /// The model of the best epoch, where it has not been written yet.
  private var newBest: (epoch: Int, model: Model)?
  /// The epoch whose model is in the folder as the best.
  private var savedBest: Int?

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

  /// What the best epoch is chosen by.
  private var part: BestEpoch.Part { data.validation == nil ? .test : .validation }

  private var best: BestEpoch? { BestEpoch(of: epochs, by: part) }

  /// Whether the run has waited in vain for a better epoch.
  private var isExhausted: Bool {
    trainer.progress.batch == 0
      && best?.isExhausted(after: epochs, patience: record.patience) == true
  }

  /// Whether there is nothing left to train.
  private var hasEnded: Bool { trainer.progress.epoch >= record.options.epochs || isExhausted }

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
    savedBest = Files.exists(folder.best) ? ModelFile.epoch(of: folder.best) : nil
    // A run that an earlier version began kept none; where its last epoch is the best, here it is.
    if let best, best.epoch != savedBest, best.epoch == progress.epoch, progress.batch == 0 {
      newBest = (best.epoch, trainer.model)
    }
  }

  func run(figures: Bool) throws {
    Interrupt.watch()
    announce()
    if !hasEnded { try Files.remove(folder.verdict) }
    var display = TrainingDisplay(
      options: record.options, data: data.train, progress: trainer.progress)
    var (epochStart, imagesBefore) = (Clock.seconds, trainer.progress.imagesInEpoch)
    while !isExhausted, let step = try nextStep() {
      display.show(step)
      if step.endsEpoch {
        let seconds = Clock.seconds - epochStart
        let metrics = try finishEpoch(step, seconds: seconds)
        let images = Double(data.train.count - imagesBefore)
        display.show(metrics, rate: images / max(seconds, 1e-9))
        (epochStart, imagesBefore) = (Clock.seconds, 0)
      }
      if let signal = Interrupt.signalNumber, !hasEnded {
        try stop(signal)
      }
    }
    try save()
    try conclude(figures: figures)
  }

  private func announce() {
    let (train, test) = (data.train, data.test)
    let noun = train.exampleNoun
    let validation = data.validation.map { ", \($0.count.grouped) validation" } ?? ""
    Terminal.line(
      "\(train.name): \(train.count.grouped) training\(validation) and \(test.count.grouped) test "
        + "\(noun)s of "
        + train.exampleWords)
    Terminal.line(
      "model: \(record.summary); \(record.parameterCount.grouped) parameters; "
        + "\(workers.count) thread\(workers.count == 1 ? "" : "s")")
    Terminal.line("objective: \(record.meaning); nats per \(noun)")
    if let words = record.options.words { Terminal.line("training: \(words)") }
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
    // What was good before stays; that the disk is full, say, is the lesser evil.
    try? saveBest()
    return SavedDivergence(
      divergence: divergence, state: Files.exists(folder.state) ? folder.state : nil)
  }

  private func finishEpoch(_ step: TrainingStep, seconds: Double) throws -> EpochMetrics {
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
          + "\(test.elbo); try a smaller learning rate")
    }
    let metrics = EpochMetrics(
      epoch: step.epoch + 1, seconds: seconds, train: step.epochSoFar.mean, test: test,
      validation: try data.validation.map { try mean(on: $0) })
    epochs.append(metrics)
    if best?.epoch == metrics.epoch { newBest = (metrics.epoch, model) }
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
    try model.save(to: folder.model, dataShape: record.data.shape, metadata: metadata)
    // Before the state: a best epoch that the state does not know comes again, as the run is repeated
    // from there; one that is not in its file would be lost.
    try saveBest()
    try trainer.state.save(
      to: folder.state, model: model, options: record.options,
      fingerprint: record.data.fingerprint, dataMeaning: meaning)
    lastSave = Clock.seconds
  }

  private var metadata: [String: String] {
    [
      "data": record.data.name, "height": "\(record.data.size.height)",
      "width": "\(record.data.size.width)", "elbo": ElboVersion.current,
    ]
  }

  /// The model of the best epoch, where it is not in its file yet.
  private func saveBest() throws {
    guard let (epoch, model) = newBest else { return }
    try model.save(
      to: folder.best, dataShape: record.data.shape,
      metadata: metadata.merging(["epoch": "\(epoch)", "chosen_by": part.rawValue]) { $1 })
    (newBest, savedBest) = (nil, epoch)
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
    if let last = epochs.last { try judge(last) }
    Terminal.line("wrote \(folder.path)" + (figures ? "; look at \(folder.figures)" : ""))
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
    try AtomicFile.write(
      Array(
        verdict.json(
          measurement, epochs: last.epoch, best: best, record: record, stoppedEarly: isEarly
        ).pretty.utf8),
      to: folder.verdict)
    let objective = record.options.objective.name
    Terminal.line(
      "test \(objective) \(measurement.test.words) nats per \(data.test.exampleNoun) after epoch "
        + "\(last.epoch); \(record.protocolWords)")
    if let best {
      Terminal.line(
        "best epoch \(best.epoch): \(best.part.rawValue) \(objective) \(best.value.fixed(2))"
          + (best.warning.map { ", \($0)" } ?? "")
          + (savedBest == best.epoch
            ? "; kept in \(RunFolder.bestName)"
            : "; its parameters were not kept, as an earlier version trained it"))
    }
    if isEarly, let patience = record.patience, let best {
      Terminal.line(
        "stopped early: no new best of the validation part in the \(last.epoch - best.epoch) "
          + "epoch\(last.epoch - best.epoch == 1 ? "" : "s") after epoch \(best.epoch) (--patience "
          + "\(patience)); a larger --patience with --resume goes on")
    }
    for line in verdict.lines { Terminal.line(line) }
  }
}

extension ModelFile {
  /// The epoch that a best model's file is of; nil where it does not say.
  fileprivate static func epoch(of path: String) -> Int? {
    (try? ModelFile(path: path))?.contents.metadata["epoch"].flatMap { Int($0) }
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
