// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@Suite("Protocols of numbers")
struct ProtocolTests {
  let workspace: Workspace

  init() throws {
    workspace = try Workspace()
    try workspace.writeImages()
    for (part, count) in [("train", 100), ("valid", 30), ("test", 40)] {
      try workspace.write(
        idx([count, 8, 8], greyLevels(count * 64).map { $0 < 128 ? 0 : 255 }),
        to: "binary/\(part)-images-idx3-ubyte")
    }
  }

  @Test("--binarize static refuses grey images, naming one, in training and in evaluation")
  func grey() throws {
    let words = ["'data'", "not binary", "static-mnist"]
    expectRefusal(
      try workspace.elbo("train", "--data", "data", "-o", "run", "--binarize", "static"), words)
    #expect(!workspace.exists("run"))
    try workspace.train("run", epochs: 1)
    expectRefusal(try workspace.elbo("evaluate", "run", "--binarize", "static"), words)
  }

  @Test("binary data are not called grey, whether they are said to be static or not")
  func binary() throws {
    for (run, binarize, meaning) in [
      ("none", "none", "binary as they come"), ("static", "static", "binarised once"),
    ] {
      let outcome = try workspace.train(run, data: "binary", epochs: 1, "--binarize", binarize)
      #expect(!outcome.output.contains("cross-entropy"))
      #expect(outcome.output.contains(meaning))
      let protocols = try #require(
        try workspace.json("\(run)/run.json")["protocol"] as? [String: Any])
      #expect((protocols["objective"] as? String)?.contains(meaning) == true)
      let evaluation = try workspace.elbo("evaluate", run)
      #expect(evaluation.output.contains(meaning) && !evaluation.output.contains("Note:"))
    }
    #expect(
      try workspace.bytes("none/model.safetensors").suffix(1000)
        == workspace.bytes("static/model.safetensors").suffix(1000), "the pixels are the same")
  }

  @Test("any part of the data is judged, and named")
  func splits() throws {
    try workspace.train("run", data: "binary", epochs: 1)
    for (split, name, count) in [
      ("test", "test", 40), ("valid", "validation", 30), ("validation", "validation", 30),
      ("train", "train", 100),
    ] {
      let outcome = try workspace.elbo("evaluate", "run", "--split", split)
      expectSuccess(outcome)
      #expect(outcome.lines.first == "binary \(name), \(count) images, nats per image")
      #expect(outcome.output.contains("Note:") == (name != "test"))
    }
    expectRefusal(
      try workspace.elbo("evaluate", "run", "--data", "data", "--split", "valid"),
      ["validation images"])
    expectRefusal(
      try workspace.elbo("evaluate", "run", "--data", "digits", "--split", "valid"),
      ["'digits'", "--split"])
  }

  @Test("numbers under another protocol than the run's say so")
  func note() throws {
    try workspace.train("run", epochs: 1)
    let outcome = try workspace.elbo("evaluate", "run", "--binarize", "dynamic", "--seed", "3")
    expectSuccess(outcome)
    #expect(outcome.lines.last?.hasPrefix("Note: not the protocol of the run's own") == true)
    #expect(outcome.lines.last?.contains("--binarize none, seed 0") == true)
    let json = try workspace.elbo("evaluate", "run", "--binarize", "dynamic", "--json")
    #expect(json.output.contains("\"note\": \"not the protocol"))
  }

  @Test("other test images than the run's are refused on --resume")
  func otherTest() throws {
    try workspace.train("run", epochs: 1)
    try workspace.writeImages(test: 49)
    expectRefusal(
      try workspace.elbo("train", "--resume", "run", "--epochs", "2"), ["test images", "50", "49"])
    try workspace.writeImages()
    try workspace.write(
      idx([50, 8, 8], Array(repeating: 9, count: 3200)), to: "data/t10k-images-idx3-ubyte")
    expectRefusal(
      try workspace.elbo("train", "--resume", "run", "--epochs", "2"),
      ["test images of fingerprint"])
  }

  @Test("static-mnist, where it is not in the cache, says what to put where")
  func staticMNIST() throws {
    let outcome = try workspace.shell(
      "XDG_CACHE_HOME=cache \"$0\" train --data static-mnist --binarize static -o run")
    expectRefusal(
      outcome, ["static-mnist", "valid-images-idx3-ubyte", "'cache/elbo/static-mnist'"])
  }
}

@Suite("One training in a folder at a time")
struct RunLockTests {
  let workspace: Workspace

  init() throws {
    workspace = try Workspace()
    try workspace.writeImages()
  }

  @Test("a second training into the folder is refused and disturbs nothing")
  func refused() throws {
    let first = try workspace.start(
      ["train", "--data", "data", "-o", "run", "--epochs", "3000"] + Workspace.small)
    first.waitForOutput(" 2/3000 ")
    let second = ["train", "--data", "data", "-o", "run"] + Workspace.small
    expectRefusal(
      try workspace.elbo(second + ["--overwrite"]), ["another process", "'run'", "--output"])
    expectRefusal(try workspace.elbo("train", "--resume", "run"), ["another process", "'run'"])
    first.send(SIGINT)
    #expect(first.wait().status == 130)
    expectSuccess(
      try workspace.elbo(second + ["--overwrite", "--epochs", "1"]))
  }
}
