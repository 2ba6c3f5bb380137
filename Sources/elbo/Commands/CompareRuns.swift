// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Formats
internal import VariationalInference

/// Runs of `elbo train` side by side.
struct CompareRuns: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "compare",
    abstract: "Runs of 'elbo train' side by side: data, model, best epoch, test ELBO.",
    discussion: """
      Reads the folders of runs, trains and evaluates nothing:

        elbo compare runs/*
        elbo compare runs/a runs/b --json

      Runs are ranked by the test objective of their last epoch where their numbers compare: the same \
      test part, --binarize, meaning of the number (a density of reals, a probability of levels, a \
      cross-entropy of grey levels) and objective. Where they do not, it is said why. A folder of \
      --seeds stands for its runs. Programs p(x, z) are compared by 'elbo compare-models'.
      """)

  @Argument(help: "Folders of runs.", completion: .file())
  var runs: [String]

  @Flag(help: "Print one JSON object instead of a table.")
  var json = false

  func validate() throws {
    for run in runs { try require(run, "RUN") }
  }

  func run() throws {
    let folders = try runs.flatMap { name in
      let folder = RunFolder(name)
      guard Files.exists(folder.seeds), !Files.exists(folder.record) else { return [folder] }
      return try SeedRuns(path: folder.seeds).seeds.map(folder.seed)
        .filter { Files.exists($0.record) }
    }
    // What 'runs/*' names beside runs is passed over, and said.
    let found = folders.filter { Files.exists($0.record) }
    if let absent = folders.first(where: { !Files.exists($0.path) }) {
      throw NoRun(path: absent.path)
    }
    if found.isEmpty { throw NoRun(path: runs.joined(separator: "', '")) }
    for other in folders where !Files.exists(other.record) && !Files.isRegular(other.path) {
      Terminal.warn("\(NoRun(path: other.path)); passed over")
    }
    let entries = try found.map { try RunComparison.Entry($0) }
    let comparison = RunComparison(entries)
    if json {
      Terminal.write(comparison.json.pretty)
    } else {
      for line in comparison.lines { Terminal.line(line) }
    }
  }
}

/// A folder that holds no run.
struct NoRun: Error, CustomStringConvertible {
  let path: String

  var description: String {
    "'\(path)' holds no run.json; name the folders of runs that elbo train wrote"
  }
}
