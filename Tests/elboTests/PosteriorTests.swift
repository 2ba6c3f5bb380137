// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@Suite("elbo posterior")
struct PosteriorTests {
  let workspace: Workspace
  init() throws { workspace = try Workspace() }

  static let examples = [
    "linear_regression", "logistic_regression", "eight_schools", "mixture", "hidden_markov",
    "state_space", "gaussian_process",
  ]

  private func posterior(_ arguments: String...) throws -> Outcome {
    try workspace.elbo(["posterior"] + arguments)
  }

  private func object(_ text: String) throws -> [String: Any] {
    try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
  }

  private func numbers(_ object: [String: Any], _ name: String) throws -> [String: Any] {
    let all = try #require(object["parameters"] as? [[String: Any]])
    return try #require(all.first { $0["name"] as? String == name })
  }

  /// Columns by name of a table of draws, and its comments.
  private func draws(
    _ folder: String, _ file: String = "draws.csv"
  ) throws -> (columns: [String: [Double]], comments: [String]) {
    let lines = try workspace.text("\(folder)/\(file)").split(separator: "\n").map(String.init)
    let table = lines.filter { !$0.hasPrefix("#") }.map { $0.split(separator: ",") }
    var columns: [String: [Double]] = [:]
    for (index, name) in table[0].enumerated() {
      columns[String(name)] = try table.dropFirst().map { try #require(Double($0[index])) }
    }
    return (columns, lines.filter { $0.hasPrefix("#") })
  }

  @Test("the examples, names first on their line, and the same for programs")
  func list() throws {
    let outcome = try posterior("list")
    expectSuccess(outcome)
    #expect(outcome.lines.map { $0.split(separator: " ").first.map(String.init) } == Self.examples)
    let array = try JSONSerialization.jsonObject(
      with: Data(try posterior("list", "--json").output.utf8))
    let objects = try #require(array as? [[String: String]])
    #expect(objects.map { $0["name"] } == Self.examples)
    for (object, line) in zip(objects, outcome.lines) {
      #expect(line.hasSuffix("  " + (try #require(object["description"]))))
    }
  }

  @Test("text: the model, its table, its evidence and the verdict")
  func text() throws {
    let outcome = try posterior("linear_regression")
    expectSuccess(outcome)
    let first = try #require(outcome.lines.first)
    #expect(
      first.hasPrefix("linear_regression, a straight line") && first.hasSuffix("; 3 unknowns"))
    for name in ["variance ", "sigma ", "beta[1] ", "beta[2] ", "ELBO ", "log evidence "] {
      #expect(outcome.lines.contains { $0.hasPrefix(name) }, "\(name)")
    }
    #expect(outcome.output.contains("\nVerdict: use-weighted. "))
  }

  @Test("JSON of a model with a known evidence; nothing else is printed")
  func known() throws {
    let outcome = try posterior("linear_regression", "--json", "--seed", "3")
    expectSuccess(outcome)
    let object = try object(outcome.output)
    #expect(object["model"] as? String == "linear_regression" && object["dimension"] as? Int == 3)
    #expect(object["seed"] as? String == "3" && object["verdict"] as? String == "use-weighted")
    let evidence = try #require(object["log_evidence"] as? [String: Any])
    let (estimate, error) = (evidence["estimate"] as? Double, evidence["standard_error"] as? Double)
    // By the closed form; four standard errors.
    #expect((try #require(estimate) + 41.8458).magnitude < 4 * (try #require(error)) + 0.001)
    #expect(evidence["up_to_a_constant"] as? Bool == false)
    let variance = try numbers(object, "variance")
    let (mean, mcse) = (variance["mean"] as? Double, variance["mcse_mean"] as? Double)
    // Exactly scale / (form - 1) = 3.0666 of an inverse gamma law; four standard errors.
    #expect((try #require(mean) - 3.0666).magnitude < 4 * (try #require(mcse)))
    #expect(try #require(object["seconds"] as? Double) > 0)
  }

