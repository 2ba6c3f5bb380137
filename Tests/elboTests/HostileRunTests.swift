// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@Suite("Damaged runs: exit status 1, one sentence, nothing changed")
struct HostileRunTests {
  let workspace: Workspace

  init() throws {
    workspace = try Workspace()
    try workspace.writeImages()
    try workspace.train("run", epochs: 1)
  }

  /// A text in run.json, what takes its place, and what the sentence must hold.
  static let records: [(String, String, [String])] = [
    ("{", "", ["JSON"]),
    ("\"latent\": 2", "\"latent\": \"two\"", ["model.latent"]),
    ("\"latent\": 2", "\"latent\": -2", ["model.latent"]),
    ("\"latent\": 2", "\"latent\": 9223372036854775807", ["model.latent"]),
    ("\"latent\": 2", "\"width\": 2", ["model.latent"]),
    ("\"height\": 8", "\"height\": 9000000000000000000", ["data.height"]),
    ("\"height\": 8", "\"height\": 0", ["data.height"]),
    ("\"hidden\": [16]", "\"hidden\": [16.5]", ["model.hidden"]),
    ("\"activation\": \"relu\"", "\"activation\": \"gelu\"", ["model.activation"]),
    ("\"epochs\": 1", "\"epochs\": 0", ["training.epochs"]),
    ("\"batch_size\": 20", "\"batch_size\": 0", ["training.batch_size"]),
    ("\"learning_rate\": 0.001", "\"learning_rate\": -1", ["training.learning_rate"]),
    ("\"seed\": \"0\"", "\"seed\": \"-1\"", ["training.seed"]),
    ("\"binarize\": \"none\"", "\"binarize\": \"all\"", ["protocol.binarize"]),
  ]

  @Test("run.json", arguments: records)
  func record(old: String, new: String, words: [String]) throws {
    let text = try workspace.text("run/run.json")
    let range = try #require(text.range(of: old))
    try workspace.write(text.replacingCharacters(in: range, with: new), to: "run/run.json")
    let before = try workspace.contents("run")
    let words = ["'run/run.json'"] + words
    expectRefusal(try workspace.elbo("train", "--resume", "run", "--epochs", "2"), words)
    expectRefusal(try workspace.elbo("evaluate", "run"), words)
    #expect(try workspace.contents("run") == before)
  }

  @Test("run.json cut short or gone")
  func noRecord() throws {
    try workspace.write(try workspace.bytes("run/run.json").prefix(200), to: "run/run.json")
    expectRefusal(try workspace.elbo("evaluate", "run"), ["'run/run.json'", "JSON", "truncated"])
    try workspace.remove("run/run.json")
    for arguments in [["evaluate", "run"], ["train", "--resume", "run"]] {
      expectRefusal(try workspace.elbo(arguments), ["'run/run.json'", "does not exist"])
    }
  }

  @Test("run.json of another run than the model")
  func foreignRecord() throws {
    let text = try workspace.text("run/run.json")
    try workspace.write(text.replacing("\"height\": 8", with: "\"height\": 4"), to: "run/run.json")
    expectRefusal(try workspace.elbo("sample", "run"), ["'run/run.json'", "data.height", "64"])
  }

  /// A counter of the saved state and a value that it cannot have after one epoch of 10 batches.
  static let counters: [(String, String)] = [
    ("epoch", "-1"), ("epoch", "9223372036854775807"), ("epoch", "2"), ("epoch", "one"),
    ("batch", "-1"), ("batch", "10"), ("batch", "9223372036854775807"), ("batch", "3"),
    ("steps", "-9223372036854775808"), ("steps", "9223372036854775807"), ("steps", ""),
    ("seen.examples", "-1"), ("seen.examples", "9223372036854775807"),
    ("seen.kl.bits", "9218868437227405312"), ("seen.reconstruction.bits", "x"),
  ]

  @Test("counters of the saved state", arguments: counters)
  func counter(key: String, value: String) throws {
    // Without its checksum, the counters are looked at themselves.
    try workspace.forgetOrigin(of: "run")
    try workspace.changeHeader(of: "run/state.safetensors") { header in
      header.replacing(
        try Regex("\"\(key.replacing(".", with: "\\."))\":\"[0-9]+\""),
        with: "\"\(key)\":\"\(value)\"")
    }
    let before = try workspace.contents("run")
    let outcome = try workspace.elbo("train", "--resume", "run", "--epochs", "3", "--no-figures")
    expectRefusal(outcome, ["'run/state.safetensors'", "expected"])
    #expect(try workspace.contents("run") == before)
  }

  @Test("numbers of the saved state that are not numbers")
  func notFinite() throws {
    try workspace.forgetOrigin(of: "run")
    var bytes = try workspace.bytes("run/state.safetensors")
    bytes.replaceSubrange(bytes.count - 4..<bytes.count, with: [0, 0, 0xc0, 0x7f])
    try workspace.write(bytes, to: "run/state.safetensors")
    let outcome = try workspace.elbo("train", "--resume", "run", "--epochs", "3")
    expectRefusal(outcome, ["'run/state.safetensors'", "undefined", "decoder.fc2.bias"])
  }

  @Test("a state cut short, and the model in its place")
  func otherState() throws {
    let whole = try workspace.bytes("run/state.safetensors")
    try workspace.write(whole.dropLast(10), to: "run/state.safetensors")
    expectRefusal(
      try workspace.elbo("train", "--resume", "run"), ["'run/state.safetensors'", "truncated"])
    try workspace.write(try workspace.bytes("run/model.safetensors"), to: "run/state.safetensors")
    expectRefusal(
      try workspace.elbo("train", "--resume", "run"),
      ["'run/state.safetensors'", "parameters.encoder.fc1.weight"])
  }
}
