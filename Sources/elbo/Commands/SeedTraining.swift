// SPDX-License-Identifier: Apache-2.0

internal import Formats
internal import VariationalInference

/// Runs that differ in their seed alone, one after the other.
struct SeedTraining {
  let folder: RunFolder
  let runs: SeedRuns
  let figures: Bool

  /// What goes on with all of them.
  var resumption: String { "elbo train --resume \(folder.path)" }

  /// Begins all runs; `begin` does so for the run of one seed, in its folder.
  func begin(
    overwriting: Bool, _ begin: (UInt64, RunFolder) throws -> any TrainingRun
  ) throws {
    try folder.check(overwriting: overwriting)
    try Files.createFolder(folder.path)
    try runs.write(to: folder.seeds)
    for seed in runs.seeds {
      announce(seed)
      try begin(seed, folder.seed(seed)).run(figures: figures)
    }
    try conclude()
  }

  /// Goes on with the runs that have not ended, and begins those that have not begun as the first did.
  func goOn(epochs: Int?, patience: Int?, workers: WorkerPool) throws {
    let first = folder.seed(runs.first)
    guard Files.exists(first.record) else { throw RunError.nothingToResume(path: folder.path) }
    let record = try RunRecord(path: first.record)
    // Read where one run at least needs them.
    var continuation: RunContinuation?
    for seed in runs.seeds {
      let run = folder.seed(seed)
      if try run.hasEnded(epochs: epochs, patience: patience) {
        Terminal.line("seed \(seed): has ended before")
        continue
      }
      announce(seed)
      let all =
        try continuation
        ?? RunContinuation(
          record, epochs: epochs, patience: patience, workers: workers, resumption: resumption)
      continuation = all
      let session =
        try Files.exists(run.state)
        ? all.resumed(run, claim: run.claim()) : all.begun(run, like: record, seed: seed)
      try session.run(figures: figures)
    }
    try conclude()
  }

  private func announce(_ seed: UInt64) {
    let number = (runs.seeds.firstIndex(of: seed) ?? 0) + 1
    Terminal.line("seed \(seed), run \(number) of \(runs.count):")
  }

  private func conclude() throws {
    let table = SeedTable(try runs.seeds.map { try RunComparison.Entry(folder.seed($0)) })
    try runs.write(to: folder.seeds, results: table)
    Terminal.line("")
    for line in table.lines { Terminal.line(line) }
    Terminal.line("wrote \(folder.path)")
  }
}
