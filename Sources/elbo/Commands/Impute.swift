// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Formats
internal import VariationalInference

/// What is missing, filled.
struct Impute: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Fill the missing cells of a table, with their uncertainty.",
    discussion: """
      Draws of q(z|x) given the observed cells are weighted by p(x, z) / q(z|x), and a missing cell gets \
      its weighted mean (a category its likeliest level); observed cells stay as they are. --draws \
      writes several whole tables instead, whose spread is that of what could stand there.

        elbo impute runs/<run> --data with-gaps.csv --output filled.csv
        elbo impute runs/<run> --data with-gaps.csv --output filled.csv --sd sd.csv
        elbo impute runs/<run> --hold-out 0.1        hides a tenth of the test part and says how well \
      it is found again
      """)

  @OptionGroup var model: ModelOption
  @OptionGroup var test: TestDataOptions
  @OptionGroup var threads: ThreadOptions

  @Option(
    name: .shortAndLong, help: "The .csv file to write; with --draws NAME-1.csv, NAME-2.csv, ...",
    completion: .file())
  var output: String?

  @Option(
    help: "A .csv file for the standard deviations of what was filled, in the columns' units.",
    completion: .file())
  var sd: String?

  @Option(parsing: .unconditional, help: "Write so many tables of draws instead of one of means.")
  var draws: Int?

  @Option(
    parsing: .unconditional,
    help: "Hide this share of the observed cells, fill them, and compare with what stood there.")
  var holdOut: Double?

  @Option(parsing: .unconditional, help: "Draws of q for each row.")
  var importanceSamples = 1000

  func validate() throws {
    try require(importanceSamples, "--importance-samples")
    try require(draws, "--draws", atMost: 1000)
    for (path, option) in [(output, "--output"), (sd, "--sd")] {
      if let path, !path.hasSuffix(".csv") {
        throw ValidationError("\(option) '\(path)': a file ending in .csv is expected")
      }
    }
    if let holdOut, !(holdOut > 0 && holdOut < 1) {
      throw ValidationError("--hold-out \(holdOut): a share between 0 and 1 is expected, as in 0.1")
    }
    if let output, output == sd {
      throw ValidationError("--output and --sd '\(output)': two different files are expected")
    }
    if output == nil, holdOut == nil {
      throw ValidationError("--output FILE.csv is expected, or --hold-out to measure the error")
    }
  }

  func run() throws {
    Interrupt.watch()
    let workers = threads.makeWorkers()
    let loaded = try model.load()
    guard let table = loaded.model.likelihoodKind.table else { throw NoTable(model: loaded.path) }
    let rows = try test.loadRows(for: loaded, workers: workers)
    for file in [output, sd].compactMap({ $0 }) { try test.protect(file) }
    guard let gaps = GapTable(rows, table) else {
      throw NoMask(model: loaded.path, data: rows.data.name)
    }
    do {
      if let holdOut { try measure(holdOut, gaps, loaded, workers) }
      if output != nil { try fill(gaps, loaded, workers) }
    } catch is CancellationError {
      Terminal.clearLine()
      Terminal.line("Stopped; nothing was written. Fewer --importance-samples take less time.")
      throw ExitCode(128 + (Interrupt.signalNumber ?? 2))
    }
  }

  private func imputation(
    of gaps: GapTable, draws: Int, _ loaded: ModelOption.Loaded, _ workers: WorkerPool
  ) throws -> Imputation<Float> {
    // All rows as they are filled, in numbers of 4 and 8 bytes and as text; and of the row that a
    // thread fills the draws of q, decoded.
    let cells = Double(gaps.count) * Double(gaps.table.width)
    try MemoryNeed.passes(
      "filling \(gaps.count.grouped) rows", loaded.model.architecture, rows: importanceSamples,
      threads: workers.count, beside: cells * (12 * Double(2 + draws) + 64),
      advice: "take fewer --draws or --importance-samples, or fewer rows"
    ).check()
    func run(_ model: some DescribedAutoencoder<Float>) throws -> Imputation<Float> {
      let data = model.architecture.fields.complete(gaps.data)
      return try model.impute(
        data, samples: importanceSamples, draws: draws, seed: test.seed, workers: workers
      ) { share in
        if Terminal.isInteractive {
          Terminal.redraw(
            "filled \(Int(share * Double(gaps.count)).grouped) of \(gaps.count.grouped) rows")
        }
        return Interrupt.signalNumber == nil
      }
    }
    let found = try run(loaded.model)
    Terminal.clearLine()
    if found.mean.firstNonFinite != nil {
      throw UndefinedResult(model: loaded.path, what: "numbers")
    }
    return found
  }

  private func fill(_ gaps: GapTable, _ loaded: ModelOption.Loaded, _ workers: WorkerPool) throws {
    guard let output else { return }
    let found = try imputation(of: gaps, draws: draws ?? 1, loaded, workers)
    try Files.createFolder(Files.parent(of: output))
    var written: [String] = []
    func write(_ csv: CSV, _ path: String) throws {
      try test.protect(path)
      try AtomicFile.write(csv.encoded(), to: path)
      written.append(path)
    }
    if let draws {
      let all = found.draws.doubles, width = gaps.table.width
      for draw in 0..<draws {
        var rows: [Double] = []
        for row in 0..<gaps.count {
          let start = (row * draws + draw) * width
          rows += all[start..<start + width]
        }
        try write(
          try gaps.filled(with: rows, roundingCounts: true),
          String(output.dropLast(4)) + "-\(draw + 1).csv")
      }
    } else {
      try write(try gaps.filled(with: found.mean.doubles, roundingCounts: false), output)
    }
    if let sd {
      try Files.createFolder(Files.parent(of: sd))
      try write(gaps.deviations(found.standardDeviation.doubles), sd)
    }
    Terminal.line(
      "Wrote \(written.joined(separator: ", ")): \(gaps.missingCells.grouped) missing "
        + "\(gaps.missingCells.noun("cell")) of "
        + "\(gaps.count.grouped) \(gaps.count.noun("row")) filled")
  }

  private func measure(
    _ share: Double, _ gaps: GapTable, _ loaded: ModelOption.Loaded, _ workers: WorkerPool
  ) throws {
    let (hidden, cells) = gaps.hiding(share, seed: test.seed)
    if cells.isEmpty { throw NothingHidden(share: share) }
    let found = try imputation(of: hidden, draws: 1, loaded, workers)
    let errors = gaps.errors(of: found.mean.doubles, cells)
    Terminal.line(
      "\(cells.count.grouped) observed \(cells.count.noun("cell")) hidden (\(share) of "
        + "\(gaps.data.name) \(gaps.data.split), "
        + "seed \(test.seed)), filled from the others by \(importanceSamples.grouped) "
        + "\(importanceSamples.noun("draw")) of q:")
    if let real = errors.rootMeanSquare {
      Terminal.line(
        "  numbers: root mean square error \(real.model.fixed(4)), of the columns' means "
          + "\(real.baseline.fixed(4)), in standard deviations of the training part (\(real.cells.grouped) "
          + "\(real.cells.noun("cell")))")
    }
    if let counts = errors.counts {
      Terminal.line(
        "  counts: mean absolute error \(counts.model.fixed(4)), of the columns' means "
          + "\(counts.baseline.fixed(4)) (\(counts.cells.grouped) \(counts.cells.noun("cell")))")
    }
    if let levels = errors.levels {
      Terminal.line(
        "  levels: \((100 * levels.model).fixed(1)) % right, by the commonest level "
          + "\((100 * levels.baseline).fixed(1)) % (\(levels.cells.grouped) "
          + "\(levels.cells.noun("cell")))"
      )
    }
  }
}

/// Only of tables it is known what a cell is.
struct NoTable: Error, CustomStringConvertible {
  let model: String

  var description: String {
    "the model '\(model)' was not trained on a table; fill arrays and images with impute(_:) in Swift"
  }
}

/// A model that was trained on whole rows cannot read others.
struct NoMask: Error, CustomStringConvertible {
  let model: String
  let data: String

  var description: String {
    "the model '\(model)' reads no mask, so no cell of '\(data)' can be missing; train it on a table with "
      + "elbo train"
  }
}

/// A share so small that no cell was hidden.
struct NothingHidden: Error, CustomStringConvertible {
  let share: Double

  var description: String { "--hold-out \(share) hides no cell of these data; take a larger share" }
}
