// SPDX-License-Identifier: Apache-2.0

internal import Formats

/// Labels or weights in a file of their own: a table of one column, or an array `[count]` of NumPy.
struct OneColumnFile {
  private let path: String
  private let role: String

  /// The file at `path`, of the `role` "label" or "weight".
  init(_ path: String, role: String) {
    self.path = path
    self.role = role
  }

  /// A label for each row of a table.
  func label(rows: Int, of table: String, known: TableColumn?) throws -> TableSeries {
    let series = try read(known.map { .known($0) } ?? .label, rows, table)
    try series.checkComplete(role, path)
    return series
  }

  /// A weight for each row of a table.
  func weight(rows: Int, of table: String) throws -> TableSeries {
    let series = try read(.kind(.real), rows, table)
    try series.checkWeights(path)
    return series
  }

  private func read(
    _ aim: CellReader.Aim, _ rows: Int, _ table: String
  ) throws -> TableSeries {
    let isArray = path.lowercased().hasSuffix(".npy")
    let reader = isArray ? try readArray(aim) : try readTable(aim)
    guard reader.values.count == rows else {
      throw TableError(
        path: path,
        .otherCount(role: role, found: reader.values.count, table: table, rows: rows))
    }
    return try reader.series()
  }

  private func readTable(_ aim: CellReader.Aim) throws -> CellReader {
    let text = try DelimitedText(path)
    guard text.columns.count == 1 else {
      throw TableError(
        path: path, .notOneColumn(role: role, found: text.columns.count.counted("column")))
    }
    let reader = CellReader(
      text.columns[0], aim, path: path, decimalComma: text.separator == .semicolon)
    repeat {
      var row = 0
      try text.forEachRow { cells, _ in
        row += 1
        try reader.add(cells[0], row: row)
      }
    } while reader.startsAgain()
    return reader
  }

  private func readArray(_ aim: CellReader.Aim) throws -> CellReader {
    let array = try NPY.read(path)
    guard array.shape.count == 1 || array.shape.count == 2 && array.shape[1] == 1 else {
      let shape = array.shape.map(String.init).joined(separator: " x ")
      throw TableError(path: path, .notOneColumn(role: role, found: "an array of \(shape)"))
    }
    let numbers = array.elements.doubles
    let reader = CellReader(role, aim, path: path, decimalComma: false)
    for (index, number) in numbers.enumerated() {
      let text = Int(exactly: number).map(String.init) ?? "\(number)"
      try Array(text.utf8).withUnsafeBufferPointer { try reader.add($0, row: index + 1) }
    }
    return reader
  }
}
