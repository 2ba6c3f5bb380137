// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// Stan programs by way of a library that behaves as no real one does on demand.
@Suite("elbo posterior with a Stan library")
struct PosteriorStanTests {
  let workspace: Workspace
  let library: String

  init() throws {
    workspace = try Workspace()
    library = try StanLibraries.fake(in: workspace.path, ["COMPILES"])
    try workspace.write("{\"N\": 2, \"z\": [1, 2]}", to: "d.json")
  }

  /// A program of two standard normal numbers, with words to behave by.
  private func write(_ words: String = "", to name: String = "m.stan") throws {
    try workspace.write(
      """
      data { int N; }
      parameters { vector[N] x; }
      model { x ~ normal(0, 1); }
      // \(words)
      """, to: name)
  }

  private func posterior(_ arguments: String...) throws -> Outcome {
    try workspace.elbo(
      ["posterior", "m.stan", "--data", "d.json", "--stan-library", library] + arguments)
  }

  private func object(_ outcome: Outcome) throws -> [String: Any] {
    try #require(
      try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any])
  }

  private func names(_ outcome: Outcome) throws -> [String?] {
    let parameters = try #require(try object(outcome)["parameters"] as? [[String: Any]])
    return parameters.map { $0["name"] as? String }
  }

  @Test("JSON of a program: parameters, what is derived, and generated quantities if asked for")
  func json() throws {
    try write()
    let outcome = try posterior("--json")
    expectSuccess(outcome)
    #expect(try names(outcome) == ["x[1]", "x[2]", "y[1]", "y[2]"])
    #expect(try object(outcome)["verdict"] as? String == "use")
    let evidence = try #require(try object(outcome)["log_evidence"] as? [String: Any])
    #expect(evidence["up_to_a_constant"] as? Bool == false)
    let (estimate, error) = (evidence["estimate"] as? Double, evidence["standard_error"] as? Double)
    #expect(try #require(estimate).magnitude < 4 * (try #require(error)) + 1e-3)
    let more = try posterior("--json", "--generated")
    #expect(try names(more) == ["x[1]", "x[2]", "y[1]", "y[2]", "z_rep[1]", "z_rep[2]"])
  }

  @Test("what a program prints goes beside the output, and no flood of it")
  func prints() throws {
    try write("prints")
    let outcome = try posterior("--json")
    #expect(outcome.status == 0)
    _ = try object(outcome)
    #expect(outcome.errors.split(separator: "\n").allSatisfy { $0 == "Stan: a message" })
  }

  @Test(
    "a crash inside the library is a sentence, and nothing is written",
    arguments: ["crashes", "aborts"])
  func crashes(_ word: String) throws {
    try write(word)
    let outcome = try posterior("--output", "out")
    #expect(outcome.status == 1)
    #expect(
      outcome.errors.contains(
        "Error: the Stan library crashed while evaluating the log-density; nothing was written."))
    #expect(!workspace.files(".").contains("out"))
  }

  @Test(
    "a call that does not come back ends with a sentence",
    arguments: [
      ("loops", "evaluating the log-density"), ("translates-for-ever", "compiling the program"),
    ])
  func loops(_ word: String, _ work: String) throws {
    try write(word)
    let outcome = try posterior("--output", "out", "--stan-timeout", "1")
    #expect(outcome.status == 1)
    #expect(
      outcome.errors.contains("Error: the Stan library has not come back for 1 s while \(work);"))
    #expect(!workspace.files(".").contains("out"))
  }

  @Test("Ctrl-C ends it inside a call too")
  func interrupt() throws {
    try write("loops")
    let child = try workspace.start(
      ["posterior", "m.stan", "--data", "d.json", "--stan-library", library, "-o", "out"])
    // It says nothing that could be waited for; it starts in hundredths of a second.
    Thread.sleep(forTimeInterval: 1)
    child.send(SIGINT)
    let outcome = child.wait()
    #expect(outcome.status == 130)
    #expect(outcome.errors + outcome.output == "Stopped; nothing was written.\n")
    #expect(!workspace.files(".").contains("out"))
  }

  @Test("faults of programs, data and libraries are sentences")
  func faults() throws {
    try write("does-not-compile")
    let compiled = try posterior()
    #expect(compiled.status == 1 && compiled.output == "")
    #expect(
      compiled.errors
        == "Error: 'm' does not compile: Syntax error in line 2, column 4, parsing error:\n"
        + "\\u{1b}[31m ^\n")
    try write("data-misfit")
    expectRefusal(
      try posterior(), ["the program 'm' does not begin with 'd.json': mismatch in dimension"])
    try write("fails-density")
    expectRefusal(try posterior(), ["normal_lpdf: Scale parameter is -1"])
    try write()
    expectRefusal(
      try posterior("--stan-library", "nowhere.so"), ["no Stan library at 'nowhere.so'"])
    expectRefusal(
      try workspace.elbo("posterior", library), [library, "compiles programs and is none"])
    expectRefusal(try workspace.elbo("posterior", "gone.stan"), ["'gone.stan' does not exist"])
    try workspace.write("[1]", to: "d.json")
    expectRefusal(try posterior(), ["'d.json'", "is no JSON object"])
  }

  @Test("the library is looked for where it was put, never in the working folder")
  func places() throws {
    try write()
    let file = library.hasSuffix(".dylib") ? "libstanli.dylib" : "libstanli.so"
    let environment = "env -u ELBO_STAN_LIBRARY HOME=\"$PWD/home\""
    let command = "\"$0\" posterior m.stan --data d.json --json"
    let here = try workspace.shell("cp '\(library)' \(file); \(environment) \(command)")
    expectRefusal(here, ["no Stan library at ", "/home/.cache/elbo/stan/\(file)", "make stan"])
    expectRefusal(
      try workspace.shell("\(environment) XDG_CACHE_HOME=. \(command)"),
      ["no Stan library", "make stan"])
    let put = "mkdir -p cache/elbo/stan; cp '\(library)' cache/elbo/stan/\(file);"
    expectSuccess(
      try workspace.shell("\(put) \(environment) XDG_CACHE_HOME=\"$PWD/cache\" \(command)"))
    expectSuccess(
      try workspace.shell("env HOME=/nowhere ELBO_STAN_LIBRARY='\(library)' \(command)"))
  }

  @Test("a compiled program is a model by itself")
  func compiled() throws {
    let program = try StanLibraries.fake(in: workspace.path)
    let outcome = try workspace.elbo(
      "posterior", program, "--data", "d.json", "--json", "--output", "out")
    expectSuccess(outcome)
    #expect(try names(outcome) == ["x[1]", "x[2]", "y[1]", "y[2]"])
    let start = try workspace.json("out/inits_1.json")
    #expect(start.keys.sorted() == ["x"] && (start["x"] as? [Double])?.count == 2)
  }

  @Test("pictures: the check of data z against z_rep among them")
  func pictures() throws {
    try write()
    expectSuccess(try posterior("--output", "out"))
    let files = Set(workspace.files("out"))
    for name in ["marginals", "pairs", "elbo", "predictive"] {
      for ending in [".svg", ".png", "-dark.png"] { #expect(files.contains(name + ending)) }
    }
    try workspace.write("{\"N\": 2}", to: "d.json")
    expectSuccess(try posterior("--output", "out", "--overwrite"))
    #expect(!workspace.files("out").contains("predictive.svg"), "that of other data is gone")
  }

  @Test("models are compared, and those known up to a constant are not")
  func compare() throws {
    try write()
    try write("writes-out-wrongly", to: "other.stan")
    let arguments = ["--data", "d.json", "--stan-library", library, "--json"]
    let both = try workspace.elbo(["compare-models", "m.stan", "m.stan"] + arguments)
    expectSuccess(both)
    let conclusions = try #require(try object(both)["conclusions"] as? [String])
    #expect(conclusions[0].contains("do not tell which of them the data favour"))
    let one = try workspace.elbo(["compare-models", "m.stan", "other.stan"] + arguments)
    expectSuccess(one)
    #expect(try object(one)["best"] is NSNull)
    #expect(
      try #require(try object(one)["conclusions"] as? [String]) == [
        "The evidence of other is not compared: it is known up to a constant only, as the library drops "
          + "the constants of `~`.", "Fewer than two models are left: there is nothing to compare.",
      ])
    expectRefusal(try workspace.elbo("compare-models", "m.stan"), status: 64, ["two or more"])
  }

  @Test(
    "wrong usage",
    arguments: [
      ["m.stan", "--calibrate", "10"], ["m.stan", "--simulator", "s.stan"],
      ["eight_schools", "--generated"], ["eight_schools", "--stan-library", "x.so"],
      ["m.stan", "--stan-timeout", "0"], ["m.stan", "--calibrate", "0", "--simulator", "s.stan"],
      ["list", "--calibrate", "3"],
    ])
  func usage(_ arguments: [String]) throws {
    expectRefusal(try workspace.elbo(["posterior"] + arguments), status: 64, [])
  }
}

