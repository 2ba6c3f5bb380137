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
    json["learning_rate_stages"] = learningRateStages?.json
    if case .importanceWeighted(let samples, let gradient) = objective {
      json["samples"] = JSONValue(samples)
      json["gradient_estimator"] = .string(gradient.rawValue)
    }
    return json
  }

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

extension LearningRateStages {
  fileprivate var json: JSONValue {
    .array(
      stages.map {
        ["epochs": JSONValue($0.epochs), "learning_rate": .number($0.learningRate)]
      })
  }
}
