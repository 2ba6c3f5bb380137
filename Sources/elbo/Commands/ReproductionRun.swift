// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Formats
internal import VariationalInference

/// A published experiment from its present state to its number.
struct ReproductionRun {
  private let table: ImportanceWeightedTable
  private let data: DatasetSplits
  private let place: RunPlace
  private let workers: WorkerPool
  private let record: RunRecord
  private let session: any TrainingRun

  /// Begins the run in a new folder, or takes up what an earlier one left there.
  init(
    _ table: ImportanceWeightedTable, data: DatasetSplits, source: String, folder: RunFolder,
    workers: WorkerPool
  ) throws {
    (self.table, self.data, self.workers) = (table, data, workers)
    let model = try table.model(for: data.train)
    try folder.mend()
    let isBegun = Files.exists(folder.state)
    if isBegun {
      place = try folder.takeUp()
      var earlier = try RunRecord(path: folder.record)
      try earlier.check(data, run: folder.path)
      earlier.options.epochs = table.options.epochs
      if earlier.options != table.options || earlier.architecture != model.architecture {
        throw OtherExperiment(folder: folder.path, found: earlier.protocolWords)
      }
      record = earlier
    } else {
      record = RunRecord(
        dataSource: source, data: data, model: model, options: table.options,
        initialisation: ImportanceWeightedTable.initialisation,
        started: Clock.now("%Y-%m-%dT%H:%M:%S%z"))
      // A run of an earlier version that was stopped before its first save left no state.
      let left = Files.exists(folder.path) ? try Files.list(folder.path) : []
      place = try folder.begin(
        overwriting: Set(left).isSubset(of: [
          ".lock", "run.json", "metrics.jsonl", "model.safetensors", RunFolder.bestName,
        ]))
    }
    let session = try TrainingSession(
      place, record: record, data: data, model: model, workers: workers,
      resumption: { "the same command goes on from here" })
    self.session = session
    if isBegun {
      try session.restore(
        record.state(at: folder.state, of: model, data), from: folder.state)
    }
    try record.write(to: place.folder.record)
  }

  /// What is to be expected, and how long it takes.
  func announce() throws {
    Terminal.line("IWAE paper (arXiv:1509.00519), table 1, one layer, k = \(table.samples)")
    if let expected, table.stages == ImportanceWeightedTable.stageCount {
      Terminal.line(
        "expected: negative log-likelihood \(expected.fixed(2)) nats, give or take "
          + "\(table.tolerance.fixed(1))")
    } else if let expected {
      Terminal.line(
        "published after all \(ImportanceWeightedTable.stageCount) stages: negative "
          + "log-likelihood \(expected.fixed(2)) nats; this run stops after \(table.stages), where "
          + "no number was published")
    } else {
      Terminal.line(
        "no number was published for k = \(table.samples) and the data '\(data.train.name)'; table 1 "
          + "is for MNIST's 60,000 training images")
    }
    let epochs = record.options.epochs - session.progress.epoch
    if epochs > 0 {
      let seconds = try secondsPerEpoch() * Double(epochs)
      Terminal.line(
        "epochs to train: \(epochs.grouped), about \(Clock.duration(seconds)) on "
          + "\(workers.count.counted("thread"))")
    }
  }

  /// The published number, where these are the data that it is for.
  private var expected: Double? {
    record.data.fingerprint == ImportanceWeightedTable.trainingFingerprint ? table.expected : nil
  }

  /// Measured on the first steps of a trainer of its own, after a few that warm up.
  private func secondsPerEpoch() throws -> Double {
    let trainer = try Trainer(
      table.model(for: data.train), data: data.train, options: table.options, workers: workers)
    let (warmUp, measured) = (20, 200)
    for _ in 0..<warmUp { _ = try? trainer.step() }
    let start = Clock.seconds
    for _ in 0..<measured { _ = try? trainer.step() }
    return (Clock.seconds - start) / Double(measured) * Double(trainer.batchesPerEpoch)
  }

  func train() throws { try session.run(figures: false) }
}

