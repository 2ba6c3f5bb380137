// SPDX-License-Identifier: Apache-2.0

package import Formats

/// Runs in one folder that differ in their seed alone: `seeds.json`.
package struct SeedRuns: Sendable, Equatable {
  /// The first seed; the others follow it.
  package let first: UInt64
  /// How many there are, at least one.
  package let count: Int

  /// How many there may be.
  package static let counts = 1...1000

  /// `count` seeds from `first` on.
  package init(first: UInt64, count: Int) {
    precondition(count >= 1, "\(count) seeds")
    (self.first, self.count) = (first, count)
  }

  /// The seeds; after the largest number comes 0.
  package var seeds: [UInt64] { (0..<count).map { first &+ UInt64($0) } }

  /// Reads which runs a folder holds.
  ///
  /// - Throws: An error that names the file.
  package init(path: String) throws {
    let reader = RecordReader(path: path, root: try JSONValue.record(path))
    first = try reader.value("first") { $0.stringValue.flatMap { UInt64($0) } }
    count = try reader.value("count") { json in
      json.intValue.flatMap { Self.counts.contains($0) ? $0 : nil }
    }
  }

  /// Writes which runs a folder holds, and what they gave as far as they have ended.
  package func write(to path: String, results: SeedTable? = nil) throws {
    var json: JSONValue = ["first": .string("\(first)"), "count": JSONValue(count)]
    json["results"] = results?.json
    try AtomicFile.write(Array(json.pretty.utf8), to: path)
  }
}

extension RunFolder {
  /// Whether the run here has nothing left to do.
  ///
  /// - Parameters:
  ///   - epochs: How many it is now to have; nil for as many as its record says.
  ///   - patience: Given where it is now to wait longer, or less, for a better epoch.
  /// - Returns: Whether it has them, or stopped early and is not to wait otherwise.
  /// - Throws: An error that names the file that is damaged.
  package func hasEnded(epochs: Int?, patience: Int?) throws -> Bool {
    guard Files.exists(verdict), Files.exists(state) else { return false }
    let json = try JSONValue.record(verdict)
    let wanted = try epochs ?? RunRecord(path: record).options.epochs
    if let done = json["epochs"]?.intValue, done >= wanted { return true }
    return json["stopped_early"] == .bool(true) && patience == nil
  }
}

/// What runs gave that differ in their seed alone.
package struct SeedTable: Sendable {
  /// The runs that have finished an epoch.
  package let entries: [RunComparison.Entry]
  /// Mean and standard error over seeds of the objective on the test part after the last epoch.
  package let last: Estimate
  /// The same after each run's best epoch.
  package let best: Estimate

  /// - Precondition: There is at least one run with an epoch.
  package init(_ entries: [RunComparison.Entry]) {
    self.entries = entries.filter { $0.test != nil }
    precondition(!self.entries.isEmpty, "no run with an epoch")
    last = Estimate(self.entries.compactMap { $0.test?.mean })
    best = Estimate(self.entries.compactMap(Self.testOfBest))
  }

  private static func testOfBest(_ entry: RunComparison.Entry) -> Double? {
    entry.epochs.first { $0.epoch == entry.best?.epoch }?.test.objective
  }

  /// A line for each seed, then mean and spread.
  package var lines: [String] {
    let objective = entries[0].record.options.objective.name
    let head = ["seed", "test \(objective)", "±", "best epoch", "test there"]
    let rows = entries.map { entry in
      let error = entry.test?.standardError ?? .nan
      return [
        "\(entry.record.options.seed)", entry.test?.mean.fixed(2) ?? "-",
        error.isNaN ? "-" : error.fixed(2), entry.best.map { "\($0.epoch)" } ?? "-",
        Self.testOfBest(entry)?.fixed(2) ?? "-",
      ]
    }
    let widths = head.indices.map { column in
      ([head] + rows).map { $0[column].count }.max() ?? 0
    }
    let table = ([head] + rows).map { row in
      row.enumerated().map { $1.leading(widths[$0]) }.joined(separator: "  ")
    }
    let isByTest = entries.contains { $0.best?.part == .test }
    return table + [
      "test \(objective) after the last epoch: \(Self.words(last))",
      "after each best epoch: \(Self.words(best))"
        + (isByTest ? ", optimistic, as the test part chose it" : ""),
    ]
  }

  private static func words(_ estimate: Estimate) -> String {
    if estimate.examples < 2 { return "\(estimate.mean.fixed(2)), of one seed" }
    return "mean \(estimate.mean.fixed(2)), standard deviation \(deviation(estimate).fixed(2)), "
      + "standard error of the mean \(estimate.standardError.fixed(2)), over \(estimate.examples) seeds"
  }

  private static func deviation(_ estimate: Estimate) -> Double {
    estimate.standardError * Double(estimate.examples).squareRoot()
  }

  /// The same for programs.
  package var json: JSONValue {
    func summary(_ estimate: Estimate) -> JSONValue {
      [
        "mean": .number(estimate.mean), "standard_deviation": .number(Self.deviation(estimate)),
        "standard_error": .number(estimate.standardError), "seeds": JSONValue(estimate.examples),
      ]
    }
    return [
      "test_after_last_epoch": summary(last), "test_after_best_epoch": summary(best),
      "runs": .array(
        entries.map { entry in
          [
            "seed": .string("\(entry.record.options.seed)"),
            "epochs": JSONValue(entry.epochs.count),
            "test": entry.test?.json ?? .null,
            "best_epoch": entry.best.map { JSONValue($0.epoch) } ?? .null,
          ]
        }),
    ]
  }
}
