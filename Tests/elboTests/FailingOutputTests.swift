// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@Suite("Output that cannot be written, training that diverges: nothing is lost")
struct FailingOutputTests {
  let workspace: Workspace

  init() throws {
    workspace = try Workspace()
    try workspace.writeImages()
  }

  @Test("a run's folder that cannot be made", arguments: ["file", "file/run", "/dev/null/run"])
  func folder(output: String) throws {
    try workspace.write("a file", to: "file")
    let outcome = try workspace.elbo("train", "--data", "data", "-o", output)
    expectRefusal(outcome, [output.hasPrefix("/dev") ? "/dev/null" : "'file'", "folder"])
    #expect(try workspace.text("file") == "a file")
  }

  @Test("pictures and arrays that cannot be written")
  func pictures() throws {
    try workspace.train("run", epochs: 1)
    try workspace.write("a file", to: "file")
    for output in ["file/x.svg", "file/x.png", "file/x.npy", "file"] {
      expectRefusal(try workspace.elbo("sample", "run", "-o", output), ["'file"])
    }
    expectRefusal(try workspace.elbo("encode", "run", "-o", "file/z.npy"), ["'file"])
    try workspace.write("", to: "folder.npy/x")
    expectRefusal(try workspace.elbo("encode", "run", "-o", "folder.npy"), ["'folder.npy'"])
    #expect(workspace.files("folder.npy") == ["x"])
  }

  /// Files above 16 of the shell's units (of 512 or 1024 bytes) cannot be written, as on a full disk.
  private func withFullDisk(_ arguments: String) throws -> Outcome {
    try workspace.shell("ulimit -f 16; exec \"$0\" \(arguments)")
  }

  @Test("a full disk during training leaves no partial file")
  func fullDisk() throws {
    let outcome = try withFullDisk(
      "train --data data -o run --epochs 2 --hidden 64 --latent 2 --no-figures")
    // The state before the first step has no room: nothing was learned that could be lost.
    expectRefusal(outcome, ["'run/state.safetensors' could not be written", "no partial file"])
    #expect(workspace.files("run") == [".lock", "run.json"])
  }

  @Test("a full disk while going on leaves the saved state, from which one can go on again")
  func fullDiskOnResume() throws {
    try workspace.train("run", epochs: 1, "--hidden", "64")
    let model = try workspace.bytes("run/model.safetensors")
    let state = try workspace.bytes("run/state.safetensors")
    let outcome = try withFullDisk("train --resume run --epochs 2 --no-figures")
    expectRefusal(
      outcome, ["'run/model.safetensors' could not be written", "previous version is untouched"])
    #expect(try workspace.bytes("run/model.safetensors") == model)
    #expect(try workspace.bytes("run/state.safetensors") == state)

    expectSuccess(try workspace.elbo("train", "--resume", "run", "--no-figures"))
    try workspace.train("whole", epochs: 2, "--hidden", "64")
    for file in ["model.safetensors", "state.safetensors"] {
      #expect(try workspace.bytes("run/\(file)") == workspace.bytes("whole/\(file)"))
    }
    #expect(try workspace.metrics("run") == workspace.metrics("whole"))
  }

  @Test("a picture on a full disk leaves the one before")
  func fullDiskForPicture() throws {
    try workspace.train("run", epochs: 1)
    try workspace.write("before", to: "x.png")
    let outcome = try withFullDisk("sample run --count 400 -o x.png")
    expectRefusal(outcome, ["'x.png' could not be written", "previous version is untouched"])
    #expect(try workspace.text("x.png") == "before")
    #expect(!workspace.exists(".x.png.tmp"))
  }

  @Test(
    "a report that cannot be written is a failure, not a silence",
    .enabled(if: FileManager.default.fileExists(atPath: "/dev/full")),
    arguments: [
      "evaluate run", "evaluate run --json", "sample run -o x.npy", "encode run -o z.npy",
      "reconstruct run -o x.svg", "train --resume run --epochs 2 --no-figures",
      "train --resume run --epochs 2 --no-figures --json --quiet", "compare run run", "explain",
      "explain --json", "posterior list", "score run -o s.csv", "decode run z.npy -o x.svg",
      "--help", "--version", "help train", "train --help", "reproduce --help",
      "--generate-completion-script bash",
    ])
  func fullOutput(arguments: String) throws {
    try workspace.train("run", epochs: 1)
    if arguments.contains("z.npy -o") {
      expectSuccess(try workspace.elbo("encode", "run", "-o", "z.npy"))
    }
    let outcome = try workspace.shell("\"$0\" \(arguments) > /dev/full")
    expectRefusal(outcome, ["output could not be written", "no space left"])
  }

  @Test("a closed output is a failure, and nothing of it gets into the run's files")
  func closedOutput() throws {
    let outcome = try workspace.shell(
      "\"$0\" train --data data -o run --epochs 1 --hidden 8 --latent 2 --no-figures >&-")
    expectRefusal(outcome, ["output could not be written", "bad file descriptor"])
    #expect(try workspace.text("run/.lock").isEmpty)
  }

  @Test("a closed output is a failure of every command", arguments: ["--help", "explain"])
  func closedOutput(arguments: String) throws {
    let outcome = try workspace.shell("\"$0\" \(arguments) >&-")
    expectRefusal(outcome, ["output could not be written", "bad file descriptor"])
  }

  @Test("divergence is told with its step and what to do; no undefined number is saved")
  func divergence() throws {
    let outcome = try workspace.elbo(
      ["train", "--data", "data", "-o", "run", "--epochs", "3", "--learning-rate", "1e30"]
        + Workspace.small)
    expectRefusal(outcome, ["training diverged at step 2 (epoch 1, batch 2)", "learning rate"])
    #expect(!workspace.exists("run/model.safetensors"))
  }

  @Test("divergence in the last step of all is found too")
  func lateDivergence() throws {
    let outcome = try workspace.elbo(
      ["train", "--data", "data", "-o", "run", "--epochs", "1", "--learning-rate", "1e30"]
        + Workspace.small + ["--batch-size", "200"])
    expectRefusal(outcome, ["training diverged in epoch 1", "learning rate"])
    #expect(
      workspace.files("run").filter { !$0.hasPrefix("divergence/") } == [
        ".lock", "run.json", "state.safetensors",
      ])
  }

  @Test("divergence of a resumed run names the last good state, and leaves it")
  func divergenceAfterSaving() throws {
    try workspace.train("run", epochs: 1)
    try workspace.makeDiverge("run")
    let state = try workspace.bytes("run/state.safetensors")
    let outcome = try workspace.elbo("train", "--resume", "run", "--epochs", "3", "--no-figures")
    expectRefusal(outcome, ["training diverged at step", "'run/state.safetensors'"])
    #expect(try workspace.bytes("run/state.safetensors") == state)
  }
}
