// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@Suite("Stopping and going on")
struct ResumeTests {
  let workspace: Workspace

  init() throws {
    workspace = try Workspace()
    try workspace.writeImages()
  }

  /// A run of many short epochs that is sent `signal` in its third epoch or soon after.
  ///
  /// - Returns: How it ended, and the epoch that it was in, counted from 1.
  private func interrupted(_ run: String, by signal: Int32, _ more: [String] = []) throws -> (
    Outcome, epoch: Int
  ) {
    let child = try workspace.start(
      ["train", "--data", "data", "-o", run, "--epochs", "3000"] + Workspace.small
        + ["--batch-size", "1"] + more)
    child.waitForOutput(" 3/3000 ")
    child.send(signal)
    let outcome = child.wait()
    let stop = try #require(
      outcome.output.firstMatch(of: /Stopped in epoch ([0-9]+) after [0-9]+ of 200 batches/),
      "\(outcome.output.suffix(300)) \(outcome.errors)")
    return (outcome, try #require(Int(stop.1)))
  }

  /// The undisturbed run that an interrupted one must end as.
  private func undisturbed(_ run: String, epochs: Int, _ more: [String] = []) throws {
    let outcome = try workspace.elbo(
      ["train", "--data", "data", "-o", run, "--epochs", "\(epochs)"] + Workspace.small
        + ["--batch-size", "1"] + more)
    expectSuccess(outcome)
  }

  private func expectSame(_ run: String, _ other: String) throws {
    for file in ["model.safetensors", "best.safetensors", "state.safetensors"] {
      #expect(try workspace.bytes("\(run)/\(file)") == workspace.bytes("\(other)/\(file)"))
    }
    #expect(try workspace.metrics(run) == workspace.metrics(other))
  }

  @Test("Ctrl-C saves, says how to go on, and --resume ends in the bits of an undisturbed run")
  func interruptAndResume() throws {
    let noise = ["--binarize", "dynamic", "--seed", "3"]
    let (stopped, epoch) = try interrupted("run", by: SIGINT, noise)
    #expect(stopped.status == 130)
    #expect(stopped.errors == "")
    #expect(stopped.lines.last == "  elbo train --resume run")
    #expect(stopped.output.contains("everything is saved"))
    #expect(
      workspace.files("run") == [
        ".lock", "best.safetensors", "metrics.jsonl", "model.safetensors", "run.json",
        "state.safetensors",
      ])

