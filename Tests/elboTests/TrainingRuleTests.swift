// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@Suite("elbo train: optimisers, schedules, limits, averages, KL warm-up and free bits")
struct TrainingRuleTests {
  let workspace: Workspace

  init() throws {
    workspace = try Workspace()
    try workspace.writeImages()
  }

  private func train(_ run: String, epochs: Int, _ more: [String]) throws -> Outcome {
    let outcome = try workspace.elbo(
      ["train", "--data", "data", "-o", run, "--epochs", "\(epochs)"] + Workspace.small + more)
    expectSuccess(outcome)
    return outcome
  }

  private func training(_ run: String) throws -> [String: Any] {
    try #require(try workspace.json("\(run)/run.json")["training"] as? [String: Any])
  }

  /// What does not depend on the number of epochs.
  private static let lasting = [
    "--optimiser", "adamw", "--weight-decay", "0.5", "--warm-up", "0.5", "--clip-gradient", "2",
    "--average", "0.9", "--kl-warm-up", "0.75", "--free-bits", "0.01",
  ]

  @Test("are announced and recorded, and --resume ends in the bits of a run that went through")
  func resume() throws {
    let outcome = try train("whole", epochs: 3, Self.lasting)
    #expect(
      outcome.lines.contains(
        "training: AdamW, weight decay 0.5; learning rate 0.001, rising for 0.5 epochs; gradients"
          + " of the mean per example limited to norm 2; parameters averaged over steps, decay 0.9:"
          + " evaluations, pictures and the saved model have the average"))
    #expect(
      outcome.output.contains(
        "\nobjective: trained with a KL weight that rises from 0 to 1 over 0.75 epochs and with the"
          + " KL of each latent dimension counted as at least 0.01 nats, while all numbers shown"
          + " are of the ELBO; cross-entropy"))
    let training = try training("whole")
    #expect(training["optimiser"] as? String == "AdamW")
    for (key, value) in [
      ("weight_decay", 0.5), ("warm_up_epochs", 0.5), ("gradient_norm_limit", 2),
      ("average_decay", 0.9), ("kl_warm_up_epochs", 0.75), ("free_nats", 0.01),
    ] {
      #expect(training[key] as? Double == value, "\(key)")
    }
    #expect(training["learning_rate_schedule"] == nil)
    _ = try train("run", epochs: 1, Self.lasting)
    expectSuccess(
      try workspace.elbo(
        "train", "--resume", "run", "--epochs", "3", "--threads", "3", "--no-figures"))
    for file in ["model.safetensors", "state.safetensors"] {
      #expect(try workspace.bytes("run/\(file)") == workspace.bytes("whole/\(file)"))
    }
    #expect(try workspace.metrics("run") == workspace.metrics("whole"))
  }

  @Test("evaluate sees the averaged model, whose number the run gave")
  func evaluation() throws {
    _ = try train("run", epochs: 2, ["--average", "0.95", "--kl-warm-up", "1"])
    let outcome = try workspace.elbo("evaluate", "run", "--json")
    expectSuccess(outcome)
    let json = try #require(
      try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any])
    let last = try #require(try workspace.metrics("run").last)
    let metrics = try #require(
      try JSONSerialization.jsonObject(with: Data(last.utf8)) as? [String: Any])
    let test = try #require(metrics["test"] as? [String: Any])
    #expect(json["elbo"] as? Double == test["elbo"] as? Double && test["elbo"] != nil)
  }

  @Test("a schedule keeps its epochs: a run that goes on after them stays where it is, and says so")
  func schedule() throws {
    _ = try train("run", epochs: 2, ["--schedule", "cosine"])
    let before = try workspace.bytes("run/model.safetensors")
    let outcome = try workspace.elbo(
      "train", "--resume", "run", "--epochs", "3", "--no-figures")
    expectSuccess(outcome)
    #expect(
      outcome.output.contains(
        "falling as a cosine to 0 at the end of epoch 2 and 0 after it, where no parameter moves"))
    #expect(try workspace.bytes("run/model.safetensors") == before)
    let schedule = try #require(try training("run")["learning_rate_schedule"] as? [String: Any])
    #expect(schedule["shape"] as? String == "cosine" && schedule["epochs"] as? Int == 2)
    #expect(schedule["final_learning_rate"] as? Double == 0)
    _ = try train(
      "line", epochs: 2, ["--schedule", "linear", "--final-learning-rate", "0.0005"])
    #expect(try workspace.bytes("line/model.safetensors") != before)
    expectSuccess(
      try workspace.elbo("train", "--resume", "line", "--epochs", "3", "--no-figures"))
  }

  @Test("a run with the defaults is recorded as before")
  func defaults() throws {
    let outcome = try train("run", epochs: 1, [])
    #expect(!outcome.output.contains("training: "))
    #expect(
      Set(try training("run").keys) == [
        "epochs", "batch_size", "optimiser", "learning_rate", "gradient", "objective", "precision",
        "seed", "epsilon",
      ])
    _ = try train(
      "same", epochs: 1,
      ["--optimiser", "adam", "--schedule", "constant", "--objective", "elbo"])
    #expect(
      try workspace.bytes("same/state.safetensors") == workspace.bytes("run/state.safetensors"))
  }

  @Test(
    "entries of run.json that make no sense are named",
    arguments: [
      ("\"average_decay\": 0.9", "\"average_decay\": 1.5", "average_decay"),
      ("\"weight_decay\": 0.5", "\"weight_decay\": \"much\"", "weight_decay"),
      ("\"warm_up_epochs\": 0.5,", "\"warm_up_epochs\": -1,", "warm_up_epochs"),
      ("\"free_nats\": 0.01", "\"free_nats\": null", "free_nats"),
    ])
  func damaged(_ old: String, _ new: String, _ key: String) throws {
    _ = try train("run", epochs: 1, Self.lasting)
    let text = try workspace.text("run/run.json")
    #expect(text.contains(old))
    try workspace.write(text.replacingOccurrences(of: old, with: new), to: "run/run.json")
    expectRefusal(try workspace.elbo("train", "--resume", "run", "--epochs", "2"), [key])
  }

  /// Arguments, and what the sentence must hold.
  static let cases: [([String], [String])] = [
    (["--optimiser", "sgd"], ["'sgd'", "adam", "adamw"]),
    (["--weight-decay", "0.1"], ["--weight-decay", "--optimiser adamw"]),
    (["--optimiser", "adamw", "--weight-decay", "-1"], ["--weight-decay -1", "at least 0"]),
    (["--optimiser", "adamw", "--weight-decay", "1000"], ["--weight-decay 1000", "below 1"]),
    (["--schedule", "steps"], ["'steps'", "linear", "cosine"]),
    (["--final-learning-rate", "0.1"], ["--final-learning-rate", "--schedule linear or cosine"]),
    (
      ["--schedule", "cosine", "--final-learning-rate", "0.1"],
      ["--final-learning-rate 0.1", "0.001"]
    ),
    (["--warm-up", "0"], ["--warm-up 0", "positive"]),
    (["--warm-up", "50"], ["--warm-up 50", "fewer epochs than the 50"]),
    (["--warm-up", "3", "--epochs", "3"], ["--warm-up 3", "fewer epochs than the 3"]),
    (["--clip-gradient", "-1"], ["--clip-gradient -1", "positive"]),
    (["--average", "1"], ["--average 1", "between 0 and 1"]),
    (["--kl-warm-up", "50"], ["--kl-warm-up 50", "fewer epochs than the 50"]),
    (["--kl-warm-up", "nan"], ["--kl-warm-up nan", "positive"]),
    (["--free-bits", "0"], ["--free-bits 0", "positive"]),
    (
      ["--objective", "iwae", "--samples", "5", "--kl-warm-up", "2"],
      ["--kl-warm-up", "--objective elbo", "no KL term"]
    ),
    (
      ["--objective", "iwae", "--samples", "5", "--free-bits", "2"],
      ["--free-bits", "--objective elbo"]
    ),
    (["--resume", "run", "--average", "0.9"], ["--resume", "--average"]),
    (["--resume", "run", "--free-bits", "1"], ["--resume", "--free-bits"]),
  ]

  @Test("what makes no sense is wrong usage", arguments: cases)
  func refused(arguments: [String], words: [String]) throws {
    expectRefusal(try workspace.elbo(["train"] + arguments), status: 64, words)
    #expect(!workspace.exists("runs"))
  }
}
