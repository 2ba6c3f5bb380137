// SPDX-License-Identifier: Apache-2.0

internal import Formats

/// A table in a file: CSV, TSV or semicolons, plain or packed by gzip, with a header.
///
/// A cell is missing where it is empty or one of NA, N/A, n/a, #N/A, <NA>, NaN, nan, NULL, null,
/// None, ?; blanks around cells do not count. What a column is follows from its cells, unless
/// ``TableOptions/kinds`` or ``TableOptions/kind`` say it:
///
/// - binary, where there are two texts, or two numbers that are 0 and 1, 1 and 2, or -1 and 1;
/// - category, where some cell is no number: at most 100 texts;
/// - count, where more than two different whole numbers of at least 0 are written without a decimal
///   point, the smallest of them below 10 (so that years are real), and not all different in 20
///   rows or more (so that the numbers of patients are real);
/// - real, where there are other numbers.
public struct TableFile: Sendable, Equatable {
  /// The path of the file.
  public let path: String

  /// The table at `path`; nothing is read yet.
  public init(_ path: String) {
    self.path = path
  }

  /// Reads the table.
  ///
  /// - Parameters:
  ///   - options: Which columns are what.
  ///   - schema: That of a model, by whose columns, levels, shifts and scales new rows are read.
  ///     What `options` say of columns, conditions and kinds does not count then. A label that it
  ///     has is read where the file has it, with levels that are known, and its weight where the
  ///     file has it and it is usable; a model without label takes that of `options`.
  /// - Returns: At least one row.
  /// - Throws: ``TableError``, or an error that names the file and what is wrong with it.
  public func read(
    _ options: TableOptions = TableOptions(), schema: TableSchema? = nil
  ) throws -> Table {
    let text = try DelimitedText(path)
    let roles = try TableRoles(text.columns, options, schema, path: path)
    let (readers, count) = try gather(text, roles)
    guard count > 0 else { throw TableError(path: path, .noRows) }
    func series(_ place: Int) throws -> TableSeries { try readers[place].series() }
    let x = try roles.x.map(series)
    var label = try roles.label.map {
      try self.label(readers[$0], isOptional: roles.hasOptionalLabel)
    }
    if let file = options.labelFile {
      label = try OneColumnFile(file, role: "label").label(
        rows: count, of: path, known: schema?.label)
    }
    var weight = try roles.weight.map(series)
    if let file = options.weightFile {
      weight = try OneColumnFile(file, role: "weight").weight(rows: count, of: path)
    } else if let found = weight {
      do { try found.checkWeights(path) } catch {
        guard roles.hasOptionalWeight else { throw error }
        weight = nil
      }
    }
    let conditions = try roles.conditions.map(series)
    for condition in conditions { try condition.checkComplete("condition", path) }
    return Table(
      name: Self.name(of: path), path: path, count: count,
      standardises: options.standardises, x: x, label: label ?? nil, weight: weight,
      conditions: conditions, given: schema)
  }

  /// Goes through the rows, twice where a column of numbers turns out to be of texts.
  private func gather(
    _ text: DelimitedText, _ roles: TableRoles
  ) throws -> (readers: [CellReader], count: Int) {
    let readers = roles.aims.map { name, aim in
      CellReader(name, aim, path: path, decimalComma: text.separator == .semicolon)
    }
    var (active, count) = (Array(zip(readers, roles.places)), 0)
    while !active.isEmpty {
      var row = 0
      try text.forEachRow { cells, _ in
        row += 1
        for (reader, place) in active { try reader.add(cells[place], row: row) }
      }
      count = row
      active = active.filter { $0.0.startsAgain() }
    }
    return (readers, count)
  }

  /// The label's series; where it may be left out, nil if some cell is missing or of an unknown
  /// level.
  private func label(_ reader: CellReader, isOptional: Bool) throws -> TableSeries? {
    let series = try reader.series()
    if isOptional, series.firstMissing != nil { return nil }
    try series.checkComplete("label", path)
    return series
  }

  /// "wine" for "data/wine.csv.gz".
  private static func name(of path: String) -> String {
    var name = Files.name(of: path)
    for ending in [".gz", ".csv", ".tsv", ".txt"] where name.count > ending.count {
      if name.lowercased().hasSuffix(ending) { name.removeLast(ending.count) }
    }
    return name
  }
}

extension TableSeries {
  /// Refuses a missing cell.
  func checkComplete(_ role: String, _ path: String) throws {
    guard let row = firstMissing else { return }
    throw TableError(path: path, .missingCell(row: row + 1, column: column.name, role: role))
  }

  /// Refuses weights that are missing, below 0, or all 0.
  func checkWeights(_ path: String) throws {
    try checkComplete("weight", path)
    if let row = values.firstIndex(where: { $0 < 0 }) {
      throw TableError(
        path: path, .negativeWeight(row: row + 1, column: column.name, found: values[row]))
    }
    if values.allSatisfy({ $0 == 0 }) {
      throw TableError(path: path, .noWeight(column: column.name))
    }
  }
}
