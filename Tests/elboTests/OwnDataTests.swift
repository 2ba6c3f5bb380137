// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@Suite("Data of one's own: tables, arrays, counts, pictures, through every command")
struct OwnDataTests {
  let workspace: Workspace
  init() throws { workspace = try Workspace() }

  private let small = ["--hidden", "16", "--latent", "2", "--batch-size", "20", "--no-figures"]

  @discardableResult
  private func train(_ data: String, epochs: Int = 2, _ more: String...) throws -> Outcome {
    let outcome = try workspace.elbo(
      ["train", "--data", data, "-o", "run", "--epochs", "\(epochs)"] + small + more)
    expectSuccess(outcome)
    return outcome
  }

  private func lines(_ name: String) throws -> [String] {
    try workspace.text(name).split(separator: "\n").map(String.init)
  }

  // MARK: Tables

  @Test("a table is described, learned, judged, scored row by row, and drawn as a table")
  func table() throws {
    try workspace.writeTable()
    let said = try train("people.csv", "--label", "outcome").output
    for words in [
      "2 real, 1 count, 1 binary, 1 category", "30 cells", "label: outcome", "240 training",
      "nats per row",
    ] {
      #expect(said.contains(words), "\(said)")
    }
    let judged = try workspace.json(of: "evaluate", "run", "--json")
    #expect(judged["examples"] as? Int == 30)

    expectSuccess(try workspace.elbo("score", "run", "-o", "test.csv"))
    expectSuccess(try workspace.elbo("score", "run", "--data", "people.csv", "-o", "all.csv"))
    expectSuccess(try workspace.elbo("score", "run", "--data", "people.csv", "-o", "all.npy"))
    let (test, all) = (try lines("test.csv"), try lines("all.csv"))
    #expect(test[0] == "row,name,elbo,iwae,khat,reconstruction,kl" && test[0] == all[0])
    #expect(test.count == 31 && all.count == 301)
    #expect(all.dropFirst().enumerated().allSatisfy { $1.hasPrefix("\($0),\($0),") })
    #expect(try workspace.bytes("all.npy").arrayShape == [300, 5])
    // The test part's rows bear their numbers in the file: the same cells have the same
    // reconstruction, up to the draw of q.
    let numbers = test.dropFirst().compactMap { Int($0.prefix { $0 != "," }) }
    #expect(Set(numbers).count == 30 && numbers == numbers.sorted() && numbers.max()! > 200)

    expectSuccess(try workspace.elbo("sample", "run", "--count", "7", "--draw", "-o", "new.csv"))
    let drawn = try lines("new.csv")
    #expect(drawn[0] == "age,weight,visits,smoker,city" && drawn.count == 8)
    for row in drawn.dropFirst() {
      let cells = row.split(separator: ",").map(String.init)
      #expect(Int(cells[2]).map { $0 >= 0 } == true, "visits are counts: \(row)")
      #expect(["0", "1"].contains(cells[3]) && ["a", "b", "c"].contains(cells[4]), "\(row)")
    }
    expectSuccess(try workspace.elbo("encode", "run", "-o", "z.npy"))
    #expect(try workspace.bytes("z.npy").arrayShape == [30, 2, 2])
    expectSuccess(try workspace.elbo("decode", "run", "z.npy", "-o", "means.csv"))
    #expect(try lines("means.csv").count == 31)
  }

