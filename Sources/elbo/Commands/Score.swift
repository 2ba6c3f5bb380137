// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Formats
internal import VariationalInference

/// How probable each example is by itself.
struct Score: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "How probable each example is by itself: scores of anomaly, as CSV or .npy.",
    discussion: """
      One line for each example: its number in the file from 0, its name (of pictures), the \
      ELBO from one draw of q, the \
      importance-weighted bound L_K (iwae), k-hat of its weights (above 0.7: too uneven to rely on), \
      and the two parts of the ELBO, all in nats. The smaller the bound, the less an example is like \
      those that the model learned.

        elbo score runs/<run> --output scores.csv                  the run's test part
        elbo score runs/<run> --data new.csv --output scores.csv   every row of a file, in its order

      A .npy file gets the numbers alone: [examples, 5], elbo, iwae, khat, reconstruction, kl.
      """)

  @OptionGroup var model: ModelOption
  @OptionGroup var test: TestDataOptions
  @OptionGroup var threads: ThreadOptions

  @Option(name: .shortAndLong, help: "The .csv or .npy file to write.", completion: .file())
  var output: String

  @Option(parsing: .unconditional, help: "Draws of q for each example's L_K.")
  var importanceSamples = 100

  func validate() throws {
    try require(importanceSamples, "--importance-samples")
    if ![".csv", ".npy"].contains(where: output.hasSuffix) {
      throw ValidationError("--output '\(output)': a file ending in .csv or .npy is expected")
    }
  }

  func run() throws {
    Interrupt.watch()
    let workers = threads.makeWorkers()
    let loaded = try model.load()
    try test.protect(output)
    let rows = try test.loadRows(for: loaded, workers: workers)
    let scores: Scores
    do {
      scores = try loaded.model.scores(
        on: rows.data, samples: importanceSamples, seed: test.seed, workers: workers,
        progress: display(of: rows.data))
    } catch is CancellationError {
      Terminal.clearLine()
      Terminal.line("Stopped; nothing was written. Fewer --importance-samples take less time.")
      throw ExitCode(128 + (Interrupt.signalNumber ?? 2))
    }
    Terminal.clearLine()
    if scores.importanceWeighted.allSatisfy({ !$0.isFinite }) {
      throw UndefinedResult(model: loaded.path, what: "bounds")
    }
    try Files.createFolder(Files.parent(of: output))
    if output.hasSuffix(".npy") {
      try scores.array.write(to: output)
    } else {
      try scores.write(rows, to: output)
    }
    say(scores, rows, loaded)
  }

  /// Shows how far the work is, and asks it to stop on Ctrl-C.
  private func display(of data: any Dataset) -> EvaluationProgress {
    { share in
      if Terminal.isInteractive {
        let done = Int(share * Double(data.count))
        Terminal.redraw("scored \(done.grouped) of \(data.count.grouped) \(data.exampleNoun)s")
      }
      return Interrupt.signalNumber == nil
    }
  }

  private func say(_ scores: Scores, _ rows: RowsRead, _ loaded: ModelOption.Loaded) {
    let data = rows.data
    let noun = data.exampleNoun
    let infinite = scores.importanceWeighted.indices.filter {
      !scores.importanceWeighted[$0].isFinite
    }
    let bound = Estimate(scores.importanceWeighted.filter(\.isFinite))
    let poor = scores.paretoShape.count { !($0.map { $0 <= ParetoShape.threshold } ?? true) }
    Terminal.line(
      "Wrote \(output): \(data.count.grouped) \(data.count.noun(noun)) of \(data.name)"
        + (data.split == "all" ? "" : " \(data.split)")
        + ", mean L_\(scores.samples) \(bound.mean.fixed(3)) nats per \(noun); "
        + loaded.meaning(of: data))
    if let first = infinite.first {
      Terminal.line(
        "\(infinite.count.grouped) of them, \(noun) \(rows.numbers[first]) first, have no finite bound: "
          + "they are beyond what the model can tell from impossible, and not in the mean")
    }
    if poor > 0 {
      Terminal.line(
        "k-hat is above 0.7 for \(poor.grouped) of them: there L_\(scores.samples) is noisy; take more "
          + "--importance-samples")
    }
  }
}

extension Scores {
  /// `row,name,elbo,iwae,khat,reconstruction,kl`; an empty cell where k-hat cannot be fitted, and -inf where
  /// no bound is finite.
  fileprivate func write(_ rows: RowsRead, to path: String) throws {
    func text(_ number: Double?) -> String { number.map { $0.isNaN ? "" : "\($0)" } ?? "" }
    func bound(_ number: Double) -> Double { number.isFinite ? number : -.infinity }
    try AtomicFile.write(to: path) { file in
      try file.write(
        CSV.encoded([["row", "name", "elbo", "iwae", "khat", "reconstruction", "kl"]]))
      for start in stride(from: 0, to: elbo.count, by: 4096) {
        let lines = (start..<min(start + 4096, elbo.count)).map { row in
          ["\(rows.numbers[row])", rows.names[row]]
            + [
              bound(elbo[row]), bound(importanceWeighted[row]), paretoShape[row],
              reconstruction[row], kl[row],
            ].map(text)
        }
        try file.write(CSV.encoded(lines))
      }
    }
  }

  /// `[examples, 5]`, not a number where k-hat cannot be fitted.
  fileprivate var array: NPY {
    let numbers = elbo.indices.flatMap { row in
      [
        elbo[row], importanceWeighted[row], paretoShape[row] ?? .nan, reconstruction[row], kl[row],
      ]
    }
    return NPY(shape: [elbo.count, 5], .float64(numbers))
  }
}
