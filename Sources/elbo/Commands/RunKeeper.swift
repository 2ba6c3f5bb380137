// SPDX-License-Identifier: Apache-2.0

internal import Formats
internal import VariationalInference

#if canImport(Glibc)
  internal import Glibc
#else
  internal import Darwin
#endif

/// Keeps a run's state, models and epochs in its folder, each file whole or not at all, so that the run
/// can be taken up from there whatever happens to it.
final class RunKeeper<Model: DescribedAutoencoder> where Model.Scalar == Float {
  private let place: RunPlace
  private let record: RunRecord
  private let data: DatasetSplits
  private let trainer: Trainer<Model>
  /// The epochs so far.
  private(set) var epochs: [EpochMetrics] = []
  /// The epoch whose model is in the folder as the best.
  private(set) var savedBest: Int?
  /// The model of the best epoch, where it has not been written yet.
  private var newBest: (epoch: Int, model: Model)?
  /// When the last state was saved; nil where none has been.
  private var saved: (time: Double, progress: TrainingProgress)?

  init(_ place: RunPlace, record: RunRecord, data: DatasetSplits, trainer: Trainer<Model>) {
    (self.place, self.record, self.data, self.trainer) = (place, record, data, trainer)
  }

  var folder: RunFolder { place.folder }

  /// The run that this one is to replace, as long as it is whole.
  var earlier: RunFolder? { place.isAside ? place.earlier : nil }

  /// Whether the folder has a state that has learned something.
  var hasTrainedState: Bool { (saved?.progress.steps ?? 0) > 0 }

  /// What the best epoch is chosen by.
  var part: BestEpoch.Part { data.validation == nil ? .test : .validation }

  var best: BestEpoch? { BestEpoch(of: epochs, by: part) }

  /// Goes on from a state of this folder.
  func restore(_ state: TrainingState<Float>, from path: String) throws {
    let progress = state.progress
    let recorded = try [EpochMetrics].recorded(
      state.metadata[[EpochMetrics].metadataKey], path: path)
    if let recorded, recorded.last?.epoch ?? 0 != progress.epoch {
      throw RunError.unreadableRecord(path: path, key: [EpochMetrics].metadataKey)
    }
    let read = try folder.readMetrics(upTo: progress.epoch, recorded: recorded)
    epochs = read.epochs.map { epoch in
      var epoch = epoch
      if read.rebuilt.contains(epoch.epoch) { epoch.step = epoch.epoch * trainer.batchesPerEpoch }
      return epoch
    }
    if let sentence = rebuilt(read, epochs: progress.epoch) { Terminal.notice(sentence) }
    try folder.write(epochs)
    savedBest = Files.exists(folder.best) ? ModelFile.epoch(of: folder.best) : nil
    trainer.restore(state)
    saved = (Clock.seconds, progress)
    // A run that an earlier version began kept none; where its last epoch is the best, here it is.
    if let best, best.epoch != savedBest, best.epoch == progress.epoch, progress.batch == 0 {
      newBest = (best.epoch, trainer.model)
    }
  }

  private func rebuilt(_ read: ReadMetrics, epochs count: Int) -> String? {
    if read.epochs.count < count {
      return
        "Note: '\(folder.metrics)' is missing and the state, which an earlier version wrote, does not "
        + "have its numbers; those of the first \((count - read.epochs.count).counted("epoch")) are lost"
    }
    guard let first = read.rebuilt.first, let last = read.rebuilt.last else { return nil }
    return
      "Note: '\(folder.metrics)' was not as it was written; it is rebuilt from the state, epoch "
      + (first == last ? "\(first)" : "\(first) to \(last)") + " without the time it took"
  }

  /// Follows the folder where it was renamed.
  ///
  /// - Returns: Whether it was.
  @discardableResult
  func find() throws -> Bool {
    let isRenamed = try place.find()
    if isRenamed { Terminal.notice("the run's folder is now '\(folder.path)'") }
    return isRenamed
  }

  /// Writes into the folder, also where it is renamed at that moment.
  private func following(_ write: () throws -> Void) throws {
    try find()
    do {
      try write()
    } catch let error {
      guard try find() else { throw error }
      try write()
    }
  }

  /// Adds the numbers of an epoch, and keeps its model where it is the best.
  func add(_ metrics: EpochMetrics) throws {
    epochs.append(metrics)
    if best?.epoch == metrics.epoch { newBest = (metrics.epoch, trainer.model) }
    do {
      try following { try folder.append(metrics) }
    } catch {
      // What is in memory is worth more than the line, which the state has, too.
      try save()
      throw error
    }
  }

  /// Saves where it is time to, and after the first epoch: only now is there something to show, or to go
  /// back to.
  func saveIfDue() throws {
    let progress = trainer.progress
    let isFirst = !epochs.isEmpty && (place.isAside || !hasTrainedState)
    guard let saved else { return try save() }
    if isFirst
      || record.checkpoints.isDue(
        seconds: Clock.seconds - saved.time, steps: progress.steps - saved.progress.steps,
        epochs: progress.epoch - saved.progress.epoch)
    {
      try save()
    }
  }

  /// Saves models and state. Undefined numbers never replace good ones.
  func save() throws {
    let state = trainer.state
    if let tensor = state.firstNonFinite {
      throw UnsavableState(step: state.progress.steps, tensor: tensor)
    }
    do {
      try following { try write(state) }
    } catch let error where state.progress.steps > (saved?.progress.steps ?? 0) {
      // What is in memory is worth more than the place that it was to have.
      throw rescue(state, from: error) ?? error
    }
    if place.isAside, !epochs.isEmpty { settle() }
  }