  @Test("JSON of walked draws, and null for the error of those that are not to be used")
  func walked() throws {
    let object = try object(try posterior("eight_schools", "--json").output)
    let parameters = try #require(object["parameters"] as? [[String: Any]])
    let names = ["mu", "tau"] + (1...8).map { "theta[\($0)]" } + ["best less worst"]
    #expect(parameters.map { $0["name"] as? String } == names)
    #expect(object["verdict"] as? String == "use-walked")
    #expect((object["reasons"] as? [String])?.contains { $0.contains("R-hat") } == true)
    let rough = try self.object(
      try posterior("eight_schools", "--json", "--family", "mean-field", "--draws", "200").output)
    #expect(rough["family"] as? String == "mean-field" && rough["draws"] as? Int == 200)
    let laplace = try posterior("state_space", "--json", "--family", "laplace")
    expectSuccess(laplace)
    let refused = try self.object(laplace.output)
    #expect(refused["verdict"] as? String == "do-not-use")
    #expect(try numbers(refused, "step")["mcse_mean"] is NSNull)
  }

  @Test("walked draws in a folder: a file of each chain, together with the summary's moments")
  func walkedFiles() throws {
    let outcome = try posterior("eight_schools", "--output", "out")
    expectSuccess(outcome)
    let pictures = ["elbo", "marginals", "pairs", "predictive"]
    #expect(
      Set(workspace.files("out"))
        == ([
          "inits_1.json", "inits_2.json", "inits_3.json", "inits_4.json",
          "inverse_metric.json", "inverse_metric_diagonal.json", "posterior.json", "summary.csv",
        ] as Set).union((1...32).map { "chains/draws-\($0).csv" })
        .union(pictures.flatMap { ["\($0).svg", "\($0).png", "\($0)-dark.png"] }))
    #expect(outcome.output.contains("Wrote to out: chains/draws-*.csv, summary.csv, posterior"))
    #expect(outcome.output.contains("arviz.from_cmdstan(\"out/chains/draws-*.csv\")"))
    let object = try workspace.json("out/posterior.json")
    let chains = try (1...32).map { try draws("out", "chains/draws-\($0).csv") }
    for (name, column) in [("tau", "tau"), ("theta[8]", "theta.8")] {
      let parts = try chains.map { try #require($0.columns[column]) }
      #expect(Set(parts.map(\.count)).count == 1 && Set(parts).count == 32)
      let values = parts.flatMap { $0 }
      let mean = values.reduce(0, +) / Double(values.count)
      let expected = try #require(try numbers(object, name)["mean"] as? Double)
      #expect((mean - expected).magnitude < 1e-12 * 10)
    }
    for (number, chain) in chains.enumerated() {
      let count = chain.columns["tau"]?.count ?? 0
      for line in [
        "verdict = use-walked", "method = sample", "id = \(number + 1)",
        "    num_samples = \(count)",
      ] {
        #expect(chain.comments.contains("# \(line)"), "\(line)")
      }
    }
    let start = try workspace.json("out/inits_1.json")
    #expect(Set(start.keys) == ["mu", "tau", "theta"])
    #expect((start["theta"] as? [Double])?.count == 8)
  }

  @Test("draws of another kind take the place of earlier ones, and leave other files alone")
  func kinds() throws {
    expectSuccess(try posterior("eight_schools", "-o", "out"))
    for name in ["chains/notes.csv", "chains/draws-33.csv"] {
      try workspace.write("mine", to: "out/\(name)")
    }
    expectSuccess(try posterior("linear_regression", "-o", "out", "--overwrite"))
    let weighted = workspace.files("out")
    #expect(weighted.contains("draws.csv"))
    #expect(weighted.filter { $0.hasPrefix("chains") } == ["chains/notes.csv"])
    expectSuccess(try posterior("eight_schools", "-o", "out", "--overwrite"))
    #expect(!workspace.files("out").contains("draws.csv"))
    #expect(workspace.files("out").contains("chains/draws-32.csv"))
  }

  @Test("weighted draws in a folder are taken by their weights: moments within 4 errors, not q's")
  func weightedFiles() throws {
    expectSuccess(try posterior("linear_regression", "-o", "out", "--draws", "20000"))
    let object = try workspace.json("out/posterior.json")
    let values = try #require(try draws("out").columns["variance"])
    #expect(values.count == 20000 && Set(values).count < 20000, "heavy draws come again")
    let mean = values.reduce(0, +) / 20000
    let variance = try numbers(object, "variance")
    let error = try #require(variance["mcse_mean"] as? Double)
    #expect((mean - (try #require(variance["mean"] as? Double))).magnitude < 4 * error)
    #expect((mean - (try #require(variance["q_mean"] as? Double))).magnitude > 4 * error)
  }