  @Test("missing cells are filled, observed ones stay; draws differ; the error is measured")
  func imputation() throws {
    try workspace.writeTable()
    try train("people.csv", epochs: 10, "--label", "outcome")
    expectSuccess(
      try workspace.elbo(
        "impute", "run", "--data", "people.csv", "-o", "filled.csv", "--sd", "sd.csv"))
    expectSuccess(
      try workspace.elbo(
        "impute", "run", "--data", "people.csv", "-o", "draw.csv", "--draws", "2"))
    let (given, filled, sd) = (
      try lines("people.csv"), try lines("filled.csv"), try lines("sd.csv")
    )
    #expect(filled.count == 301 && sd.count == 301)
    var differing = 0
    for row in 1...300 {
      let old = given[row].split(separator: ",").map(String.init)
      let new = filled[row].split(separator: ",").map(String.init)
      for column in 0..<5 where old[column] != "NA" {
        #expect(Double(old[column]) == Double(new[column]), "row \(row)")
      }
      let spread = sd[row].split(separator: ",", omittingEmptySubsequences: false)
      #expect(spread[0] == "" && (spread[1] == "") == (old[1] != "NA"))
      if old[1] == "NA" {
        #expect(Double(new[1]).map { (40.0...100).contains($0) } == true, "\(new)")
        #expect(Double(spread[1]).map { $0 > 0 } == true)
        let draws = try (1...2).map { try lines("draw-\($0).csv")[row] }
        differing += draws[0] == draws[1] ? 0 : 1
      }
    }
    #expect(differing == 30)
    let measured = try workspace.elbo("impute", "run", "--hold-out", "0.2")
    expectSuccess(measured)
    #expect(measured.output.contains("root mean square error"))
  }

  @Test("a run on a table resumes to the same bits")
  func resume() throws {
    try workspace.writeTable()
    try train("people.csv", epochs: 4, "--label", "outcome")
    try workspace.copy("run", to: "whole")
    try workspace.remove("run")
    try train("people.csv", epochs: 2, "--label", "outcome")
    expectSuccess(
      try workspace.elbo("train", "--resume", "run", "--epochs", "4", "--no-figures"))
    for file in ["model.safetensors", "state.safetensors"] {
      #expect(try workspace.bytes("run/\(file)") == workspace.bytes("whole/\(file)"), "\(file)")
    }
    // Another table under the same name is not the one that the run is of.
    try workspace.writeTable(rows: 301)
    expectRefusal(
      try workspace.elbo("train", "--resume", "run", "--epochs", "5"), ["'run'", "resume"])
  }

  @Test("a condition is given to both networks, and asked for where x is drawn")
  func condition() throws {
    try workspace.writeTable()
    try train("people.csv", "--label", "outcome", "--condition", "city")
    expectSuccess(
      try workspace.elbo("sample", "run", "--count", "4", "--condition", "b", "-o", "b.csv"))
    #expect(try lines("b.csv")[0] == "age,weight,visits,smoker")
    expectRefusal(
      try workspace.elbo("sample", "run", "--count", "4"), ["city", "--condition"])
    expectRefusal(
      try workspace.elbo("sample", "run", "--condition", "nowhere"), status: 64,
      ["nowhere", "city"])
  }

  @Test(
    "each likelihood learns data of its kind, and its bound is a number",
    arguments: [
      ("bernoulli", "bits.npy"), ("continuous-bernoulli", "shares.npy"), ("gaussian", "reals.npy"),
      ("student-t", "reals.npy"), ("laplace", "reals.npy"), ("discretised-logistic", "images.npy"),
      ("poisson", "counts.npy"), ("negative-binomial", "counts.npy"),
      ("zero-inflated-negative-binomial", "counts.npy"), ("multinomial", "counts.npy"),
    ])
  func likelihoods(law: String, data: String) throws {
    try workspace.writeArrays()
    try train(data, "--likelihood", law)
    let judged = try workspace.json(of: "evaluate", "run", "--json")
    let bound = try #require(judged["elbo"] as? Double)
    #expect(bound.isFinite && (judged["elbo_standard_error"] as? Double)! > 0)
    let record = try workspace.json("run/run.json")
    #expect("\(record)".lowercased().contains(law))
    #expect((judged["bits_per_dimension"] != nil) == (law == "discretised-logistic"))
    expectSuccess(try workspace.elbo("score", "run", "-o", "s.csv"))
    if data == "images.npy" { return }
    expectSuccess(try workspace.elbo("sample", "run", "--count", "3", "--draw", "-o", "x.npy"))
    #expect(try workspace.bytes("x.npy").arrayShape == [3, 6])
  }

