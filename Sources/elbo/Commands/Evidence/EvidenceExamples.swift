// SPDX-License-Identifier: Apache-2.0

internal import Formats
internal import VariationalInference

extension EvidenceResults {
  /// Writes the numbers of each example as `evidence.csv`, and those of simulated ones as
  /// `evidence-simulated.csv` where there are some; returns the paths.
  ///
  /// `row` is the number in the data, from 0; `place` that in the subset, in the order in which its
  /// examples are taken, empty for all others. Other columns have the names of `evidence.json`.
  func writeExamples(to folder: String) throws -> [String] {
    var columns: [(name: String, values: [Double])] = [
      ("iwae", iwae?.bound ?? []), ("effective_sample_size", iwae?.effectiveSampleSize ?? []),
      ("khat", iwae?.paretoShape.map { $0 ?? .nan } ?? []), ("ais_lower", ais?.bound ?? []),
      ("elbo_of_gaps", gaps?.bound ?? []),
    ]
    for found in gaps?.optimised ?? [] {
      columns.append(("best_\(found.family.key)", found.bound))
    }
    columns = columns.filter { !$0.values.isEmpty }
    let taken = columns.map(\.values.count).max() ?? 0
    var places = [Int?](repeating: nil, count: data.count)
    for (place, example) in examples(taken).enumerated() { places[example] = place }
    let ofAll = [("elbo", elbo), ("kl", health?.divergence)].compactMap { name, values in
      values.map { (name: name, values: $0) }
    }
    let names = ["row", "place"] + ofAll.map(\.name) + columns.map(\.name)
    var paths = ["\(folder)/evidence.csv"]
    try write(names, data.count, to: paths[0]) { row in
      let place = places[row]
      return ["\(row)", place.map(String.init) ?? ""] + ofAll.map { Self.cell($0.values[row]) }
        + columns.map { column in
          place.flatMap { $0 < column.values.count ? Self.cell(column.values[$0]) : nil } ?? ""
        }
    }
    guard let simulated else { return paths }
    paths.append("\(folder)/evidence-simulated.csv")
    let (lower, upper) = (simulated.bounds.lower.bound, simulated.bounds.upper.bound)
    let own = ["row", "elbo", "bdmc_lower_on_simulated", "bdmc_upper_on_simulated"]
    try write(own, lower.count, to: paths[1]) { row in
      ["\(row)"] + [simulated.elbo, lower, upper].map { Self.cell($0[row]) }
    }
    return paths
  }

  /// Some thousand lines are made at a time.
  private func write(
    _ names: [String], _ count: Int, to path: String, _ cells: (Int) -> [String]
  ) throws {
    try AtomicFile.write(to: path) { file in
      try file.write(CSV.encoded([names]))
      for start in stride(from: 0, to: count, by: 4096) {
        try file.write(CSV.encoded((start..<min(start + 4096, count)).map(cells)))
      }
    }
  }

  /// Empty for what is no number.
  private static func cell(_ number: Double) -> String { number.isNaN ? "" : "\(number)" }
}
