// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@Suite("Best epoch, patience, another model's parameters")
struct RunEndTests {
  let workspace: Workspace

  init() throws {
    workspace = try Workspace()
    try workspace.writeImages()
    let pixels = greyLevels(130 * 64).map { $0 < 128 ? UInt8(0) : 255 }
    for (part, images) in [("train", 0..<60), ("valid", 60..<90), ("test", 90..<130)] {
      let own = Array(pixels[images.lowerBound * 64..<images.upperBound * 64])
      try workspace.write(
        idx([images.count, 8, 8], own), to: "split/\(part)-images-idx3-ubyte")
    }
  }

  /// Overfits within some epochs.
  private static let fast = ["--hidden", "64", "--latent", "8", "--learning-rate", "0.01"]

  private func train(_ run: String, data: String = "split", _ more: String...) throws -> Outcome {
    let outcome = try workspace.elbo(
      ["train", "--data", data, "-o", run, "--no-figures", "--batch-size", "20"] + Self.fast + more)
    expectSuccess(outcome)
    return outcome
  }

  /// The number of an epoch on a part, as `metrics.jsonl` has it.
  private func values(_ run: String, _ part: String) throws -> [Double] {
    try workspace.metrics(run).map { line in
      let json = try #require(
        try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
      return try #require((json[part] as? [String: Any])?["elbo"] as? Double)
    }
  }