  @Test("the trials of a binomial law are the largest counts, or told")
  func trials() throws {
    try workspace.writeArrays()
    try train("counts.npy", "--likelihood", "binomial", "--trials", "20")
    #expect(try workspace.text("run/run.json").contains("20"))
    expectSuccess(try workspace.elbo("evaluate", "run"))
    expectRefusal(
      try workspace.elbo(
        "train", "--data", "counts.npy", "--likelihood", "binomial", "--trials", "7", "-o", "other"),
      ["counts", "8", "--trials"])
    expectRefusal(
      try workspace.elbo("train", "--data", "counts.npy", "--trials", "7", "-o", "other"),
      status: 64, ["--trials"])
  }

  @Test("a likelihood that the data cannot have is refused, with what was found")
  func misfit() throws {
    try workspace.writeArrays()
    for (law, data) in [
      ("bernoulli", "reals.npy"), ("poisson", "reals.npy"), ("multinomial", "reals.npy"),
      ("continuous-bernoulli", "reals.npy"), ("discretised-logistic", "reals.npy"),
    ] {
      let outcome = try workspace.elbo(
        "train", "--data", data, "--likelihood", law, "-o", "run")
      expectRefusal(outcome, ["reals", law])
      #expect(!workspace.exists("run"))
    }
  }

  @Test("an array of any units is learned as well as a standardised one")
  func units() throws {
    try workspace.writeArrays()
    func bound(_ data: String, _ more: String...) throws -> Double {
      if workspace.exists("run") { try workspace.remove("run") }
      expectSuccess(
        try workspace.elbo(
          ["train", "--data", data, "-o", "run", "--epochs", "20"] + small + more))
      return try #require(try workspace.json(of: "evaluate", "run", "--json")["elbo"] as? Double)
    }
    let plain = try bound("reals.npy")
    let moved = try bound("moved.npy")
    #expect(abs(plain - moved - 6 * log(1000)) < 0.01, "\(plain), \(moved)")
    #expect(try workspace.text("run/run.json").contains("locations"))
    _ = try bound("reals.npy", "--no-standardise")
    #expect(try !workspace.text("run/run.json").contains("locations"))
  }

  // MARK: New rows

  @Test(
    "new rows need no label and no weight, which need not be usable; a row beyond reach is -inf")
  func newRows() throws {
    try workspace.writeTable()
    let rows = try lines("people.csv")
    let weighted = rows.enumerated().map { "\($1),\($0 == 0 ? "w" : "1")" }
    try workspace.write(weighted.joined(separator: "\n") + "\n", to: "weighted.csv")
    try train("weighted.csv", "--label", "outcome", "--weight", "w")
    try workspace.write(
      "age,weight,visits,smoker,city\n40,70,3,0,a\n1e30,70,3,0,b\n", to: "bare.csv")
    let scored = try workspace.elbo("score", "run", "--data", "bare.csv", "-o", "s.csv")
    expectSuccess(scored)
    #expect(scored.output.contains("row 1 first, have no finite bound"), "\(scored.output)")
    #expect(try lines("s.csv")[2].hasPrefix("1,1,-inf,-inf,,"))
    try workspace.write(
      "age,weight,visits,smoker,city,outcome,w\n40,70,3,0,a,dead,0\n41,,3,0,b,,-2\n",
      to: "odd.csv")
    expectSuccess(try workspace.elbo("score", "run", "--data", "odd.csv", "-o", "s.csv"))
    // What is not x stays in a filled table.
    expectSuccess(try workspace.elbo("impute", "run", "--data", "odd.csv", "-o", "filled.csv"))
    let filled = try lines("filled.csv")
    #expect(filled[0] == "age,weight,visits,smoker,city,outcome,w")
    #expect(filled[1] == "40,70,3,0,a,dead,0" && filled[2].hasSuffix(",3,0,b,,-2"))
  }

  @Test("a table's model reads tables, an array's arrays, and of the kind that it learned")
  func otherForm() throws {
    try workspace.writeTable()
    try workspace.writeArrays()
    try train("people.csv", "--label", "outcome")
    expectRefusal(
      try workspace.elbo("score", "run", "--data", "reals.npy", "-o", "s.csv"), ["reals", "table"])
    try workspace.remove("run")
    try train("counts.npy", "--likelihood", "poisson")
    expectRefusal(
      try workspace.elbo("score", "run", "--data", "people.csv", "-o", "s.csv"),
      ["people", "table"])
    expectRefusal(
      try workspace.elbo("score", "run", "--data", "reals.npy", "-o", "s.csv"),
      ["reals", "real numbers", "poisson"])
    try workspace.writeGaps()
    expectRefusal(
      try workspace.elbo("score", "run", "--data", "gaps.npy", "-o", "s.csv"), ["gaps", "missing"])
    #expect(!workspace.exists("s.csv"))
  }

