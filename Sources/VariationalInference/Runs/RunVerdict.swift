// SPDX-License-Identifier: Apache-2.0

package import Formats

/// What there is to say of a finished run: what is wrong with it and what to try, else that nothing was
/// found; with the numbers that say so.
package struct RunVerdict: Sendable, Equatable {
  /// What can be wrong.
  package enum Fault: String, Sendable {
    /// The test part is predicted no better than by the mean of each column.
    case noBetterThanMeans = "no-better-than-means"
    /// q(z | x) does not depend on x: posterior collapse.
    case noActiveUnit = "no-active-unit"
    /// The last epoch is far below the best one.
    case pastBestEpoch = "past-best-epoch"
    /// Test examples were learned.
    case testInTraining = "test-in-training"
    /// The test part is predicted better than the training part, by far.
    case testBetterThanTraining = "test-better-than-training"
    /// The last epochs still gained.
    case stillRising = "still-rising"
  }

  /// A fault, the numbers that show it, and what to try.
  package struct Finding: Sendable, Equatable {
    package let fault: Fault
    package let sentence: String
  }

  /// The gravest first.
  package let findings: [Finding]
  /// What holds whether there are findings or not.
  package let summary: String

  /// Lines for people.
  package var lines: [String] {
    guard let first = findings.first else { return ["verdict: no fault found: \(summary)"] }
    return ["verdict: \(first.sentence)"]
      + findings.dropFirst().map { "also: \($0.sentence)" } + ["in all: \(summary)"]
  }

  /// Judges a run.
  ///
  /// - Parameters:
  ///   - measurement: Of its last model.
  ///   - epochs: All of them.
  ///   - best: The best of them.
  ///   - record: What was asked for.
  ///   - folder: Where the run is, for what to type.
  package init(
    _ measurement: RunMeasurement, epochs: [EpochMetrics], best: BestEpoch?, record: RunRecord,
    folder: RunFolder
  ) {
    let course = RunCourse(measurement, epochs: epochs, best: best)
    let noun = record.data.noun
    let objective = record.options.objective.name
    // Beyond the end of a schedule a run stands still.
    let schedule = record.options.learningRateSchedule
    let canResume = schedule.stages.isEmpty && schedule.end == nil
    var findings: [Finding] = []
    func find(_ fault: Fault, _ sentence: String) {
      findings.append(Finding(fault: fault, sentence: sentence))
    }

    let (test, means) = (measurement.test, measurement.means)
    // A single example has no standard error.
    let error = measurement.gain.standardError.isNaN ? 0 : measurement.gain.standardError
    if measurement.gain.mean < 2 * error {
      let word = measurement.gain.mean < -2 * error ? "worse than" : "no better than"
      let rate = record.options.optimiser.learningRate
      let advice =
        course.fall != nil
        ? "its best epoch was better"
        : rate > 3e-3
          ? "try a smaller --learning-rate (it is \(rate))"
          : course.isRising
            ? "it still rises: train for more epochs"
            : "try other layers (--hidden, --latent), more epochs or another --likelihood"
      find(
        .noBetterThanMeans,
        "\(word) predicting each column's mean: test \(objective) \(test.words), where the means of "
          + "the training columns give \(means.words); \(advice)")
    }
    if measurement.activeUnits == 0 {
      let largest = measurement.activity.max() ?? 0
      find(
        .noActiveUnit,
        "none of the \(measurement.activity.count) latent units is active (the variance of E_q[z] over "
          + "the \(noun)s is at most \(largest.fixed(5)), \(LatentHealth.activityThreshold) counts as "
          + "active): q(z|x) does not look at x, the posterior has collapsed; try more epochs, a "
          + "smaller decoder, or a KL term that is raised slowly (--kl-warm-up 10)")
    }
    if let best, let fall = course.fall {
      find(
        .pastBestEpoch,
        "the last epoch is \(fall.fixed(2)) nats below the best: \(best.part.rawValue) \(objective) "
          + "\(best.value.fixed(2)) after epoch \(best.epoch), "
          + "\((best.value - fall).fixed(2)) after epoch \(epochs.last?.epoch ?? 0), "
          + course.fallWords
          + "; take \(folder.best) (elbo evaluate \(ShellWord.path(folder.path)) --best)")
    }
    if let shared = measurement.shared, Double(shared) >= 0.01 * Double(test.examples) {
      find(
        .testInTraining,
        "\(shared) of the \(test.examples) test examples also stand in the training part: the test "
          + "number is one of examples that were learned; take them out of one of the two")
    }
    if let train = measurement.train, course.isTestTooGood {
      find(
        .testBetterThanTraining,
        "the test part is predicted better than the training part: \(test.words) against "
          + "\(train.words) with the same parameters; see that the two come from one source, and that "
          + "no test example was learned")
    }
    if course.isRising, canResume, measurement.gain.mean >= 2 * error {
      find(
        .stillRising,
        "the last \(course.windowWords) still gained "
          + "\(course.gain.fixed(2)) nats (\(course.part.rawValue) \(objective)): more epochs would "
          + "help (\(folder.resumption) --epochs \(record.options.epochs * 2))")
    }
    self.findings = findings
    summary = Self.summary(measurement, course, objective: objective, noun: noun)
  }

  private static func summary(
    _ measurement: RunMeasurement, _ course: RunCourse, objective: String, noun: String
  ) -> String {
    var parts = [
      "test \(objective) \(measurement.test.words) nats per \(noun)",
      "\(measurement.gain.mean.magnitude.fixed(2)) "
        + (measurement.gain.mean < 0 ? "below" : "above") + " the means of the columns "
        + "(\(measurement.means.mean.fixed(2)))",
      "\(measurement.activeUnits) of \(measurement.activity.count.counted("latent unit")) active",
    ]
    if let train = measurement.train { parts.append("training examples \(train.words)") }
    if course.window > 0 {
      parts.append(
        "the last \(course.windowWords) changed the \(course.part.rawValue) \(objective) by "
          + "\(course.gain.fixed(2))")
    }
    return parts.joined(separator: ", ")
  }
}

