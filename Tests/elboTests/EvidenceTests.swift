// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@Suite("elbo evidence")
struct EvidenceTests {
  let workspace: Workspace

  init() throws {
    workspace = try Workspace()
    try workspace.writeImages(height: 6, width: 9)
    try workspace.train("run", epochs: 1)
  }

  private static let small = [
    "--limit", "6", "--importance-samples", "50", "--ais-steps", "4", "--ais-chains", "4",
    "--simulated", "5",
  ]

  private func evidence(_ arguments: String...) throws -> Outcome {
    try workspace.elbo(["evidence"] + arguments)
  }

  private func numbers(_ outcome: Outcome) throws -> [String: [String: Any]] {
    try #require(
      try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: [String: Any]])
  }

  @Test("all parts: each number with error, count and protocol, and the pictures")
  func json() throws {
    let outcome = try workspace.elbo(["evidence", "run", "--json", "--output", "out"] + Self.small)
    expectSuccess(outcome)
    let numbers = try numbers(outcome)
    for key in [
      "elbo", "iwae", "ais_lower", "bdmc_lower_on_simulated", "bdmc_upper_on_simulated",
      "approximation_gap", "amortisation_gap", "active_units", "khat",
    ] {
      let number = try #require(numbers[key], "no \(key)")
      #expect(number["estimate"] is Double || number["estimate"] is Int)
      let protocols = try #require(number["protocol"] as? [String: Any])
      #expect(protocols["seed"] as? String == "0" && protocols["binarize"] != nil)
    }
    let examples = { (key: String) in numbers[key]?["examples"] as? Int }
    #expect(examples("elbo") == 50 && examples("iwae") == 6 && examples("ais_lower") == 6)
    #expect(examples("elbo_on_subset") == 6 && examples("bdmc_upper_on_simulated") == 5)
    #expect((numbers["iwae"]?["protocol"] as? [String: Any])?["samples"] as? Int == 50)
    #expect((numbers["ais_lower"]?["protocol"] as? [String: Any])?["steps"] as? Int == 4)
    for name in ["evidence-ladder", "evidence-sandwich", "kl-per-dimension", "worst-images"] {
      #expect(try workspace.text("out/\(name).svg").contains("<svg"))
    }
    #expect(try workspace.text("out/evidence.json") == outcome.output)
  }

  @Test("parts and tables; the same for any number of threads, and for a file alone")
  func parts() throws {
    let one = try workspace.elbo(
      ["evidence", "run", "--parts", "iwae,ais", "--threads", "1"] + Self.small)
    expectSuccess(one)
    #expect(!one.output.contains("L[q*]") && !one.output.contains("active units"))
    #expect(one.output.contains("log p(x) from both sides: 5 images simulated from the model"))
    #expect(one.lines.contains { $0.firstMatch(of: /^  IWAE +-?[0-9.]+ ± [0-9.]+ +K = 50/) != nil })
    try workspace.copy("run/model.safetensors", to: "moved.safetensors")
    let other = try workspace.elbo(
      ["evidence", "moved.safetensors", "--data", "data", "--parts", "iwae,ais", "--threads", "3"]
        + Self.small)
    expectSuccess(other)
    #expect(other.lines == one.lines.filter { !$0.hasPrefix("Wrote ") })
  }

  @Test("a budget: says what it chose, and keeps what was given")
  func budget() throws {
    let outcome = try evidence(
      "run", "--budget", "2s", "--importance-samples", "30", "--parts", "iwae,ais")
    expectSuccess(outcome)
    let line = try #require(outcome.lines.first)
    #expect(line.hasPrefix("For 0:02 minutes: ") && line.contains("K = 30, T = "), "\(line)")
    // More images than there are cannot be had.
    expectSuccess(
      try evidence("run", "--budget", "1s", "--limit", "100000000", "--parts", "iwae"))
  }

  @Test("Ctrl-C stops it with a sentence")
  func interrupt() throws {
    let child = try workspace.start(
      ["evidence", "run", "--ais-steps", "1000000", "--parts", "ais"])
    child.waitForOutput("measuring annealed")
    child.send(SIGINT)
    let outcome = child.wait()
    #expect(outcome.status == 130)
    #expect(outcome.lines.last?.hasPrefix("Stopped; nothing was written.") == true)
  }

  @Test("Ctrl-C leaves standard output to JSON")
  func interruptOfJSON() throws {
    let child = try workspace.start(
      ["evidence", "run", "--ais-steps", "1000000", "--parts", "ais", "--json"])
    // It says nothing that could be waited for; it starts in hundredths of a second.
    Thread.sleep(forTimeInterval: 3)
    child.send(SIGINT)
    let outcome = child.wait()
    #expect(outcome.status == 130 && outcome.output.isEmpty)
    #expect(outcome.errors.contains("Stopped; nothing was written."))
  }

  @Test(
    "wrong usage",
    arguments: [
      ["--parts", "elbo,nonsense"], ["--budget", "-3m"], ["--budget", "soon"], ["--limit", "1"],
      ["--budget", "1e300h"], ["--budget", "9e18s"],
      ["--ais-steps", "0"], ["--importance-samples", "0"], ["--simulated", "1"],
    ])
  func usage(_ arguments: [String]) throws {
    let outcome = try workspace.elbo(["evidence", "run"] + arguments)
    expectRefusal(outcome, status: 64, [arguments[0]])
  }
}