  @Test("counts with gaps have no totals: a gap does not say how much is missing")
  func gapsInCounts() throws {
    try workspace.writeGaps()
    #expect(try !train("gaps.npy").output.contains("total"))
    expectRefusal(
      try workspace.elbo(
        "train", "--data", "gaps.npy", "--likelihood", "multinomial", "-o", "other"),
      ["gaps", "multinomial", "missing"])
    #expect(!workspace.exists("other"))
  }

  @Test("data that changed since are said; results do not replace data, nor each other")
  func changed() throws {
    try workspace.writeTable()
    try train("people.csv", "--label", "outcome")
    try workspace.writeTable(rows: 301)
    let judged = try workspace.elbo("evaluate", "run")
    #expect(judged.status == 0 && judged.errors.contains("have changed since the run was made"))
    let before = try workspace.bytes("people.csv")
    for command in [["score"], ["impute"]] {
      expectRefusal(
        try workspace.elbo(command + ["run", "--data", "people.csv", "-o", "people.csv"]),
        status: 64, ["people.csv"])
    }
    #expect(try workspace.bytes("people.csv") == before)
    expectRefusal(
      try workspace.elbo(
        "impute", "run", "--data", "people.csv", "-o", "a.csv", "--sd", "a.csv"), status: 64,
      ["a.csv"])
  }

  @Test("a file of labels is found from any folder")
  func labelFile() throws {
    try workspace.writeArrays()
    try workspace.write(npy([60], "|u1", Data(greyLevels(60).map { $0 % 3 })), to: "labels.npy")
    try train("reals.npy", "--label", "labels.npy")
    try workspace.write("", to: "elsewhere/nothing")
    expectSuccess(try workspace.elbo("evaluate", "../run", in: "elsewhere"))
  }

  @Test("numbers are written as exactly as the scale of their column asks for")
  func exactness() throws {
    let rows = greyLevels(80).map { "\(1_700_000_000 + Double($0) / 16),\($0)" }
    try workspace.write("time,b\n\(rows.joined(separator: "\n"))\n", to: "times.csv")
    try train("times.csv", "--kinds", "real")
    expectSuccess(
      try workspace.elbo("sample", "run", "--count", "20", "--draw", "-o", "new.csv"))
    let times = try lines("new.csv").dropFirst().map { $0.prefix { $0 != "," } }
    #expect(Set(times).count == 20, "\(times)")
  }

  // MARK: Counts

  @Test("sparse counts are learned given their totals")
  func counts() throws {
    var rows: [String] = []
    for row in 1...60 { for column in 1...3 { rows.append("\(row) \((row * column) % 12 + 1) 2") } }
    try workspace.write(
      "%%MatrixMarket matrix coordinate integer general\n60 12 \(rows.count)\n"
        + rows.joined(separator: "\n") + "\n", to: "words.mtx")
    let said = try train("words.mtx").output
    #expect(said.contains("multinomial") && said.contains("sparse"), "\(said)")
    expectSuccess(
      try workspace.elbo(
        "sample", "run", "--count", "5", "--draw", "--total", "40", "-o", "x.npy"))
    #expect(try workspace.bytes("x.npy").arrayShape == [5, 12])
  }

  // MARK: Pictures

