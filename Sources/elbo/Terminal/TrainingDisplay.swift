// SPDX-License-Identifier: Apache-2.0

internal import Formats
internal import VariationalInference

/// Shows a run as it goes: one live line on a terminal, plain lines elsewhere.
struct TrainingDisplay {
  let epochs: Int
  private let examplesPerEpoch: Int
  /// What an example is called, "image".
  private let noun: String
  /// What the objective is called.
  let objective: String
  /// A run in stages has thousands of epochs: of those it shows a line each minute, and the last of
  /// each stage.
  private let schedule: LearningRateSchedule
  private let started = Clock.seconds
  private let firstExample: Int
  private var lastDrawn = 0.0
  private var lastEpoch = -Double.infinity

  /// A display that begins at `progress`, so that a resumed run's rate counts only what it does.
  init(options: TrainingOptions, data: any Dataset, progress: TrainingProgress) {
    epochs = options.epochs
    objective = options.objective.name
    schedule = options.learningRateSchedule
    (examplesPerEpoch, noun) = (data.count, data.exampleNoun)
    firstExample = progress.epoch * data.count + progress.imagesInEpoch
  }

  mutating func show(_ step: TrainingStep) {
    if Terminal.isInteractive {
      let now = Clock.seconds
      if now - lastDrawn < 0.1, !step.endsEpoch { return }
      lastDrawn = now
      Terminal.redraw(bar(step, elapsed: now - started))
    } else if step.batch % 100 == 0, schedule.stages.isEmpty {
      Terminal.line(
        "epoch \(step.epoch + 1)/\(epochs), batch \(step.batch)/\(step.batches): "
          + words(step.terms))
    }
  }

  mutating func show(_ metrics: EpochMetrics, rate: Double) {
    if !schedule.stages.isEmpty {
      let stage = schedule.stages.indices.first { schedule.end(ofStage: $0) == metrics.epoch }
      if stage == nil, Clock.seconds - lastEpoch < 60 { return }
      lastEpoch = Clock.seconds
      Terminal.clearLine()
      if let stage { Terminal.line("end of stage \(stage + 1) of \(schedule.stages.count):") }
    }
    Terminal.clearLine()
    let number = String(repeating: " ", count: "\(epochs)".count - "\(metrics.epoch)".count)
    Terminal.line(
      "epoch \(number)\(metrics.epoch)/\(epochs)  train \(words(metrics.train))  "
        + "test \(words(metrics.test))  "
        + (metrics.validation.map { "validation \($0.objective.fixed(2))  " } ?? "")
        + "\((metrics.seconds ?? 0).fixed(2)) s  "
        + "\(Int(rate).grouped) \(noun)s/s")
  }

  private func bar(_ step: TrainingStep, elapsed: Double) -> String {
    let cells = 20
    let filled = cells * (step.batch + 1) / step.batches
    let done = step.epoch * examplesPerEpoch + step.epochSoFar.examples
    let rate = Double(done - firstExample) / max(elapsed, 1e-9)
    let left = Double(epochs * examplesPerEpoch - done) / max(rate, 1)
    let terms = step.epochSoFar.mean
    let start =
      "epoch \(step.epoch + 1)/\(epochs) [" + String(repeating: "█", count: filled)
      + String(repeating: "·", count: cells - filled) + "] \(step.batch + 1)/\(step.batches)  "
    let end = "  \(Int(rate).grouped) \(noun)s/s  \(Clock.words(left)) left"
    let full = start + words(terms) + end
    return full.count < Terminal.width
      ? full : start + "\(objective) \(terms.objective.fixed(2))" + end
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
