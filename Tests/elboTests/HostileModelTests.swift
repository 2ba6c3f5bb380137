// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@Suite("Model files that cannot be used: exit status 1, one sentence")
struct HostileModelTests {
  let workspace: Workspace
  init() throws { workspace = try Workspace() }

  struct Case: CustomTestStringConvertible {
    let testDescription: String
    let bytes: Data
    let words: [String]
  }

  /// A model file after a change to its tensors.
  private static func changed(
    _ description: String, _ words: [String], _ change: (inout [TensorEntry]) -> Void
  ) -> Case {
    var entries = modelEntries()
    change(&entries)
    return Case(testDescription: description, bytes: safetensors(entries), words: words)
  }

  private static let whole = safetensors(modelEntries())

  static let cases = [
    Case(testDescription: "nothing", bytes: Data(), words: ["0 bytes"]),
    Case(testDescription: "seven bytes", bytes: whole.prefix(7), words: ["7 bytes"]),
    Case(testDescription: "cut in the header", bytes: whole.prefix(100), words: ["truncated"]),
    Case(testDescription: "cut in the numbers", bytes: whole.dropLast(9), words: ["truncated"]),
    Case(testDescription: "bytes at the end", bytes: whole + Data([0]), words: ["damaged"]),
    Case(
      testDescription: "a header of absurd length",
      bytes: Data(repeating: 0xff, count: 8) + whole.dropFirst(8), words: ["18446744073709551615"]),
    Case(
      testDescription: "a header that is not JSON",
      bytes: whole.prefix(9) + Data("x".utf8) + whole.dropFirst(10), words: ["JSON", "byte"]),
    changed("overlapping tensors", ["encoder.fc1.bias", "no overlap"]) {
      $0[1].offsets = (1000, 1016)
    },
    changed("an offset beyond the file", ["decoder.fc2.bias"]) {
      $0[9].offsets = (1 << 40, 1 << 40 + 256)
    },
    changed("a negative offset", ["encoder.fc1.weight"]) { $0[0].offsets = (-1024, 0) },
    changed("an unknown element type", ["encoder.fc1.bias", "F31", "F32"]) { $0[1].type = "F31" },
    changed("whole numbers", ["encoder.fc1.bias", "I32", "F32"]) { $0[1].type = "I32" },
    changed("a shape beyond 64 bits", ["encoder.fc1.weight"]) {
      $0[0].shape = [1 << 40, 1 << 40]
    },
    changed("a missing tensor", ["decoder.fc2.bias", "other tensors of all layers"]) {
      $0.removeLast()
    },
    changed("a missing layer", ["encoder.fc1.weight", "--keys"]) { $0.removeFirst(2) },
    changed("a tensor too many", ["decoder.conv.weight"]) {
      $0.append(TensorEntry(name: "decoder.conv.weight", shape: [1], numbers: [0]))
    },
    changed("a transposed tensor", ["encoder.fc_mu.weight", "[4, 2]", "4]"]) {
      $0[2].shape = [4, 2]
    },
    changed("a bias of another width", ["decoder.fc1.bias", "[3]", "[4]"]) {
      $0[7] = TensorEntry(name: "decoder.fc1.bias", shape: [3], numbers: [0, 0, 0])
    },
    changed("not a number", ["encoder.fc_mu.bias", "undefined"]) { $0[3].numbers[1] = .nan },
    changed("infinity", ["encoder.fc1.weight", "infinite"]) { $0[0].numbers[0] = -.infinity },
    Case(
      testDescription: "no latent variables", bytes: safetensors(modelEntries(latent: 0)),
      words: ["encoder.fc_mu.weight", "[0, 4]"]),
    Case(
      testDescription: "no pixels", bytes: safetensors(modelEntries(pixels: 0)),
      words: ["encoder.fc1.weight", "[4, 0]"]),
    Case(
      testDescription: "an unknown activation",
      bytes: safetensors(modelEntries(), metadata: ["activation": "gelu"]),
      words: ["activation", "gelu", "relu"]),
  ]

