// SPDX-License-Identifier: Apache-2.0

internal import Formats
internal import VariationalInference

/// Runs that differ in their seed alone, one after the other.
struct SeedTraining {
  let folder: RunFolder
  let runs: SeedRuns
  let figures: Bool

  /// What goes on with all of them, where they are now.
  func resumption(_ place: RunPlace) -> String { place.folder.resumption }

  /// Begins all runs; `begin` does so for the run of one seed, in the place of all.
  func begin(
    overwriting: Bool, _ begin: (UInt64, RunPlace) throws -> any TrainingRun
  ) throws {
    let place = try folder.begin(overwriting: overwriting)
    try runs.write(to: place.folder.seeds)
    for seed in runs.seeds {
      announce(seed)
      try begin(seed, place).run(figures: figures)
    }
    try conclude(in: place.folder)
  }

  /// Goes on with the runs that have not ended, and begins those that have not begun as the first did.
  func goOn(_ changes: RunChanges, workers: WorkerPool) throws {
    guard Files.exists(folder.seed(runs.first).record) else {
      throw RunError.nothingToResume(path: folder.path)
    }
    let place = try folder.takeUp()
    // Read where one run at least needs them.
    var continuation: RunContinuation?
    for seed in runs.seeds {
      let run = place.folder.seed(seed)
      if try run.hasEnded(epochs: changes.epochs, patience: changes.patience) {
        Terminal.line("seed \(seed): has ended before")
        continue
      }
      announce(seed)
      let first = try RunRecord(path: place.folder.seed(runs.first).record)
      let all =
        try continuation
        ?? RunContinuation(first, run: place.folder, changes: changes, workers: workers) {
          resumption(place)
        }
      continuation = all
      let session =
        try Files.exists(run.state)
        ? all.resumed(run, within: place)
        : all.begun(run, like: first, seed: seed, within: place)
      try session.run(figures: figures)
    }
    try conclude(in: place.folder)
  }

  private func announce(_ seed: UInt64) {
    let number = (runs.seeds.firstIndex(of: seed) ?? 0) + 1
    Terminal.line("seed \(seed), run \(number) of \(runs.count):")
  }

  private func conclude(in folder: RunFolder) throws {
    let table = SeedTable(try runs.seeds.map { try RunComparison.Entry(folder.seed($0)) })
    try runs.write(to: folder.seeds, results: table)
    Terminal.object(["seeds": table.json], of: folder.path)
    Terminal.line("")
    for line in table.lines { Terminal.line(line) }
    Terminal.line("wrote \(folder.path)")
  }
}
