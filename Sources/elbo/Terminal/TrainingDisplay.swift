// SPDX-License-Identifier: Apache-2.0

internal import Formats
internal import VariationalInference

/// Shows a run as it goes: a table of its epochs; on a terminal one live line below it, elsewhere a
/// line now and then within long epochs; to a program an object for each epoch.
struct TrainingDisplay {
  private let epochs: Int
  private let examplesPerEpoch: Int
  /// What an example is called, "image".
  private let noun: String
  /// What the objective is called.
  private let objective: String
  /// A run in stages has thousands of epochs: of those it shows a line each minute, and the last of
  /// each stage.
  private let schedule: LearningRateSchedule
  /// The run's folder.
  private let run: String
  private let started = Clock.seconds
  private let firstExample: Int
  private var table: EpochTable
  private var lastDrawn = -Double.infinity
  private var lastEpoch = -Double.infinity

  /// Off a terminal there is a line within an epoch after so many seconds without one.
  private static var pause: Double { 5 }

  /// A display that begins at `progress`, so that a resumed run's rate counts only what it does.
  init(
    options: TrainingOptions, data: any Dataset, bestBy part: BestEpoch.Part, run: String,
    progress: TrainingProgress
  ) {
    epochs = options.epochs
    objective = options.objective.name
    schedule = options.learningRateSchedule
    self.run = run
    (examplesPerEpoch, noun) = (data.count, data.exampleNoun)
    firstExample = progress.epoch * data.count + progress.imagesInEpoch
    table = EpochTable(
      epochs: epochs, objective: objective, part: part, noun: noun,
      showsTimeLeft: !Terminal.isInteractive)
  }

  mutating func show(_ step: TrainingStep) {
    let now = Clock.seconds
    let done = step.epoch * examplesPerEpoch + step.epochSoFar.examples
    if Terminal.isInteractive {
      if now - lastDrawn < 0.1, !step.endsEpoch { return }
      lastDrawn = now
      Terminal.redraw(live(step, rate: rate(done, at: now), left: left(done, at: now)))
    } else if now - lastDrawn >= Self.pause, !step.endsEpoch, schedule.stages.isEmpty {
      lastDrawn = now
      // The first step tells nothing of the others' time.
      let left = done - firstExample > step.epochSoFar.examples || step.batch > 0
      Terminal.line(
        "epoch \(step.epoch + 1)/\(epochs), batch \(step.batch + 1)/\(step.batches): "
          + words(step.terms) + (left ? ", \(Clock.words(self.left(done, at: now))) left" : ""))
    }
  }

  mutating func show(_ metrics: EpochMetrics, isBest: Bool) {
    if Terminal.isForProgram {
      var object = metrics.json
      object["best"] = .bool(isBest)
      Terminal.object(object, of: run)
    }
    let now = Clock.seconds
    if !schedule.stages.isEmpty {
      let stage = schedule.stages.indices.first { schedule.end(ofStage: $0) == metrics.epoch }
      if stage == nil, now - lastEpoch < 60 { return }
      lastEpoch = now
      if let stage { Terminal.line("end of stage \(stage + 1) of \(schedule.stages.count):") }
    }
    let row = EpochTable.Row(
      metrics: metrics, isBest: isBest,
      secondsLeft: left(metrics.epoch * examplesPerEpoch, at: now))
    for line in table.lines(row, width: Terminal.width) { Terminal.line(line) }
    if !Terminal.isInteractive { lastDrawn = now }
  }

  /// Examples a second since the display began, with the evaluations between.
  private func rate(_ done: Int, at now: Double) -> Double {
    Double(done - firstExample) / max(now - started, 1e-9)
  }

  /// Seconds to the end of the whole run.
  private func left(_ done: Int, at now: Double) -> Double {
    Double(epochs) * Double(examplesPerEpoch) <= Double(done)
      ? 0
      : (Double(epochs) * Double(examplesPerEpoch) - Double(done)) / max(rate(done, at: now), 1e-9)
  }

  /// As much as the window takes: first the parts of the bound are left out, then the rate, then
  /// the bar.
  private func live(_ step: TrainingStep, rate: Double, left: Double) -> String {
    let terms = step.epochSoFar.mean
    let epoch = "epoch \(step.epoch + 1)/\(epochs)"
    let batch = "\(step.batch + 1)/\(step.batches)"
    let value = "\(objective) \(terms.objective.fixed(2))"
    let time = "\(Clock.words(left)) left"
    func bar(_ cells: Int) -> String {
      let filled = cells * (step.batch + 1) / step.batches
      return "[" + String(repeating: "█", count: filled)
        + String(repeating: "·", count: cells - filled) + "]"
    }
    let start = "\(epoch) \(bar(20)) \(batch)"
    let end = "\(Int(rate).grouped) \(noun)s/s  \(time)"
    let forms = [
      "\(start)  \(words(terms))  \(end)", "\(start)  \(value)  \(end)",
      "\(start)  \(value)  \(time)",
      "\(epoch) \(bar(10)) \(batch)  \(value)  \(time)", "\(epoch) \(batch)  \(value)  \(time)",
      "\(epoch) \(batch)  \(time)", epoch,
    ]
    return forms.first { $0.count < Terminal.width } ?? epoch
  }

  private func words(_ terms: MeanTerms) -> String {
    let parts =
      "reconstruction \(terms.reconstruction.fixed(2)), KL \(terms.kl.fixed(2))"
    let elbo = "ELBO \(terms.elbo.fixed(2))"
    guard let bound = terms.importanceWeighted else { return "\(elbo) (\(parts))" }
    return "\(objective) \(bound.fixed(2)) (\(elbo), \(parts))"
  }
}

extension TrainingProgress {
  /// Images seen in the present epoch; between two epochs `seen` still holds the one before.
  var imagesInEpoch: Int { batch == 0 ? 0 : seen.examples }
}
