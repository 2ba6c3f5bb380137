// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@Suite("elbo train")
struct TrainTests {
  let workspace: Workspace

  init() throws {
    workspace = try Workspace()
    try workspace.writeImages()
  }

  @Test("writes the documented files and no others")
  func files() throws {
    let outcome = try workspace.elbo(
      ["train", "--data", "data", "--output", "run/", "--epochs", "2"]
        + Workspace.small.filter { $0 != "--no-figures" })
    expectSuccess(outcome)
    let figures = ["curves", "latent", "reconstructions", "samples"].flatMap {
      ["figures/\($0).png", "figures/\($0).svg"]
    }
    #expect(
      workspace.files("run") == [".lock", "best.safetensors"] + figures + [
        "metrics.jsonl", "model.safetensors", "run.json", "state.safetensors",
        "verdict.json",
      ])
    for figure in figures {
      let bytes = try workspace.bytes("run/\(figure)")
      let start: [UInt8] = figure.hasSuffix("png") ? [0x89, 0x50, 0x4e, 0x47] : Array("<svg".utf8)
      #expect(bytes.starts(with: start))
    }
    #expect(outcome.lines.last == "wrote run; look at run/figures")
  }

  @Test("metrics.jsonl has a line for each epoch with the documented keys in order")
  func metrics() throws {
    try workspace.train("run", epochs: 3)
    let number = #"-?[0-9]+(\.[0-9]+)?(e-?[0-9]+)?"#
    let terms = #"\{"elbo":\#(number),"reconstruction":\#(number),"kl":\#(number)\}"#
    let pattern = try Regex(
      #"\{"epoch":[0-9]+,"seconds":\#(number),"train":\#(terms),"test":\#(terms)\}"#)
    let lines = try workspace.text("run/metrics.jsonl").split(separator: "\n")
    #expect(lines.count == 3)
    for (index, line) in lines.enumerated() {
      #expect(line.wholeMatch(of: pattern) != nil, "\(line)")
      // Not by JSONSerialization, whose numbers are off in the last digit.
      let numbers = line.matches(of: /:(-?[0-9.e-]+)/).compactMap { Double($0.1) }
      try #require(numbers.count == 8)
      #expect(numbers[0] == Double(index + 1))
      for terms in [numbers[2..<5], numbers[5..<8]].map(Array.init) {
        #expect(terms[0] == -terms[1] - terms[2], "elbo = -reconstruction - kl")
        #expect(terms[1] > 0 && terms[2] > 0)
      }
    }
  }

  @Test("run.json tells what was asked for, and of what")
  func record() throws {
    let outcome = try workspace.elbo(
      "train", "--data", "data", "--output", "run", "--epochs", "2", "--hidden", "12,8",
      "--latent", "3", "--batch-size", "7", "--learning-rate", "0.002", "--activation", "tanh",
      "--binarize", "dynamic", "--seed", "18446744073709551615", "--no-figures")
    expectSuccess(outcome)
    let json = try workspace.json("run/run.json")
    #expect(Set(json.keys) == ["version", "started", "data", "model", "training", "protocol"])
    let data = try #require(json["data"] as? [String: Any])
    #expect(data["name"] as? String == "data")
    let source = try #require(data["source"] as? String)
    #expect(source.hasPrefix("/") && source.hasSuffix("/data"), "usable from anywhere")
    #expect([data["height"], data["width"]] as? [Int] == [8, 8])
    #expect([data["train_images"], data["test_images"]] as? [Int] == [200, 50])
    let model = try #require(json["model"] as? [String: Any])
    #expect(model["hidden"] as? [Int] == [12, 8])
    #expect(model["latent"] as? Int == 3)
    #expect(model["activation"] as? String == "tanh")
    // 64-12-8, two heads of 3, 3-8-12-64, each layer with its biases.
    #expect(model["parameters"] as? Int == 780 + 104 + 27 + 27 + 32 + 108 + 832)
    let training = try #require(json["training"] as? [String: Any])
    #expect(training["epochs"] as? Int == 2)
    #expect(training["batch_size"] as? Int == 7)
    #expect(training["learning_rate"] as? Double == 0.002)
    #expect(training["seed"] as? String == "18446744073709551615")
    let protocols = try #require(json["protocol"] as? [String: Any])
    #expect(protocols["binarize"] as? String == "dynamic")
    #expect(protocols["unit"] as? String == "nats per image")
  }

  @Test("not on a terminal: plain lines, one every 100 batches and one for each epoch")
  func plainLines() throws {
    let outcome = try workspace.elbo(
      ["train", "--data", "data", "--output", "run", "--epochs", "2"] + Workspace.small
        + ["--batch-size", "1"])
    expectSuccess(outcome)
    #expect(!outcome.output.contains("\r") && !outcome.output.contains("\u{1B}"))
    #expect(outcome.lines.first == "data: 200 training and 50 test images of 8 x 8")
    #expect(outcome.lines[1].hasPrefix("model: data, 64-16-2-16-64, seed 0; 2,244 parameters; "))
    #expect(outcome.lines[2].hasPrefix("objective: "))
    let starts = outcome.lines.dropFirst(3).map {
      $0.replacing(/( train|:| ELBO) .*/, with: "")
    }
    #expect(
      starts.filter { $0 != "also" } == [
        "epoch 1/2, batch 0/200", "epoch 1/2, batch 100/200", "epoch 1/2 ",
        "epoch 2/2, batch 0/200", "epoch 2/2, batch 100/200", "epoch 2/2 ",
        "test", "best epoch 2", "verdict", "in all", "wrote run",
      ])
    let epoch = try #require(outcome.lines.first { $0.hasPrefix("epoch 1/2  train") })
    #expect(
      epoch.wholeMatch(
        of:
          /epoch 1\/2  train ELBO .+ \(reconstruction .+, KL .+\)  test ELBO .+  [0-9.]+ s  [0-9,]+ images\/s/
      ) != nil, "\(epoch)")
  }

  @Test(
    "without --output, the run goes to runs/<data>-<time>",
    arguments: ["data", "data/", "./data//"])
  func defaultFolder(data: String) throws {
    let outcome = try workspace.elbo(["train", "--data", data, "--epochs", "1"] + Workspace.small)
    expectSuccess(outcome)
    let files = workspace.files("runs")
    #expect(files.count == 7)
    #expect(files.first?.firstMatch(of: /^data-[0-9]{4}-[0-9]{2}-[0-9]{2}-[0-9]{6}\//) != nil)
  }

  @Test("a folder that holds something is refused, and used with --overwrite")
  func overwriting() throws {
    try workspace.train("run", epochs: 1)
    try workspace.write("my notes", to: "run/notes.txt")
    let before = try workspace.contents("run")
    let arguments =
      ["train", "--data", "data", "--output", "run", "--epochs", "2"] + Workspace.small
    expectRefusal(try workspace.elbo(arguments), ["'run'", "not empty", "--output", "--overwrite"])
    #expect(try workspace.contents("run") == before)
    expectSuccess(try workspace.elbo(arguments + ["--overwrite"]))
    #expect(try workspace.metrics("run").count == 2)
    #expect(try workspace.text("run/notes.txt") == "my notes")
  }

  @Test("--overwrite costs nothing when the new run cannot begin")
  func overwritingInVain() throws {
    try workspace.train("run", epochs: 1)
    let before = try workspace.contents("run")
    let outcome = try workspace.elbo(
      "train", "--data", "absent", "--output", "run", "--overwrite")
    expectRefusal(outcome, ["'absent'"])
    #expect(try workspace.contents("run") == before)
  }

  @Test("the same seed gives the same bytes with any number of threads, another seed others")
  func reproducible() throws {
    try workspace.train("one", "--threads", "1")
    let model = try workspace.bytes("one/model.safetensors")
    for threads in 1...4 {
      try workspace.train("threads\(threads)", "--threads", "\(threads)")
      #expect(try workspace.bytes("threads\(threads)/model.safetensors") == model)
      #expect(try workspace.metrics("threads\(threads)") == workspace.metrics("one"))
    }
    try workspace.train("other", "--threads", "1", "--seed", "1")
    #expect(try workspace.bytes("other/model.safetensors") != model)
  }
}
