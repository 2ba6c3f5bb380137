// SPDX-License-Identifier: Apache-2.0

import Testing

@Suite("Data of unusual size")
struct SmallDataTests {
  let workspace: Workspace
  init() throws { workspace = try Workspace() }

  struct Case: CustomTestStringConvertible {
    let testDescription: String
    var train = 20
    var test = 5
    var height = 8
    var width = 8
    var grey: UInt8?
  }

  static let cases = [
    Case(testDescription: "one image", train: 1, test: 1),
    Case(testDescription: "images of one pixel", height: 1, width: 1),
    Case(testDescription: "images of one row", height: 1, width: 9),
    Case(testDescription: "black images", grey: 0),
    Case(testDescription: "white images", grey: 255),
  ]

  @Test("every command works", arguments: cases)
  func worksWith(data: Case) throws {
    try workspace.writeImages(
      train: data.train, test: data.test, height: data.height, width: data.width, grey: data.grey)
    // A batch may be larger than the data.
    expectSuccess(
      try workspace.elbo(
        "train", "--data", "data", "-o", "run", "--epochs", "2", "--hidden", "4", "--latent", "2",
        "--batch-size", "1000000"))
    #expect(workspace.exists("run/figures/latent.svg"))
    let table = try workspace.elbo("evaluate", "run")
    expectSuccess(table)
    #expect(!table.output.contains("nan") && !table.output.contains("inf"))
    expectSuccess(try workspace.elbo("evaluate", "run", "--json"))
    expectSuccess(try workspace.elbo("reconstruct", "run"))
    expectSuccess(try workspace.elbo("sample", "run", "--count", "3"))
    expectSuccess(try workspace.elbo("encode", "run", "-o", "z.npy"))
    expectSuccess(try workspace.elbo("decode", "run", "z.npy", "-o", "x.npy"))
    #expect(
      try workspace.bytes("x.npy").arrayShape == [data.test, data.height, data.width])
  }

  @Test("thousands of latent variables work, pictures included")
  func manyLatentVariables() throws {
    try workspace.writeImages(train: 20, test: 5)
    expectSuccess(
      try workspace.elbo(
        "train", "--data", "data", "-o", "run", "--epochs", "1", "--hidden", "4", "--latent",
        "10000"))
    #expect(try workspace.text("run/figures/latent.svg").contains("z["))
  }

  @Test(
    "a model beyond the machine's memory is refused before it takes any",
    arguments: [["--hidden", "1000000,1000000"], ["--hidden", "1000000", "--latent", "10000"]])
  func tooLarge(options: [String]) throws {
    try workspace.writeImages()
    let outcome = try workspace.elbo(["train", "--data", "data", "-o", "run"] + options)
    expectRefusal(outcome, ["GB of memory", "--hidden", "--latent"])
    #expect(!workspace.exists("run"))
  }
}