  @Test("a folder of pictures of several sizes and modes is learned at one size, in colour")
  func pictures() throws {
    for index in 0..<24 {
      let name = "pictures/\(index % 2 == 0 ? "even" : "odd")/\(index).png"
      try workspace.writePicture(
        name, height: 12 + index % 5, width: 14, isColour: index % 3 > 0)
    }
    try workspace.write("no picture", to: "pictures/even/notes.txt")
    let said = try train("pictures", "--size", "8x8").output
    #expect(said.contains("24 pictures; labels even, odd"), "\(said)")
    #expect(said.contains("skipped") && said.contains("notes.txt"))
    #expect(said.contains("8 x 8 x 3") && said.contains("discretised logistic"))
    expectSuccess(try workspace.elbo("evaluate", "run"))
    expectSuccess(try workspace.elbo("reconstruct", "run", "-o", "pictures-out"))
    expectSuccess(try workspace.elbo("sample", "run", "--count", "4", "-o", "pictures-out"))
    #expect(workspace.exists("pictures-out/samples.png"))
    expectSuccess(try workspace.elbo("score", "run", "-o", "s.csv"))
    let names = try lines("s.csv").dropFirst().map { $0.split(separator: ",")[1] }
    #expect(names.allSatisfy { $0.hasSuffix(".png") }, "\(names)")
    let crops = try workspace.elbo(
      ["train", "--data", "pictures", "-o", "crops", "--size", "6x6", "--patches", "100"]
        + ["--grey", "--epochs", "1"] + small)
    expectSuccess(crops)
    #expect(crops.output.contains("100 crops") && crops.output.contains("6 x 6"))
  }

  @Test("new pictures come in the colours that the model knows")
  func colours() throws {
    for index in 0..<12 {
      for isColour in [true, false] {
        try workspace.writePicture(
          "\(isColour ? "colour" : "grey")/\(index).png", height: 6, width: 6, isColour: isColour)
      }
    }
    for (own, other) in [("colour", "grey"), ("grey", "colour")] {
      if workspace.exists("run") { try workspace.remove("run") }
      try train(own)
      expectSuccess(try workspace.elbo("score", "run", "--data", other, "-o", "s.csv"))
      #expect(try lines("s.csv").count == 13)
    }
  }

  @Test("a pipe among pictures is passed over")
  func pipe() throws {
    for index in 0..<12 {
      try workspace.writePicture("pictures/\(index).png", height: 4, width: 4, isColour: false)
    }
    try #require(mkfifo(workspace["pictures/pipe.png"], 0o600) == 0)
    try workspace.writePicture("pictures/cat/12.png", height: 4, width: 4, isColour: false)
    let said = try train("pictures").output
    #expect(said.contains("pipe.png") && said.contains("sub-folders are no labels"), "\(said)")
  }

  @Test("pictures of several sizes without --size are refused with the sizes that there are")
  func sizes() throws {
    try workspace.writePicture("pictures/a.png", height: 4, width: 5, isColour: true)
    try workspace.writePicture("pictures/b.png", height: 6, width: 5, isColour: true)
    try workspace.writePicture("pictures/c.png", height: 4, width: 5, isColour: true)
    expectRefusal(
      try workspace.elbo("train", "--data", "pictures", "-o", "run"), ["'pictures", "--size"])
    #expect(!workspace.exists("run"))
  }

  @Test("rows of bytes are images where their size is said")
  func flatImages() throws {
    try workspace.writeArrays()
    #expect(try train("flat.npy", "--size", "2x3").output.contains("of 2 x 3"))
    try workspace.remove("run")
    #expect(try train("flat.npy", "--size", "1x2").output.contains("of 1 x 2 x 3"))
    for (data, size) in [("flat.npy", "3x3"), ("reals.npy", "2x3"), ("images.npy", "3x2")] {
      expectRefusal(
        try workspace.elbo("train", "--data", data, "--size", size, "-o", "other"), [data, "uint8"])
    }
  }

  @Test(
    "an option that says nothing of such data is refused",
    arguments: [
      ("people.csv", ["--size", "8x8"], "picture"), ("people.csv", ["--member", "x"], "array"),
      ("reals.npy", ["--kinds", "real"], "table"), ("reals.npy", ["--grey"], "picture"),
      ("digits", ["--label", "outcome"], "table"),
    ])
  func unused(data: String, options: [String], word: String) throws {
    try workspace.writeTable()
    try workspace.writeArrays()
    expectRefusal(
      try workspace.elbo(["train", "--data", data, "-o", "run"] + options),
      [options[0], word, data])
    #expect(!workspace.exists("run"))
  }

