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
      optimiser: try readOptimiser(reader),
      learningRateSchedule: try LearningRateSchedule(reader),
      gradientNormLimit: try reader.optional("training", "gradient_norm_limit", convert: positive),
      average: try reader.optional("training", "average_decay") { json in
        positive(json).flatMap { $0 < 1 ? ParameterAverage(decay: $0) : nil }
      },
      objective: try TrainingObjective(reader),
      klRelaxation: KLRelaxation(
        warmUpEpochs: try reader.optional("training", "kl_warm_up_epochs", convert: positive) ?? 0,
        freeNats: try reader.optional("training", "free_nats", convert: positive) ?? 0),
      precision: try reader.optional("training", "precision") {
        $0.stringValue.flatMap(ProductPrecision.init)
      } ?? .float32,
      seed: try reader.value("training", "seed") { $0.stringValue.flatMap { UInt64($0) } })
  }
}

private func readOptimiser(_ reader: RecordReader) throws -> any Optimiser {
  let rate = try reader.value("training", "learning_rate", convert: positive)
  let epsilon =
    try reader.optional("training", "epsilon", convert: positive) ?? Adam().epsilon
  let name = try reader.optional("training", "optimiser") { $0.stringValue }
  if name != AdamW.name { return Adam(learningRate: rate, epsilon: epsilon) }
  let decay = try reader.value("training", "weight_decay") { json in
    json.doubleValue.flatMap { $0 >= 0 && rate * $0 < 1 ? $0 : nil }
  }
  return AdamW(learningRate: rate, weightDecay: decay, epsilon: epsilon)
}

private func positive(_ json: JSONValue) -> Double? {
  json.doubleValue.flatMap { $0 > 0 && $0.isFinite ? $0 : nil }
}

extension TrainingObjective {
  fileprivate init(_ reader: RecordReader) throws {
    let samples = try reader.optional("training", "samples") { json in
      json.intValue.flatMap { (0...Self.mostSamples).contains($0) ? $0 : nil }
    }
    let weighted = try reader.optional("training", "gradient_estimator") {
      $0.stringValue.flatMap(ImportanceWeightedGradient.init)
    }.map { Self.importanceWeighted(samples: samples ?? 1, gradient: $0) }
    let choices = [.evidenceLowerBound, weighted].compactMap { $0 }
    self =
      try reader.optional("training", "objective") { json in
        choices.first { $0.recordName == json.stringValue }
      } ?? .evidenceLowerBound
  }
}

extension TrainingObjective {
  /// So many draws of q a run may take, as its options say.
  fileprivate static let mostSamples = 10_000
}

extension LearningRateSchedule {
  fileprivate init(_ reader: RecordReader) throws {
    let warmUp = try reader.optional("training", "warm_up_epochs", convert: positive) ?? 0
    let stages = try reader.optional(
      "training", "learning_rate_stages", convert: Self.stages(json:))
    let fall = try reader.optional("training", "learning_rate_schedule") {
      Self.shape(json: $0, warmUp: warmUp)
    }
    let first = try reader.optional("training", "schedule_first_step") { json in
      json.intValue.flatMap { RecordReader.sizes.contains($0) ? $0 : nil }
    }
    self.init(stages ?? fall ?? .constant, warmUpEpochs: warmUp, firstStep: first ?? 0)
  }

  private static func stages(json: JSONValue) -> Shape? {
    let stages = json.arrayValue?.compactMap { stage -> Stage? in
      guard let epochs = stage["epochs"]?.intValue, RecordReader.sizes.contains(epochs),
        let rate = stage["learning_rate"].flatMap(positive)
      else { return nil }
      return Stage(epochs: epochs, learningRate: rate)
    }
    guard let stages, !stages.isEmpty, stages.count == json.arrayValue?.count,
      stages.count <= RecordReader.longestList,
      RecordReader.sizes.contains(stages.reduce(0) { $0 + $1.epochs })
    else { return nil }
    return .stages(stages)
  }

  private static func shape(json: JSONValue, warmUp: Double) -> Shape? {
    guard let final = json["final_learning_rate"]?.doubleValue, final >= 0, final.isFinite,
      let epochs = json["epochs"]?.intValue, RecordReader.sizes.contains(epochs),
      Double(epochs) > warmUp
    else { return nil }
    switch json["shape"]?.stringValue {
    case "linear": return .linear(final: final, epochs: epochs)
    case "cosine": return .cosine(final: final, epochs: epochs)
    default: return nil
    }
  }
}
