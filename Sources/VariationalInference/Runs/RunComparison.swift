// SPDX-License-Identifier: Apache-2.0

package import Formats

/// Finished or unfinished runs side by side.
package struct RunComparison: Sendable {
  /// One run.
  package struct Entry: Sendable {
    /// The folder.
    package let folder: RunFolder
    package let record: RunRecord
    package let epochs: [EpochMetrics]
    /// The best epoch by the validation part, else by the test part.
    package let best: BestEpoch?
    /// The objective of the last epoch on the test part; its standard error is not a number where the run
    /// has not ended.
    package let test: Estimate?

    /// Reads a run's files.
    ///
    /// - Throws: An error that names the file that is missing or damaged.
    package init(_ folder: RunFolder) throws {
      self.folder = folder
      record = try RunRecord(path: folder.record)
      epochs = try folder.readMetrics()
      best = BestEpoch(of: epochs, by: .validation) ?? BestEpoch(of: epochs, by: .test)
      let count = record.data.testImages
      test = try epochs.last.map { last in
        let error = try folder.standardError(afterEpoch: last.epoch) ?? .nan
        return Estimate(mean: last.test.objective, standardError: error, examples: count)
      }
    }
  }

  /// In the order given, or from the highest test objective to the lowest where they compare.
  package let entries: [Entry]
  /// Why the numbers do not compare, a sentence each; empty where they do.
  package let differences: [String]

  /// Compares runs.
  package init(_ entries: [Entry]) {
    differences = Self.differences(entries)
    guard differences.isEmpty else {
      self.entries = entries
      return
    }
    self.entries = entries.sorted { a, b in
      (a.test?.mean ?? -.infinity) > (b.test?.mean ?? -.infinity)
    }
  }

  private static func differences(_ entries: [Entry]) -> [String] {
    func compare(_ what: String, _ value: (Entry) -> String) -> String? {
      var groups: [(value: String, runs: [String])] = []
      for entry in entries {
        let value = value(entry)
        if let index = groups.firstIndex(where: { $0.value == value }) {
          groups[index].runs.append(entry.folder.path)
        } else {
          groups.append((value, [entry.folder.path]))
        }
      }
      guard groups.count > 1 else { return nil }
      let words = groups.prefix(4).map { group in
        "\(group.value) (\(group.runs.prefix(3).joined(separator: ", "))"
          + (group.runs.count > 3 ? " and \(group.runs.count - 3) more)" : ")")
      }
      return "\(what): " + words.joined(separator: "; ")
    }
    // Shapes and counts say more than fingerprints; those are looked at where the former agree.
    let test =
      compare("other test parts") { entry in
        let data = entry.record.data
        return "\(data.name), \(data.testImages) \(data.noun)s of "
          + data.shape.map(String.init).joined(separator: " x ")
      }
      ?? compare("other test parts") { entry in
        "fingerprint \(entry.record.data.testFingerprint ?? "not recorded")"
      }
    return [
      test,
      compare("other --binarize") { $0.record.data.binarization.rawValue },
      compare("numbers of another meaning") { $0.record.measure },
      compare("given other fields") { $0.record.conditionWords },
      compare("other objectives") { $0.record.options.objective.name },
    ].compactMap { $0 }
  }
}

extension RunFolder {
  /// The standard error that the run ended with, where that was after this epoch.
  fileprivate func standardError(afterEpoch epoch: Int) throws -> Double? {
    guard Files.exists(verdict) else { return nil }
    let json = try JSONValue.record(verdict)
    return json["epochs"]?.intValue == epoch ? json["test"]?["standard_error"]?.doubleValue : nil
  }
}

extension RunRecord {
  /// Of what p(x | z) is a probability or a density, so that numbers of two runs with one measure compare.
  ///
  /// Gaussian and Student's t noise are densities of the same numbers; a Bernoulli law of grey levels is
  /// none, a discretised logistic is a probability of levels, and a multinomial one of counts given their
  /// sum.
  package var measure: String {
    let isGrey = data.shape.count == 3 && data.binarization == .none && !data.isBinary
    switch likelihood {
    case .bernoulli: return isGrey ? "cross-entropy on grey levels" : "log-probability"
    case .gaussian: return "log-density"
    case .general(let laws, _):
      let kinds = laws.groups.map { group in
        (kind: group.law.measure(ofGrey: isGrey), count: group.columns.count)
      }
      if let only = kinds.first?.kind, kinds.allSatisfy({ $0.kind == only }) {
        return only + (laws.isGivenTotal && only == "log-probability" ? " given each total" : "")
      }
      return kinds.map { "\($0.kind) of \($0.count.counted("column"))" }.joined(separator: ", ")
    }
  }

