// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// Numbers beyond all sense, in options and in records.
@Suite("Limits of numbers and names")
struct LimitTests {
  let workspace: Workspace

  init() throws {
    workspace = try Workspace()
    try workspace.writeImages(height: 6, width: 9)
  }

  /// Options, and what the refusal says.
  static let absurd: [([String], String)] = [
    (["--epochs", "1000000000000000000"], "1000000000"),
    (["--epochs", "1000000001"], "1000000000"),
    (["--patience", "9223372036854775807"], "1000000000"),
    (["--hidden", Array(repeating: "2", count: 1001).joined(separator: ",")], "at most 1000"),
    (["--hidden", "9223372036854775807"], "1000000"),
    (["--latent", "9223372036854775807"], "10000"),
    (["--batch-size", "9223372036854775807"], "1000000"),
    (["--objective", "iwae", "--samples", "9223372036854775807"], "10000"),
    (["--seeds", "9223372036854775807"], "1000"),
    (["--fractions", "1e308,1e308,1e308"], "three shares"),
  ]

  @Test("absurd options are wrong usage, with the largest value", arguments: absurd)
  func options(_ arguments: [String], _ largest: String) throws {
    let outcome = try workspace.elbo(["train", "--data", "data", "--output", "x"] + arguments)
    expectRefusal(outcome, status: 64, [arguments[arguments.count - 2], largest])
    #expect(!workspace.exists("x"))
  }

  @Test("1,000 layers are trained, saved and read")
  func layers() throws {
    let widths = Array(repeating: "2", count: 1000).joined(separator: ",")
    expectSuccess(
      try workspace.elbo(
        "train", "--data", "data", "--hidden", widths, "--latent", "2", "--epochs", "1",
        "--no-figures", "--output", "deep"))
    expectSuccess(try workspace.elbo("evaluate", "deep"))
  }

  @Test(
    "absurd numbers of a record are refused by name",
    arguments: [
      ("\"samples\" *: *2", "\"samples\": 9000000000000000000", "training.samples"),
      ("\"epochs\" *: *1", "\"epochs\": 9000000000000000000", "training.epochs"),
      ("\"epochs\" *: *1", "\"epochs\": 1000000001", "training.epochs"),
      ("\"latent\" *: *2", "\"latent\": 9000000000000000000", "model.latent"),
      ("\"height\" *: *6", "\"height\": 1000000000", "data.height"),
      (
        "\"learning_rate\" *:",
        "\"learning_rate_stages\": [{\"epochs\": 9000000000000000000, \"learning_rate\": 1e-3},"
          + " {\"epochs\": 9000000000000000000, \"learning_rate\": 1e-3}], \"learning_rate\":",
        "training.learning_rate_stages"
      ),
    ])
  func records(_ pattern: String, _ replacement: String, _ key: String) throws {
    try workspace.train("run", epochs: 1, "--objective", "iwae", "--samples", "2")
    let text = try workspace.text("run/run.json")
    let expression = try Regex(pattern)
    #expect(text.contains(expression), "\(pattern) is not in the record")
    try workspace.write(text.replacing(expression, with: replacement), to: "run/run.json")
    for command in [["evaluate", "run"], ["train", "--resume", "run", "--epochs", "2"]] {
      expectRefusal(try workspace.elbo(command), ["run.json", key])
    }
  }

  @Test("a folder whose name begins with a combining mark")
  func combiningMark() throws {
    try workspace.train("runs/\u{301}a", epochs: 1)
    expectSuccess(try workspace.elbo("evaluate", "runs/\u{301}a"))
    #expect(workspace.exists("runs/\u{301}a/run.json"))
  }

  @Test("a path that is no UTF-8 is said, not mended")
  func noUTF8() throws {
    let argument = try workspace.shell("\"$0\" evaluate \"$(printf 'b\\377x')\"")
    expectRefusal(argument, status: 64, ["b\\xffx", "no UTF-8"])
    let listed = try workspace.shell(
      "mkdir pictures && : > \"pictures/$(printf 'a\\377.png')\" "
        + "&& \"$0\" train --data pictures --size 8x8 --output x")
    expectRefusal(listed, ["'pictures'", "no UTF-8"])
  }
}
