// SPDX-License-Identifier: Apache-2.0

internal import Formats

/// A table as its file has it, before anything is standardised: what its columns are, and the rows
/// from which data sets are made.
///
///     let table = try TableFile("patients.csv").read(TableOptions(label: "outcome"))
///     let parts = try table.divided(DatasetDivision(count: table.count, seed: 1))
///     parts.train            // ArrayDataset: "x" [width], "mask" where cells are missing, "label"
///     parts.schema           // columns, levels, shifts and scales, these by the training part
public struct Table: Sendable, Equatable {
  /// The name of the data: that of the file without its endings.
  public let name: String
  /// The path of the file.
  public let path: String
  /// The number of rows, at least one.
  public let count: Int
  /// Whether reals are standardised where a schema is fitted.
  public let standardises: Bool

  let x: [TableSeries]
  let label: TableSeries?
  let weight: TableSeries?
  let conditions: [TableSeries]
  /// The schema by which the file was read, where there was one.
  let given: TableSchema?

  /// The columns of "x" with their kinds and levels, before shifts and scales are known.
  public var columns: [TableColumn] { x.map(\.column) }
  /// The names of the label's levels, in order; empty without a label.
  public var labelNames: [String] { label?.column.levels ?? [] }
  /// How many cells of "x" are missing.
  public var missingCells: Int {
    x.reduce(0) { $0 + $1.values.count { $0.isNaN } }
  }

  /// What the columns are, with shifts and scales by the observed numbers of some rows; the schema
  /// by which the file was read, where there was one.
  ///
  /// - Parameter rows: The training part, numbers from 0; all rows where it is nil.
  /// - Returns: The columns of "x", and what else the table has.
  /// - Throws: ``TableError`` where a column has no value among these rows.
  public func schema(fittedTo rows: [Int]? = nil) throws -> TableSchema {
    if let given { return given }
    let rows = rows ?? Array(0..<count)
    func fitted(_ series: TableSeries) throws -> TableColumn {
      guard let column = series.standardised(on: rows) else {
        throw TableError(
          path: path,
          .nothingObserved(column: series.column.name, inTraining: rows.count < count))
      }
      return standardises ? column : series.column
    }
    return TableSchema(
      columns: try x.map(fitted), mayMiss: x.contains { $0.firstMissing != nil },
      label: label?.column, weight: weight?.column.name,
      conditions: try conditions.map(fitted))
  }

  /// A row's cells of "x" as the file has them but for the spelling of numbers; a missing one is
  /// empty.
  ///
  /// - Parameter row: A number from 0 to ``count`` - 1.
  /// - Returns: As many cells as there are columns.
  public func cells(of row: Int) -> [String] {
    x.map { series in
      let value = series.values[row]
      if value.isNaN { return "" }
      switch series.column.kind {
      case .real: return "\(value)"
      case .count: return Int(exactly: value).map(String.init) ?? "\(value)"
      case .binary, .category: return series.column.levels[Int(value)]
      }
    }
  }

  /// Some rows as a data set.
  ///
  /// Fields: "x" `[width]`, with zeros where a cell is missing; "mask" `[width]`, 1 where it is
  /// observed, if cells may be missing; "label", a category; "weight"; and the conditions, each a
  /// field of its column's name: a category, a count, a binary number or a standardised real.
  ///
  /// - Parameters:
  ///   - schema: What ``schema(fittedTo:)`` gave for this table.
  ///   - rows: Numbers from 0, in any order, at least one; all rows where it is nil.
  ///   - split: "train", "validation" or "test".
  /// - Returns: An example for each of the rows, in their order.
  public func dataset(
    _ schema: TableSchema, rows: [Int]? = nil, split: String = "train"
  ) -> ArrayDataset {
    let rows = rows ?? Array(0..<count)
    precondition(
      schema.columns.map(\.name) == columns.map(\.name),
      "a schema of the columns \(schema.columns.map(\.name)) for those of '\(name)',"
        + " \(columns.map(\.name))")
    let width = schema.width
    let hasMask = schema.mayMiss || x.contains { $0.firstMissing != nil }
    var numbers = [Double](repeating: 0, count: rows.count * width)
    var mask = [UInt8](repeating: 0, count: hasMask ? numbers.count : 0)
    for ((series, column), range) in zip(zip(x, schema.columns), schema.ranges) {
      series.write(
        rows, from: range.lowerBound, stride: width, as: column, to: &numbers, mask: &mask)
    }
    var fields = [DataColumn(DataField("x", shape: [width], kind: schema.kind), numbers)]
    if hasMask { fields.append(DataColumn(DataField("mask", shape: [width], kind: .binary), mask)) }
    if let label { fields.append(Self.field("label", label, label.column, rows)) }
    if let weight { fields.append(Self.field("weight", weight, weight.column, rows)) }
    for (series, column) in zip(conditions, schema.conditions) {
      fields.append(Self.field(column.name, series, column, rows))
    }
    return ArrayDataset(name: name, split: split, columns: fields)
  }