  // MARK: Faults

  struct Fault: CustomTestStringConvertible, Sendable {
    let testDescription: String
    let text: String
    var options: [String] = []
    let words: [String]
  }

  static let faults = [
    Fault(
      testDescription: "a row too short", text: "a,b\n1,2\n3\n4,5\n",
      words: ["t.csv", "line 3", "1", "2"]),
    Fault(
      testDescription: "a column that is not there", text: "a,b\n1,2\n3,4\n4,5\n",
      options: ["--label", "c"], words: ["t.csv", "'c'", "a, b"]),
    Fault(
      testDescription: "a word among reals", text: "a,b\n1,2\n3,4\n4,many\n",
      options: ["--kinds", "b=real"], words: ["t.csv", "'b'", "many", "row 3"]),
    Fault(testDescription: "no rows", text: "a,b\n", words: ["t.csv"]),
    Fault(testDescription: "nothing", text: "", words: ["t.csv"]),
    Fault(
      testDescription: "too few rows to divide", text: "a,b\n1,2\n3,4\n",
      words: ["t.csv", "2 examples", "3 parts"]),
    Fault(
      testDescription: "two columns of one name", text: "a,a\n1,2\n3,4\n5,6\n",
      words: ["t.csv", "'a'"]),
    Fault(
      testDescription: "an infinite number", text: "a,b\n1,2\n3,inf\n4,5\n6,7\n",
      options: ["--kinds", "b=real"], words: ["t.csv", "'b'", "inf"]),
  ]

  @Test("a table that cannot be used: one sentence, nothing begun", arguments: faults)
  func refused(fault: Fault) throws {
    try workspace.write(fault.text, to: "t.csv")
    let outcome = try workspace.elbo(
      ["train", "--data", "t.csv", "-o", "run"] + fault.options)
    expectRefusal(outcome, fault.words)
    #expect(!workspace.exists("run"))
  }

  @Test("options that say nothing, or contradict each other")
  func usage() throws {
    try workspace.writeArrays()
    for options in [["--noise", "one"], ["--binarize", "dynamic"]] {
      expectRefusal(
        try workspace.elbo(["train", "--data", "counts.npy", "-o", "run"] + options), status: 64,
        [options[0]])
    }
    for (options, word) in [
      (["--patches", "10"], "--size"), (["--fit", "pad"], "--size"),
      (["--fractions", "80,20"], "--fractions"), (["--fractions", "80,10,0"], "--fractions"),
      (["--kinds", "a"], "--kinds"), (["--size", "32"], "--size"),
      (["--columns", "a,,b"], "--columns"),
    ] {
      expectRefusal(
        try workspace.elbo(["train", "--data", "t.csv", "-o", "run"] + options), status: 64, [word])
    }
  }

  @Test("test examples that also stand in the training part are counted and said")
  func shared() throws {
    let rows = (0..<40).map { "\($0 % 4),\($0 % 4 + 2).5" }.joined(separator: "\n")
    try workspace.write("a,b\n\(rows)\n", to: "t.csv")
    #expect(
      try train("t.csv").output.contains(
        "4 of the 4 test examples also stand in the training part"))
  }
}

