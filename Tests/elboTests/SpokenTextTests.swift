// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@Suite("What files and arguments say never reaches the terminal raw, nor at length")
struct SpokenTextTests {
  let workspace: Workspace

  init() throws {
    workspace = try Workspace()
    try workspace.writeImages()
  }

  /// It clears the screen, paints, goes back, hides, reorders, and writes a line of its own.
  static let evil =
    "\u{1B}[2J\u{1B}[1;32mELBO -42.0\u{9B}8m\u{7F}\u{8}\u{202E}\u{2066}\nall is well"

  /// The same in a text of JSON.
  static let evilJSON = #"\u001b[2J\u001b[32mELBO -42.0\u009b8m\u007f\b\u202e\u2066\nall is well"#

  private func expectHarmless(
    _ outcome: Outcome, sourceLocation: SourceLocation = #_sourceLocation
  ) {
    for scalar in (outcome.output + outcome.errors).unicodeScalars where scalar != "\n" {
      let isHarmful =
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator: true
        default: false
        }
      if isHarmful {
        Issue.record(
          "U+\(String(scalar.value, radix: 16)) in \(outcome)",
          sourceLocation: sourceLocation)
        return
      }
    }
    for line in (outcome.output + "\n" + outcome.errors).split(separator: "\n") {
      #expect(!line.hasPrefix("all is well"), sourceLocation: sourceLocation)
    }
  }

  @Test("names, types and metadata of a model's file")
  func safetensorsText() throws {
    var unknown = modelEntries()
    unknown[0].type = Self.evilJSON
    var more = modelEntries()
    more.append(TensorEntry(name: Self.evilJSON, shape: [1], numbers: [0]))
    for (file, bytes) in [
      ("type", safetensors(unknown)), ("name", safetensors(more)),
      ("metadata", safetensors(modelEntries(), metadata: ["activation": Self.evilJSON])),
      ("key", safetensors(modelEntries(), metadata: [Self.evilJSON: "x", "elbo.model": "{"])),
    ] {
      try workspace.write(bytes, to: "\(file).safetensors")
      for arguments in [["evaluate"], ["evaluate", "--json"], ["encode", "-o", "z.npy"]] {
        let outcome = try workspace.elbo(
          arguments + ["\(file).safetensors", "--data", "data", "--activation", "relu"])
        expectHarmless(outcome)
        if file == "type" { expectRefusal(outcome, ["\\u{1b}[2J", "\\u{202e}", "\\u{a}"]) }
      }
    }
  }

  @Test("keys and texts of run.json and metrics.jsonl")
  func records() throws {
    try workspace.train("run", epochs: 1)
    let record = try workspace.text("run/run.json")
    for (old, new) in [
      ("\"data\": {", "\"\(Self.evilJSON)\": 1, \"\(Self.evilJSON)\": 2, \"data\": {"),
      ("\"name\": \"data\"", "\"name\": \"\(Self.evilJSON)\""),
      ("\"activation\": \"relu\"", "\"activation\": \"\(Self.evilJSON)\""),
      ("{", Self.evil + "{"),
    ] {
      try #require(record.contains(old))
      try workspace.write(record.replacing(old, with: new, maxReplacements: 1), to: "run/run.json")
      for command in ["train --resume run --epochs 2", "evaluate run", "compare run run"] {
        expectHarmless(try workspace.elbo(command.split(separator: " ").map(String.init)))
      }
    }
    try workspace.write(record, to: "run/run.json")
    try workspace.write(Self.evil, to: "run/metrics.jsonl")
    expectHarmless(try workspace.elbo("train", "--resume", "run", "--epochs", "2"))
  }

  @Test("headers and cells of a table, where it is refused and where it is learned")
  func table() throws {
    let name = Self.evil.replacing("\n", with: " ")
    let rows = (0..<40).map { "\($0 % 7),\($0 % 3),\($0 % 2 == 0 ? name : "b")\n" }.joined()
    try workspace.write("\(name),y,z\n" + rows, to: "t.csv")
    let trained = try workspace.elbo(
      "train", "--data", "t.csv", "-o", "run", "--epochs", "1", "--hidden", "4", "--latent", "1",
      "--no-figures")
    #expect(trained.status == 0, "\(trained.errors)")
    expectHarmless(trained)
    expectHarmless(try workspace.elbo("evaluate", "run"))
    expectHarmless(try workspace.elbo("sample", "run", "-o", "x.csv"))
    let refused = try workspace.elbo("train", "--data", "t.csv", "--columns", "absent")
    expectRefusal(refused, ["absent"])
    expectHarmless(refused)
    try workspace.write("\(name),y\n1,2\n3\n", to: "short.csv")
    expectHarmless(try workspace.elbo("train", "--data", "short.csv"))
  }

  @Test("names of files and folders, and arguments")
  func paths() throws {
    try workspace.copy("data", to: Self.evil)
    let trained = try workspace.elbo(
      ["train", "--data", Self.evil, "-o", "run \(Self.evil)", "--epochs", "1"] + Workspace.small)
    #expect(trained.status == 0, "\(trained.errors)")
    expectHarmless(trained)
    expectHarmless(try workspace.elbo("evaluate", "run \(Self.evil)"))
    expectHarmless(
      try workspace.elbo(
        ["train", "--resume", "run \(Self.evil)", "--epochs", "2", "--json", "--no-figures"]))
    for arguments in [
      [Self.evil], ["train", "--data", "absent \(Self.evil)"], ["evaluate", Self.evil],
      ["train", "--\(Self.evil)"], ["train", "--epochs", Self.evil], ["help", Self.evil],
      ["posterior", Self.evil],
    ] {
      let outcome = try workspace.elbo(arguments)
      #expect(outcome.status == 1 || outcome.status == 64)
      expectHarmless(outcome)
    }
  }

  @Test("a message has some 500 characters, whatever is in the file")
  func bounded() throws {
    let long = String(repeating: "A", count: 3_000_000)
    var type = modelEntries()
    type[0].type = long
    var name = modelEntries()
    name.append(TensorEntry(name: long, shape: [1], numbers: [0]))
    try workspace.write(safetensors(type), to: "type.safetensors")
    try workspace.write(safetensors(name), to: "name.safetensors")
    try workspace.write("\(long),y\n1,2\n3\n", to: "header.csv")
    try workspace.write("x,y\n1,\(long)\n3\n", to: "cell.csv")
    let path = String(repeating: "p", count: 100_000)
    for arguments in [
      ["evaluate", "type.safetensors", "--data", "data"],
      ["evaluate", "name.safetensors", "--data", "data"], ["train", "--data", "header.csv"],
      ["train", "--data", "cell.csv"], ["train", "--data", path], ["evaluate", path],
      ["train", "--epochs", path], ["train", "--\(path)"], [path], ["posterior", path],
    ] {
      let outcome = try workspace.elbo(arguments)
      #expect(outcome.status == 1 || outcome.status == 64)
      let sentence = outcome.errors.prefix { $0 != "\n" }
      #expect(sentence.count <= 507, "\(sentence.count) characters")
      #expect(outcome.errors.count < 1000)
    }
  }

  @Test(
    "a misspelt command is answered by the one that was meant",
    arguments: [
      ("trian", "'train'"), ("trian --data x --epochs 2", "'train'"), ("trian --help", "'train'"),
      ("help evalute", "'evaluate'"), ("Train", "'train'"), ("compare-model a b", "compare-models"),
      ("reproduce iwae-tabel1", "'iwae-table1'"), ("smaple run", "'sample'"),
    ])
  func command(line: String, meant: String) throws {
    let outcome = try workspace.elbo(line.split(separator: " ").map(String.init))
    expectRefusal(outcome, status: 64, ["Unexpected argument", "Did you mean", meant])
    #expect(outcome.output == "")
  }

  @Test(
    "a command that is like none is answered by all of them, a misspelt option by the right one")
  func otherCommand() throws {
    expectRefusal(
      try workspace.elbo("frobnicate"), status: 64, ["'frobnicate'", "train, evaluate, compare"])
    expectRefusal(
      try workspace.elbo("train", "--lerning-rate", "1"), status: 64,
      ["Did you mean '--learning-rate'?"])
  }

  @Test(
    "completions of three shells, where they look for them",
    .enabled(if: FileManager.default.isExecutableFile(atPath: "/bin/bash")))
  func completions() throws {
    let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent()
      .appendingPathComponent("scripts/install-completions").path
    let outcome = try workspace.shell(
      "'\(script)' \"$0\" prefix && /bin/bash -n prefix/share/bash*/*/elbo")
    expectSuccess(outcome)
    #expect(
      workspace.files("prefix/share") == [
        "bash-completion/completions/elbo", "fish/vendor_completions.d/elbo.fish",
        "zsh/site-functions/_elbo",
      ])
    // What bash offers after "elbo tr", after an option with values, and where a path is expected.
    let offered = try workspace.shell(
      """
      cat > try.bash <<'END'
      . prefix/share/bash-completion/completions/elbo
      offer() {
        COMP_LINE="$*"; COMP_POINT=${#COMP_LINE}
        COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=()
        _elbo "$1" "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
        echo "${COMPREPLY[*]}"
      }
      offer elbo tr; offer elbo train --activation re; offer elbo evaluate dat
      END
      PATH="$(dirname "$0"):$PATH" /bin/bash try.bash
      """)
    #expect(
      offered.lines.map { $0.trimmingCharacters(in: .whitespaces) } == ["train", "relu", "data"])
  }
}
