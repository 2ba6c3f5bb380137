// SPDX-License-Identifier: Apache-2.0

internal import Formats

// How a run is trained, as it is written into its state and into the entry "training" of `run.json`.

extension TrainingOptions {
  var json: JSONValue {
    var json: JSONValue = [
      "epochs": JSONValue(epochs), "batch_size": JSONValue(batchSize),
      "optimiser": .string(type(of: optimiser).name),
      "learning_rate": .number(optimiser.learningRate),
      "gradient": "of the sum over a batch", "objective": .string(objective.recordName),
      "precision": .string(precision.rawValue), "seed": .string("\(seed)"),
    ]
    json["epsilon"] = optimiser.settings["epsilon"].map(JSONValue.number)
    if !learningRateSchedule.stages.isEmpty {
      json["learning_rate_stages"] = .array(learningRateSchedule.stages.map(\.json))
    }
    if case .importanceWeighted(let samples, let gradient) = objective {
      json["samples"] = JSONValue(samples)
      json["gradient_estimator"] = .string(gradient.rawValue)
    }
    if let decay = optimiser.settings["weight_decay"] { json["weight_decay"] = .number(decay) }
    for (key, value) in laterSettings { json[key] = value }
    return json
  }

  /// Settings that came after the first versions of records and states, in which they are left out
  /// where they are the defaults: what is not there has the default.
  private var laterSettings: [(key: String, value: JSONValue)] {
    var settings: [(key: String, value: JSONValue)] = []
    if let schedule = learningRateSchedule.json {
      settings.append(("learning_rate_schedule", schedule))
    }
    func add(_ key: String, _ value: Double) {
      if value > 0 { settings.append((key, .number(value))) }
    }
    add("warm_up_epochs", learningRateSchedule.warmUpEpochs)
    if learningRateSchedule.firstStep > 0 {
      settings.append(("schedule_first_step", JSONValue(learningRateSchedule.firstStep)))
    }
    add("gradient_norm_limit", gradientNormLimit ?? 0)
    add("average_decay", average?.decay ?? 0)
    add("kl_warm_up_epochs", klRelaxation.warmUpEpochs)
    add("free_nats", klRelaxation.freeNats)
    return settings
  }

  static let laterKeys = [
    "learning_rate_schedule", "warm_up_epochs", "schedule_first_step", "gradient_norm_limit",
    "average_decay",
    "kl_warm_up_epochs", "free_nats",
  ]

  /// What of the settings decides the rest of a run, but for the seed: all that may not differ when
  /// it is taken up. Every key is there, null where there is nothing to say.
  var decisive: JSONValue {
    var json = json
    for key in ["epochs", "seed"] { json[key] = nil }
    for key in ["learning_rate_stages", "samples", "gradient_estimator"] where json[key] == nil {
      json[key] = .null
    }
    for (name, value) in optimiser.settings.sorted(by: { $0.key < $1.key }) {
      json[name] = .number(value)
    }
    return json
  }
}

extension TrainingObjective {
  var recordName: String {
    switch self {
    case .evidenceLowerBound: "evidence lower bound"
    case .importanceWeighted: "importance-weighted bound"
    }
  }
}

extension LearningRateSchedule.Stage {
  fileprivate var json: JSONValue {
    ["epochs": JSONValue(epochs), "learning_rate": .number(learningRate)]
  }
}

extension LearningRateSchedule {
  /// Nil where the rate does not fall, or falls by stages.
  fileprivate var json: JSONValue? {
    switch shape {
    case .constant, .stages: nil
    case .linear(let final, let epochs): Self.json("linear", final, epochs)
    case .cosine(let final, let epochs): Self.json("cosine", final, epochs)
    }
  }

  private static func json(_ shape: String, _ final: Double, _ epochs: Int) -> JSONValue {
    [
      "shape": .string(shape), "final_learning_rate": .number(final), "epochs": JSONValue(epochs),
    ]
  }
}