extension ReproductionRun {
  /// The number itself, beside the published one; adds it to `result.json`.
  func judge(importanceSamples: Int) throws {
    let likelihood = try negativeLogLikelihood(importanceSamples)
    try write(likelihood, importanceSamples)
    Terminal.line(
      "test negative log-likelihood \(likelihood.mean.fixed(2)) ± "
        + "\(likelihood.standardError.fixed(2)) nats, \(importanceSamples.grouped) "
        + "\(importanceSamples.noun("sample")) for each "
        + "of \(likelihood.examples.grouped) \(likelihood.examples.noun("image")); "
        + "± is one standard error over images"
    )
    if let expected {
      let caveat =
        table.stages == ImportanceWeightedTable.stageCount
        ? ", tolerance \(table.tolerance.fixed(1))"
        : "; not the same protocol, as this is after stage \(table.stages)"
      Terminal.line(
        "published \(expected.fixed(2)): difference "
          + (likelihood.mean - expected).fixed(2) + caveat)
    }
    Terminal.line("wrote \(resultPath)")
  }

  /// log p(x) of the test images, from below; stops on Ctrl-C.
  private func negativeLogLikelihood(_ importanceSamples: Int) throws -> Estimate {
    let (start, all) = (Clock.seconds, data.test.count)
    defer { Terminal.clearLine() }
    do {
      let result = try session.trained.importanceWeightedBound(
        on: data.test, samples: importanceSamples, seed: table.seed, workers: workers
      ) { share in
        let done = Int((share * Double(all)).rounded())
        if Terminal.isInteractive, done % 20 == 0 {
          let left = (Clock.seconds - start) / Double(done) * Double(all - done)
          Terminal.redraw(
            "test images \(done.grouped) of \(all.grouped)  \(Clock.words(left)) left")
        }
        return Interrupt.signalNumber == nil
      }
      return Estimate(result.bound.map { -$0 })
    } catch let cancelled as CancellationError {
      guard let signal = Interrupt.signalNumber else { throw cancelled }
      Terminal.clearLine()
      Terminal.line("Stopped; training is saved, and the same command repeats the evaluation.")
      throw ExitCode(128 + signal)
    }
  }

  private var resultPath: String { "\(place.folder.path)/result.json" }

  /// Adds an entry to what earlier runs, of other numbers of stages, left in the file.
  private func write(_ likelihood: Estimate, _ importanceSamples: Int) throws {
    let earlier =
      Files.exists(resultPath)
      ? try JSONValue.record(resultPath)["results"]?.arrayValue : nil
    let json: JSONValue = [
      "experiment": "IWAE paper, table 1, one stochastic layer",
      "source": "arXiv:1509.00519",
      "results": .array((earlier ?? []) + [entry(likelihood, importanceSamples)]),
    ]
    try AtomicFile.write(Array(json.pretty.utf8), to: resultPath)
  }

  private func entry(_ likelihood: Estimate, _ importanceSamples: Int) -> JSONValue {
    [
      "k": JSONValue(table.samples),
      "stages": JSONValue(table.stages),
      "epochs": JSONValue(record.options.epochs),
      "negative_log_likelihood": [
        "estimate": .number(likelihood.mean),
        "standard_error": .number(likelihood.standardError),
        "examples": JSONValue(likelihood.examples),
      ],
      "published": expected.map(JSONValue.number) ?? .null,
      "tolerance": .number(table.tolerance),
      "training_seconds": .number(session.epochs.reduce(0) { $0 + ($1.seconds ?? 0) }),
      "ends_of_stages": .array(endsOfStages),
      "protocol": [
        "data": .string(data.test.name), "split": .string(data.test.split),
        "training_images": JSONValue(data.train.count),
        "fingerprint": .string(record.data.fingerprint),
        "binarize": "dynamic, drawn once by the seed for the test images",
        "objective": .string(record.meaning),
        "initialisation": .string(record.initialisation),
        "importance_samples": JSONValue(importanceSamples), "seed": .string("\(table.seed)"),
        "unit": "nats per image",
      ],
    ]
  }

  /// The test objective at the end of each stage.
  private var endsOfStages: [JSONValue] {
    (0..<table.stages).compactMap { stage in
      let epoch = table.schedule.end(ofStage: stage)
      return session.epochs.first { $0.epoch == epoch }.map { metrics in
        [
          "stage": JSONValue(stage + 1), "epoch": JSONValue(epoch),
          "learning_rate": .number(table.schedule.stages[stage].learningRate),
          "test": metrics.test.json,
        ]
      }
    }
  }
}

/// The folder holds another run.
struct OtherExperiment: Error, CustomStringConvertible {
  let folder: String
  let found: String

  var description: String {
    "the folder '\(folder)' holds a run with other settings (\(found)); choose another with --output"
  }
}