/// How a run went, on the part of the data that its best epoch was chosen by.
struct RunCourse {
  /// Which part that is.
  let part: BestEpoch.Part
  /// How many epochs ``gain`` is of: five, or all after the first where there are fewer.
  let window: Int
  /// "epoch" or "5 epochs".
  var windowWords: String { window == 1 ? "epoch" : window.counted("epoch") }
  /// What those epochs gained, in nats.
  let gain: Double
  /// Whether that is more than 0.5 % of what there is above the prediction of the means, and the best
  /// epoch is among the last two. Epochs are judged by the same draws, so that their differences have
  /// little noise.
  let isRising: Bool
  /// How far the last epoch is below the best, where that is more than two standard errors of the test
  /// part and more than 1 % of what the best is above the prediction of the means.
  let fall: Double?
  /// What the training part did meanwhile, and what that means.
  let fallWords: String
  /// Whether the test part is above the training part by more than five standard errors of the difference
  /// and a tenth of the deviation over examples.
  let isTestTooGood: Bool

  init(_ measurement: RunMeasurement, epochs: [EpochMetrics], best: BestEpoch?) {
    part = best?.part ?? .test
    let part = part
    let values = epochs.compactMap { $0.objective(on: part) }
    window = min(5, max(0, values.count - 1))
    let last = values.last ?? 0
    gain = window > 0 ? last - values[values.count - 1 - window] : 0
    let height = max(0, (best?.value ?? last) - measurement.means.mean)
    let isLate = (best?.epoch ?? 0) + 1 >= epochs.last?.epoch ?? 0
    isRising = window > 0 && gain > 0 && gain > 0.005 * height && isLate
    let error = measurement.test.standardError.isNaN ? 0 : measurement.test.standardError
    let fall = (best?.value ?? last) - last
    self.fall = fall > max(2 * error, 0.01 * height) && fall > 0 ? fall : nil
    let before = epochs.first { $0.epoch == best?.epoch }?.train.objective
    fallWords =
      zip([before].compactMap { $0 }, epochs.suffix(1)).allSatisfy { $0 < $1.train.objective }
      ? "while the training part still gained, which is overfitting"
      : "and the training part fell as well: try a smaller --learning-rate"
    isTestTooGood =
      measurement.train.map { train in
        let (a, b) = (measurement.test, train)
        let spread = b.standardError * Double(b.examples).squareRoot()
        let error = (a.standardError * a.standardError + b.standardError * b.standardError)
          .squareRoot()
        return a.mean - b.mean > max(5 * error, 0.1 * spread)
      } ?? false
  }
}

extension Estimate {
  /// "-104.32 ± 0.25"; of one example without its error.
  package var words: String {
    mean.fixed(2) + (standardError.isNaN ? "" : " ± \(standardError.fixed(2))")
  }

  /// Mean, standard error and number of examples.
  package var json: JSONValue {
    [
      "mean": .number(mean), "standard_error": .number(standardError),
      "examples": JSONValue(examples),
    ]
  }
}

// MARK: - JSON

extension RunVerdict {
  /// What `verdict.json` holds.
  ///
  /// - Parameters:
  ///   - measurement: The numbers.
  ///   - epochs: The last epoch.
  ///   - best: The best one.
  ///   - record: What was asked for.
  ///   - stoppedEarly: Whether training stopped by itself before the last epoch asked for.
  /// - Returns: An object.
  package func json(
    _ measurement: RunMeasurement, epochs: Int, best: BestEpoch?, record: RunRecord,
    stoppedEarly: Bool
  ) -> JSONValue {
    var json: JSONValue = [
      "epochs": JSONValue(epochs), "stopped_early": .bool(stoppedEarly),
      "objective": .string(record.options.objective.name),
      "test": measurement.test.json, "means_of_columns": measurement.means.json,
      "gain_over_means": measurement.gain.json,
      "active_units": JSONValue(measurement.activeUnits),
      "latent_units": JSONValue(measurement.activity.count),
    ]
    json["training_examples"] = measurement.train?.json
    json["test_examples_in_training"] = measurement.shared.map { JSONValue($0) }
    json["best"] = best.map {
      [
        "epoch": JSONValue($0.epoch), "chosen_by": .string($0.part.rawValue),
        "value": .number($0.value),
      ]
    }
    json["findings"] = .array(
      findings.map {
        ["fault": .string($0.fault.rawValue), "sentence": .string($0.sentence)]
      })
    json["summary"] = .string(summary)
    return json
  }
}
