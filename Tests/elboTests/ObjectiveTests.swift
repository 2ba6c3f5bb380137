// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@Suite("elbo train --objective iwae")
struct ObjectiveTests {
  let workspace: Workspace
  private static let iwae = ["--objective", "iwae", "--samples", "5"]

  init() throws {
    workspace = try Workspace()
    try workspace.writeImages()
  }

  private func train(_ run: String, epochs: Int = 2, _ more: [String]) throws -> Outcome {
    let outcome = try workspace.elbo(
      ["train", "--data", "data", "-o", run, "--epochs", "\(epochs)"] + Workspace.small + more)
    expectSuccess(outcome)
    return outcome
  }

  @Test("the bound is called L_5, and its ELBO an ELBO; the record knows objective and estimator")
  func names() throws {
    let outcome = try train("run", Self.iwae + ["--gradient", "dreg"])
    #expect(outcome.output.contains(/epoch 1\/2, batch 1\/10: L_5 -[0-9.]+ \(ELBO -[0-9.]+, recon/))
    let titles = try #require(outcome.lines.first { $0.hasPrefix("epoch  train") })
    #expect(titles.contains("train L_5   test L_5  test ELBO"), "\(titles)")
    #expect(
      outcome.lines[2].hasPrefix("objective: importance-weighted bound of 5 samples (doubly"))
    #expect(outcome.output.contains("\ntest L_5 -"))
    let json = try workspace.json("run/run.json")
    let training = try #require(json["training"] as? [String: Any])
    #expect(training["objective"] as? String == "importance-weighted bound")
    #expect(training["samples"] as? Int == 5)
    #expect(training["gradient_estimator"] as? String == "dreg")
    #expect((json["protocol"] as? [String: Any])?["samples"] as? Int == 5)
    let metrics = try #require(try workspace.metrics("run").last)
    #expect(metrics.contains(/"kl":[0-9.]+,"importance_weighted_bound":-[0-9.]+}}$/), "\(metrics)")
  }

  @Test("estimators and objectives give different models, each resumed to the same bits")
  func resume() throws {
    var models: Set<Data> = []
    for (name, options) in [
      ("elbo", []), ("iwae", Self.iwae), ("dreg", Self.iwae + ["--gradient", "dreg"]),
    ] {
      _ = try train("\(name)-whole", epochs: 3, options)
      _ = try train(name, epochs: 1, options)
      expectSuccess(
        try workspace.elbo(
          "train", "--resume", name, "--epochs", "3", "--threads", "3", "--no-figures"))
      let model = try workspace.bytes("\(name)/model.safetensors")
      #expect(try model == workspace.bytes("\(name)-whole/model.safetensors"))
      #expect(try workspace.metrics(name) == workspace.metrics("\(name)-whole"))
      models.insert(model)
    }
    #expect(models.count == 3)
  }

  /// What version 0.1.0 wrote.
  @Test("a record without objective, epsilon and test fingerprint resumes as the ELBO run it was")
  func earlierRecord() throws {
    _ = try train("whole", epochs: 2, [])
    _ = try train("run", epochs: 1, [])
    let added = [
      "objective", "epsilon", "test_fingerprint", "binary", "initialisation",
    ]
    let lines = try workspace.text("run/run.json").split(separator: "\n")
    var kept = lines.filter { line in
      !added.contains { line.contains("\"\($0)\": ") && !line.contains("grey levels") }
    }
    #expect(kept.count == lines.count - added.count)
    for index in kept.indices.dropLast() where kept[index + 1].contains(/^ *}/) {
      kept[index] = Substring(kept[index].replacing(/,$/, with: ""))
    }
    try workspace.write(kept.joined(separator: "\n"), to: "run/run.json")
    expectSuccess(
      try workspace.elbo("train", "--resume", "run", "--epochs", "2", "--no-figures"))
    #expect(
      try workspace.bytes("run/state.safetensors") == workspace.bytes("whole/state.safetensors"))
    // The resumed run wrote its record anew, with what it does not know as null.
    expectSuccess(try workspace.elbo("evaluate", "run"))
    expectSuccess(
      try workspace.elbo("train", "--resume", "run", "--epochs", "3", "--no-figures"))
  }

  @Test(
    "options that do not fit together are wrong usage",
    arguments: [
      (["--objective", "iwae"], "--samples"), (["--samples", "5"], "--objective iwae"),
      (["--gradient", "dreg"], "--objective iwae"),
      (["--objective", "iwae", "--samples", "0"], "--samples 0"),
    ])
  func usage(options: [String], word: String) throws {
    expectRefusal(
      try workspace.elbo(["train", "--data", "data", "-o", "run"] + options), status: 64, [word])
    #expect(!workspace.exists("run"))
  }
}