  private func write(_ state: TrainingState<Float>) throws {
    // An untrained model is none that anybody would use.
    if state.progress.steps > 0 {
      try trainer.model.save(
        to: folder.model, dataShape: record.data.shape, metadata: metadata)
      // Before the state: a best epoch that the state does not know comes again, as the run is
      // repeated from there; one that is not in its file would be lost.
      try saveBest()
    }
    try folder.synchroniseMetrics()
    try keepLast()
    try state.save(
      to: folder.state, model: trainer.model, options: record.options,
      fingerprint: record.data.fingerprint,
      dataMeaning: record.likelihood.meaning(onData: data.train.meaning),
      metadata: [[EpochMetrics].metadataKey: epochs.recorded])
    saved = (Clock.seconds, state.progress)
  }

  /// Gives the last state a name of its own where more than one is kept, and removes the oldest.
  private func keepLast() throws {
    let kept = record.checkpoints.kept
    guard let saved, saved.progress.steps > 0, kept > 1 || !folder.keptStates.isEmpty else {
      return
    }
    let steps = saved.progress.steps
    if steps < trainer.progress.steps, Files.exists(folder.state) {
      try Files.link(folder.state, to: folder.keptState(steps: steps))
    }
    // Those of a future that was given up are not earlier states of this run.
    let past = folder.keptStates.filter { $0 < trainer.progress.steps }
    for steps in folder.keptStates where !past.suffix(kept - 1).contains(steps) {
      try Files.remove(folder.keptState(steps: steps))
    }
  }

  private var metadata: [String: String] {
    [
      "data": record.data.name, "height": "\(record.data.size.height)",
      "width": "\(record.data.size.width)", "elbo": ElboVersion.current,
    ]
  }

  /// Saves the model of the best epoch, where it is not in its file yet.
  func saveBest() throws {
    guard let (epoch, model) = newBest else { return }
    try model.save(
      to: folder.best, dataShape: record.data.shape,
      metadata: metadata.merging(["epoch": "\(epoch)", "chosen_by": part.rawValue]) { $1 })
    (newBest, savedBest) = (nil, epoch)
  }

  /// What stood in the way of taking the place of another run.
  private(set) var unsettled: UnsettledRun?

  /// Takes the place of the run to be replaced; where that cannot be, both stay, and it is told at the end.
  private func settle() {
    let (aside, earlier) = (folder.path, place.earlier?.path ?? "")
    do {
      try place.settle()
    } catch {
      unsettled = UnsettledRun(cause: "\(error)", run: folder.path, earlier: earlier)
      return
    }
    if folder.path != aside { Terminal.line("the run in '\(folder.path)' is replaced by this one") }
  }

  /// Gives up a run that has learned nothing and was to replace another one.
  func withdraw() {
    if !hasTrainedState { place.withdraw() }
  }

  /// Saves what is in memory elsewhere: beside a folder that was removed or takes nothing more, in the
  /// folder that the command runs in, or among temporary files.
  ///
  /// - Returns: What to say; nil where nothing could be written there either.
  private func rescue(_ state: TrainingState<Float>, from error: any Error) -> RescuedRun? {
    let last = place.earlier?.path ?? folder.path
    let temporary = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
    for parent in [Files.parent(of: last), ".", temporary] {
      let base = parent == "." ? Files.name(of: last) : "\(parent)/\(Files.name(of: last))"
      let names = ["\(base)-rescued"] + (2...100).map { "\(base)-rescued-\($0)" }
      guard let name = names.first(where: { !Files.exists($0) }) else { continue }
      do {
        let refuge = try RunFolder(name).begin(overwriting: false)
        do {
          try write(state, to: refuge)
          return RescuedRun(cause: "\(error)", refuge: name)
        } catch { refuge.withdraw(always: true) }
      } catch {}
    }
    return nil
  }

  private func write(_ state: TrainingState<Float>, to refuge: RunPlace) throws {
    let other = RunKeeper(refuge, record: record, data: data, trainer: trainer)
    (other.epochs, other.newBest) = (epochs, newBest)
    if newBest == nil, let savedBest, Files.exists(folder.best) {
      try AtomicFile.write(readFile(folder.best), to: refuge.folder.best)
      other.savedBest = savedBest
    }
    try record.write(to: refuge.folder.record)
    try refuge.folder.write(epochs)
    try other.write(state)
  }
}

extension ModelFile {
  /// The epoch that a best model's file is of; nil where it does not say.
  fileprivate static func epoch(of path: String) -> Int? {
    (try? ModelFile(path: path))?.contents.metadata["epoch"].flatMap { Int($0) }
  }
}

/// A state that could not be read again.
struct UnsavableState: Error, CustomStringConvertible {
  let step: Int
  let tensor: String

  var description: String {
    "training diverged by step \(step): \(tensor) is infinite or undefined"
  }
}

/// A run that could not, or not wholly, take the place of another one.
struct UnsettledRun: Error, CustomStringConvertible {
  let cause: String
  let run: String
  let earlier: String

  var description: String {
    run == earlier
      ? "\(cause); this run is whole in '\(run)', what remains of the earlier one is removed when it is "
        + "resumed"
      : "\(cause); this run is whole in '\(run)', the earlier one in '\(earlier)'"
  }
}

/// A run could not be saved in its folder, but elsewhere.
struct RescuedRun: Error, CustomStringConvertible {
  let cause: String
  let refuge: String

  var description: String {
    "\(cause); all that was in memory is saved in '\(refuge)', go on with: "
      + RunFolder(refuge).resumption
  }
}
