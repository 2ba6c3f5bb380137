// SPDX-License-Identifier: Apache-2.0

package import Figures
package import Formats

/// What one epoch gave: a line of `metrics.jsonl`.
package struct EpochMetrics: Sendable, Equatable {
  /// Counted from 1.
  package var epoch: Int
  /// Spent on training, without evaluation; nil where its line was lost and rebuilt from the state.
  package var seconds: Double?
  /// Means over the epoch while the parameters moved, in nats per image.
  package var train: MeanTerms
  /// Means over the test set after the epoch, in nats per image.
  package var test: MeanTerms
  /// The same over the validation part, where there is one.
  package var validation: MeanTerms?

  package init(
    epoch: Int, seconds: Double?, train: MeanTerms, test: MeanTerms, validation: MeanTerms? = nil
  ) {
    self.epoch = epoch
    self.seconds = seconds
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
  var json: JSONValue {
    var json: JSONValue = [
      "epoch": JSONValue(epoch),
      "seconds": seconds.map { JSONValue.number(($0 * 1000).rounded() / 1000) } ?? .null,
      "train": train.json, "test": test.json,
    ]
    json["validation"] = validation?.json
    return json
  }

  init?(json: JSONValue) {
    guard let epoch = json["epoch"]?.intValue,
      let train = MeanTerms(json: json["train"]), let test = MeanTerms(json: json["test"])
    else { return nil }
    self.init(
      epoch: epoch, seconds: json["seconds"]?.doubleValue, train: train, test: test,
      validation: MeanTerms(json: json["validation"]))
  }
}

extension [EpochMetrics] {
  /// The objective, ELBO, reconstruction and KL against the epoch, for training and test images.
  package func curves(subtitle: String) -> LineChart {
    let epochs = map { Double($0.epoch) }
    func panel(_ title: String, _ part: KeyPath<MeanTerms, Double>) -> LineChart.Panel {
      LineChart.Panel(
        title: title, xLabel: "epoch", yLabel: "nats per image",
        series: [
          .init(name: "train", x: epochs, y: map { $0.train[keyPath: part] }),
          .init(name: "test", x: epochs, y: map { $0.test[keyPath: part] }, style: .dashed),
        ])
    }
    let isWeighted = first?.test.importanceWeighted != nil
    return LineChart(
      title: "Training", subtitle: subtitle,
      panels: (isWeighted ? [panel("Importance-weighted bound", \.objective)] : []) + [
        panel("ELBO", \.elbo), panel("Reconstruction", \.reconstruction), panel("KL", \.kl),
      ])
  }
}
