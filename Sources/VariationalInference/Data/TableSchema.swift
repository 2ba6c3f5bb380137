// SPDX-License-Identifier: Apache-2.0

public import Formats

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// What the columns of a table are and how they become the numbers of a data set; kept with a
/// model, it reads new rows as the model's own were read.
public struct TableSchema: Sendable, Equatable {
  /// The columns of "x", in order.
  public let columns: [TableColumn]
  /// Whether cells may be missing: a data set then has a field "mask".
  public let mayMiss: Bool
  /// The column of labels, a category, where there is one.
  public let label: TableColumn?
  /// The name of the column of weights, where there is one.
  public let weight: String?
  /// The columns that are conditions, each a field of its own name.
  public let conditions: [TableColumn]

  /// What these columns are.
  ///
  /// - Precondition: At least one column of "x", all of different names; a label is a category.
  public init(
    columns: [TableColumn], mayMiss: Bool = false, label: TableColumn? = nil,
    weight: String? = nil, conditions: [TableColumn] = []
  ) {
    precondition(!columns.isEmpty, "a table without columns")
    precondition(
      Set(columns.map(\.name)).count == columns.count, "two columns of one name in a table")
    precondition((label?.kind ?? .category) == .category, "a label is a category")
    self.columns = columns
    self.mayMiss = mayMiss
    self.label = label
    self.weight = weight
    self.conditions = conditions
  }

  /// The names of the fields that are no conditions.
  static let ownFields = ["x", "mask", "label", "weight"]

  /// How many numbers "x" has.
  public var width: Int { columns.reduce(0) { $0 + $1.width } }

  /// Where the numbers of each column stand in "x".
  public var ranges: [Range<Int>] {
    var start = 0
    return columns.map { column in
      defer { start += column.width }
      return start..<start + column.width
    }
  }

  /// What the numbers of "x" are: binary or counts where all columns are, else real.
  public var kind: DataField.Kind {
    if columns.allSatisfy({ $0.kind == .binary }) { return .binary }
    return columns.allSatisfy { $0.kind == .count } ? .count : .real
  }

  /// The names of the numbers of "x" `[width]`: of a column, or "colour=red" of a level.
  public var names: [String] {
    columns.flatMap { column in
      column.kind == .category ? column.levels.map { "\(column.name)=\($0)" } : [column.name]
    }
  }

  /// log(scale) of each number of "x" `[width]`, in nats. A log-density of standardised numbers
  /// minus the sum of these over the observed ones is that of the numbers as the file has them,
  /// because p(v) = p(x) |dx/dv| with x = (v - shift) / scale.
  public var logScales: [Double] {
    columns.flatMap { column in
      [Double](repeating: log(column.scale), count: column.width)
    }
  }
}

// MARK: Back to cells

extension TableSchema {
  /// A row of "x" as cells of text, one for each column.
  ///
  /// Reals are on the file's own scale, in the fewest digits that tell them from their neighbours;
  /// a category or binary column is the text of its likeliest level.
  ///
  /// - Parameters:
  ///   - row: `[width]` numbers: data, or means of a model, probabilities of the levels for
  ///     instance.
  ///   - isSingle: Whether the numbers were computed in single precision, whose digits are fewer.
  ///   - roundingCounts: Whether a count is rounded to a whole number.
  ///   - isObserved: Of a number of "x"; the cell of a column without an observed number is empty.
  /// - Returns: As many cells as there are columns.
  public func cells(
    of row: [Double], isSingle: Bool = false, roundingCounts: Bool = false,
    where isObserved: (Int) -> Bool = { _ in true }
  ) -> [String] {
    precondition(row.count == width, "\(row.count) numbers for \(width) of a table's row")
    // The digits of a single number, unless they are too few beside a shift that is large.
    func text(_ value: Double, unit: Double = 0) -> String {
      let single = Float(value)
      let isNear = (Double(single) - value).magnitude <= max(unit, value.magnitude * 1e-8) * 1e-6
      return isSingle && (unit == 0 || isNear) ? "\(single)" : "\(value)"
    }
    return zip(columns, ranges).map { column, range in
      guard range.contains(where: isObserved) else { return "" }
      let value = row[range.lowerBound]
      switch column.kind {
      case .real: return text(value * column.scale + column.shift, unit: column.scale)
      case .count:
        let count = roundingCounts ? max(value.rounded(), 0) : value
        guard count.rounded() == count, count.magnitude < 1e15 else { return text(count) }
        return "\(Int(count))"
      case .binary: return column.levels[value >= 0.5 ? 1 : 0]
      case .category:
        let likeliest = range.max { row[$0] < row[$1] } ?? range.lowerBound
        return column.levels[likeliest - range.lowerBound]
      }
    }
  }
}

// MARK: In files

extension TableSchema {
  /// The schema as JSON:
  /// `{"columns":[...],"missing":true,"label":{...},"weight":"w","conditions":[]}`, each column as
  /// ``TableColumn/json``; what there is not is left out.
  public var json: JSONValue {
    var json: JSONValue = ["columns": .array(columns.map(\.json)), "missing": JSONValue(mayMiss)]
    json["label"] = label?.json
    json["weight"] = weight.map { JSONValue($0) }
    if !conditions.isEmpty { json["conditions"] = .array(conditions.map(\.json)) }
    return json
  }

  /// The schema that ``json`` describes; keys that this version does not know are ignored.
  ///
  /// - Throws: ``TableSchemaError``.
  public init(json: JSONValue) throws {
    let columns = try (json["columns"]?.arrayValue ?? []).map { try TableColumn(json: $0) }
    let conditions = try (json["conditions"]?.arrayValue ?? []).map { try TableColumn(json: $0) }
    let label = try json["label"].map { try TableColumn(json: $0) }
    guard !columns.isEmpty, Set(columns.map(\.name)).count == columns.count else {
      throw TableSchemaError(problem: "it names no column, or one twice")
    }
    guard (label?.kind ?? .category) == .category else {
      throw TableSchemaError(problem: "its label is no category")
    }
    let names = conditions.map(\.name)
    guard Set(names + Self.ownFields).count == names.count + Self.ownFields.count else {
      throw TableSchemaError(problem: "it names a condition twice, or as another field is named")
    }
    self.init(
      columns: columns, mayMiss: json["missing"]?.boolValue ?? false, label: label,
      weight: json["weight"]?.stringValue, conditions: conditions)
  }
}
