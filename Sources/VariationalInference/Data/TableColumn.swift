// SPDX-License-Identifier: Apache-2.0

public import Formats

/// A column of a table: its name, what its cells are, and how they become numbers of "x".
///
/// | kind | cell | numbers of "x" |
/// | --- | --- | --- |
/// | real | a number v | (v - shift) / scale |
/// | count | a whole number of at least 0 | itself |
/// | binary | one of two texts | 0 for the first of ``levels``, 1 for the second |
/// | category | one of the texts of ``levels`` | a 1 at the level's place, 0 elsewhere |
public struct TableColumn: Sendable, Equatable {
  /// What the cells of a column are, which decides which likelihoods are densities of them.
  public enum Kind: String, Sendable, CaseIterable {
    /// Any number.
    case real
    /// A whole number of at least 0.
    case count
    /// One of two.
    case binary
    /// One of several.
    case category
  }

  /// The name in the header.
  public let name: String
  /// What the cells are.
  public let kind: Kind
  /// What is subtracted from a real, in the units of the file; 0 for other kinds.
  public let shift: Double
  /// What a real is divided by then, in the units of the file; 1 for other kinds.
  public let scale: Double
  /// The texts of the levels of a category or binary column, in order; empty for other kinds.
  public let levels: [String]

  /// A column.
  ///
  /// - Parameters:
  ///   - name: The name in the header.
  ///   - kind: What the cells are.
  ///   - shift: What is subtracted from a real.
  ///   - scale: What a real is divided by then.
  ///   - levels: The texts of a category or binary column, all different.
  /// - Precondition: `scale` is above 0 and finite, `shift` finite, both 0 and 1 but for reals; two
  ///   levels of a binary column, at least one of a category, none of others.
  public init(
    _ name: String, _ kind: Kind, shift: Double = 0, scale: Double = 1, levels: [String] = []
  ) {
    let problem = Self.problem(kind, shift, scale, levels)
    precondition(problem == nil, "the \(kind.rawValue) column '\(name)' has \(problem ?? "")")
    self.name = name
    self.kind = kind
    self.shift = shift
    self.scale = scale
    self.levels = levels
  }

  /// How many numbers of "x" the column is: 1, or the number of levels of a category.
  public var width: Int { kind == .category ? levels.count : 1 }

  /// What is wrong with the parts of a column.
  private static func problem(
    _ kind: Kind, _ shift: Double, _ scale: Double, _ levels: [String]
  ) -> String? {
    if !shift.isFinite || !scale.isFinite || scale <= 0 { return "shift \(shift), scale \(scale)" }
    if kind != .real, shift != 0 || scale != 1 { return "shift \(shift), scale \(scale)" }
    let isRight =
      switch kind {
      case .real, .count: levels.isEmpty
      case .binary: levels.count == 2
      case .category: levels.count >= 1
      }
    if !isRight || Set(levels).count != levels.count { return "the levels \(levels)" }
    return nil
  }

  /// The place of a level among ``levels``: of the same text, else of the same number ("1" and
  /// "1.0").
  func level(_ text: String) -> Int? {
    if let place = levels.firstIndex(of: text) { return place }
    guard let number = Double(text) else { return nil }
    return levels.firstIndex { Double($0) == number }
  }
}

// MARK: In files

extension TableColumn {
  /// The column as JSON: `{"name":"age","kind":"real","shift":41.5,"scale":12.25}`, with "levels"
  /// for a category or binary column.
  public var json: JSONValue {
    var json: JSONValue = ["name": JSONValue(name), "kind": JSONValue(kind.rawValue)]
    if kind == .real {
      json["shift"] = JSONValue(shift)
      json["scale"] = JSONValue(scale)
    }
    if !levels.isEmpty { json["levels"] = .array(levels.map { JSONValue($0) }) }
    return json
  }

  /// The column that ``json`` describes.
  ///
  /// - Throws: ``TableSchemaError``.
  public init(json: JSONValue) throws {
    guard let name = json["name"]?.stringValue, !name.isEmpty else {
      throw TableSchemaError(problem: "a column has no name")
    }
    guard let kind = json["kind"]?.stringValue.flatMap(Kind.init) else {
      let kinds = Kind.allCases.map(\.rawValue).joined(separator: ", ")
      throw TableSchemaError(
        problem: "column '\(name.shown())' has the kind \(json["kind"]?.compact.shown() ?? "none")"
          + " where one of \(kinds) is expected")
    }
    let shift = json["shift"] ?? 0, scale = json["scale"] ?? 1
    let levels = json["levels"]?.arrayValue ?? []
    let texts = levels.compactMap(\.stringValue)
    guard let shift = shift.doubleValue, let scale = scale.doubleValue, texts.count == levels.count,
      Self.problem(kind, shift, scale, texts) == nil
    else {
      throw TableSchemaError(
        problem:
          "the \(kind.rawValue) column '\(name.shown())' has a shift, scale or levels that no"
          + " such column has")
    }
    self.init(name, kind, shift: shift, scale: scale, levels: texts)
  }
}

/// The description of a table's columns, as a model file holds it, is damaged.
public struct TableSchemaError: Error, Sendable, Equatable, CustomStringConvertible {
  /// What is wrong.
  public let problem: String

  /// One sentence, without a full stop.
  public var description: String {
    "the description of the table's columns is damaged (\(problem)); take an undamaged file"
  }
}