    let resumed = try workspace.elbo(
      "train", "--resume", "run", "--epochs", "\(epoch)", "--no-figures")
    expectSuccess(resumed)
    #expect(resumed.output.contains("resumed after step "))
    try undisturbed("whole", epochs: epoch, noise)
    try expectSame("run", "whole")
  }

  @Test("a run may be stopped again and again, and resumed elsewhere with other threads")
  func elsewhere() throws {
    let (_, epoch) = try interrupted("run", by: SIGTERM, ["--threads", "1"])
    let child = try workspace.start(
      ["train", "--resume", "../../run", "--threads", "3", "--no-figures"], in: makeFolder("a/b"))
    child.waitForOutput(" \(epoch + 2)/")
    child.send(SIGINT)
    let again = child.wait()
    #expect(again.status == 130)
    #expect(again.lines.last == "  elbo train --resume ../../run")
    let last = try #require(
      again.output.firstMatch(of: /Stopped in epoch ([0-9]+)/).flatMap { Int($0.1) })
    expectSuccess(
      try workspace.elbo(
        "train", "--resume", workspace["run/"], "--threads", "2", "--epochs", "\(last)",
        "--no-figures", in: "a"))
    try undisturbed("whole", epochs: last)
    try expectSame("run", "whole")
  }

  private func makeFolder(_ name: String) throws -> String {
    try workspace.write("", to: "\(name)/.keep")
    return name
  }

  @Test(
    "an ended terminal, a polite request and a reader that has gone save too",
    arguments: [(SIGTERM, 143), (SIGHUP, 129)] as [(Int32, Int32)])
  func otherSignals(signal: Int32, status: Int32) throws {
    let (outcome, _) = try interrupted("run", by: signal)
    #expect(outcome.status == status)
    #expect(workspace.exists("run/state.safetensors"))
  }

  @Test("`elbo train | head -1` ends quietly, and what was learned is saved")
  func closedPipe() throws {
    let outcome = try workspace.shell(
      """
      { "$0" train --data data -o run --epochs 3000 --batch-size 20 --hidden 16 --latent 2; \
      echo $? > status; } | head -1
      """)
    #expect(outcome.output == "data: 200 training and 50 test images of 8 x 8\n")
    #expect(outcome.errors == "")
    #expect(try workspace.text("status") == "\(128 + SIGPIPE)\n")
    #expect(workspace.exists("run/state.safetensors"))
    expectSuccess(try workspace.elbo("evaluate", "run"))
  }

  @Test("--resume with more epochs goes on as if they had been asked for at once")
  func moreEpochs() throws {
    try workspace.train("run", epochs: 2)
    expectSuccess(
      try workspace.elbo("train", "--resume", "run", "--epochs", "4", "--no-figures"))
    try workspace.train("whole", epochs: 4)
    try expectSame("run", "whole")
    let training = try #require(try workspace.json("run/run.json")["training"] as? [String: Any])
    #expect(training["epochs"] as? Int == 4, "the record follows")
  }

  @Test("--resume of a finished run changes no number")
  func finished() throws {
    try workspace.train("run", epochs: 2)
    let before = try workspace.contents("run")
    let outcome = try workspace.elbo("train", "--resume", "run", "--no-figures")
    expectSuccess(outcome)
    #expect(outcome.lines.last == "wrote run")
    #expect(try workspace.contents("run") == before)
  }

  @Test("lines of metrics.jsonl beyond the saved state, also torn ones, are dropped on --resume")
  func tornMetrics() throws {
    try workspace.train("run", epochs: 2)
    let whole = try workspace.text("run/metrics.jsonl")
    try workspace.write(whole + "{\"epoch\":3,\"seco", to: "run/metrics.jsonl")
    expectSuccess(try workspace.elbo("train", "--resume", "run", "--no-figures"))
    #expect(try workspace.text("run/metrics.jsonl") == whole)
  }

  @Test("lines that an earlier version wrote, without step, time and rate, stay as they are")
  func earlierMetrics() throws {
    try workspace.train("run", epochs: 2)
    let earlier = try workspace.text("run/metrics.jsonl")
      .replacing(/"step":[0-9]+,"time":"[^"]+",/, with: "")
      .replacing(/"examples_per_second":[0-9]+,/, with: "")
    try #require(!earlier.contains("step"))
    try workspace.write(earlier, to: "run/metrics.jsonl")
    expectSuccess(try workspace.elbo("train", "--resume", "run", "--epochs", "3", "--no-figures"))
    let lines = try workspace.text("run/metrics.jsonl").split(separator: "\n")
    #expect(lines.prefix(2).joined(separator: "\n") + "\n" == earlier)
    #expect(lines.last?.contains("\"step\":30,\"time\":\"2") == true)
  }

  @Test("a rate that nobody could have reached does not stop a run that reads it")
  func absurdRate() throws {
    try workspace.train("run", epochs: 1)
    let metrics = try workspace.text("run/metrics.jsonl")
      .replacing(/"examples_per_second":[0-9]+/, with: "\"examples_per_second\":1e300")
    try workspace.write(metrics, to: "run/metrics.jsonl")
    expectSuccess(try workspace.elbo("train", "--resume", "run", "--epochs", "2", "--no-figures"))
  }

  @Test("other data than the run's are refused, naming the difference")
  func otherData() throws {
    try workspace.train("run", epochs: 1)
    let before = try workspace.contents("run")
    try workspace.writeImages(train: 199)
    expectRefusal(
      try workspace.elbo("train", "--resume", "run", "--epochs", "3"), ["'run'", "200", "199"])
    try workspace.writeImages(grey: 7)
    expectRefusal(
      try workspace.elbo("train", "--resume", "run", "--epochs", "3"), ["'run'", "fingerprint"])
    try workspace.remove("data")
    expectRefusal(
      try workspace.elbo("train", "--resume", "run", "--epochs", "3"), ["/data'", "folder"])
    #expect(try workspace.contents("run") == before)
  }

  @Test("a folder without a saved state is refused", arguments: ["absent", "data", "run"])
  func noState(folder: String) throws {
    try workspace.train("run", epochs: 1)
    try workspace.remove("run/state.safetensors")
    expectRefusal(
      try workspace.elbo("train", "--resume", folder), ["'\(folder)'", "state.safetensors"])
  }
}
