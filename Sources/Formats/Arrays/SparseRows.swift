// SPDX-License-Identifier: Apache-2.0

/// A matrix most of whose numbers are zero, row by row (compressed sparse rows).
///
/// Row i has the numbers `values[rowStarts[i]..<rowStarts[i + 1]]` in the columns
/// `columns[rowStarts[i]..<rowStarts[i + 1]]`, which ascend; every other number is 0.
package struct SparseRows: Sendable, Equatable {
  /// Where each row begins among the values, and where the last ends: rows + 1 numbers.
  package let rowStarts: [Int]
  /// The column of each value, ascending within a row.
  package let columns: [Int32]
  /// The numbers that are stored.
  package let values: [Double]
  /// Rows and columns.
  package let shape: [Int]

  /// Numbers of rows that are known to be sound.
  private init(rowStarts: [Int], columns: [Int32], values: [Double], shape: [Int]) {
    self.rowStarts = rowStarts
    self.columns = columns
    self.values = values
    self.shape = shape
  }

  /// Numbers by row and column, in any order; those of one place are added.
  ///
  /// - Precondition: As many rows and columns as values, each within the shape.
  package init(rows: [Int32], columns: [Int32], values: [Double], shape: [Int]) {
    precondition(
      rows.count == values.count && columns.count == values.count,
      "\(rows.count) rows and \(columns.count) columns for \(values.count) numbers")
    var starts = [Int](repeating: 0, count: shape[0] + 1)
    for row in rows { starts[Int(row) + 1] += 1 }
    for row in 0..<shape[0] { starts[row + 1] += starts[row] }
    var order = [Int](repeating: 0, count: values.count)
    for place in rows.indices {
      order[starts[Int(rows[place])]] = place
      starts[Int(rows[place])] += 1
    }
    // Each row now begins where the one before it ends.
    var (rowStarts, sorted, sums) = ([0], [Int32](), [Double]())
    rowStarts.reserveCapacity(shape[0] + 1)
    sorted.reserveCapacity(values.count)
    sums.reserveCapacity(values.count)
    for row in 0..<shape[0] {
      let begin = sorted.count
      // Of one column in the order of the file, so that the sum does not depend on the sorting.
      for place in order[(row == 0 ? 0 : starts[row - 1])..<starts[row]].sorted(by: {
        (columns[$0], $0) < (columns[$1], $1)
      }) {
        if sorted.count > begin, sorted.last == columns[place] {
          sums[sums.count - 1] += values[place]
        } else {
          sorted.append(columns[place])
          sums.append(values[place])
        }
      }
      rowStarts.append(sorted.count)
    }
    self.init(rowStarts: rowStarts, columns: sorted, values: sums, shape: shape)
  }

  /// Some rows, in this order, also repeatedly.
  package func selecting(_ rows: [Int]) -> SparseRows {
    var (starts, columns, values) = ([0], [Int32](), [Double]())
    for row in rows {
      let range = rowStarts[row]..<rowStarts[row + 1]
      columns += self.columns[range]
      values += self.values[range]
      starts.append(columns.count)
    }
    return SparseRows(
      rowStarts: starts, columns: columns, values: values, shape: [rows.count, shape[1]])
  }

  /// The row and column of a stored number.
  package func position(of place: Int) -> (row: Int, column: Int) {
    // The last row that begins at or before it.
    var (low, high) = (0, shape[0])
    while high - low > 1 {
      let middle = (low + high) / 2
      if rowStarts[middle] <= place { low = middle } else { high = middle }
    }
    return (low, Int(columns[place]))
  }
}

extension SparseRows {
  /// Whether a file holds a matrix of SciPy's: it has a member "format", and "shape".
  package static func isStored(in file: NPZ) -> Bool {
    file.names.contains("format") && file.names.contains("shape")
  }

