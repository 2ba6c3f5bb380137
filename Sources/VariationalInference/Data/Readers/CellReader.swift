// SPDX-License-Identifier: Apache-2.0

internal import Formats

/// Gathers the cells of one column of a table, and tells what they are.
///
/// They are numbers until one is none; the column is then of texts, and gathered again from the
/// start.
final class CellReader {
  /// What the column is to be.
  enum Aim: Equatable {
    /// What its cells tell.
    case told
    /// Of a kind, whose levels are still to be found.
    case kind(TableColumn.Kind)
    /// A label, a category of many levels.
    case label
    /// A column that is known with its levels; another level is an error, or counts as missing.
    case known(TableColumn, orMissing: Bool = false)
  }

  private enum State {
    case numbers
    /// Texts were found among numbers: the rest waits for the second time.
    case waiting
    case texts
  }

  let name: String
  let aim: Aim
  let path: String
  private let decimalComma: Bool
  private var state: State
  /// One for each row; of texts the places of their levels as they came.
  private(set) var values: [Double] = []
  /// The first cell that is no number.
  private var firstText: (row: Int, text: String)?

  /// Whether all numbers were written without decimal point and exponent.
  private(set) var areWrittenWhole = true
  /// The first different numbers, at most three, with their texts.
  private(set) var distinct: [(value: Double, text: String)] = []

  /// Texts as they came, or those that are known.
  private(set) var levels: [String]
  private var places: [String: Int]

  /// How many levels a category may have.
  static let levelLimit = 100
  /// How many levels a label may have.
  static let labelLimit = 1000

  init(_ name: String, _ aim: Aim, path: String, decimalComma: Bool) {
    self.name = name
    self.aim = aim
    self.path = path
    self.decimalComma = decimalComma
    levels = []
    switch aim {
    case .told, .kind(.real), .kind(.count), .kind(.binary): state = .numbers
    case .kind(.category), .label: state = .texts
    case .known(let column, _):
      state = column.levels.isEmpty ? .numbers : .texts
      levels = column.levels
    }
    places = Dictionary(uniqueKeysWithValues: levels.enumerated().map { ($1, $0) })
  }

  /// Whether the values are places of levels.
  var isOfTexts: Bool { state != .numbers }

  /// Whether the rows have to be gone through once more; the next is then the first.
  func startsAgain() -> Bool {
    guard state == .waiting else { return false }
    state = .texts
    values.removeAll(keepingCapacity: true)
    return true
  }

  /// The next cell; rows are counted from 1.
  func add(_ cell: UnsafeBufferPointer<UInt8>, row: Int) throws {
    if state == .waiting { return }
    let cell = cell.trimmed
    if Self.isMissing(cell) {
      values.append(.nan)
    } else if state == .texts {
      values.append(try place(of: text(cell, row), row).map(Double.init) ?? .nan)
    } else if let (value, isWhole) = DecimalText.parse(cell, decimalComma: decimalComma) {
      try add(value, isWhole, cell, row)
    } else {
      try endNumbers(text(cell, row), row)
    }
  }

  private func text(_ cell: UnsafeBufferPointer<UInt8>, _ row: Int) throws -> String {
    guard let text = String(validating: cell, as: UTF8.self) else {
      throw fault(.notText(row: row, column: name))
    }
    return text
  }

  private func add(
    _ value: Double, _ isWhole: Bool, _ cell: UnsafeBufferPointer<UInt8>, _ row: Int
  ) throws {
    guard value.isFinite else {
      throw fault(.infinite(row: row, column: name, found: try text(cell, row)))
    }
    if isCount, value < 0 || value.rounded() != value {
      throw fault(.notCount(row: row, column: name, found: try text(cell, row)))
    }
    areWrittenWhole = areWrittenWhole && isWhole
    if distinct.count < 3, !distinct.contains(where: { $0.value == value }) {
      distinct.append((value, try text(cell, row)))
    }
    values.append(value)
  }

  private var isCount: Bool {
    switch aim {
    case .kind(.count): true
    case .known(let column, _): column.kind == .count
    default: false
    }
  }

  /// A text among numbers.
  private func endNumbers(_ text: String, _ row: Int) throws {
    switch aim {
    case .told, .kind(.binary):
      (state, firstText) = (.waiting, (row, text))
    default: throw fault(.notNumber(row: row, column: name, found: text))
    }
  }

  private func place(of text: String, _ row: Int) throws -> Int? {
    if let place = places[text] { return place }
    if case .known(let column, let orMissing) = aim {
      guard let place = column.level(text) else {
        if orMissing { return nil }
        throw fault(.unknownLevel(row: row, column: name, found: text, known: levels))
      }
      places[text] = place
      return place
    }
    let limit = aim == .label ? Self.labelLimit : Self.levelLimit
    guard levels.count < limit else {
      let first = firstText ?? (row, text)
      throw fault(
        .tooManyLevels(column: name, limit: limit, row: first.row, found: first.text))
    }
    places[text] = levels.count
    levels.append(text)
    return levels.count - 1
  }

  func fault(_ fault: TableFault) -> TableError { TableError(path: path, fault) }

  /// Whether a cell says that nothing was observed.
  private static func isMissing(_ cell: UnsafeBufferPointer<UInt8>) -> Bool {
    guard let first = cell.first else { return true }
    // No such text begins as a number does, or is longer.
    if cell.count > 4 || first <= 0x39 && first != UInt8(ascii: "#") { return false }
    return missing.contains(String(decoding: cell, as: UTF8.self))
  }

  private static let missing: Set = [
    "NA", "N/A", "n/a", "#N/A", "<NA>", "NaN", "nan", "NULL", "null", "None", "?",
  ]
}
