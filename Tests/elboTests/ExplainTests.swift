// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@Suite("elbo explain")
struct ExplainTests {
  let workspace: Workspace
  init() throws { workspace = try Workspace() }

  @Test(
    "each model in at most 80 columns, with rounding as the only difference",
    arguments: ["conjugate", "linear-gaussian", "mixture"])
  func models(_ model: String) throws {
    let outcome = try workspace.elbo("explain", "--model", model)
    expectSuccess(outcome)
    #expect(outcome.lines.allSatisfy { $0.count <= 80 })
    #expect(outcome.output.contains("ELBO(q) + KL(q || p(z|x))"))
    let report = try workspace.elbo("explain", "--model", model, "--json")
    expectSuccess(report)
    let object = try #require(
      try JSONSerialization.jsonObject(with: Data(report.output.utf8)) as? [String: Any])
    let steps = try #require(object["steps"] as? [[String: Any]])
    #expect(steps.count == 8)
    for step in steps {
      #expect(try #require(step["difference"] as? Double).magnitude < 1e-11)
    }
  }

  @Test("q can be moved")
  func options() throws {
    let narrow = try workspace.elbo("explain", "--mean", "-1", "--deviation", "0.1")
    expectSuccess(narrow)
    #expect(narrow.output.contains("m = (-1.0), t = (0.1)"))
    let two = try workspace.elbo(
      "explain", "--model", "linear-gaussian", "--mean", "-0.5,0.2", "--deviation", "0.1,0.2")
    expectSuccess(two)
    expectSuccess(
      try workspace.elbo("explain", "--model", "mixture", "--probabilities", "0.1,0.8,0.1"))
  }

  @Test(
    "a q that is none is refused",
    arguments: [
      (["--model", "linear"], "linear"), (["--mean", "x"], "--mean"),
      (["--mean", "1,2"], "--mean"), (["--deviation", "0"], "--deviation"),
      (["--deviation", "nan"], "--deviation"), (["--probabilities", "1,0,0"], "--probabilities"),
      (["--model", "mixture", "--mean", "1"], "--probabilities"),
      (["--model", "mixture", "--probabilities", "0.5,0.5"], "--probabilities"),
      (["--model", "mixture", "--probabilities", "0.5,0.5,0.5"], "--probabilities"),
      (["--model", "linear-gaussian", "--mean", "1"], "--mean"),
    ])
  func refused(arguments: [String], word: String) throws {
    expectRefusal(try workspace.elbo(["explain"] + arguments), status: 64, [word])
  }
}