extension Workspace {
  /// The JSON that a command prints.
  func json(of arguments: String...) throws -> [String: Any] {
    let outcome = try elbo(arguments)
    expectSuccess(outcome)
    return try #require(
      try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any])
  }

  /// A table of reals, counts, 0 or 1, and words; each tenth weight is missing.
  fileprivate func writeTable(rows: Int = 300) throws {
    var levels = greyLevels(6 * rows).map { Double($0) / 256 }.makeIterator()
    func number() -> Double { levels.next() ?? 0 }
    var text = "age,weight,visits,smoker,city,outcome\n"
    for row in 0..<rows {
      let u = number()
      let age = 20 + 60 * u
      let weight = row % 10 == 3 ? "NA" : "\(50 + 0.5 * age + 10 * (number() - 0.5))"
      let visits = Int(10 * u + 3 * number())
      text += "\(age),\(weight),\(visits),\(number() < u ? 1 : 0),"
      text += "\(["a", "b", "c"][Int(3 * number())]),\(u > 0.5 ? "ill" : "well")\n"
    }
    try write(text, to: "people.csv")
  }

  /// NumPy arrays of several kinds.
  fileprivate func writeArrays() throws {
    let (count, width) = (60, 6)
    let levels = greyLevels(count * width)
    func write(_ name: String, _ numbers: [Double]) throws {
      try self.write(npy([count, width], "<f8", numbers.withUnsafeBytes { Data($0) }), to: name)
    }
    try write("reals.npy", levels.map { Double($0) / 40 - 2 })
    try write("moved.npy", levels.map { 1000 * (Double($0) / 40 - 2) + 5000.25 })
    try write("shares.npy", levels.map { Double($0) / 255 })
    try self.write(npy([count, width], "|u1", Data(levels)), to: "flat.npy")
    try self.write(npy([count, 2, 3], "|u1", Data(levels)), to: "images.npy")
    try self.write(npy([count, width], "|b1", Data(levels.map { $0 % 2 })), to: "bits.npy")
    let counts = levels.map { Int64($0 % 9) }
    try self.write(
      npy([count, width], "<i8", counts.withUnsafeBytes { Data($0) }), to: "counts.npy")
  }

  /// Counts of which some are missing.
  fileprivate func writeGaps() throws {
    let counts = greyLevels(360).map { $0 < 40 ? Double.nan : Double($0 % 9) }
    try write(npy([60, 6], "<f8", counts.withUnsafeBytes { Data($0) }), to: "gaps.npy")
  }

  /// A PNG picture whose pixels are not packed.
  fileprivate func writePicture(
    _ name: String, height: Int, width: Int, isColour: Bool
  ) throws {
    let row = width * (isColour ? 3 : 1)
    let pixels = greyLevels(row * height + name.count).suffix(row * height)
    let rows: [UInt8] = (0..<height).flatMap { index -> [UInt8] in
      [0] + Array(pixels.dropFirst(index * row).prefix(row))
    }
    let size = [UInt8(truncatingIfNeeded: rows.count), UInt8(rows.count >> 8)]
    var stored: [UInt8] = [0x78, 1, 1] + size
    stored += size.map { ~$0 }
    stored += rows
    stored += bigEndian(adler(rows))
    var header = bigEndian(UInt32(width)) + bigEndian(UInt32(height))
    header += [8, isColour ? 2 : 0, 0, 0, 0]
    func chunk(_ kind: String, _ body: [UInt8]) -> [UInt8] {
      let tagged = Array(kind.utf8) + body
      return bigEndian(UInt32(body.count)) + tagged + bigEndian(checksum(tagged))
    }
    var file: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]
    for (kind, body) in [("IHDR", header), ("IDAT", stored), ("IEND", [])] {
      file += chunk(kind, body)
    }
    try write(Data(file), to: name)
  }
}

private func npy(_ shape: [Int], _ type: String, _ body: Data) -> Data {
  let axes = shape.map(String.init).joined(separator: ", ")
  var header = "{'descr': '\(type)', 'fortran_order': False, 'shape': (\(axes)), }"
  header += String(repeating: " ", count: 117 - header.utf8.count) + "\n"
  return Data([0x93] + Array("NUMPY".utf8) + [1, 0, 118, 0] + Array(header.utf8)) + body
}

private func bigEndian(_ number: UInt32) -> [UInt8] {
  [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: number >> $0) }
}

private func adler(_ bytes: [UInt8]) -> UInt32 {
  var (a, b): (UInt32, UInt32) = (1, 0)
  for byte in bytes { (a, b) = ((a + UInt32(byte)) % 65521, (a + UInt32(byte) + b) % 65521) }
  return b << 16 | a
}

private func checksum(_ bytes: [UInt8]) -> UInt32 {
  ~bytes.reduce(~0) { sum, byte in
    (0..<8).reduce(sum ^ UInt32(byte)) { rest, _ in rest >> 1 ^ (rest & 1 == 1 ? 0xEDB8_8320 : 0) }
  }
}
