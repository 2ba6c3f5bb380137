// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@Suite("Commands on a trained model")
struct ModelCommandTests {
  let workspace: Workspace

  init() throws {
    workspace = try Workspace()
    // Not square, so that height and width cannot be confused.
    try workspace.writeImages(height: 6, width: 9)
    try workspace.train("run", epochs: 1)
  }

  @Test("evaluate --json has the documented keys, and agrees with the last epoch's record")
  func evaluateJSON() throws {
    let outcome = try workspace.elbo("evaluate", "run", "--json")
    expectSuccess(outcome)
    let json = try #require(
      try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any])
    let keys = ["elbo", "reconstruction", "kl", "elbo_standard_error", "examples", "protocol"]
    #expect(
      outcome.lines.compactMap { $0.firstMatch(of: /^  "([a-z_]+)"/).map { String($0.1) } } == keys)
    #expect(json["examples"] as? Int == 50)
    let values = try ["elbo", "reconstruction", "kl"].map { try #require(json[$0] as? Double) }
    // Means of 50 numbers below 100, each off by less than 50 roundings of 1e-14.
    #expect(abs(values[0] + values[1] + values[2]) < 1e-10)
    #expect(try #require(json["elbo_standard_error"] as? Double) > 0)
    let recorded = try #require(
      try workspace.text("run/metrics.jsonl").firstMatch(of: /"test":.*"kl":([0-9.e-]+)/))
    #expect(outcome.output.contains("\n  \"kl\": \(recorded.1),"))
    let protocols = try #require(json["protocol"] as? [String: Any])
    #expect(protocols["data"] as? String == "data")
    #expect(protocols["binarize"] as? String == "none")
    #expect(protocols["seed"] as? String == "0")
  }

  @Test("evaluate prints the same as a table, with its protocol")
  func evaluateTable() throws {
    let outcome = try workspace.elbo("evaluate", "run")
    expectSuccess(outcome)
    #expect(outcome.lines.count == 5)
    #expect(outcome.lines.first == "data test, 50 images, nats per image")
    for (line, name) in zip(outcome.lines.dropFirst(), ["ELBO", "reconstruction", "KL"]) {
      #expect(line.wholeMatch(of: /([A-Za-z]+) +-?[0-9.]+ ± [0-9.]+/)?.1 == Substring(name))
    }
    #expect(outcome.lines.last?.hasPrefix("Protocol: ") == true)
  }

  @Test(
    "evaluate needs no more than the file of the model, wherever it lies and however many threads")
  func evaluateBareFile() throws {
    let expected = try workspace.elbo("evaluate", "run", "--json").output
    try workspace.copy("run/model.safetensors", to: "moved.safetensors")
    for threads in ["1", "3"] {
      let outcome = try workspace.elbo(
        "evaluate", "moved.safetensors", "--data", "data", "--json", "--threads", threads)
      expectSuccess(outcome)
      #expect(outcome.output == expected)
    }
  }

  @Test("another seed or binarisation gives another value, and says so")
  func evaluateOtherwise() throws {
    let plain = try workspace.elbo("evaluate", "run", "--json").output
    let seeded = try workspace.elbo("evaluate", "run", "--json", "--seed", "5")
    #expect(seeded.output != plain && seeded.output.contains(#""seed": "5""#))
    let binary = try workspace.elbo("evaluate", "run", "--json", "--binarize", "threshold")
    #expect(binary.output != plain && binary.output.contains(#""binarize": "threshold""#))
  }

  @Test("encode writes [images, 2, latent], and decode reads it, as it does [rows, latent]")
  func encodeAndDecode() throws {
    let encoded = try workspace.elbo("encode", "run", "-o", "new/folder/z.npy")
    expectSuccess(encoded)
    #expect(encoded.output == "Wrote new/folder/z.npy: [50, 2, 2], means and log variances\n")
    #expect(try workspace.bytes("new/folder/z.npy").arrayShape == [50, 2, 2])
    expectSuccess(try workspace.elbo("encode", "run", "-o", "few.npy", "--count", "7"))
    #expect(try workspace.bytes("few.npy").arrayShape == [7, 2, 2])

    expectSuccess(try workspace.elbo("decode", "run", "few.npy", "-o", "x.npy"))
    #expect(try workspace.bytes("x.npy").arrayShape == [7, 6, 9])
    // The means of `few`, which decode takes, as rows of their own.
    let numbers = try workspace.bytes("few.npy").suffix(7 * 4 * 4).withUnsafeBytes {
      Array($0.bindMemory(to: Float.self))
    }
    let means = (0..<7).flatMap { numbers[$0 * 4..<$0 * 4 + 2] }
    try workspace.write(npy([7, 2], means), to: "rows.npy")
    expectSuccess(try workspace.elbo("decode", "run", "rows.npy", "-o", "y.npy"))
    #expect(try workspace.bytes("x.npy") == workspace.bytes("y.npy"))
  }

  @Test("pictures go to the run's figures, to a folder, or to one file by its ending")
  func pictures() throws {
    expectSuccess(try workspace.elbo("sample", "run"))
    expectSuccess(try workspace.elbo("reconstruct", "run"))
    try workspace.write(npy([1, 2], [0, 0]), to: "z.npy")
    expectSuccess(try workspace.elbo("decode", "run", "z.npy"))
    #expect(
      workspace.files("run/figures")
        == ["decoded", "reconstructions", "samples"].flatMap { ["\($0).png", "\($0).svg"] })

    let folder = try workspace.elbo("sample", "run", "-o", "deep/folder")
    #expect(
      folder.output == "Wrote deep/folder/samples.svg and deep/folder/samples.png\n")
    #expect(workspace.files("deep/folder") == ["samples.png", "samples.svg"])

    for (ending, start) in [("svg", "<svg"), ("png", "\u{89}PNG"), ("npy", "\u{93}NUMPY")] {
      let name = "one/more/x.\(ending)"
      let outcome = try workspace.elbo("reconstruct", "run", "--count", "3", "-o", name)
      expectSuccess(outcome)
      #expect(outcome.output == "Wrote \(name)\n")
      #expect(try workspace.bytes(name).starts(with: start.unicodeScalars.map { UInt8($0.value) }))
    }
    #expect(try workspace.bytes("one/more/x.npy").arrayShape == [3, 6, 9])
  }

  @Test("sample --count draws so many, and the seed decides which")
  func samples() throws {
    expectSuccess(try workspace.elbo("sample", "run", "--count", "5", "-o", "a.npy"))
    expectSuccess(try workspace.elbo("sample", "run", "--count", "5", "-o", "b.npy"))
    expectSuccess(try workspace.elbo("sample", "run", "--count", "5", "--seed", "1", "-o", "c.npy"))
    #expect(try workspace.bytes("a.npy").arrayShape == [5, 6, 9])
    #expect(try workspace.bytes("a.npy") == workspace.bytes("b.npy"))
    #expect(try workspace.bytes("a.npy") != workspace.bytes("c.npy"))
  }

  @Test("a bare file of the command still knows the shape of its images")
  func shapeOfBareFile() throws {
    expectSuccess(
      try workspace.elbo("sample", "run/model.safetensors", "--count", "2", "-o", "a.npy"))
    #expect(try workspace.bytes("a.npy").arrayShape == [2, 6, 9])
  }
}
