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
    "--first", "6", "--importance-samples", "50", "--ais-steps", "4", "--ais-chains", "4",
    "--simulated", "5",
  ]

  private func evidence(_ arguments: String...) throws -> Outcome {
    try workspace.elbo(["evidence"] + arguments)
  }

  private func numbers(_ outcome: Outcome) throws -> [String: [String: Any]] {
    try members(outcome).compactMapValues { $0 as? [String: Any] }
  }

  private func members(_ outcome: Outcome) throws -> [String: Any] {
    try #require(
      try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any])
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

  @Test("the best lower bound is the largest measured, and gaps are against it")
  func best() throws {
    let outcome = try workspace.elbo(["evidence", "run", "--json", "--output", "out"] + Self.small)
    expectSuccess(outcome)
    let (members, numbers) = (try members(outcome), try numbers(outcome))
    func mean(_ key: String) -> Double { numbers[key]?["estimate"] as? Double ?? .nan }
    let best = try #require(numbers["best_lower_bound"])
    let keys = [
      "elbo_of_gaps", "best_diagonal", "best_full_covariance", "best_flow", "iwae", "ais_lower",
      "elbo_on_subset",
    ]
    let largest = try #require(keys.map(mean).max())
    #expect(best["estimate"] as? Double == largest && best["examples"] as? Int == 6)
    let compared = try #require((best["protocol"] as? [String: Any])?["compared"] as? [String])
    let name = try #require(best["name"] as? String)
    #expect(compared.count == 7 && compared.contains(name))
    let gaps = try #require(numbers["gaps"])
    #expect(gaps["against"] as? String == name)
    func gap(_ key: String) -> Double {
      (gaps[key] as? [String: Any])?["estimate"] as? Double ?? .nan
    }
    #expect((gap("inference") - (largest - mean("elbo_of_gaps"))).magnitude < 1e-9)
    #expect((gap("approximation") - (largest - mean("best_diagonal"))).magnitude < 1e-9)
    #expect((gap("inference") - gap("approximation") - gap("amortisation")).magnitude < 1e-9)
    #expect((mean("approximation_gap") - gap("approximation")).magnitude < 1e-9)
    let sandwich = try #require(numbers["sandwich"])
    #expect(sandwich["examples"] as? Int == 5)
    let words = try #require(members["conclusions"] as? [String])
    #expect(words.contains { $0.contains("largest is \(name)") })
    #expect(members["contradictions"] is [Any])
  }

  /// Variances of q of exp(-8), where the posterior is near N(0, I): 20 steps from there are too
  /// few, and the best q* is above AIS.
  @Test("what contradicts is said first, with what to do; nothing is called narrow that is wide")
  func contradiction() throws {
    var entries = modelEntries(pixels: 54)
    for index in entries.indices where entries[index].name == "encoder.fc_logvar.bias" {
      entries[index].numbers = [-8, -8]
    }
    try workspace.write(
      safetensors(entries, metadata: ["activation": "relu"]), to: "narrow.safetensors")
    let arguments = [
      "evidence", "narrow.safetensors", "--data", "data", "--binarize", "threshold", "--first",
      "20", "--importance-samples", "500", "--ais-steps", "20", "--simulated", "10", "--parts",
      "iwae,ais,gaps",
    ]
    let table = try workspace.elbo(arguments)
    expectSuccess(table)
    let lines = table.lines.filter { !$0.hasPrefix("measuring ") }
    #expect(lines.first == "A contradiction:")
    #expect(lines[1].contains("AIS is ") && lines[1].contains("--ais-steps 80"), "\(lines[1])")
    #expect(!table.output.contains("Quote AIS") && table.output.contains("Nor does AIS"))
    let outcome = try workspace.elbo(arguments + ["--json"])
    expectSuccess(outcome)
    let (members, numbers) = (try members(outcome), try numbers(outcome))
    let found = try #require(members["contradictions"] as? [[String: Any]])
    let one = try #require(found.first)
    #expect(found.count == 1 && one["kind"] as? String == "ais_below_lower_bound")
    #expect(one["smaller"] as? String == "AIS" && one["examples"] as? Int == 20)
    #expect((one["larger"] as? String)?.hasPrefix("L[q*] ") == true)
    let (difference, error) = (one["estimate"] as? Double, one["standard_error"] as? Double)
    #expect(try #require(difference) > 3 * (try #require(error)))
    #expect(one["meaning"] as? String == lines[1].trimmingCharacters(in: .whitespaces))
    #expect((numbers["best_lower_bound"]?["name"] as? String)?.hasPrefix("L[q*] ") == true)
    // 54 binary pixels: p(x) is a probability, and reverse AIS hundreds of nats above 0.
    #expect(numbers["sandwich"]?["upper"] as? String == "0")
    #expect(try #require(numbers["sandwich"]?["estimate"] as? Double) < 54)
  }

  @Test("nothing is said of annealing that was not run")
  func notRun() throws {
    let outcome = try evidence("run", "--parts", "elbo,iwae", "--first", "6")
    expectSuccess(outcome)
    #expect(!outcome.output.contains("Trust") && !outcome.output.contains("Quote AIS"))
    #expect(outcome.output.contains("Of 2 lower bounds measured on the first 6 test images"))
  }

  /// 60 images sorted by label, black ones and white ones, and a model that finds white improbable.
  private func writeSorted() throws {
    let levels = (0..<60).flatMap { [UInt8](repeating: $0 < 30 ? 0 : 255, count: 54) }
    let labels: [UInt8] = (0..<60).map { $0 < 30 ? 0 : 1 }
    for part in ["train", "t10k"] {
      try workspace.write(idx([60, 6, 9], levels), to: "sorted/\(part)-images-idx3-ubyte")
      try workspace.write(idx([60], labels), to: "sorted/\(part)-labels-idx1-ubyte")
    }
    var entries = modelEntries(pixels: 54)
    for index in entries.indices where entries[index].name == "decoder.fc2.bias" {
      entries[index].numbers = entries[index].numbers.map { _ in -4 }
    }
    try workspace.write(
      safetensors(entries, metadata: ["activation": "relu"]), to: "dark.safetensors")
  }

  @Test("a prefix of sorted data is told to be no sample; random images, of each label, are one")
  func subsets() throws {
    try writeSorted()
    let arguments = [
      "evidence", "dark.safetensors", "--data", "sorted", "--parts", "iwae",
      "--importance-samples", "30", "--output", "out",
    ]
    let prefix = try workspace.elbo(arguments + ["--first", "20"])
    expectSuccess(prefix)
    let warning = try #require(prefix.lines.first { $0.contains("standard errors") })
    #expect(warning.hasPrefix("The ELBO of the first 20 test images, "), "\(warning)")
    #expect(warning.contains("no number of theirs stands for all; take --limit 20"))
    let random = try workspace.elbo(arguments + ["--limit", "20"])
    expectSuccess(random)
    #expect(!random.output.contains("stands for all"))
    #expect(
      random.output.contains("test, 20 of 60 images, drawn by seed 0, of each label its share"))
    let rows = try workspace.text("out/evidence.csv").split(separator: "\n")
    #expect(rows[0] == "row,place,elbo,iwae,effective_sample_size,khat" && rows.count == 61)
    let cells = rows.dropFirst().map { $0.split(separator: ",", omittingEmptySubsequences: false) }
    let taken = cells.filter { !$0[1].isEmpty }
    #expect(Set(taken.compactMap { Int($0[1]) }) == Set(0..<20))
    #expect(taken.count { (Int($0[0]) ?? 0) < 30 } == 10 && taken.allSatisfy { $0[3] != "" })
    #expect(cells.allSatisfy { Double($0[2]) != nil && $0[1].isEmpty == $0[3].isEmpty })
    let json = try workspace.json("out/evidence.json")
    let subset = try #require(json["subset"] as? [String: Any])
    #expect(subset["rule"] as? String == "random" && subset["stratified_by"] as? String == "label")
    #expect(subset["examples"] as? Int == 20 && subset["seed"] as? String == "0")
    let mean = try #require((json["iwae"] as? [String: Any])?["estimate"] as? Double)
    let own = taken.compactMap { Double($0[3]) }
    #expect((own.reduce(0, +) / 20 - mean).magnitude < 1e-9)
    let both = try workspace.elbo(arguments + ["--limit", "20", "--first", "20"])
    expectRefusal(both, status: 64, ["--limit", "--first"])
  }

  @Test("a budget leaves out what cannot fit, and its first line says so")
  func misfit() throws {
    let outcome = try evidence(
      "run", "--budget", "2s", "--ais-steps", "1000000", "--importance-samples", "30", "--parts",
      "iwae,ais")
    expectSuccess(outcome)
    let line = try #require(outcome.lines.first)
    #expect(line.contains("K = 30") && line.contains("left out: ais takes "), "\(line)")
    #expect(!outcome.output.contains("reverse AIS") && outcome.output.contains("IWAE"))
  }

  @Test("a model whose bound is equal for all images has a plan")
  func equalBounds() throws {
    try workspace.writeImages("black", height: 6, width: 9, grey: 0)
    let outcome = try workspace.elbo(
      "evidence", "run", "--data", "black", "--budget", "2s", "--parts", "iwae,ais")
    expectSuccess(outcome)
  }

  @Test("columns of a table stay apart, however wide a number is")
  func columns() throws {
    var entries = modelEntries(pixels: 54)
    for index in entries.indices where entries[index].name == "decoder.fc2.bias" {
      entries[index].numbers = entries[index].numbers.map { _ in 60_000 }
    }
    try workspace.write(
      safetensors(entries, metadata: ["activation": "relu"]), to: "wide.safetensors")
    let outcome = try workspace.elbo(
      "evidence", "wide.safetensors", "--data", "data", "--parts", "iwae", "--importance-samples",
      "30")
    let row = try #require(outcome.lines.first { $0.contains("ELBO, L[q]") })
    #expect(row.firstMatch(of: /-\d{6,}\.\d{3} ± [\d.]{8,}  1 draw of q/) != nil, "\(row)")
  }

  @Test("one image is a fault of the data, no wrong usage")
  func oneImage() throws {
    try workspace.writeImages("single", test: 1, height: 6, width: 9)
    for arguments in [[], ["--json"], ["--budget", "2s"]] {
      let outcome = try workspace.elbo(["evidence", "run", "--data", "single"] + arguments)
      expectRefusal(outcome, ["'single'", "one test image"])
      #expect(outcome.output == "")
    }
    expectRefusal(try evidence("run", "--data", "absent"), ["'absent'"])
    expectRefusal(try evidence("run", "--split", "validation"), ["validation"])
    try workspace.remove("data")
    expectRefusal(try evidence("run"), ["data"])
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
      ["--budget", "1e300h"], ["--budget", "9e18s"], ["--budget", "1001h"], ["--first", "1"],
      ["--first", "9223372036854775807"],
      ["--ais-steps", "0"], ["--importance-samples", "0"], ["--simulated", "1"],
    ])
  func usage(_ arguments: [String]) throws {
    let outcome = try workspace.elbo(["evidence", "run"] + arguments)
    expectRefusal(outcome, status: 64, [arguments[0]])
  }
}
