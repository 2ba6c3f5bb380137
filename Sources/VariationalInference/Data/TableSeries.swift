// SPDX-License-Identifier: Apache-2.0

/// A column of a table with the value of each row: a number as the file has it, the place of a
/// level, or not a number where the cell is missing.
struct TableSeries: Sendable, Equatable {
  /// What the column is; its shift and scale are those that data sets take.
  var column: TableColumn
  /// One for each row.
  var values: [Double]

  /// The row of the first missing cell, from 0.
  var firstMissing: Int? { values.firstIndex(where: \.isNaN) }

  /// Those of some rows.
  func selecting(_ rows: [Int]) -> TableSeries {
    TableSeries(column: column, values: rows.map { values[$0] })
  }

  /// The column with shift and scale such that the observed numbers of some rows have mean 0 and
  /// variance 1 (the sum of squares divided by their number); a constant column has scale 1, and
  /// other kinds than reals are as they are. Nil where none of the rows is observed.
  func standardised(on rows: [Int]) -> TableColumn? {
    let observed = rows.map { values[$0] }.filter { !$0.isNaN }
    guard !observed.isEmpty else { return nil }
    guard column.kind == .real else { return column }
    // Each is divided before it is added, as a sum could overflow; the second pass adds what
    // rounding lost.
    let count = Double(observed.count)
    let rough = observed.reduce(0) { $0 + $1 / count }
    let mean = observed.reduce(rough) { $0 + ($1 - rough) / count }
    let largest = observed.reduce(0) { max($0, ($1 - mean).magnitude) }
    guard observed.contains(where: { $0 != observed[0] }), largest > 0, largest.isFinite else {
      return TableColumn(column.name, .real, shift: observed[0])
    }
    let square = observed.reduce(0) { sum, value in
      let part = (value - mean) / largest
      return sum + part * part / count
    }
    let scale = largest * square.squareRoot()
    return TableColumn(
      column.name, .real, shift: mean, scale: scale.isNormal ? scale : 1)
  }

  /// Writes the numbers of "x" of some rows, `stride` apart, from `start` on, and 1 in `mask` where
  /// they are observed; both hold zeros before.
  func write(
    _ rows: [Int], from start: Int, stride: Int, as column: TableColumn, to x: inout [Double],
    mask: inout [UInt8]
  ) {
    let width = column.width
    var place = start
    for row in rows {
      defer { place += stride }
      let value = values[row]
      if value.isNaN { continue }
      if column.kind == .category {
        x[place + Int(value)] = 1
      } else {
        x[place] = (value - column.shift) / column.scale
      }
      if !mask.isEmpty { for index in place..<place + width { mask[index] = 1 } }
    }
  }
}
