// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@Suite("Data that cannot be used: exit status 1, one sentence, no folder begun")
struct HostileDataTests {
  let workspace: Workspace

  init() throws {
    workspace = try Workspace()
    try workspace.writeImages()
  }

  private static let trainImages = "data/train-images-idx3-ubyte"

  private func expectTrainRefusal(
    _ words: [String], data: String = "data", sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let outcome = try workspace.elbo("train", "--data", data, "-o", "run")
    expectRefusal(outcome, words, sourceLocation: sourceLocation)
    #expect(outcome.output == "", sourceLocation: sourceLocation)
    #expect(!workspace.exists("run"), sourceLocation: sourceLocation)
  }

  @Test("neither a name nor a folder", arguments: ["minst", "./absent", "/absent/data"])
  func unknown(name: String) throws {
    try expectTrainRefusal(
      ["'\(name)'", "digits", "mnist", "fashion-mnist", "of IDX files"], data: name)
    #expect(!workspace.exists("runs"))
  }

  @Test("a file where a folder is expected")
  func file() throws {
    try expectTrainRefusal([Self.trainImages, "folder"], data: Self.trainImages)
  }

  @Test("a folder without images")
  func empty() throws {
    try workspace.write("", to: "empty/readme")
    try expectTrainRefusal(["'empty'", "readme"], data: "empty")
    try workspace.remove("data/t10k-images-idx3-ubyte")
    try expectTrainRefusal(["'data'", "t10k-images-idx3-ubyte"])
  }

  @Test("cut short", arguments: [0, 3, 10, 16, 1000])
  func truncated(size: Int) throws {
    let whole = try workspace.bytes(Self.trainImages)
    try workspace.write(whole.prefix(size), to: Self.trainImages)
    try expectTrainRefusal([Self.trainImages])
  }

  @Test("gzip data cut short, damaged, or not gzip at all")
  func gzip() throws {
    let packed = try workspace.shell("gzip data/train-images-idx3-ubyte")
    try #require(packed.status == 0, "gzip is needed: \(packed.errors)")
    let file = "\(Self.trainImages).gz"
    let whole = try workspace.bytes(file)
    expectSuccess(try workspace.train("packed"))

    try workspace.write(whole.prefix(whole.count / 2), to: file)
    try expectTrainRefusal([file, "truncated", "get it again"])
    var damaged = whole
    damaged[whole.count / 2] ^= 0xff
    try workspace.write(damaged, to: file)
    try expectTrainRefusal([file, "damaged", "get it again"])
    try workspace.write("<html>Not found</html>", to: file)
    try expectTrainRefusal([file])
  }

  struct Case: CustomTestStringConvertible {
    let testDescription: String
    let file: String
    let bytes: Data
    let words: [String]
  }

  static let cases = [
    Case(
      testDescription: "another magic number", file: "train-images-idx3-ubyte",
      bytes: idx([200, 8, 8], greyLevels(12800), magic: [7, 0, 8]), words: ["07 00 08", "00 00 08"]),
    Case(
      testDescription: "bytes called floats", file: "train-images-idx3-ubyte",
      bytes: idx([200, 8, 8], greyLevels(12800), magic: [0, 0, 0x0d]), words: ["12816", "51216"]),
    Case(
      testDescription: "floats that are no grey levels", file: "train-images-idx3-ubyte",
      bytes: idx(
        [200, 1, 1], (0..<200).flatMap { _ in [0x3f, 0, 0, 0] }, magic: [0, 0, 0x0d]),
      words: ["0.5"]),
    Case(
      testDescription: "labels in the place of images", file: "train-images-idx3-ubyte",
      bytes: idx([200], greyLevels(200)), words: ["images", "rows"]),
    Case(
      testDescription: "fewer labels than images", file: "train-labels-idx1-ubyte",
      bytes: idx([199], greyLevels(199)),
      words: ["train-images-idx3-ubyte", "200", "199", "labels"]),
    Case(
      testDescription: "terabytes promised", file: "train-images-idx3-ubyte",
      bytes: idx([1_000_000, 4096, 4096], greyLevels(100)),
      words: ["16777216000016", "get it again"]),
    Case(
      testDescription: "a product beyond 64 bits", file: "train-images-idx3-ubyte",
      bytes: idx([0xffff_ffff, 0xffff_ffff, 0xffff_ffff], greyLevels(100)),
      words: ["4294967295", "get it again"]),
    Case(
      testDescription: "no images", file: "train-images-idx3-ubyte", bytes: idx([0, 8, 8], []),
      words: ["0 x 8 x 8", "at least one image"]),
    Case(
      testDescription: "images of no pixels", file: "t10k-images-idx3-ubyte",
      bytes: idx([50, 8, 0], []), words: ["50 x 8 x 0"]),
    Case(
      testDescription: "bytes after the last image", file: "t10k-images-idx3-ubyte",
      bytes: idx([50, 8, 8], greyLevels(3201)), words: ["3217", "3216"]),
    Case(
      testDescription: "test images of another size", file: "t10k-images-idx3-ubyte",
      bytes: idx([50, 8, 7], greyLevels(2800)), words: ["8 x 8", "8 x 7", "same data set"]),
  ]

  @Test("refused", arguments: cases)
  func refused(fault: Case) throws {
    try workspace.write(fault.bytes, to: "data/\(fault.file)")
    try expectTrainRefusal(["data"] + fault.words)
  }

  @Test("a pipe in the place of a file does not hang")
  func pipe() throws {
    try workspace.remove(Self.trainImages)
    try #require(mkfifo(workspace[Self.trainImages], 0o600) == 0)
    try expectTrainRefusal([Self.trainImages, "pipe"])
  }

  @Test("images of another size than the model's")
  func otherSize() throws {
    try workspace.train("trained", epochs: 1)
    try workspace.writeImages("small", height: 6, width: 6)
    for command in [["evaluate"], ["reconstruct"], ["encode", "-o", "z.npy"]] {
      let outcome = try workspace.elbo(command + ["trained", "--data", "small"])
      expectRefusal(outcome, ["'trained/model.safetensors'", "64", "'small'", "6 x 6 = 36"])
    }
    #expect(!workspace.exists("z.npy"))
  }
}
