// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@Suite("A run is never lost")
struct NeverLoseTests {
  let workspace: Workspace

  init() throws {
    workspace = try Workspace()
    try workspace.writeImages()
  }

  /// An epoch of this takes seconds.
  private static let slow = ["--hidden", "2000,2000", "--latent", "2", "--batch-size", "1"]

  private func expectSame(
    _ run: String, _ other: String, sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    for file in ["model.safetensors", "best.safetensors", "state.safetensors"] {
      #expect(
        try workspace.bytes("\(run)/\(file)") == workspace.bytes("\(other)/\(file)"),
        "\(file)", sourceLocation: sourceLocation)
    }
    #expect(
      try workspace.metrics(run) == workspace.metrics(other), sourceLocation: sourceLocation)
  }

  private func waitFor(_ file: String, of child: Child) {
    while !workspace.exists(file) {
      if kill(child.process, 0) != 0 { return }
      usleep(2000)
    }
  }

  private func start(_ arguments: String..., options: [String] = slow) throws -> Child {
    try workspace.start(["train"] + arguments + options + ["--no-figures"])
  }

  // MARK: Before the first epoch has ended

  @Test("a run that is killed in its first epoch goes on to the bits of an undisturbed one")
  func killedInFirstEpoch() throws {
    let child = try start(
      "--data", "data", "-o", "run", "--epochs", "1", "--checkpoint-every", "3steps", "--keep", "9")
    // Made when the state after it is saved.
    waitFor("run/state-3.safetensors", of: child)
    child.send(SIGKILL)
    #expect(child.wait().status == -SIGKILL)
    #expect(try workspace.text("run/run.json").contains("\"checkpoint_every\": \"3 steps\""))
    let resumed = try workspace.elbo("train", "--resume", "run", "--no-figures")
    expectSuccess(resumed)
    let step = try #require(resumed.output.firstMatch(of: /resumed after step ([0-9]+)/)?.1)
    #expect(try #require(Int(step)) % 3 == 0 && step != "0")
    expectSuccess(
      try workspace.elbo(
        ["train", "--data", "data", "-o", "whole", "--epochs", "1", "--no-figures"] + Self.slow))
    try expectSame("run", "whole")
  }

  @Test("a run that is killed before its first step can be taken up")
  func killedBeforeFirstStep() throws {
    let child = try start("--data", "data", "-o", "run", "--epochs", "1")
    waitFor("run/state.safetensors", of: child)
    child.send(SIGKILL)
    _ = child.wait()
    #expect(!workspace.exists("run/metrics.jsonl"))
    expectRefusal(
      try workspace.elbo("train", "--data", "data", "-o", "run"), ["not empty", "--overwrite"])
    expectSuccess(try workspace.elbo("train", "--resume", "run", "--no-figures"))
  }

  @Test("what a run left that was killed before its first state does not stand in the way")
  func onlyRecord() throws {
    try workspace.train("run", epochs: 1)
    for file in ["state", "model", "best"] { try workspace.remove("run/\(file).safetensors") }
    try workspace.remove("run/metrics.jsonl")
    try workspace.remove("run/verdict.json")
    try workspace.write("torn", to: "run/.state.safetensors.tmp")
    try workspace.train("run", epochs: 1)
    #expect(!workspace.exists("run/.state.safetensors.tmp"))
  }

  @Test(
    "--checkpoint-every takes a number and a unit, --keep a number",
    arguments: [
      ["--checkpoint-every", "0s"], ["--checkpoint-every", "3"], ["--checkpoint-every", "x steps"],
      ["--checkpoint-every", "1.5 epochs"], ["--keep", "0"], ["--keep", "1001"],
    ])
  func usage(options: [String]) throws {
    expectRefusal(
      try workspace.elbo(["train", "-o", "run"] + options), status: 64, [options[0], "expected"])
    #expect(!workspace.exists("run"))
  }

  @Test("--keep keeps the last states, each of which --resume takes")
  func kept() throws {
    try workspace.train("run", epochs: 5, "--keep", "3", "--checkpoint-every", "1 epoch")
    let states = workspace.files("run").filter { $0.hasPrefix("state") }
    #expect(states == ["state-30.safetensors", "state-40.safetensors", "state.safetensors"])
    let outcome = try workspace.elbo(
      "train", "--resume", "run/state-30.safetensors", "--epochs", "4", "--no-figures")
    expectSuccess(outcome)
    #expect(outcome.output.contains("resumed after step 30\n"))
    try workspace.train("whole", epochs: 4)
    try expectSame("run", "whole")
    #expect(
      workspace.files("run").filter { $0.hasPrefix("state") } == [
        "state-30.safetensors", "state.safetensors",
      ])
  }

  // MARK: --overwrite

  @Test("--overwrite keeps the old run whole until the first epoch of the new one is saved")
  func overwriteKilled() throws {
    try workspace.train("run", epochs: 1)
    try workspace.write("mine", to: "run/notes.txt")
    let before = try workspace.contents("run")
    let child = try start(
      "--data", "data", "-o", "run", "--overwrite", "--epochs", "1",
      "--checkpoint-every", "3steps")
    waitFor(".run.new/model.safetensors", of: child)
    #expect(try workspace.contents("run") == before)
    child.send(SIGTERM)
    let stopped = child.wait()
    #expect(stopped.status == 143)
    #expect(stopped.lines.last == "  elbo train --resume .run.new")
    #expect(stopped.output.contains("the run in 'run' stays until the first epoch"))
    #expect(try workspace.contents("run") == before)
    // As it says.
    let resumed = try workspace.elbo("train", "--resume", ".run.new", "--no-figures")
    expectSuccess(resumed)
    #expect(resumed.lines.last == "wrote run")
    #expect(!workspace.exists(".run.new") && !workspace.exists(".run.old"))
    #expect(try workspace.text("run/notes.txt") == "mine")
    expectSuccess(
      try workspace.elbo(
        ["train", "--data", "data", "-o", "whole", "--epochs", "1", "--no-figures"] + Self.slow))
    try expectSame("run", "whole")
    #expect(!workspace.exists("run/.replaces"))
  }

  @Test("--overwrite that diverges before it has learned anything leaves the old run")
  func overwriteDiverges() throws {
    try workspace.train("run", epochs: 1)
    let before = try workspace.contents("run")
    let outcome = try workspace.elbo(
      ["train", "--data", "data", "-o", "run", "--overwrite", "--learning-rate", "1e30"]
        + Workspace.small)
    #expect(outcome.status == 1)
    #expect(outcome.errors.hasPrefix("Error: training diverged"))
    #expect(outcome.errors.contains("there is no good state to go on from"))
    #expect(outcome.output.contains("The run in 'run' is as it was."))
    #expect(outcome.lines.last != "wrote run")
    #expect(try workspace.contents("run") == before)
  }

  @Test("figures and evidence of the old run do not stand beside the new one's")
  func staleFigures() throws {
    try workspace.train("run", epochs: 1)
    for file in ["samples.svg", "evidence-sandwich.png", "evidence.json"] {
      try workspace.write("old", to: "run/figures/\(file)")
    }
    try workspace.write("mine", to: "run/figures/notes.txt")
    try workspace.train("run", epochs: 1, "--overwrite", "--seed", "7")
    let left = workspace.files("run").filter { $0.hasPrefix("figures") }
    #expect(left == ["figures/notes.txt"])
  }

  @Test("a link to a run's folder stays one when the run is replaced")
  func link() throws {
    try workspace.train("run", epochs: 1)
    try FileManager.default.createSymbolicLink(
      atPath: workspace["latest"], withDestinationPath: "run")
    try workspace.train("latest", epochs: 1, "--overwrite", "--seed", "7")
    try workspace.train("other", epochs: 1, "--seed", "7")
    try expectSame("run", "other")
    let target = try FileManager.default.destinationOfSymbolicLink(atPath: workspace["latest"])
    #expect(target == "run")
  }

  @Test("the folder that the command runs in cannot be replaced, and says so")
  func present() throws {
    try workspace.train("run", epochs: 1)
    let before = try workspace.contents("run")
    expectRefusal(
      try workspace.elbo("train", "-o", ".", "--overwrite", "--epochs", "1", in: "run"),
      ["'.'", "runs in"])
    #expect(try workspace.contents("run") == before)
  }

  @Test("an exchange that was cut is completed by the next start")
  func cutExchange() throws {
    try workspace.train("run", epochs: 1)
    try workspace.train("other", epochs: 1, "--seed", "7")
    let (old, new) = (try workspace.contents("run"), try workspace.contents("other"))
    func move(_ a: String, _ b: String) throws {
      try FileManager.default.moveItem(atPath: workspace[a], toPath: workspace[b])
    }
    // Between the two steps of a file system that cannot exchange names.
    try move("run", ".run.old")
    try move("other", ".run.new")
    try workspace.write("", to: ".run.new/.replaces")
    expectSuccess(try workspace.elbo("train", "--resume", "run", "--no-figures"))
    #expect(try workspace.contents("run") == new)
    #expect(!workspace.exists(".run.new") && !workspace.exists(".run.old"))
    // After an exchange at once, before what is left of the old run was removed.
    try workspace.train(".run.new", epochs: 1)
    #expect(try workspace.contents(".run.new").keys.sorted() == old.keys.sorted())
    try workspace.write("", to: "run/.replaces")
    try workspace.write("mine", to: ".run.new/notes.txt")
    expectSuccess(try workspace.elbo("train", "--resume", "run", "--no-figures"))
    #expect(!workspace.exists(".run.new") && !workspace.exists(".run.old"))
    #expect(try workspace.text("run/notes.txt") == "mine")
    try workspace.remove("run/notes.txt")
    #expect(try workspace.contents("run") == new)
  }

  @Test("runs of several seeds are replaced as a whole, too")
  func seeds() throws {
    try workspace.train("runs", epochs: 1, "--seeds", "3")
    let before = try workspace.contents("runs")
    let outcome = try workspace.elbo(
      [
        "train", "--data", "data", "-o", "runs", "--overwrite", "--seeds", "2", "--epochs", "1",
        "--learning-rate", "1e30",
      ] + Workspace.small)
    #expect(outcome.errors.hasPrefix("Error: training diverged"))
    #expect(try workspace.contents("runs") == before)
    try workspace.train("runs", epochs: 1, "--seeds", "2", "--seed", "5", "--overwrite")
    #expect(!workspace.exists("runs/seed-0") && !workspace.exists(".runs.new"))
    #expect(workspace.exists("runs/seed-5/model.safetensors"))
    #expect(workspace.exists("runs/seed-6/model.safetensors"))
  }

  // MARK: Folders and data that move

  @Test("a folder that is renamed under a run is followed")
  func renamed() throws {
    let child = try start(
      "--data", "data", "-o", "run", "--epochs", "3000", options: Workspace.small)
    child.waitForOutput("\n")
    waitFor("run/metrics.jsonl", of: child)
    try FileManager.default.moveItem(atPath: workspace["run"], toPath: workspace["moved"])
    usleep(300_000)
    child.send(SIGINT)
    let stopped = child.wait()
    #expect(stopped.status == 130)
    #expect(stopped.lines.last?.hasSuffix("/moved") == true)
    #expect(!workspace.exists("run"))
    let resumed = try workspace.start(["train", "--resume", "moved", "--no-figures"])
    resumed.waitForOutput("resumed after")
    resumed.send(SIGINT)
    let outcome = resumed.wait()
    #expect(outcome.status == 130)
    #expect(!outcome.output.contains("Note:"))
  }

  @Test("a folder that is removed under a run ends it; its state is beside it")
  func removed() throws {
    let child = try start(
      "--data", "data", "-o", "run", "--epochs", "3000", options: Workspace.small)
    waitFor("run/metrics.jsonl", of: child)
    child.send(SIGSTOP)
    try workspace.remove("run")
    child.send(SIGCONT)
    let outcome = child.wait()
    expectRefusal(outcome, ["'run'", "removed", "elbo train --resume run-rescued"])
    #expect(!workspace.exists("run"))
    let state = try workspace.bytes("run-rescued/state.safetensors")
    let epoch = try workspace.metrics("run-rescued").count
    expectSuccess(
      try workspace.elbo(
        "train", "--resume", "run-rescued", "--epochs", "\(epoch)", "--no-figures"))
    #expect(try workspace.bytes("run-rescued/state.safetensors") == state)
    try workspace.train("whole", epochs: epoch)
    #expect(try workspace.bytes("whole/state.safetensors") == state)
  }

  @Test("data that have moved are named with --data, and must be the same")
  func movedData() throws {
    try workspace.train("run", epochs: 1)
    try workspace.write("", to: "place/.keep")
    try FileManager.default.moveItem(atPath: workspace["data"], toPath: workspace["place/data"])
    expectRefusal(
      try workspace.elbo("train", "--resume", "run", "--epochs", "2"),
      ["'run'", "/data'", "--data"])
    expectSuccess(
      try workspace.elbo(
        "train", "--resume", "run", "--data", "place/data", "--epochs", "2", "--no-figures"))
    try workspace.train("whole", data: "place/data", epochs: 2)
    try expectSame("run", "whole")
    let record = try workspace.text("run/run.json")
    #expect(record.contains("\"changes\"") && record.contains("/place/data\""))
    expectSuccess(
      try workspace.elbo("train", "--resume", "run", "--epochs", "3", "--no-figures"))
    try workspace.writeImages(grey: 7)
    let before = try workspace.contents("run")
    expectRefusal(
      try workspace.elbo("train", "--resume", "run", "--data", "data", "--epochs", "4"),
      ["'run'", "fingerprint"])
    #expect(try workspace.contents("run") == before)
  }

  // MARK: Changes on the way

  @Test("another learning rate holds from here on, is recorded, and resumes exactly")
  func learningRate() throws {
    try workspace.train("run", epochs: 2)
    let state = try workspace.bytes("run/state.safetensors")
    let changed = try workspace.elbo(
      "train", "--resume", "run", "--learning-rate", "0.01", "--epochs", "4", "--no-figures")
    expectSuccess(changed)
    #expect(changed.output.contains("learning_rate 0.001, now 0.01"))
    let record = try workspace.json("run/run.json")
    #expect((record["training"] as? [String: Any])?["learning_rate"] as? Double == 0.01)
    let change = try #require((record["changes"] as? [[String: Any]])?.first)
    #expect(change["epoch"] as? Int == 2 && change["step"] as? Int == 20)
    try workspace.train("plain", epochs: 4)
    #expect(
      try workspace.bytes("run/model.safetensors") != workspace.bytes("plain/model.safetensors"))
    // A state from before the change belongs to the run, as a kill right after the change leaves it.
    let whole = try workspace.contents("run")
    try workspace.write(state, to: "run/state.safetensors")
    expectSuccess(try workspace.elbo("train", "--resume", "run", "--no-figures"))
    for file in ["model.safetensors", "state.safetensors"] {
      #expect(try workspace.bytes("run/\(file)") == whole[file])
    }
  }

  @Test("a schedule that is given on the way begins there")
  func schedule() throws {
    try workspace.train("run", epochs: 2)
    expectSuccess(
      try workspace.elbo(
        "train", "--resume", "run", "--schedule", "cosine", "--warm-up", "1", "--clip-gradient",
        "3",
        "--epochs", "5", "--no-figures"))
    let record = try workspace.json("run/run.json")
    let training = try #require(record["training"] as? [String: Any])
    #expect(training["schedule_first_step"] as? Int == 20)
    #expect(training["gradient_norm_limit"] as? Double == 3)
    expectRefusal(
      try workspace.elbo("train", "--resume", "run", "--warm-up", "4", "--epochs", "6"), status: 64,
      ["--warm-up", "left"])
    expectRefusal(
      try workspace.elbo("train", "--resume", "run", "--weight-decay", "0.1", "--epochs", "6"),
      status: 64, ["--weight-decay", "Adam"])
    expectRefusal(
      try workspace.elbo("train", "--resume", "run", "--latent", "3"), status: 64,
      ["--latent", "cannot be changed"])
  }

  // MARK: metrics.jsonl

  @Test(
    "metrics that are missing, short, reversed or altered are rebuilt from the state, and it is said",
    arguments: ["missing", "short", "reversed", "altered", "no record"])
  func rebuiltMetrics(fault: String) throws {
    try workspace.train("run", epochs: 3)
    let before = try workspace.metrics("run")
    let lines = try workspace.text("run/metrics.jsonl").split(separator: "\n").map(String.init)
    let changed: [String] =
      switch fault {
      case "short": Array(lines.dropLast())
      case "reversed": lines.reversed()
      case "altered": [lines[0], lines[1].replacing(/"kl":/, with: "\"kl\":1"), lines[2]]
      default: ["hello"] + lines.dropFirst()
      }
    if fault == "missing" {
      try workspace.remove("run/metrics.jsonl")
    } else {
      try workspace.write(changed.joined(separator: "\n") + "\n", to: "run/metrics.jsonl")
    }
    let outcome = try workspace.elbo("train", "--resume", "run", "--epochs", "4", "--no-figures")
    expectSuccess(outcome)
    #expect(outcome.output.contains("Note: 'run/metrics.jsonl' was not as it was written"))
    let after = try workspace.metrics("run").map { $0.replacing("\"seconds\":null,", with: "") }
    #expect(Array(after.prefix(3)) == before)
  }

  @Test("metrics with the line ends of other systems are as good as any")
  func carriageReturns() throws {
    try workspace.train("run", epochs: 3)
    let text = try workspace.text("run/metrics.jsonl")
    try workspace.write(text.replacing("\n", with: "\r\n"), to: "run/metrics.jsonl")
    let outcome = try workspace.elbo("train", "--resume", "run", "--epochs", "3", "--no-figures")
    expectSuccess(outcome)
    #expect(!outcome.output.contains("Note:"))
    #expect(try workspace.text("run/metrics.jsonl") == text)
  }

  @Test("a state without the numbers of its epochs takes whole metrics, or none, not altered ones")
  func earlierState() throws {
    try workspace.train("run", epochs: 3)
    try workspace.forgetOrigin(of: "run")
    try workspace.changeHeader(of: "run/state.safetensors") {
      $0.replacing(/"elbo.epochs":"(\\.|[^"\\])*",/, with: "")
    }
    let lines = try workspace.text("run/metrics.jsonl").split(separator: "\n").map(String.init)
    try workspace.write(lines[0] + "\n" + lines[2] + "\n", to: "run/metrics.jsonl")
    expectRefusal(
      try workspace.elbo("train", "--resume", "run", "--epochs", "4"),
      ["'run/metrics.jsonl'", "epoch 3", "line 2", "remove it"])
    try workspace.remove("run/metrics.jsonl")
    let outcome = try workspace.elbo("train", "--resume", "run", "--epochs", "4", "--no-figures")
    expectSuccess(outcome)
    #expect(outcome.output.contains("Note: 'run/metrics.jsonl' is missing"))
  }

  @Test("a metrics line that cannot be written does not cost the epochs in memory")
  func metricsLine() throws {
    try workspace.train("run", epochs: 1)
    let (file, target) = (workspace["run/metrics.jsonl"], workspace["nowhere/metrics.jsonl"])
    let child = try workspace.start(
      ["train", "--resume", "run", "--epochs", "3000", "--no-figures"])
    child.waitForOutput("resumed after")
    // A link into a folder that is not there: a line cannot be added.
    try FileManager.default.removeItem(atPath: file)
    try FileManager.default.createSymbolicLink(atPath: file, withDestinationPath: target)
    let outcome = child.wait()
    expectRefusal(outcome, ["metrics.jsonl"])
    try FileManager.default.removeItem(atPath: file)
    let resumed = try workspace.start(["train", "--resume", "run", "--no-figures"])
    resumed.waitForOutput("resumed after")
    resumed.send(SIGINT)
    let step = try #require(
      resumed.wait().output.firstMatch(of: /resumed after step ([0-9,]+)/)?.1)
    #expect(step != "10", "more than the first epoch is there")
  }

  @Test("a state whose counters or epochs were altered is refused")
  func alteredFacts() throws {
    try workspace.train("run", epochs: 2)
    let whole = try workspace.bytes("run/state.safetensors")
    for (old, new) in [("\"steps\":\"20\"", "\"steps\":\"10\""), ("\\\"kl\\\":", "\\\"kl\\\":1")] {
      try workspace.changeHeader(of: "run/state.safetensors") { $0.replacing(old, with: new) }
      expectRefusal(
        try workspace.elbo("train", "--resume", "run", "--epochs", "3"),
        ["'run/state.safetensors'", "altered"])
      try workspace.write(whole, to: "run/state.safetensors")
    }
  }

  @Test("the way on is quoted for the shell")
  func quoted() throws {
    let child = try start(
      "--data", "data", "-o", "my 'run'", "--epochs", "3000", options: Workspace.small)
    waitFor("my 'run'/metrics.jsonl", of: child)
    child.send(SIGINT)
    #expect(child.wait().lines.last == "  elbo train --resume 'my '\\''run'\\'''")
  }
}
