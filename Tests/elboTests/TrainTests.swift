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
      #"\{"epoch":[0-9]+,"step":[0-9]+,"time":"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}Z","#
        + #""seconds":\#(number),"examples_per_second":[0-9]+,"#
        + #""train":\#(terms),"test":\#(terms)\}"#)
    let lines = try workspace.text("run/metrics.jsonl").split(separator: "\n")
    #expect(lines.count == 3)
    for (index, line) in lines.enumerated() {
      #expect(line.wholeMatch(of: pattern) != nil, "\(line)")
      // Not by JSONSerialization, whose numbers are off in the last digit.
      let numbers = line.matches(of: /":(-?[0-9.e-]+)/).compactMap { Double($0.1) }
      try #require(numbers.count == 10)
      #expect(numbers[0] == Double(index + 1))
      #expect(numbers[1] == Double(10 * (index + 1)), "200 images in batches of 20")
      #expect(numbers[3] > 0)
      for terms in [numbers[4..<7], numbers[7..<10]].map(Array.init) {
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

  @Test("not on a terminal: plain lines, a table of the epochs, batches counted from 1")
  func plainLines() throws {
    let outcome = try workspace.elbo(
      ["train", "--data", "data", "--output", "run", "--epochs", "2"] + Workspace.small
        + ["--batch-size", "1"])
    expectSuccess(outcome)
    #expect(!outcome.output.contains("\r") && !outcome.output.contains("\u{1B}"))
    #expect(outcome.lines.first == "data: 200 training and 50 test images of 8 x 8")
    #expect(outcome.lines[1].hasPrefix("model: data, 64-16-2-16-64, seed 0; 2,244 parameters; "))
    #expect(outcome.lines[2].hasPrefix("objective: "))
    #expect(outcome.lines[3].hasPrefix("epoch 1/2, batch 1/200: ELBO -"))
    // A slow machine has more lines within an epoch.
    let lines = outcome.lines.dropFirst(4)
      .filter { !$0.hasPrefix("epoch 1/") && !$0.hasPrefix("also") }
    #expect(lines[0] == "* best epoch so far, by the test part")
    #expect(lines[1] == "epoch  train ELBO  test ELBO  test rec.    test KL  seconds      left")
    for (epoch, row) in [(1, lines[2]), (2, lines[3])] {
      #expect(
        try row.wholeMatch(
          of: Regex("[* ] \(epoch)/2 +-[0-9.]+ +-[0-9.]+ +[0-9.]+ +[0-9.]+ +[0-9.]+ +[0-9:]+"))
          != nil, "\(row)")
      #expect(row.count == lines[1].count)
    }
    #expect(lines[3].hasSuffix(" 0:00"), "nothing is left of the run")
    let starts = lines.dropFirst(4).map { $0.prefix { $0 != " " && $0 != ":" } }
    #expect(starts == ["test", "best", "verdict", "in", "wrote"])
  }

  /// The rows of the table, by the column.
  private func table(_ outcome: Outcome) -> [[String: String]] {
    let rows = outcome.lines.filter { $0.contains(#/^[* ] +[0-9]+/[0-9]+ /#) }
    let titles = outcome.lines.first { $0.hasPrefix("epoch  ") || $0.hasPrefix("  epoch") } ?? ""
    let names = titles.matches(of: /[a-zA-Z]+(?: [A-Za-z.]+)?/).map { String($0.0) }
    return rows.map { row in
      let cells = row.dropFirst().split(separator: " ").map(String.init)
      return Dictionary(uniqueKeysWithValues: zip(names, cells)).merging(
        ["best": String(row.prefix(1))]) { $1 }
    }
  }

  @Test("each epoch that is the best so far is marked, by the part that decides")
  func bestEpoch() throws {
    let outcome = try workspace.train(
      "run", epochs: 8, "--validation", "0.2", "--learning-rate", "0.1")
    #expect(outcome.output.contains("* best epoch so far, by the validation part\n"))
    let rows = table(outcome)
    try #require(rows.count == 8)
    var best = -Double.infinity
    for row in rows {
      let value = try #require(row["validation"].flatMap(Double.init))
      #expect(row["best"] == (value > best ? "*" : " "), "\(row)")
      best = max(best, value)
    }
    #expect(rows.contains { $0["best"] == " " }, "nothing was tested")
  }

  @Test("--json: an object for each epoch and one with the verdict, and all else beside the output")
  func json() throws {
    let outcome = try workspace.elbo(
      ["train", "--data", "data", "-o", "run", "--epochs", "3", "--json"] + Workspace.small)
    #expect(outcome.status == 0)
    #expect(outcome.errors.contains("\nbest epoch ") && outcome.errors.hasSuffix("wrote run\n"))
    let metrics = try workspace.text("run/metrics.jsonl").split(separator: "\n")
    try #require(outcome.lines.count == 4 && metrics.count == 3)
    for (line, recorded) in zip(outcome.lines, metrics) {
      // The line of metrics.jsonl, before it the folder, behind it whether the epoch was the best.
      #expect(line.hasPrefix("{\"run\":\"run\"," + recorded.dropFirst().dropLast() + ",\"best\":"))
    }
    let last = try #require(
      try JSONSerialization.jsonObject(with: Data(outcome.lines[3].utf8)) as? [String: Any])
    #expect(last["run"] as? String == "run")
    let verdict = try #require(last["verdict"] as? [String: Any])
    let saved = try workspace.json("run/verdict.json")
    #expect(verdict["summary"] as? String == saved["summary"] as? String)
    #expect(verdict["epochs"] as? Int == 3)
  }

  @Test("--json of several seeds ends with their mean and spread")
  func jsonOfSeeds() throws {
    let outcome = try workspace.elbo(
      ["train", "--data", "data", "-o", "runs", "--epochs", "1", "--seeds", "2", "--json"]
        + Workspace.small)
    #expect(outcome.status == 0)
    try #require(outcome.lines.count == 5)
    for (line, start) in zip(
      outcome.lines,
      ["runs/seed-0\",\"epoch", "runs/seed-0\",\"verdict", "runs/seed-1\",\"epoch"])
    {
      #expect(line.hasPrefix("{\"run\":\"\(start)\":"), "\(line)")
    }
    #expect(outcome.lines[4].hasPrefix("{\"run\":\"runs\",\"seeds\":{\"test_after_last_epoch\":"))
  }

  @Test("--quiet says nothing, but for errors, and what to do after a stop")
  func quiet() throws {
    expectSuccess(try workspace.train("run", epochs: 2, "--quiet"))
    let resumed = try workspace.elbo("train", "--resume", "run", "--epochs", "3", "--quiet")
    expectSuccess(resumed)
    #expect(resumed.output == "")
    #expect(try workspace.train("other", epochs: 1, "--quiet").output == "")
    let both = try workspace.train("both", epochs: 1, "--quiet", "--json")
    #expect(both.lines.count == 2)
    expectRefusal(
      try workspace.elbo("train", "--data", "absent", "--quiet"), ["'absent'"])
    let child = try workspace.start(
      ["train", "--data", "data", "-o", "long", "--epochs", "3000", "--quiet"] + Workspace.small
        + ["--batch-size", "1"])
    while !workspace.exists("long/metrics.jsonl") { usleep(2000) }
    child.send(SIGINT)
    let outcome = child.wait()
    #expect(outcome.status == 130 && outcome.output == "")
    #expect(outcome.errors.hasPrefix("Stopped in epoch "))
    #expect(outcome.errors.hasSuffix("  elbo train --resume long\n"))
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