  private func evaluate(_ arguments: String...) throws -> [String: Any] {
    let outcome = try workspace.elbo(["evaluate"] + arguments + ["--json"])
    expectSuccess(outcome)
    return try #require(
      try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any])
  }

  @Test(
    "best.safetensors is the model of the epoch that metrics.jsonl says, by the validation part")
  func best() throws {
    let outcome = try train("run", "--epochs", "60")
    let values = try values("run", "validation")
    let best = try #require(values.max())
    let epoch = (values.firstIndex(of: best) ?? 0) + 1
    #expect(epoch < 60, "the run overfits, else the test shows nothing")
    let other = try evaluate("run", "--best", "--split", "valid")
    #expect(other["elbo"] as? Double == best)
    let last = try evaluate("run", "--split", "valid")
    #expect(last["elbo"] as? Double == values.last && values.last != best)
    #expect(outcome.output.contains("best epoch \(epoch): validation ELBO"))
    #expect(outcome.output.contains("take run/best.safetensors (elbo evaluate run --best)"))
    // The file knows its run, wherever it is named from.
    let path = try evaluate("run/best.safetensors", "--split", "validation")
    #expect(path["elbo"] as? Double == best)
    // A run cut at that epoch has the same model.
    _ = try train("cut", "--epochs", "\(epoch)")
    #expect(
      try workspace.bytes("cut/model.safetensors").suffix(5000)
        == workspace.bytes("run/best.safetensors").suffix(5000))
  }

  @Test("without a validation part the test part chooses, and it is said wherever it matters")
  func byTest() throws {
    let outcome = try train("run", data: "data", "--epochs", "2")
    #expect(outcome.output.contains("chosen by the test part, so its test numbers are optimistic"))
    #expect(try #require(try evaluate("run", "--best")["note"] as? String).contains("optimistic"))
    #expect(try evaluate("run")["note"] == nil)
    expectRefusal(
      try workspace.elbo("evaluate", "run/model.safetensors", "--best", "--data", "data"),
      status: 64, ["--best", "folder"])
    try workspace.remove("run/best.safetensors")
    expectRefusal(try workspace.elbo("evaluate", "run", "--best"), ["'run'", "best.safetensors"])
  }

  @Test("--resume finds the best epoch of an undisturbed run, also where it lies before the stop")
  func resumed() throws {
    _ = try train("whole", "--epochs", "20")
    _ = try train("run", "--epochs", "9")
    for epochs in ["13", "20"] {
      expectSuccess(
        try workspace.elbo("train", "--resume", "run", "--epochs", epochs, "--no-figures"))
    }
    for file in ["best.safetensors", "model.safetensors", "verdict.json"] {
      let (a, b) = (try workspace.text("run/\(file)"), try workspace.text("whole/\(file)"))
      #expect(a.replacing("run/", with: "whole/").replacing(" run ", with: " whole ") == b)
    }
    #expect(try workspace.metrics("run") == workspace.metrics("whole"))
  }

  @Test("--validation takes examples from the training part, the same again on --resume")
  func validation() throws {
    let outcome = try train(
      "run", data: "data", "--epochs", "1", "--validation", "0.25", "--seed", "5")
    #expect(outcome.output.contains("150 training, 50 validation and 50 test images"))
    #expect(try values("run", "validation").count == 1)
    let reading = (try workspace.json("run/run.json")["data"] as? [String: Any])?["reading"]
    #expect((reading as? [String: Any])?["validation"] as? Double == 0.25)
    #expect(try evaluate("run", "--split", "valid")["examples"] as? Int == 50)
    #expect(try evaluate("run", "--split", "train")["examples"] as? Int == 150)
    expectSuccess(
      try workspace.elbo("train", "--resume", "run", "--epochs", "3", "--no-figures"))
    _ = try train("whole", data: "data", "--epochs", "3", "--validation", "0.25", "--seed", "5")
    #expect(try workspace.metrics("run") == workspace.metrics("whole"))
    expectRefusal(
      try workspace.elbo("train", "--data", "split", "--validation", "0.1"),
      ["'split'", "30", "--validation"])
    for share in ["0", "1", "nan"] {
      expectRefusal(
        try workspace.elbo("train", "--validation", share), status: 64, ["--validation"])
    }
  }

  @Test("--patience stops after so many epochs without a new best; more patience goes on")
  func patience() throws {
    let outcome = try train("run", "--epochs", "200", "--patience", "3")
    let values = try values("run", "validation")
    let epoch = (values.firstIndex(of: values.max() ?? 0) ?? 0) + 1
    #expect(values.count == epoch + 3 && values.count < 200)
    #expect(outcome.output.contains("stopped early: no new best of the validation part in the 3"))
    let before = try workspace.contents("run")
    expectSuccess(try workspace.elbo("train", "--resume", "run", "--no-figures"))
    #expect(try workspace.contents("run") == before)
    expectSuccess(
      try workspace.elbo("train", "--resume", "run", "--patience", "6", "--no-figures"))
    _ = try train("whole", "--epochs", "200", "--patience", "6")
    #expect(try workspace.metrics("run") == workspace.metrics("whole"))
    #expect(
      try workspace.bytes("run/state.safetensors") == workspace.bytes("whole/state.safetensors"))
    expectRefusal(
      try workspace.elbo("train", "--data", "data", "-o", "none", "--patience", "3"),
      ["'data'", "--patience", "--validation 0.1"])
    #expect(!workspace.exists("none"))
  }

  @Test("--from begins with the parameters of another model, and refuses one that differs")
  func from() throws {
    _ = try train("first", "--epochs", "6")
    // A step so small that no parameter changes by more than 1e-9 leaves the model as it was.
    let outcome = try workspace.elbo(
      "train", "--data", "split", "-o", "run", "--from", "first", "--epochs", "1",
      "--learning-rate", "1e-12", "--no-figures")
    expectSuccess(outcome)
    let (a, b) = (try values("first", "test").last, try values("run", "test").last)
    #expect(abs((a ?? 0) - (b ?? 1)) < 1e-4)
    let model = try #require(try workspace.json("run/run.json")["model"] as? [String: Any])
    #expect((model["from"] as? String)?.hasSuffix("/first/model.safetensors") == true)
    #expect(model["hidden"] as? [Int] == [64])
    for (options, words) in [
      (["--latent", "3"], ["latent dimensions: 8", "of the run: 3"]),
      (["--hidden", "64,5"], ["hidden layers: 64", "64,5"]),
      (["--activation", "tanh"], ["activation: relu", "tanh"]),
      (
        ["--data", "data", "--likelihood", "discretised-logistic"],
        ["likelihood: Bernoulli", "of the run: discretised-logistic"]
      ),
    ] {
      expectRefusal(
        try workspace.elbo(
          ["train", "-o", "no", "--from", "first"]
            + (options.contains("--data") ? [] : ["--data", "split"]) + options),
        ["--from", "first/model.safetensors"] + words)
      #expect(!workspace.exists("no"))
    }
  }

  @Test("trained on L_K, a run is evaluated by L_K beside the ELBO; other draws have their note")
  func importanceWeighted() throws {
    _ = try train("run", "--epochs", "2", "--objective", "iwae", "--samples", "5")
    let own = try evaluate("run")
    let lines = try workspace.metrics("run")
    let bound = try #require(own["importance_weighted_bound"] as? Double)
    #expect(lines.last?.contains("\"importance_weighted_bound\":\(bound)}") == true)
    #expect((own["protocol"] as? [String: Any])?["samples"] as? Int == 5)
    #expect(own["note"] == nil)
    #expect(try workspace.elbo("evaluate", "run").output.contains("\nL_5 "))
    let other = try evaluate("run", "--samples", "1")
    #expect(other["importance_weighted_bound"] == nil)
    #expect((other["note"] as? String)?.contains("5 draws of q per image") == true)
    #expect(try #require(own["elbo"] as? Double) < bound)
    let dynamic = try workspace.elbo("evaluate", "run", "--binarize", "dynamic")
    #expect(dynamic.output.contains("which also draws the pixels, once"))
  }
}
