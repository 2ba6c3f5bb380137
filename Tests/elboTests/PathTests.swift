// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@Suite("Paths of every kind: locks, pipes, links, names")
struct PathTests {
  let workspace: Workspace

  init() throws {
    workspace = try Workspace()
    try workspace.writeImages()
  }

  @Test(
    "a lock that is a pipe, a folder or a link is a sentence",
    arguments: ["pipe", "folder", "link"])
  func foreignLock(kind: String) throws {
    try workspace.train("run", epochs: 1)
    let lock = workspace["run/.lock"]
    try workspace.remove("run/.lock")
    switch kind {
    case "pipe": mkfifo(lock, 0o600)
    case "folder": mkdir(lock, 0o700)
    default: symlink("/dev/zero", lock)
    }
    expectRefusal(
      try workspace.elbo("train", "--resume", "run", "--epochs", "2"),
      ["'run/.lock' is a ", kind, "remove it"])
  }

  @Test("of runs begun in one second each has a folder of its own")
  func sameSecond() throws {
    let children = try (0..<3).map { _ in
      try workspace.start(["train", "--data", "data", "--epochs", "1"] + Workspace.small)
    }
    for child in children { expectSuccess(child.wait()) }
    let models = workspace.files("runs").filter { $0.hasSuffix("/model.safetensors") }
    #expect(models.count == 3, "\(models)")
  }

  @Test("files that are the user's alone stay so when the run goes on")
  func permissions() throws {
    try workspace.train("run", epochs: 1)
    for name in ["model", "state"] { chmod(workspace["run/\(name).safetensors"], 0o600) }
    expectSuccess(try workspace.elbo("train", "--resume", "run", "--epochs", "2", "--no-figures"))
    for name in ["model", "state"] {
      let attributes = try FileManager.default.attributesOfItem(
        atPath: workspace["run/\(name).safetensors"])
      #expect(attributes[.posixPermissions] as? Int == 0o600)
    }
  }

  @Test("a picture goes into a pipe, and to where a link leads")
  func pictures() throws {
    try workspace.train("run", epochs: 1)
    let piped = try workspace.shell(
      "mkfifo x.png; cat x.png > y & \"$0\" sample run -o x.png; wait; test -p x.png")
    expectSuccess(piped)
    mkdir(workspace["there"], 0o700)
    symlink("there/z.png", workspace["x2.png"])
    expectSuccess(try workspace.elbo("sample", "run", "-o", "x2.png"))
    #expect(try workspace.bytes("y") == workspace.bytes("there/z.png"))
    #expect(workspace.files("there") == ["z.png"])
  }

  @Test("a name that is no UTF-8 is refused, and leaves nothing")
  func undecodable() throws {
    let outcome = try workspace.shell(
      "exec \"$0\" train --data data -o \"$(printf 'r\\377\\033[31m')\"")
    expectRefusal(outcome, status: 64, ["is no UTF-8"])
    #expect(!outcome.errors.contains("\u{1B}"))
    #expect(!workspace.files(".").contains { $0.hasSuffix("run.json") })
  }

  @Test("names may begin with a combining mark")
  func combiningMark() throws {
    try workspace.train("\u{301}a/\u{308}run", epochs: 1)
    expectSuccess(
      try workspace.elbo(
        "train", "--resume", "\u{301}a/\u{308}run/", "--epochs", "2", "--no-figures"))
    expectSuccess(
      try workspace.elbo("sample", "\u{301}a/\u{308}run", "-o", "\u{301}a/\u{327}x.png"))
    #expect(workspace.exists("\u{301}a/\u{327}x.png"))
  }

  @Test("without standard output no file takes its place")
  func closedOutput() throws {
    _ = try workspace.shell(
      "exec \"$0\" train --data data -o run --epochs 1 \(Workspace.small.joined(separator: " ")) >&-"
    )
    #expect(try workspace.bytes("run/.lock").isEmpty)
  }
}
