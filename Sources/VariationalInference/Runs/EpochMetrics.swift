// SPDX-License-Identifier: Apache-2.0

package import Figures
package import Formats

/// What one epoch gave: a line of `metrics.jsonl`.
package struct EpochMetrics: Sendable, Equatable {
  /// Counted from 1.
  package var epoch: Int
  /// Steps of the run up to its end; nil where an earlier version wrote the line, or where the line was
  /// lost and rebuilt from the state, as below.
  package var step: Int?
  /// When it ended, by ISO 8601.
  package var time: String?
  /// Spent on training, without evaluation.
  package var seconds: Double?
  /// Examples trained on in each of those seconds.
  package var rate: Double?
  /// Means over the epoch while the parameters moved, in nats per image.
  package var train: MeanTerms
  /// Means over the test set after the epoch, in nats per image.
  package var test: MeanTerms
  /// The same over the validation part, where there is one.
  package var validation: MeanTerms?

  package init(
    epoch: Int, step: Int? = nil, time: String? = nil, seconds: Double?, rate: Double? = nil,
    train: MeanTerms, test: MeanTerms, validation: MeanTerms? = nil
  ) {
    self.epoch = epoch
    self.step = step
    self.time = time
    self.seconds = seconds
    self.rate = rate
    self.train = train
    self.test = test
    self.validation = validation
  }
}

extension MeanTerms {
  package var json: JSONValue {
    var json: JSONValue = [
      "elbo": .number(elbo), "reconstruction": .number(reconstruction), "kl": .number(kl),
    ]
    json["importance_weighted_bound"] = importanceWeighted.map(JSONValue.number)
    return json
  }

  init?(json: JSONValue?) {
    guard let reconstruction = json?["reconstruction"]?.doubleValue,
      let kl = json?["kl"]?.doubleValue
    else { return nil }
    self.init(
      reconstruction: reconstruction, kl: kl,
      importanceWeighted: json?["importance_weighted_bound"]?.doubleValue)
  }
}

extension EpochMetrics {
  /// A line of `metrics.jsonl`.
  package var json: JSONValue {
    var json: JSONValue = ["epoch": JSONValue(epoch)]
    json["step"] = step.map { JSONValue($0) }
    json["time"] = time.map { .string($0) }
    json["seconds"] = seconds.map { .number(($0 * 1000).rounded() / 1000) }
    json["examples_per_second"] = rate.map { rate in
      Int(exactly: rate.rounded()).map { JSONValue($0) } ?? .number(rate)
    }
    json["train"] = train.json
    json["test"] = test.json
    json["validation"] = validation?.json
    return json
  }

  init?(json: JSONValue) {
    guard let epoch = json["epoch"]?.intValue, RecordReader.sizes.contains(epoch),
      let train = MeanTerms(json: json["train"]), let test = MeanTerms(json: json["test"])
    else { return nil }
    self.init(
      epoch: epoch, step: json["step"]?.intValue, time: json["time"]?.stringValue,
      seconds: json["seconds"]?.doubleValue, rate: json["examples_per_second"]?.doubleValue,
      train: train, test: test,
      validation: MeanTerms(json: json["validation"]))
  }
}

extension [EpochMetrics] {
  /// The objective, ELBO, reconstruction and KL against the epoch, for the parts of the data.
  ///
  /// Axes are those of ``CourseRange``: the first epochs, in which everything changes, must not
  /// press the later ones into a straight line. What they leave out is marked, and the best epoch
  /// too.
  ///
  /// - Parameters:
  ///   - subtitle: What was trained on what.
  ///   - noun: What an example is called.
  /// - Returns: A panel for each quantity.
  package func curves(subtitle: String, noun: String = "image") -> LineChart {
    let epochs = map { Double($0.epoch) }
    let isValidated = contains { $0.validation != nil }
    let part = isValidated ? BestEpoch.Part.validation : .test
    let mark = BestEpoch(of: self, by: part).map { best in
      LineChart.Place(
        x: Double(best.epoch), label: "best: epoch \(best.epoch)", series: part.rawValue)
    }
    func panel(_ title: String, _ value: KeyPath<MeanTerms, Double>) -> LineChart.Panel {
      var series: [LineChart.Series] = [
        .init(name: "train", x: epochs, y: map { $0.train[keyPath: value] }),
        .init(name: "test", x: epochs, y: map { $0.test[keyPath: value] }, style: .dashed),
      ]
      if isValidated {
        series.append(
          .init(
            name: "validation", x: epochs, y: map { $0.validation?[keyPath: value] ?? .nan },
            style: .dashed))
      }
      return LineChart.Panel(
        title: title, xLabel: "epoch", yLabel: "nats per \(noun)", series: series,
        yRange: CourseRange.of(series), marksCuts: true, mark: count > 1 ? mark : nil)
    }
    let isWeighted = first?.test.importanceWeighted != nil
    return LineChart(
      title: "Training", subtitle: subtitle, caption: caption(part),
      panels: (isWeighted ? [panel("Importance-weighted bound", \.objective)] : []) + [
        panel("ELBO", \.elbo), panel("Reconstruction", \.reconstruction), panel("KL", \.kl),
      ])
  }

  /// How the picture is to be read.
  private func caption(_ part: BestEpoch.Part) -> String {
    if count < 2 { return "" }
    return "Axes show the later half of the epochs and at most twice their range beyond; arrows: "
      + "lines that start or go farther. Best: by the \(part.rawValue) part."
  }
}
