// SPDX-License-Identifier: Apache-2.0

/// A table of draws as CmdStan writes them, which ArviZ and CmdStanPy read: comments, the names of
/// the columns, a line of numbers for each draw, comments.
///
/// Elements of an array are `theta.1`, `L.2.1`, the first index moving fastest. Columns of the method
/// end in two underscores and come first. Numbers have the fewest digits that read back as the same
/// number; those that are not finite are `nan`, `inf` and `-inf`.
///
/// - Source: CmdStan User's Guide, appendix "Stan CSV File Format".
package struct StanCSV: Sendable {
  /// Lines before the table, without their `#`.
  package var header: [String]
  /// The names of the columns.
  package var names: [String]
  /// The numbers of each column, as many in all.
  package var columns: [[Double]]
  /// Lines after the table, without their `#`.
  package var footer: [String]

  /// - Precondition: As many names as columns, and columns of the same length.
  package init(
    header: [String], names: [String], columns: [[Double]], footer: [String] = []
  ) {
    precondition(
      names.count == columns.count, "\(names.count) names for \(columns.count) columns")
    for (name, column) in zip(names, columns) {
      precondition(
        column.count == columns[0].count,
        "\(column.count) draws of \(name), \(columns[0].count) of \(names[0])")
    }
    (self.header, self.names, self.columns, self.footer) = (header, names, columns, footer)
  }

  /// The names of a value's elements, and where each is in row-major order.
  ///
  /// What would end a name or begin an index for a reader (`.`, `,`, `:`, brackets, quotes, line
  /// ends) becomes `_`.
  ///
  /// - Parameters:
  ///   - name: Of the whole value.
  ///   - shape: Of the value; none for a number.
  /// - Returns: One for each element; of a matrix down the columns.
  package static func elements(
    of name: String, shape: [Int]
  ) -> [(name: String, place: Int)] {
    let breaking: Set<Character> = [".", ",", ":", "[", "]", "\"", "\n", "\r"]
    let whole = String(name.map { breaking.contains($0) ? "_" : $0 })
    // The last axis moves slowest, so it is the outermost loop.
    return shape.indices.reversed().reduce([(name: "", place: 0)]) { found, axis in
      let step = shape[(axis + 1)...].reduce(1, *)
      return found.flatMap { rest in
        (0..<shape[axis]).map { (".\($0 + 1)" + rest.name, rest.place + $0 * step) }
      }
    }.map { (whole + $0.name, $0.place) }
  }

  /// The file as UTF-8.
  package func encoded() -> [UInt8] {
    let rows = columns.first?.count ?? 0
    var bytes: [UInt8] = []
    bytes.reserveCapacity(24 * columns.count * (rows + 1))
    func add(_ lines: [String]) {
      for line in lines {
        bytes += "# \(line.split(whereSeparator: \.isNewline).joined(separator: " "))\n".utf8
      }
    }
    add(header)
    bytes += (names.joined(separator: ",") + "\n").utf8
    for row in 0..<rows {
      for (index, column) in columns.enumerated() {
        if index > 0 { bytes.append(UInt8(ascii: ",")) }
        bytes += Self.text(column[row]).utf8
      }
      bytes.append(UInt8(ascii: "\n"))
    }
    add(footer)
    return bytes
  }

  /// A number as CmdStan writes it.
  package static func text(_ number: Double) -> String {
    number.isNaN ? "nan" : number.description
  }
}
