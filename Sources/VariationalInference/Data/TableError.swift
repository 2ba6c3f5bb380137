// SPDX-License-Identifier: Apache-2.0

internal import Formats

/// A table whose columns or cells are not what is asked of them: which file, row and column, what
/// was found, what was expected, what to do.
///
/// `description` is one sentence for the user; the wording of all of them is in this file. Rows are
/// counted from 1, the header not among them.
public struct TableError: Error, Equatable, Sendable {
  /// The path of the file.
  public let path: String
  /// What is wrong.
  public let fault: TableFault

  /// A fault of the table at `path`.
  public init(path: String, _ fault: TableFault) {
    self.path = path
    self.fault = fault
  }
}

/// What may be wrong with a table that is well written.
public enum TableFault: Equatable, Sendable {
  /// There is a header but no row.
  case noRows
  /// No column is left to be data.
  case noColumns
  /// A column that is asked for is not there; `there` are those that are.
  case unknownColumn(String, there: [String])
  /// Columns that a model's schema names are not there.
  case columnsMissing([String], there: [String])
  /// A column is to be two things.
  case usedTwice(String, String, String)
  /// A condition has the name of a field that every data set may have.
  case reservedName(String)
  /// A cell is not UTF-8.
  case notText(row: Int, column: String)
  /// A cell is no number.
  case notNumber(row: Int, column: String, found: String)
  /// A cell is no whole number of at least 0.
  case notCount(row: Int, column: String, found: String)
  /// A number is infinite.
  case infinite(row: Int, column: String, found: String)
  /// All cells of a column are missing, in the file or in its training part.
  case nothingObserved(column: String, inTraining: Bool)
  /// More texts than a category may have; the row and the text of the first that is no number.
  case tooManyLevels(column: String, limit: Int, row: Int, found: String)
  /// A column that is to be binary has another number of values than two; the first of them.
  case notTwoLevels(column: String, found: [String])
  /// A text that the levels of a column do not have.
  case unknownLevel(row: Int, column: String, found: String, known: [String])
  /// A label, weight or condition is missing.
  case missingCell(row: Int, column: String, role: String)
  /// A weight is below 0.
  case negativeWeight(row: Int, column: String, found: Double)
  /// All weights are 0.
  case noWeight(column: String)
  /// A file of labels or weights is no single column.
  case notOneColumn(role: String, found: String)
  /// A file of labels or weights has another number of them than the table has rows.
  case otherCount(role: String, found: Int, table: String, rows: Int)
}

extension TableError: CustomStringConvertible {
  /// One sentence, without a full stop.
  public var description: String { "'\(path)' \(fault)" }
}

extension TableFault: CustomStringConvertible {
  /// What follows the name of the file in the sentence.
  public var description: String { columnSentence ?? cellSentence }

  private var columnSentence: String? {
    switch self {
    case .noRows: "has a header but no row; at least one is needed"
    case .noColumns:
      "has no column left that is data; name some with --columns, or fewer as label, weight or"
        + " condition"
    case .unknownColumn(let name, let there):
      "has no column '\(name.shown())'"
        + (nearest(to: name, among: there).map { "; the nearest is '\($0.shown())'" } ?? "")
        + "; there are: \(shownList(there, limit: 30))"
    case .columnsMissing(let names, let there):
      "lacks \(names.count == 1 ? "the column" : "the columns") \(shownList(names)), which the"
        + " model reads; there are: \(shownList(there, limit: 30)); add what is missing, if need be"
        + " with empty cells"
    case .usedTwice(let name, let first, let second):
      "has its column '\(name.shown())' asked for as \(first) and as \(second); choose one"
    case .reservedName(let name):
      "has a column '\(name.shown())' that cannot be a condition, as the data have another field of"
        + " that name; rename the column"
    case .nothingObserved(let column, let inTraining):
      "has no value in column '\(column.shown())'"
        + (inTraining ? " among its training rows" : "; all its cells are missing")
        + "; leave it out: name the other columns with --columns"
    case .tooManyLevels(let column, let limit, let row, let found):
      "has more than \(limit) different texts in column '\(column.shown())', the first"
        + " '\(found.shown())' in row \(row), where a category has at most \(limit); mend the cell"
        + " if the others are numbers, or leave the column out: name the others with --columns"
    case .notTwoLevels(let column, let found):
      "has other values in column '\(column.shown())' than the two of a binary column"
        + " (\(shownList(found, limit: 3))); choose another kind with --kinds"
    case .noWeight(let column):
      "gives every row the weight 0 in column '\(column.shown())'; at least one has to count"
    case .notOneColumn(let role, let found):
      "holds \(found) where one column of \(role)s is expected; write a file of one column"
    case .otherCount(let role, let found, let table, let rows):
      "holds \(found.counted("\(role)")) where '\(table)' has \(rows.counted("row"));"
        + " take both from the same data"
    default: nil
    }
  }

  private var cellSentence: String {
    switch self {
    case .notText(let row, let column):
      "holds bytes in \(place(row, column)) that are not UTF-8 text; save it as UTF-8"
    case .notNumber(let row, let column, let found):
      "holds '\(found.shown())' in \(place(row, column)) where a number is expected; mend the cell,"
        + " leave it empty if it is missing, or make the column a category with --kinds"
    case .notCount(let row, let column, let found):
      "holds \(found.shown()) in \(place(row, column)) where a count, a whole number of at least 0,"
        + " is expected; mend the cell, or make the column real with --kinds"
    case .infinite(let row, let column, let found):
      "holds '\(found.shown())' in \(place(row, column)), which is infinite as a number; mend the"
        + " cell, or leave it empty if it is missing"
    case .unknownLevel(let row, let column, let found, let known):
      "holds '\(found.shown())' in \(place(row, column)) where one of"
        + " \(shownList(known, limit: 10))"
        + " is expected; mend the cell, leave it empty if it is missing, or train on data that have"
        + " this level"
    case .missingCell(let row, let column, let role):
      "has no \(role) in \(place(row, column)), where every row needs one; fill the cell or leave"
        + " the row out"
    case .negativeWeight(let row, let column, let found):
      "holds \(found) in \(place(row, column)) where a weight of at least 0 is expected; mend the"
        + " cell"
    default: ""
    }
  }

  private func place(_ row: Int, _ column: String) -> String {
    "row \(row) of column '\(column.shown())'"
  }
}

/// The name that becomes the text by the fewest letters replaced, added or left out (Levenshtein's
/// distance), where these are at most a third of its letters.
private func nearest(to text: String, among names: [String]) -> String? {
  let wanted = Array(text.lowercased())
  func distance(_ name: String) -> Int {
    let name = Array(name.lowercased())
    var row = Array(0...name.count)
    for (i, letter) in wanted.enumerated() {
      var diagonal = row[0]
      row[0] = i + 1
      for (j, other) in name.enumerated() {
        let replaced = diagonal + (letter == other ? 0 : 1)
        diagonal = row[j + 1]
        row[j + 1] = min(replaced, row[j] + 1, diagonal + 1)
      }
    }
    return row[name.count]
  }
  let nearest = names.map { ($0, distance($0)) }.min { $0.1 < $1.1 }
  return nearest.flatMap { $0.1 <= max(1, wanted.count / 3) ? $0.0 : nil }
}
