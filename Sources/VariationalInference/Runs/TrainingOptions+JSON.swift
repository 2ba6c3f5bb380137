// SPDX-License-Identifier: Apache-2.0

internal import Formats

// How a run was trained, read from the entry "training" of `run.json`; how pixels become data is part
// of the entry "protocol".

extension TrainingOptions {
  /// Entries that earlier versions did not write have the values that those versions used.
  init(_ reader: RecordReader) throws {
    self.init(
      epochs: try reader.integer("training", "epochs"),
      batchSize: try reader.integer("training", "batch_size"),
      optimiser: Adam(
        learningRate: try reader.value("training", "learning_rate", convert: positive),
        epsilon: try reader.optional("training", "epsilon", convert: positive) ?? Adam().epsilon),
      learningRateStages: try reader.optional("training", "learning_rate_stages") {
        LearningRateStages(json: $0)
      },
      objective: try TrainingObjective(reader),
      precision: try reader.optional("training", "precision") {
        $0.stringValue.flatMap(ProductPrecision.init)
      } ?? .float32,
      seed: try reader.value("training", "seed") { $0.stringValue.flatMap { UInt64($0) } })
  }
}

private func positive(_ json: JSONValue) -> Double? {
  json.doubleValue.flatMap { $0 > 0 && $0.isFinite ? $0 : nil }
}

extension TrainingObjective {
  fileprivate init(_ reader: RecordReader) throws {
    let samples = try reader.optional("training", "samples") { $0.intValue }
    let weighted = try reader.optional("training", "gradient_estimator") {
      $0.stringValue.flatMap(ImportanceWeightedGradient.init)
    }.map { Self.importanceWeighted(samples: max(1, samples ?? 1), gradient: $0) }
    let choices = [.evidenceLowerBound, weighted].compactMap { $0 }
    self =
      try reader.optional("training", "objective") { json in
        choices.first { $0.recordName == json.stringValue }
      } ?? .evidenceLowerBound
  }
}

extension LearningRateStages {
  fileprivate init?(json: JSONValue) {
    let stages = json.arrayValue?.compactMap { stage -> Stage? in
      guard let epochs = stage["epochs"]?.intValue, epochs >= 1,
        let rate = stage["learning_rate"].flatMap(positive)
      else { return nil }
      return Stage(epochs: epochs, learningRate: rate)
    }
    guard let stages, !stages.isEmpty, stages.count == json.arrayValue?.count else { return nil }
    self.init(stages)
  }
}