  /// The rows of a column as a field of its own, one number each.
  private static func field(
    _ name: String, _ series: TableSeries, _ column: TableColumn, _ rows: [Int]
  ) -> DataColumn {
    switch column.kind {
    case .category:
      DataColumn(
        DataField(name, kind: .category(classes: column.levels.count)),
        rows.map { Int(series.values[$0]) })
    case .binary: DataColumn(DataField(name, kind: .binary), rows.map { series.values[$0] })
    case .count: DataColumn(DataField(name, kind: .count), rows.map { series.values[$0] })
    case .real:
      DataColumn(
        DataField(name), rows.map { (series.values[$0] - column.shift) / column.scale })
    }
  }
}

/// The parts of a table, read by one schema.
public struct TableParts: Sendable {
  /// What the columns are, with shifts and scales by the training part.
  public let schema: TableSchema
  /// What a model learns from.
  public let train: ArrayDataset
  /// What its settings are chosen by, where there is such a part.
  public let validation: ArrayDataset?
  /// What it is judged by, where there is such a part.
  public let test: ArrayDataset?
}

extension Table {
  /// Divides the rows; shifts and scales are those of the training part alone.
  ///
  /// - Throws: ``TableError`` where a column has no value among the training rows.
  public func divided(_ division: DatasetDivision) throws -> TableParts {
    precondition(
      division.count == count, "a division of \(division.count) rows for \(count) of '\(name)'")
    let schema = try schema(fittedTo: division.train)
    func part(_ rows: [Int], _ split: DatasetSplit) -> ArrayDataset? {
      rows.isEmpty ? nil : dataset(schema, rows: rows, split: split.rawValue)
    }
    return TableParts(
      schema: schema, train: dataset(schema, rows: division.train),
      validation: part(division.validation, .validation), test: part(division.test, .test))
  }

  /// What was read, in lines for people: how many columns of which kind, which they are where some
  /// are not real, levels of label and conditions, and columns without variation.
  public func describe() -> [String] {
    let kinds = TableColumn.Kind.allCases.map { kind in
      (kind, x.filter { $0.column.kind == kind })
    }.filter { !$0.1.isEmpty }
    let counts = kinds.map { "\($0.1.count) \($0.0.rawValue)" }.joined(separator: ", ")
    let missing = missingCells
    let rows = Self.grouped(count)
    let cells = "\(Self.grouped(missing)) \(missing.noun("cell"))"
    var lines = [
      "\(x.count.counted("column")): \(counts); "
        + (missing == 0
          ? "\(rows) rows, no cell missing" : "\(cells) of \(rows) x \(x.count) missing")
    ]
    for (kind, series) in kinds where kind != .real {
      lines.append("\(kind.rawValue): \(shownList(series.map { Self.words($0.column) }))")
    }
    let constant = x.filter { series in
      let first = series.values.first { !$0.isNaN }
      return series.values.allSatisfy { $0.isNaN || $0 == first }
    }
    if !constant.isEmpty {
      lines.append("the same in every row: \(shownList(constant.map(\.column.name)))")
    }
    if let label { lines.append("label: \(Self.levels(label))") }
    if let weight { lines.append("weight: \(weight.column.name.shown())") }
    if !conditions.isEmpty {
      let words = conditions.map { "\(Self.words($0.column)), \($0.column.kind.rawValue)" }
      lines.append("conditions: \(words.joined(separator: "; "))")
    }
    return lines
  }

  private static func words(_ column: TableColumn) -> String {
    switch column.kind {
    case .real, .count: column.name
    case .binary: "\(column.name) (\(column.levels.joined(separator: "/")))"
    case .category: "\(column.name) (\(column.levels.count) levels)"
    }
  }

  /// "outlier, 2 levels: 0 (1,655), 1 (176)".
  private static func levels(_ label: TableSeries) -> String {
    var counts = [Int](repeating: 0, count: label.column.levels.count)
    for value in label.values { counts[Int(value)] += 1 }
    let levels = zip(label.column.levels, counts).map { "\($0) (\(grouped($1)))" }
    return "\(label.column.name.shown()), \(levels.count) levels: \(shownList(levels, limit: 10))"
  }

  /// 60000 as "60,000".
  private static func grouped(_ number: Int) -> String {
    let digits = Array(String(number))
    return stride(from: digits.count, to: 0, by: -3).map {
      String(digits[max(0, $0 - 3)..<$0])
    }.reversed().joined(separator: ",")
  }
}