  /// The matrix that `scipy.sparse.save_npz` wrote, in its formats csr, csc and coo.
  ///
  /// - Throws: `FormatError` for another format, and where an index is not within the shape.
  package init(_ file: NPZ) throws {
    guard let shape = try file.array("shape").elements.wholeNumbers else {
      throw FormatError(
        path: file.path, .array("holds 'shape' that are no whole numbers; save the matrix again"))
    }
    try self.init(
      format: file.text("format") ?? "?", shape: shape, path: file.path, array: file.array)
  }

  /// The matrix of these arrays, "data" with "indptr" and "indices" or with "row" and "col".
  ///
  /// - Throws: `FormatError`.
  init(format: String, shape: [Int], path: String, array: (String) throws -> NPY) throws {
    func fault(_ words: String) -> FormatError { FormatError(path: path, .array(words)) }
    func whole(_ name: String) throws -> [Int] {
      guard let numbers = try array(name).elements.wholeNumbers else {
        throw fault("holds '\(name)' that are no whole numbers; save the matrix again")
      }
      return numbers
    }
    let values = try array("data").elements.doubles
    try SparseRows.check(shape, stored: values.count, path: path)
    func indices(_ name: String, below bound: Int) throws -> [Int32] {
      let numbers = try whole(name)
      guard numbers.count == values.count else {
        throw fault("holds \(numbers.count) '\(name)' for \(values.count) numbers; save it again")
      }
      if let place = numbers.firstIndex(where: { !(0..<bound).contains($0) }) {
        throw fault(
          "has the index \(numbers[place]) at place \(place) of '\(name)', where 0 to \(bound - 1) is"
            + " expected; save the matrix again")
      }
      return numbers.map { Int32($0) }
    }
    func starts(_ count: Int) throws -> [Int] {
      let starts = try whole("indptr")
      guard starts.count == count + 1, starts.first == 0, starts.last == values.count,
        zip(starts, starts.dropFirst()).allSatisfy({ $0 <= $1 })
      else {
        throw fault(
          "has an 'indptr' that does not ascend from 0 to its \(values.count) numbers in \(count + 1)"
            + " steps; save the matrix again")
      }
      return starts
    }
    func repeated(_ starts: [Int]) -> [Int32] {
      starts.indices.dropLast().flatMap {
        repeatElement(Int32($0), count: starts[$0 + 1] - starts[$0])
      }
    }
    switch format {
    case "csr":
      let (rowStarts, columns) = (try starts(shape[0]), try indices("indices", below: shape[1]))
      let isSorted = (0..<shape[0]).allSatisfy { row in
        (rowStarts[row]..<rowStarts[row + 1]).dropFirst().allSatisfy {
          columns[$0 - 1] < columns[$0]
        }
      }
      if isSorted {
        self.init(rowStarts: rowStarts, columns: columns, values: values, shape: shape)
      } else {
        self.init(rows: repeated(rowStarts), columns: columns, values: values, shape: shape)
      }
    case "csc":
      let (columnStarts, rows) = (try starts(shape[1]), try indices("indices", below: shape[0]))
      self.init(rows: rows, columns: repeated(columnStarts), values: values, shape: shape)
    case "coo":
      self.init(
        rows: try indices("row", below: shape[0]), columns: try indices("col", below: shape[1]),
        values: values, shape: shape)
    default:
      throw fault(
        "holds a sparse matrix of format '\(format.shown())' where csr, csc or coo is expected; save"
          + " matrix.tocsr()")
    }
  }

  /// Refuses a shape that is no matrix of some rows and columns, or has more rows than memory should
  /// be taken for on a header's word.
  static func check(_ shape: [Int], stored: Int, path: String) throws {
    // A row costs 16 bytes even if it is empty.
    let rowLimit = max(1 << 21, stored.multipliedReportingOverflow(by: 2).partialValue)
    guard shape.count == 2, shape.allSatisfy({ (1...Int(Int32.max)).contains($0) }),
      shape[0] <= rowLimit
    else {
      let words = shape.prefix(8).map(String.init).joined(separator: " x ")
      throw FormatError(
        path: path,
        .array(
          "says that its matrix is \(words), with \(stored) numbers stored; expected are rows and"
            + " columns, at least one of each and at most \(Int32.max), and not almost all rows empty"
        ))
    }
  }
}
