// SPDX-License-Identifier: Apache-2.0

package import Formats
internal import Tensors

/// Rows of a table of which some cells are missing, and what is done with the gaps.
package struct GapTable: Sendable {
  /// The rows, with the fields "x" and "mask".
  package let data: ArrayDataset
  /// What the columns are.
  package let table: TableSchema
  /// "x", `[count, width]`.
  private let numbers: [Double]
  /// "mask", `[count, width]`: 1 where a number was observed.
  private let observed: [Double]
  /// What was observed, as its file has it.
  private let rows: RowsRead

  /// A cell, by row and column.
  package struct Cell: Sendable, Equatable {
    let row: Int
    let column: Int
  }

  /// Rows of a table; nil where the data have no mask, or another width than the table.
  package init?(_ rows: RowsRead, _ table: TableSchema) {
    guard let arrays = rows.data as? ArrayDataset, arrays.field("mask") != nil,
      arrays.field("x")?.width == table.width
    else { return nil }
    (self.rows, self.data, self.table) = (rows, arrays, table)
    (numbers, observed) = (arrays.numbers(of: "x"), arrays.numbers(of: "mask"))
  }

  /// The number of rows.
  package var count: Int { data.count }

  /// How many cells are missing.
  package var missingCells: Int {
    (0..<count).reduce(0) { sum, row in
      sum + table.ranges.count { observed[row * table.width + $0.lowerBound] == 0 }
    }
  }

  /// The table with numbers `[count, width]` in the gaps, and all else as its file has it, the columns
  /// beside x too.
  ///
  /// - Throws: An error that names the file, where it cannot be read again.
  package func filled(with values: [Double], roundingCounts: Bool) throws -> CSV {
    let width = table.width
    let file = try rows.cells()
    let places = table.columns.map { column in file?.columns.firstIndex(of: column.name) }
    return CSV(
      columns: file?.columns ?? table.columns.map(\.name),
      rows: (0..<count).map { row in
        let own = row * width..<(row + 1) * width
        let chosen = own.map { observed[$0] == 0 ? values[$0] : numbers[$0] }
        let cells = table.cells(of: chosen, isSingle: true, roundingCounts: roundingCounts)
        guard var all = file?.rows[row] else { return cells }
        for (index, range) in table.ranges.enumerated() {
          guard let place = places[index], observed[own.lowerBound + range.lowerBound] == 0 else {
            continue
          }
          all[place] = cells[index]
        }
        return all
      })
  }

  /// Standard deviations `[count, width]` of what is missing, in the units of the file; of a category that
  /// of its likeliest level's indicator. Empty where a cell was observed.
  package func deviations(_ values: [Double]) -> CSV {
    let width = table.width
    return CSV(
      columns: table.columns.map(\.name),
      rows: (0..<count).map { row in
        zip(table.columns, table.ranges).map { column, range in
          let own = range.map { row * width + $0 }
          if observed[own[0]] != 0 { return "" }
          return "\(Float((own.map { values[$0] }.max() ?? 0) * column.scale))"
        }
      })
  }

  /// The same rows with a share of the observed cells hidden, at random but in no row all of them.
  package func hiding(_ share: Double, seed: UInt64) -> (table: GapTable, cells: [Cell]) {
    var generator = CounterGenerator(
      seed: seed, stream: GeneratorPurpose.imputation.stream((1 << 48) - 1))
    var (mask, cells) = (observed, [Cell]())
    let width = table.width
    for row in 0..<count {
      var left = table.ranges.count { observed[row * width + $0.lowerBound] != 0 }
      for (column, range) in table.ranges.enumerated() {
        let isHidden = Double.random(in: 0..<1, using: &generator) < share
        guard isHidden, left > 1, observed[row * width + range.lowerBound] != 0 else { continue }
        for index in range { mask[row * width + index] = 0 }
        cells.append(Cell(row: row, column: column))
        left -= 1
      }
    }
    let columns = data.columns.map { column in
      column.field.name == "mask" ? DataColumn(column.field, mask) : column
    }
    return (
      GapTable(
        data: ArrayDataset(name: data.name, split: data.split, columns: columns), table: table,
        numbers: numbers, observed: mask, rows: rows),
      cells
    )
  }

  private init(
    data: ArrayDataset, table: TableSchema, numbers: [Double], observed: [Double], rows: RowsRead
  ) {
    (self.data, self.table, self.rows) = (data, table, rows)
    (self.numbers, self.observed) = (numbers, observed)
  }

  /// How far numbers are from what stood in some cells, beside the error of guessing each column's mean, or
  /// its commonest level.
  package struct Errors: Sendable {
    /// An error of the model and of the guess, over so many cells.
    package struct Pair: Sendable {
      package let model: Double
      package let baseline: Double
      package let cells: Int
    }

    /// Of reals, in standard deviations of the training part: root of the mean square.
    package let rootMeanSquare: Pair?
    /// Of counts: mean absolute error.
    package let counts: Pair?
    /// Of binary and category columns: the share of cells that are right.
    package let levels: Pair?
  }

  /// - Parameters:
  ///   - values: What fills the cells, `[count, width]`.
  ///   - cells: Those that were hidden.
  /// - Returns: Errors by kind of column; nil where no cell is of that kind.
  package func errors(of values: [Double], _ cells: [Cell]) -> Errors {
    let width = table.width
    // What is left to guess from: the cells that were not hidden.
    var seen = observed
    for cell in cells {
      for index in table.ranges[cell.column] { seen[cell.row * width + index] = 0 }
    }
    let means = (0..<width).map { index -> Double in
      let rows = (0..<count).filter { seen[$0 * width + index] != 0 }
      return rows.reduce(0) { $0 + numbers[$1 * width + index] } / Double(max(rows.count, 1))
    }
    func level(_ numbers: (Int) -> Double, _ range: Range<Int>) -> Int {
      if range.count == 1 { return numbers(range.lowerBound) >= 0.5 ? 1 : 0 }
      return range.max { numbers($0) < numbers($1) } ?? range.lowerBound
    }
    func pair(
      _ kinds: Set<TableColumn.Kind>, _ cost: (Cell, Range<Int>, (Int) -> Double) -> Double
    ) -> Errors.Pair? {
      let own = cells.filter { kinds.contains(table.columns[$0.column].kind) }
      if own.isEmpty { return nil }
      func mean(_ guess: (Cell) -> (Int) -> Double) -> Double {
        own.reduce(0) { $0 + cost($1, table.ranges[$1.column], guess($1)) } / Double(own.count)
      }
      return Errors.Pair(
        model: mean { cell in { values[cell.row * width + $0] } },
        baseline: mean { _ in { means[$0] } }, cells: own.count)
    }
    func truth(_ cell: Cell, _ index: Int) -> Double { numbers[cell.row * width + index] }
    let squares = pair([.real]) { cell, range, guess in
      let error = guess(range.lowerBound) - truth(cell, range.lowerBound)
      return error * error
    }
    return Errors(
      rootMeanSquare: squares.map {
        .init(
          model: $0.model.squareRoot(), baseline: $0.baseline.squareRoot(), cells: $0.cells)
      },
      counts: pair([.count]) { cell, range, guess in
        (guess(range.lowerBound) - truth(cell, range.lowerBound)).magnitude
      },
      levels: pair([.binary, .category]) { cell, range, guess in
        level(guess, range) == level({ truth(cell, $0) }, range) ? 1 : 0
      })
  }
}

extension ArrayDataset {
  /// All numbers of a field, `[count, width]`.
  fileprivate func numbers(of name: String) -> [Double] {
    let column = columns.column(named: name)
    let size = count * column.field.width
    return [Double](unsafeUninitializedCapacity: size) { buffer, filled in
      let target = UnsafeMutableBufferPointer(rebasing: buffer[..<size])
      target.initialize(repeating: 0)
      column.write(Array(0..<count), to: target)
      filled = size
    }
  }
}