  /// What p(x | z, c) is given.
  fileprivate var conditionWords: String {
    let names = architecture.fields.conditions.map(\.name)
    return names.isEmpty ? "nothing" : names.joined(separator: ", ")
  }
}

extension DataLikelihood.Law {
  fileprivate func measure(ofGrey isGrey: Bool) -> String {
    if self == .multinomial { return "log-probability of counts given their sum" }
    if self == .bernoulli, isGrey { return "cross-entropy on grey levels" }
    return isDensity ? "log-density" : "log-probability"
  }
}

// MARK: - Output

extension RunComparison {
  /// A table with a line for each run, and what there is to say of their order.
  package var lines: [String] {
    let part = entries.contains { $0.best?.part == .validation } ? "validation" : "test"
    let head = [
      "run", "data", "model", "parameters", "epochs", "best epoch", "best \(part)", "test", "±",
      "objective",
    ]
    let rows = entries.map { entry in
      let record = entry.record
      let widths = [record.architecture.data] + record.architecture.hidden
      let error = entry.test?.standardError ?? .nan
      return [
        entry.folder.path, record.data.name,
        (widths + [record.architecture.latent]).map(String.init).joined(separator: "-") + " "
          + record.likelihood.shortWords,
        "\(record.parameterCount)", "\(entry.epochs.count)",
        entry.best.map { "\($0.epoch)" } ?? "-",
        entry.best.map { $0.value.fixed(2) + ($0.part.rawValue == part ? "" : " (test)") } ?? "-",
        entry.test?.mean.fixed(2) ?? "-", error.isNaN ? "-" : error.fixed(2),
        record.options.objective.name,
      ]
    }
    let widths = head.indices.map { column in
      ([head] + rows).map { $0[column].count }.max() ?? 0
    }
    let table = ([head] + rows).map { row in
      let cells = row.enumerated().map { column, cell in
        (3...8).contains(column) ? cell.leading(widths[column]) : cell.padded(to: widths[column])
      }
      var line = cells.joined(separator: "  ")
      while line.last == " " { line.removeLast() }
      return line
    }
    return table + [""] + conclusion
  }

  /// Which is ahead, or why that cannot be said.
  private var conclusion: [String] {
    if entries.count < 2 { return ["one run; give two or more to compare"] }
    if !differences.isEmpty {
      return ["not ranked, as the numbers do not compare:"] + differences.map { "  \($0)" }
    }
    guard let first = entries[0].test, let second = entries[1].test else {
      return ["not ranked, as a run has no finished epoch"]
    }
    let difference = first.mean - second.mean
    let words =
      (first.standardError + second.standardError).isNaN
      ? "" : "; ± is one standard error over examples, which are the same in both"
    let seeds = Set(entries.map { "\($0.record.options.seed)" })
    let drawn =
      entries[0].record.data.binarization == .dynamic && seeds.count > 1
      ? ["test pixels are drawn by each run's seed: their draws differ"] : []
    return [
      "ranked by the test \(entries[0].record.options.objective.name) of the last epoch: "
        + "\(entries[0].folder.path) is \(difference.fixed(2)) nats ahead of "
        + "\(entries[1].folder.path)\(words)"
    ] + drawn
  }

  /// The same for programs.
  package var json: JSONValue {
    let runs = entries.map { entry in
      let record = entry.record
      var json: JSONValue = [
        "run": .string(entry.folder.path),
        "data": .string(record.data.name),
        "test_fingerprint": record.data.testFingerprint.map(JSONValue.string) ?? .null,
        "binarize": .string(record.data.binarization.rawValue),
        "measure": .string(record.measure),
        "likelihood": .string(record.likelihood.words),
        "hidden": .array(record.architecture.hidden.map { JSONValue($0) }),
        "latent": JSONValue(record.architecture.latent),
        "parameters": JSONValue(record.parameterCount),
        "epochs": JSONValue(entry.epochs.count),
        "objective": .string(record.options.objective.name),
        "seed": .string("\(record.options.seed)"),
      ]
      json["test"] = entry.test?.json
      json["best"] = entry.best.map {
        [
          "epoch": JSONValue($0.epoch), "chosen_by": .string($0.part.rawValue),
          "value": .number($0.value),
        ]
      }
      return json
    }
    return [
      "runs": .array(runs), "ranked": .bool(differences.isEmpty),
      "differences": .array(differences.map(JSONValue.string)),
    ]
  }
}

extension AutoencoderLikelihood {
  /// One or two words.
  fileprivate var shortWords: String {
    switch self {
    case .bernoulli: "bernoulli"
    case .gaussian: "gaussian"
    case .general(let likelihood, _):
      likelihood.groups.count == 1 ? likelihood.groups[0].law.rawValue : "mixed"
    }
  }
}
