// SPDX-License-Identifier: Apache-2.0

// What the cells of a column are, once all have been seen.
extension CellReader {
  /// The column with its values.
  ///
  /// - Throws: ``TableError``.
  func series() throws -> TableSeries {
    if case .known(let column, _) = aim { return TableSeries(column: column, values: values) }
    guard values.contains(where: { !$0.isNaN }) else {
      throw fault(.nothingObserved(column: name, inTraining: false))
    }
    return isOfTexts ? try texts() : try numbers()
  }

  private func texts() throws -> TableSeries {
    if aim == .told || aim == .kind(.binary) {
      if let pair = Self.pair(levels) { return try levelled(.binary, pair) }
      guard aim == .told else {
        throw fault(.notTwoLevels(column: name, found: levels))
      }
    }
    return try levelled(.category, Self.ordered(levels))
  }

  /// A column of levels in their order instead of that in which they came.
  private func levelled(
    _ kind: TableColumn.Kind, _ ordered: [String]
  ) throws -> TableSeries {
    let places = Dictionary(uniqueKeysWithValues: ordered.enumerated().map { ($1, Double($0)) })
    let moved = levels.map { places[$0] ?? .nan }
    return TableSeries(
      column: TableColumn(name, kind, levels: ordered),
      values: values.map { $0.isNaN ? .nan : moved[Int($0)] })
  }

  private func numbers() throws -> TableSeries {
    switch aim {
    case .kind(.binary):
      if let series = binary(isSure: true) { return series }
      throw fault(.notTwoLevels(column: name, found: distinct.map(\.text)))
    case .kind(let kind): return TableSeries(column: TableColumn(name, kind), values: values)
    default:
      if let series = binary(isSure: false) { return series }
      let kind: TableColumn.Kind = areCounts ? .count : .real
      return TableSeries(column: TableColumn(name, kind), values: values)
    }
  }

  /// A binary column of the smaller and the larger number, where there are two: any where the
  /// column is binary for sure, else 0 and 1, 1 and 2, or -1 and 1, which is how people write two
  /// levels.
  private func binary(isSure: Bool) -> TableSeries? {
    var pair = distinct.sorted { $0.value < $1.value }
    if isSure, pair.count == 1, pair[0].value == 0 { pair.append((1, "1")) }
    if isSure, pair.count == 1, pair[0].value == 1 { pair.insert((0, "0"), at: 0) }
    guard pair.count == 2 else { return nil }
    let usual = [[0.0, 1], [1, 2], [-1, 1]]
    guard isSure || usual.contains(pair.map(\.value)) else { return nil }
    return TableSeries(
      column: TableColumn(name, .binary, levels: pair.map(\.text)),
      values: values.map { $0.isNaN ? .nan : $0 == pair[0].value ? 0 : 1 })
  }

  /// Whether the numbers are told to be counts: more than two different whole numbers of at least
  /// 0, written without a decimal point, the smallest below 10 (years are not), and not each of
  /// another value in a table of 20 rows or more (numbers of patients are not).
  private var areCounts: Bool {
    guard areWrittenWhole, distinct.count > 2 else { return false }
    let observed = values.filter { !$0.isNaN }
    guard let smallest = observed.min(), smallest >= 0, smallest < 10 else { return false }
    return observed.count < 20 || Set(observed).count < observed.count
  }

  /// Two levels, that for 0 first: as people pair words, else in the order of ``ordered(_:)``.
  private static func pair(_ levels: [String]) -> [String]? {
    guard levels.count == 2 else { return nil }
    let sorted = ordered(levels)
    let zeros: Set = ["no", "n", "false", "f", "off", "absent", "negative", "neg"]
    return zeros.contains(sorted[1].lowercased()) && !zeros.contains(sorted[0].lowercased())
      ? sorted.reversed() : sorted
  }

  /// By number where all texts are numbers, else by their bytes.
  private static func ordered(_ levels: [String]) -> [String] {
    let numbers = levels.map { (text: $0, number: Double($0)) }
    if numbers.allSatisfy({ $0.number?.isFinite == true }) {
      return numbers.sorted {
        ($0.number ?? 0, $0.text) < ($1.number ?? 0, $1.text)
      }.map(\.text)
    }
    return levels.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }
}
