// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@Suite("elbo train --seeds, elbo compare, verdicts")
struct CompareTests {
  let workspace: Workspace

  init() throws {
    workspace = try Workspace()
    try workspace.writeImages()
  }

  @Test("--seeds trains one run for each seed, tells mean and spread, and goes on where it stopped")
  func seeds() throws {
    let outcome = try workspace.train("all", epochs: 2, "--seeds", "3", "--seed", "4")
    #expect(outcome.lines.last == "wrote all")
    #expect(outcome.output.contains("over 3 seeds"))
    for seed in ["4", "5", "6"] {
      try workspace.train("one-\(seed)", epochs: 2, "--seed", seed)
      #expect(
        try workspace.bytes("all/seed-\(seed)/model.safetensors")
          == workspace.bytes("one-\(seed)/model.safetensors"))
    }
    let results = try #require(try workspace.json("all/seeds.json")["results"] as? [String: Any])
    let summary = try #require(results["test_after_last_epoch"] as? [String: Any])
    let runs = try #require(results["runs"] as? [[String: Any]])
    let values = runs.compactMap { ($0["test"] as? [String: Any])?["mean"] as? Double }
    #expect(values.count == 3)
    let mean = values.reduce(0, +) / 3
    let deviation = (values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 2).squareRoot()
    #expect(abs((summary["mean"] as? Double ?? 0) - mean) < 1e-9)
    #expect(abs((summary["standard_deviation"] as? Double ?? 0) - deviation) < 1e-9)

    // The last one is lost, the second is finished.
    let kept = try workspace.contents("all/seed-5")
    let lost = try workspace.bytes("all/seed-6/model.safetensors")
    try workspace.remove("all/seed-6")
    let again = try workspace.elbo("train", "--resume", "all", "--no-figures")
    expectSuccess(again)
    #expect(again.output.contains("seed 5: has ended before"))
    #expect(try workspace.contents("all/seed-5") == kept)
    #expect(try workspace.bytes("all/seed-6/model.safetensors") == lost)
    // All of them with more epochs.
    expectSuccess(
      try workspace.elbo("train", "--resume", "all", "--epochs", "3", "--no-figures"))
    #expect(try workspace.metrics("all/seed-4").count == 3)
    #expect(try workspace.metrics("all/seed-6").count == 3)
    expectRefusal(
      try workspace.elbo("train", "--resume", "all", "--seeds", "5"), status: 64, ["--seeds"])
    expectRefusal(
      try workspace.elbo("train", "--data", "data", "-o", "all", "--seeds", "2"), ["'all'"])
  }

  @Test("runs of one test part are ranked, with the standard errors that they ended with")
  func ranked() throws {
    try workspace.train("a", epochs: 1)
    try workspace.train("b", epochs: 4, "--learning-rate", "0.01")
    let outcome = try workspace.elbo("compare", "a", "b")
    expectSuccess(outcome)
    #expect(outcome.lines.count == 4, "\(outcome.output)")
    #expect(outcome.lines[1].hasPrefix("b ") && outcome.lines[2].hasPrefix("a "))
    #expect(outcome.output.contains("ranked by the test ELBO of the last epoch: b is "))
    let json = try #require(
      try JSONSerialization.jsonObject(
        with: Data(try workspace.elbo("compare", "a", "b", "--json").output.utf8))
        as? [String: Any])
    #expect(json["ranked"] as? Bool == true)
    let runs = try #require(json["runs"] as? [[String: Any]])
    #expect(runs.map { $0["run"] as? String } == ["b", "a"])
    let evaluated = try #require(
      try JSONSerialization.jsonObject(
        with: Data(try workspace.elbo("evaluate", "b", "--json").output.utf8)) as? [String: Any])
    let (test, own) = (runs[0]["test"] as? [String: Any], evaluated["elbo_standard_error"])
    #expect(test?["standard_error"] as? Double == own as? Double && own is Double)
  }

  @Test("runs whose numbers do not compare are shown in the order given, and it is said why")
  func notRanked() throws {
    try workspace.writeImages("other", test: 40)
    try workspace.train("a", epochs: 1)
    try workspace.train("part", data: "other", epochs: 1)
    try workspace.train("drawn", epochs: 1, "--binarize", "dynamic")
    try workspace.train("levels", epochs: 1, "--likelihood", "discretised-logistic")
    try workspace.train("bound", epochs: 1, "--objective", "iwae", "--samples", "3")
    for (run, words) in [
      ("part", ["other test parts", "other, 40 images"]),
      ("drawn", ["other --binarize", "dynamic (drawn)"]),
      ("levels", ["another meaning", "cross-entropy on grey levels (a)"]),
      ("bound", ["other objectives", "L_3 (bound)"]),
    ] {
      let outcome = try workspace.elbo("compare", "a", run)
      expectSuccess(outcome)
      #expect(outcome.output.contains("not ranked"))
      for word in words { #expect(outcome.output.contains(word), "\(outcome.output)") }
    }
    expectRefusal(try workspace.elbo("compare", "a", "absent"), ["'absent'", "run.json"])
  }

  @Test("a run that is worse than the means of the columns says so, with both numbers")
  func worse() throws {
    let outcome = try workspace.elbo(
      ["train", "--data", "data", "-o", "run", "--epochs", "2", "--learning-rate", "0.3"]
        + Workspace.small)
    expectSuccess(outcome)
    #expect(
      outcome.output.contains(
        /verdict: worse than predicting each column's mean: test ELBO -[0-9.]+ ± [0-9.]+, where/))
    #expect(outcome.output.contains("try a smaller --learning-rate (it is 0.3)"))
    let verdict = try workspace.json("run/verdict.json")
    let findings = try #require(verdict["findings"] as? [[String: Any]])
    #expect(findings.first?["fault"] as? String == "no-better-than-means")
    // Grey levels without a pattern: 64 pixels of next to log 2.
    let means = try #require((verdict["means_of_columns"] as? [String: Any])?["mean"] as? Double)
    #expect(abs(means + 64 * 0.6931) < 1)
  }

  @Test("test examples that stand in the training part are found at the end of the run")
  func learned() throws {
    let images = greyLevels(40 * 64)
    try workspace.write(idx([40, 8, 8], images), to: "same/train-images-idx3-ubyte")
    try workspace.write(
      idx([20, 8, 8], Array(images.prefix(20 * 64))), to: "same/t10k-images-idx3-ubyte")
    let outcome = try workspace.train("run", data: "same", epochs: 1)
    #expect(outcome.output.contains("20 of the 20 test examples also stand in the training part"))
    let verdict = try workspace.json("run/verdict.json")
    #expect(verdict["test_examples_in_training"] as? Int == 20)
    let faults = (verdict["findings"] as? [[String: Any]])?.map { $0["fault"] as? String }
    #expect(faults?.contains("test-in-training") == true)
  }
}