  @Test("the same numbers for any number of threads")
  func threads() throws {
    for (threads, folder) in [("1", "one"), ("3", "three")] {
      expectSuccess(
        try posterior("logistic_regression", "--threads", threads, "-o", folder, "--json"))
    }
    for name in ["summary.csv", "inits_2.json", "inverse_metric.json"] {
      #expect(try workspace.bytes("one/\(name)") == (try workspace.bytes("three/\(name)")))
    }
    // The last comments tell the seconds.
    #expect(try draws("one").columns == (try draws("three").columns))
  }

  @Test("a folder that holds something is refused before anything is computed, or overwritten")
  func overwriting() throws {
    try workspace.write("mine", to: "out/notes.txt")
    expectRefusal(
      try posterior("eight_schools", "-o", "out"), ["'out'", "not empty", "--overwrite"])
    #expect(workspace.files("out") == ["notes.txt"])
    expectSuccess(try posterior("eight_schools", "-o", "out", "--overwrite"))
    #expect(workspace.files("out").count == 53)
    #expect(try workspace.text("out/notes.txt") == "mine")
    try workspace.write("a file", to: "file")
    expectRefusal(try posterior("eight_schools", "-o", "file"), ["'file'", "folder"])
    #expect(try workspace.text("file") == "a file")
  }

  @Test("a model that is not there: what there is, and what may be meant")
  func unknown() throws {
    expectRefusal(
      try posterior("eight_shools"), ["'eight_shools'", "mean eight_schools?", "state_space"])
    expectRefusal(try posterior("schools"), ["mean eight_schools?"])
    let far = try posterior("x")
    expectRefusal(far, ["'x'", "linear_regression"])
    #expect(!far.errors.contains("mean"))
  }

  @Test("a rank that a model has no room for is a sentence")
  func rank() throws {
    expectRefusal(
      try posterior("linear_regression", "--family", "low-rank:3"), ["rank of 3", "3 coordinates"])
    expectSuccess(try posterior("linear_regression", "--family", "low-rank:2"))
  }

  @Test(
    "every family by its name",
    arguments: ["mean-field", "full-rank", "laplace", "pathfinder", "flow:2", "mixture:2"])
  func families(_ family: String) throws {
    let outcome = try posterior("linear_regression", "--family", family, "--json", "-o", "out")
    expectSuccess(outcome)
    let object = try object(outcome.output)
    #expect(object["family"] as? String == family)
    let isWalked = object["verdict"] as? String == "use-walked"
    let ratios = try draws("out", isWalked ? "chains/draws-1.csv" : "draws.csv").columns
    #expect(ratios["lp__"]?.allSatisfy(\.isFinite) == true)
    #expect(ratios["lp_approx__"]?.allSatisfy(\.isFinite) == true)
  }

  @Test(
    "wrong usage",
    arguments: [
      ["eight_schools", "--family", "low-rank"], ["eight_schools", "--family", "low-rank:-1"],
      ["eight_schools", "--family", "flow:0"], ["eight_schools", "--family", "mixture:x"],
      ["eight_schools", "--family", "gaussian"], ["eight_schools", "--family", "laplace:2"],
      ["eight_schools", "--draws", "99"], ["eight_schools", "--draws", "1000001"],
      ["eight_schools", "--seed", "-1"], ["eight_schools", "--data", "d.json"],
      ["eight_schools", "--output", ""], ["eight_schools", "--overwrite"],
    ])
  func usage(_ arguments: [String]) throws {
    let outcome = try workspace.elbo(["posterior"] + arguments)
    expectRefusal(outcome, status: 64, [arguments[1]])
    #expect(outcome.output == "" && workspace.files(".").isEmpty)
  }

  @Test("the list takes no folder; a model has to be named")
  func listUsage() throws {
    expectRefusal(try posterior("list", "-o", "out"), status: 64, ["'list'", "--json"])
    expectRefusal(try posterior(), status: 64, ["<model>"])
  }

  @Test("Ctrl-C stops it with a sentence and leaves nothing", arguments: [false, true])
  func interrupt(_ isJSON: Bool) throws {
    let child = try workspace.start(
      ["posterior", "state_space", "--family", "mixture:1000", "--draws", "100000", "-o", "out"]
        + (isJSON ? ["--json"] : []))
    // It says nothing that could be waited for; it starts in hundredths of a second.
    Thread.sleep(forTimeInterval: 1)
    child.send(SIGINT)
    let outcome = child.wait()
    #expect(outcome.status == 130)
    #expect(outcome.errors == "Stopped; nothing was written.\n" && outcome.output == "")
    #expect(workspace.files(".").isEmpty)
  }
}