  @Test("refused, naming what is wrong", arguments: cases)
  func refused(fault: Case) throws {
    try workspace.write(fault.bytes, to: "vae.safetensors")
    let outcome = try workspace.elbo("sample", "vae.safetensors", "-o", "x.svg")
    expectRefusal(outcome, ["'vae.safetensors'"] + fault.words)
    #expect(outcome.output == "")
    #expect(workspace.files(".") == ["vae.safetensors"])
  }

  @Test("the same file unchanged is accepted, also with metadata of others")
  func accepted() throws {
    try workspace.write(
      safetensors(
        modelEntries(),
        metadata: ["format": "pt", "activation": "relu", "height": "0", "width": "x"]),
      to: "vae.safetensors")
    expectSuccess(try workspace.elbo("sample", "vae.safetensors", "-o", "x.svg"))
  }

  @Test("no such file, a folder that is no run, a file of another kind")
  func noModel() throws {
    expectRefusal(try workspace.elbo("sample", "absent"), ["'absent'", "does not exist"])
    try workspace.write("", to: "empty/readme")
    expectRefusal(try workspace.elbo("sample", "empty"), ["empty/", "does not exist"])
    try workspace.write("elbo,kl\n1,2\n", to: "table.csv")
    expectRefusal(try workspace.elbo("sample", "table.csv"), ["'table.csv'", "safetensors"])
  }

  @Test("numbers too large to compute with are not reported as results")
  func overflow() throws {
    try workspace.writeImages()
    var entries = modelEntries()
    for index in entries.indices {
      entries[index].numbers = entries[index].numbers.map { $0 * 1e38 }
    }
    try workspace.write(
      safetensors(entries, metadata: ["activation": "relu"]), to: "huge.safetensors")
    for command in [
      ["evaluate", "--json"], ["encode", "-o", "z.npy"], ["reconstruct", "-o", "x.svg"],
      ["evidence", "--json", "--parts", "elbo"], ["evidence", "--json", "--budget", "2s"],
    ] {
      let outcome = try workspace.elbo(command + ["huge.safetensors", "--data", "data"])
      expectRefusal(outcome, ["'huge.safetensors'", "undefined"])
      #expect(outcome.output == "")
    }
    #expect(!workspace.exists("z.npy") && !workspace.exists("x.svg"))
  }

  static let arrays: [(String, Data, [String])] = [
    ("another width", npy([3, 5], greyLevels(15).map { Float($0) }), ["[3, 5]", "[count, 2]"]),
    ("one dimension", npy([2], [0, 0]), ["[2]", "[count, 2]"]),
    ("one part", npy([1, 1, 2], [0, 0]), ["[1, 1, 2]", "[count, 2"]),
    ("no rows", npy([0, 2], []), ["[0, 2]", "at least one row"]),
    ("not a number", npy([1, 2], [0, .nan]), ["undefined"]),
    ("text", npy([1, 2], [0, 0], type: "<U1"), ["'<U1'", "astype"]),
    ("cut short", npy([2, 2], [0, 0, 0, 0]).dropLast(3), ["truncated"]),
    ("more promised than there is", npy([1 << 60, 2], [0, 0]), []),
    ("not an array", Data("hello".utf8), []),
  ]

  @Test("latent variables that do not fit", arguments: arrays)
  func latents(name: String, bytes: Data, words: [String]) throws {
    try workspace.write(
      safetensors(modelEntries(), metadata: ["activation": "relu"]), to: "vae.safetensors")
    try workspace.write(bytes, to: "z.npy")
    let outcome = try workspace.elbo("decode", "vae.safetensors", "z.npy", "-o", "x.svg")
    expectRefusal(outcome, ["'z.npy'"] + words)
    #expect(!workspace.exists("x.svg"))
  }
}