@Suite(
  "elbo posterior with a real Stan library",
  .enabled(if: StanLibraries.real != nil, "no Stan library is at hand: `make stan` fetches one"))
struct RealPosteriorStanTests {
  @Test("calibration by a program that simulates")
  func calibrate() throws {
    let workspace = try Workspace()
    try workspace.write(
      """
      data { int N; vector[N] x; vector[N] y; }
      parameters { real b; real<lower=0> s; }
      model { b ~ normal(0, 1); s ~ gamma(4, 4); y ~ normal(b * x, s); }
      """, to: "m.stan")
    try workspace.write(
      """
      data { int N; vector[N] x; }
      generated quantities {
        real b = normal_rng(0, 1);
        real s = gamma_rng(4, 4);
        vector[N] y = to_vector(normal_rng(b * x, s));
      }
      """, to: "s.stan")
    try workspace.write(
      "{\"N\": 6, \"x\": [1, 2, 3, 4, 5, 6], \"y\": [1, 2, 3, 4, 5, 7]}", to: "d.json")
    let library = try #require(StanLibraries.real)
    func run(_ simulator: String) throws -> Outcome {
      try workspace.elbo(
        "posterior", "m.stan", "--data", "d.json", "--stan-library", library, "--calibrate", "40",
        "--simulator", simulator, "--json")
    }
    let outcome = try run("s.stan")
    expectSuccess(outcome)
    let object = try #require(
      try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any])
    let found = try #require(object["calibration"] as? [String: Any])
    #expect(found["usable"] as? Int ?? 0 > 30 && found["is_calibrated"] as? Bool == true)
    // Noise twice as wide as the model's: b is found too sure of itself.
    let source = try workspace.text("s.stan")
    try workspace.write(
      source.replacingOccurrences(of: "(b * x, s)", with: "(b * x, 3 * s)"), to: "wrong.stan")
    let wrong = try #require(
      try JSONSerialization.jsonObject(with: Data(try run("wrong.stan").output.utf8))
        as? [String: Any])
    #expect((wrong["calibration"] as? [String: Any])?["is_calibrated"] as? Bool == false)
    try workspace.write("generated quantities { real b = 1; }", to: "poor.stan")
    expectRefusal(
      try run("poor.stan"), ["'poor' does not draw the parameter 's'"])
  }

  @Test("a simulator without calibration draws the prior of what it knows into the marginals")
  func prior() throws {
    let workspace = try Workspace()
    let library = try #require(StanLibraries.real)
    try workspace.write(
      """
      data { int N; vector[N] y; }
      parameters { real b; real<lower=0> s; }
      model { b ~ normal(0, 1); s ~ gamma(4, 4); y ~ normal(b, s); }
      """, to: "m.stan")
    try workspace.write("{\"N\": 4, \"y\": [1, 2, 3, 4]}", to: "d.json")
    func caption(_ arguments: String...) throws -> String {
      let outcome = try workspace.elbo(
        ["posterior", "m.stan", "--data", "d.json", "--stan-library", library, "--output", "out"]
          + ["--overwrite"] + arguments)
      expectSuccess(outcome)
      #expect(!outcome.output.contains("calibration"))
      // Without the marks where lines are broken.
      return try workspace.text("out/marginals.svg").replacing(/<[^>]*>/, with: " ")
        .split(whereSeparator: \.isWhitespace).joined(separator: " ")
    }
    #expect(try caption().contains("The prior is not drawn"))
    try workspace.write("generated quantities { real b = normal_rng(0, 1); }", to: "b.stan")
    #expect(try caption("--simulator", "b.stan").contains("where there are draws from it."))
    try workspace.write(
      "generated quantities { real b = normal_rng(0, 1); real s = gamma_rng(4, 4); }",
      to: "both.stan")
    #expect(try caption("--simulator", "both.stan").contains("as it reaches there."))
    try workspace.write("generated quantities { real c = 1; }", to: "none.stan")
    expectRefusal(
      try workspace.elbo(
        "posterior", "m.stan", "--data", "d.json", "--stan-library", library, "--output", "none",
        "--simulator", "none.stan"), ["draws none of the quantities"])
  }
}
