// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@Suite("Runs that diverge: what they say, what they leave, and elbo replay")
struct DivergenceTests {
  let workspace: Workspace

  init() throws {
    workspace = try Workspace()
    try workspace.writeImages()
  }

  private func diverge(
    _ run: String, data: String = "data", rate: String = "1e30", _ more: String...
  ) throws -> Outcome {
    try workspace.elbo(
      ["train", "--data", data, "-o", run, "--epochs", "3", "--learning-rate", rate]
        + Workspace.small + more)
  }

  /// The printed command that begins with these words, as a shell script for `Workspace.shell`.
  private func command(_ words: String, in outcome: Outcome) throws -> String {
    let line = try #require(
      outcome.lines.first { $0.hasPrefix("  elbo \(words)") }, "\(outcome.output)")
    return "\"$0\"" + line.dropFirst("  elbo".count)
  }

  @Test("the sentence names step, cost, operation, layer and example")
  func sentence() throws {
    let outcome = try diverge("run")
    expectRefusal(
      outcome,
      [
        "training diverged at step 2 (epoch 1, batch 2)",
        "the first value that is not finite is that of",
        "encoder.fc", "first of example ", "try a smaller learning rate",
        "there is no good state to go on from: 'run/state.safetensors' is of before the first step",
      ])
  }

  @Test("the command that begins again can be followed as printed, whatever the folder's name")
  func begin() throws {
    let outcome = try diverge("my run's $HOME")
    let script = try command("train", in: outcome)
    expectSuccess(try workspace.shell(script))
    #expect(workspace.exists("my run's $HOME/verdict.json"))
    // So can the one that looks at the step, before.
    _ = try diverge("other run's")
    let replay = try command("replay", in: try diverge("one more", rate: "1e25"))
    expectSuccess(try workspace.shell(replay))
  }

  @Test(
    "nor does it keep a final rate above the new one, and it begins all seeds",
    arguments: [["--schedule", "linear", "--final-learning-rate", "1"], ["--seeds", "2"]])
  func beginOthers(_ options: [String]) throws {
    let outcome = try workspace.elbo(
      ["train", "--data", "data", "-o", "run", "--epochs", "3", "--learning-rate=1e30"]
        + Workspace.small + options)
    expectRefusal(outcome, ["training diverged"])
    let script = try command("train", in: outcome)
    #expect(script.hasSuffix("--learning-rate 0.001 --output run --overwrite"))
    #expect(!script.contains("1e30") && !script.contains("--final"))
    expectSuccess(try workspace.shell(script))
  }

  @Test("a state whose ELBO is worse than that of no training is not called good")
  func uselessState() throws {
    // With one of these seeds the first epoch ends in numbers that are finite, and useless.
    let useless = (0..<20).first { seed in
      let outcome = try? workspace.elbo(
        ["train", "--data", "data", "-o", "run", "--overwrite", "--epochs", "1"] + Workspace.small
          + ["--learning-rate", "25", "--batch-size", "200", "--seed", "\(seed)"])
      let last = outcome?.output.firstMatch(of: /test ELBO -([0-9]+)/)
      return outcome?.status == 0 && (last.flatMap { Double($0.output.1) } ?? 0) > 1e4
    }
    _ = try #require(useless)
    let text = try workspace.text("run/run.json")
    try workspace.write(
      text.replacing("\"learning_rate\": 25.0", with: "\"learning_rate\": 1e30"),
      to: "run/run.json")
    try workspace.forgetOrigin(of: "run")
    let outcome = try workspace.elbo("train", "--resume", "run", "--epochs", "3", "--no-figures")
    expectRefusal(
      outcome, ["there is no good state", "run/state.safetensors", "below the -", "untrained"])
    #expect(outcome.output.contains("Begin again with a smaller learning rate by:"))
  }

  @Test("a rate too large for the default decay of AdamW is refused, not a crash")
  func decay() throws {
    let outcome = try diverge("run", "--optimiser", "adamw")
    expectRefusal(outcome, status: 64, ["--weight-decay 0.01, the default", "below 1"])
  }

  @Test("a state that is good is named, with the command that goes on from it")
  func goodState() throws {
    try workspace.train("run", epochs: 1)
    try workspace.makeDiverge("run")
    let outcome = try workspace.elbo("train", "--resume", "run", "--epochs", "3", "--no-figures")
    expectRefusal(
      outcome, ["the last good state is 'run/state.safetensors', after step", "an ELBO of -"])
    #expect(
      outcome.lines.contains("  elbo train --resume run --learning-rate 0.001"), "\(outcome.output)"
    )
  }

  @Test("replay needs no data and no run, and finds the same on any number of threads")
  func replay() throws {
    let outcome = try diverge("run")
    try workspace.remove("data")
    try workspace.copy("run/divergence", to: "elsewhere")
    for (folder, threads) in [("run", "1"), ("run/", "3"), ("elsewhere", "2")] {
      let replay = try workspace.elbo("replay", folder, "--threads", threads)
      expectSuccess(replay)
      #expect(replay.lines.count { $0.hasPrefix(">") } == 1)
      #expect(replay.lines.last == "all of it as in the run, bit for bit")
      let sentence = try #require(replay.lines.first { $0.hasPrefix("step 2, 20 examples") })
      let clause = try #require(sentence.split(separator: ": ", maxSplits: 1).last)
      #expect(outcome.errors.contains(clause))
    }
    let json = try workspace.elbo("replay", "run", "--json")
    expectSuccess(json)
    let root = try #require(
      try JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [String: Any])
    let values = try #require(root["values"] as? [[String: Any]])
    let first = try #require(root["first"] as? Int)
    #expect(root["same"] as? Bool == true && root["step"] as? Int == 2)
    #expect(values[first]["phase"] as? String == "forward")
    #expect(Set(values.compactMap { $0["phase"] as? String }).count == 5)
    let all = try workspace.elbo("replay", "run", "--all")
    #expect(all.lines.count == values.count + 3)
    // The parameters before the step are a model like any other.
    expectSuccess(
      try workspace.elbo("sample", "run/divergence/parameters.safetensors", "-o", "s.png"))
  }

  @Test(
    "so it does for masks, weights, conditions, mixed tables, drawn pixels, K draws and averages",
    arguments: [
      ["--data", "t.csv"], ["--data", "t.csv", "--weight", "w", "--condition", "age"],
      [
        "--data", "t.csv", "--average", "0.9", "--clip-gradient", "1", "--optimiser", "adamw",
        "--weight-decay", "0",
      ],
      ["--data", "data", "--binarize", "dynamic"],
      ["--data", "data", "--objective", "iwae", "--samples", "4", "--gradient", "dreg"],
      ["--data", "data", "--kl-warm-up", "1", "--free-bits", "0.1"],
      ["--data", "c.csv", "--kinds", "count", "--likelihood", "multinomial"],
      ["--data", "c.csv", "--kinds", "count", "--likelihood", "negative-binomial"],
    ])
  func kinds(_ options: [String]) throws {
    let rows = (0..<120).map { row in
      let gap = row % 5 == 0 ? "" : "\(Double(row % 13) * 0.37)"
      let colour = row % 3 == 0 ? "red" : "blue"
      return "\(gap),\(colour),\(row % 7),\(row % 2),\(1 + row % 4),\(20 + row % 50)"
    }
    try workspace.write("a,b,n,yes,w,age\n" + rows.joined(separator: "\n") + "\n", to: "t.csv")
    // Mostly zeros, for what leaves them out.
    let counts = (0..<120).map { row in
      (0..<80).map { ($0 * 31 + row * 17) % 29 == 0 ? "\(1 + $0 % 5)" : "0" }
        .joined(separator: ",")
    }
    let names = (0..<80).map { "g\($0)" }.joined(separator: ",")
    try workspace.write(names + "\n" + counts.joined(separator: "\n") + "\n", to: "c.csv")
    let outcome = try workspace.elbo(
      ["train", "-o", "run", "--epochs", "30", "--learning-rate", "1e30"] + Workspace.small
        + options)
    expectRefusal(outcome, ["training diverged", "not finite"])
    let replay = try workspace.elbo("replay", "run")
    expectSuccess(replay)
    #expect(replay.lines.last == "all of it as in the run, bit for bit")
    #expect(replay.lines.count { $0.hasPrefix(">") } == 1)
  }

  @Test("an epoch whose test examples have no bound leaves them")
  func evaluation() throws {
    let outcome = try diverge("run", "--batch-size", "200")
    expectRefusal(outcome, ["training diverged in epoch 1", "the first value that is not finite"])
    let replay = try workspace.elbo("replay", "run")
    expectSuccess(replay)
    #expect(replay.lines.contains { $0.hasPrefix("the evaluation after step ") })
    #expect(replay.lines.last == "all of it as in the run, bit for bit")
  }

  @Test("data beyond the numbers of the model are named")
  func extremeData() throws {
    let rows = (0..<100).map { "\($0 == 17 ? "3e30" : "\(Double($0 % 9))"),\($0 % 5 + 1)" }
    try workspace.write("a,b\n" + rows.joined(separator: "\n") + "\n", to: "x.csv")
    let outcome = try workspace.elbo(
      ["train", "--data", "x.csv", "-o", "run", "--no-standardise"] + Workspace.small)
    expectRefusal(
      outcome,
      [
        "training diverged at step 1 ", "normalLogDensity", "scale them",
        "the learning rate has no part in it",
      ])
    #expect(!outcome.output.contains("--learning-rate"))
  }

  @Test("a folder that holds no step, or one that was altered, is refused in a sentence")
  func damage() throws {
    expectRefusal(try workspace.elbo("replay", "absent"), ["'absent' holds no step to replay"])
    try workspace.train("well", epochs: 1)
    expectRefusal(try workspace.elbo("replay", "well"), ["'well' holds no step to replay"])
    _ = try diverge("run")
    func refused(_ file: String, _ words: [String], _ change: (String) throws -> Void) throws {
      if workspace.exists("copy") { try workspace.remove("copy") }
      try workspace.copy("run/divergence", to: "copy")
      try change("copy/\(file)")
      expectRefusal(try workspace.elbo("replay", "copy"), words)
    }
    for file in ["parameters", "optimiser", "batch"].map({ "\($0).safetensors" }) {
      try refused(file, [file]) { try workspace.remove($0) }
      try refused(file, ["copy/\(file)", "SHA-256"]) { path in
        var bytes = try workspace.bytes(path)
        bytes[bytes.count - 2] ^= 1
        try workspace.write(bytes, to: path)
      }
      try refused(file, ["copy/\(file)"]) { path in
        try workspace.write(try workspace.bytes(path).prefix(100), to: path)
      }
    }
    func edited(_ old: String, _ new: String, _ words: [String]) throws {
      try refused("divergence.json", words) { path in
        let text = try workspace.text(path)
        #expect(text.contains(old), "\(old)")
        try workspace.write(text.replacing(old, with: new), to: path)
      }
    }
    try edited("\"version\": 1", "\"version\": 7", ["version 7", "newer version"])
    try edited("\"steps\": 1", "\"steps\": -1", ["progress.steps"])
    try edited("\"epoch\": 0", "\"epoch\": 1e300", ["progress.epoch"])
    try edited("\"part\": \"step\"", "\"part\": \"dance\"", ["part"])
    try edited("\"batch\": [", "\"batch\": [-1, ", ["data.batch"])
    try edited("\"seed\": \"0\"", "\"seed\": \"none\"", ["training.seed"])
    try refused("divergence.json", ["divergence.json"]) { path in
      try workspace.write(try workspace.bytes(path).prefix(200), to: path)
    }
  }

  @Test("a parameters file of another model is refused")
  func otherModel() throws {
    _ = try diverge("run")
    _ = try diverge("other", "--hidden", "9")
    try workspace.remove("run/divergence/parameters.safetensors")
    try workspace.copy(
      "other/divergence/parameters.safetensors", to: "run/divergence/parameters.safetensors")
    expectRefusal(try workspace.elbo("replay", "run"), ["parameters.safetensors", "SHA-256"])
  }
}
