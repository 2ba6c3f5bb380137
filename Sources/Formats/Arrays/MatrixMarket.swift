// SPDX-License-Identifier: Apache-2.0

/// A matrix in the Matrix Market format: text, a number a line.
///
/// Read are "coordinate" and "array" of real, integer and pattern (each stored place is a 1) numbers,
/// general, symmetric and skew-symmetric, plain or packed by gzip.
///
/// - Source: Boisvert, Pozo and Remington, "The Matrix Market exchange formats", NISTIR 5935 (1996).
package enum MatrixMarket: Sendable, Equatable {
  /// Numbers by place.
  case sparse(SparseRows)
  /// All numbers, row by row.
  case dense(shape: [Int], [Double])

  /// The contents of one file, unpacked, may not exceed this many bytes.
  package static let sizeLimit = 16 << 30

  /// Reads the file at `path`.
  ///
  /// - Throws: `FileError` or `FormatError`, the latter with the line.
  package static func read(_ path: String) throws -> MatrixMarket {
    let bytes = try readFile(path, limit: sizeLimit)
    return try parse(
      Gzip.isGzip(bytes) ? Gzip.decompress(bytes, path: path, limit: sizeLimit) : bytes, path: path)
  }

  /// Reads the bytes of a whole, unpacked file.
  ///
  /// - Throws: `FormatError`.
  package static func parse(_ bytes: [UInt8], path: String) throws -> MatrixMarket {
    try bytes.withUnsafeBufferPointer { bytes in
      var reader = MatrixMarketReader(bytes, path: path)
      return try reader.matrix()
    }
  }
}

private struct MatrixMarketReader {
  private let bytes: UnsafeBufferPointer<UInt8>
  private let path: String
  private var position = 0
  private var line = 1

  init(_ bytes: UnsafeBufferPointer<UInt8>, path: String) {
    (self.bytes, self.path) = (bytes, path)
  }

  private func fault(_ words: String) -> FormatError {
    FormatError(path: path, .array("\(words) in line \(line)"))
  }

  mutating func matrix() throws -> MatrixMarket {
    let words = takeLine().split(separator: UInt8(ascii: " ")).map {
      String(decoding: $0, as: UTF8.self).lowercased()
    }
    guard words.count == 5, words[0] == "%%matrixmarket", words[1] == "matrix" else {
      throw fault(
        "does not begin as a Matrix Market file ('%%MatrixMarket matrix coordinate real general')")
    }
    guard ["coordinate", "array"].contains(words[2]),
      ["real", "double", "integer", "unsigned-integer", "pattern"].contains(words[3]),
      ["general", "symmetric", "skew-symmetric"].contains(words[4]),
      words[2] == "coordinate" || words[3] != "pattern"
    else {
      throw fault(
        "is '\(words[2...].joined(separator: " ").shown())' where coordinate or array, real, integer"
          + " or pattern, general, symmetric or skew-symmetric is expected; write it so")
    }
    line += 1
    while position < bytes.count, bytes[position] == UInt8(ascii: "%") {
      _ = takeLine()
      line += 1
    }
    let isSparse = words[2] == "coordinate"
    let sizes = try (0..<(isSparse ? 3 : 2)).map { _ in try whole() }
    try endLine()
    guard sizes[0] > 0, sizes[1] > 0, sizes.allSatisfy({ $0 >= 0 && $0 <= 1 << 40 }) else {
      throw fault("has sizes \(sizes) where at least one row and column are expected")
    }
    let isSquare = sizes[0] == sizes[1]
    guard words[4] == "general" || isSquare else {
      throw fault("is \(words[4]) but has \(sizes[0]) rows and \(sizes[1]) columns")
    }
    let mirror: Double? = words[4] == "general" ? nil : words[4] == "symmetric" ? 1 : -1
    return isSparse
      ? try coordinates(sizes, hasValues: words[3] != "pattern", mirror: mirror)
      : try array(sizes, mirror: mirror)
  }

  private mutating func coordinates(
    _ sizes: [Int], hasValues: Bool, mirror: Double?
  ) throws -> MatrixMarket {
    let (shape, stored) = (Array(sizes[..<2]), sizes[2])
    // Each stored number takes four bytes at least, "1 1\n", of which the last may lack one.
    guard stored <= (bytes.count + 1) / 4 else {
      throw FormatError(
        path: path,
        .array(
          "promises \(stored) numbers in \(bytes.count) bytes; it is truncated, so get it again"))
    }
    try SparseRows.check(shape, stored: stored, path: path)
    var (rows, columns, values) = ([Int32](), [Int32](), [Double]())
    let most = mirror == nil ? stored : 2 * stored
    rows.reserveCapacity(most)
    columns.reserveCapacity(most)
    values.reserveCapacity(most)
    for _ in 0..<stored {
      let (row, column) = (try whole(), try whole())
      guard (1...shape[0]).contains(row), (1...shape[1]).contains(column) else {
        throw fault("has the place (\(row), \(column)) in a matrix of \(shape[0]) x \(shape[1])")
      }
      let value = hasValues ? try number() : 1
      rows.append(Int32(row - 1))
      columns.append(Int32(column - 1))
      values.append(value)
      if let mirror, row != column {
        rows.append(Int32(column - 1))
        columns.append(Int32(row - 1))
        values.append(mirror * value)
      }
      try endLine()
    }
    try end()
    return .sparse(SparseRows(rows: rows, columns: columns, values: values, shape: shape))
  }

  /// Numbers column by column; of a symmetric matrix those on and below the diagonal, of a
  /// skew-symmetric one those below.
  private mutating func array(_ sizes: [Int], mirror: Double?) throws -> MatrixMarket {
    let (rows, columns) = (sizes[0], sizes[1])
    let (count, overflow) = rows.multipliedReportingOverflow(by: columns)
    // Those that are stored take two bytes at least, "1\n"; of a symmetric matrix some half of them
    // are.
    let stored = mirror == nil ? count : mirror == 1 ? (count + rows) / 2 : (count - rows) / 2
    guard !overflow, stored <= (bytes.count + 1) / 2 else {
      throw FormatError(
        path: path,
        .array(
          "promises \(rows) x \(columns) numbers in \(bytes.count) bytes; it is truncated, so get"
            + " it again"))
    }
    var values = [Double](repeating: 0, count: count)
    for column in 0..<columns {
      let first = mirror == nil ? 0 : mirror == 1 ? column : column + 1
      for row in first..<max(first, rows) {
        let value = try number()
        values[row * columns + column] = value
        if let mirror, row != column { values[column * columns + row] = mirror * value }
        try endLine()
      }
    }
    try end()
    return .dense(shape: sizes, values)
  }

  // MARK: Words

  private mutating func takeLine() -> Slice<UnsafeBufferPointer<UInt8>> {
    let start = position
    while position < bytes.count, bytes[position] != UInt8(ascii: "\n") { position += 1 }
    var text = bytes[start..<position]
    if text.last == UInt8(ascii: "\r") { text = text.dropLast() }
    position = min(position + 1, bytes.count)
    return text
  }

  private mutating func skipBlanks() {
    while position < bytes.count,
      bytes[position] == 0x20 || bytes[position] == 0x09 || bytes[position] == 0x0D
    {
      position += 1
    }
  }

  /// The next word, over empty lines.
  private mutating func word() throws -> Slice<UnsafeBufferPointer<UInt8>> {
    skipBlanks()
    while position < bytes.count, bytes[position] == 0x0A {
      position += 1
      line += 1
      skipBlanks()
    }
    let start = position
    while position < bytes.count, bytes[position] > 0x20 { position += 1 }
    guard position > start else { throw fault("ends where a number is expected,") }
    return bytes[start..<position]
  }

  private mutating func whole() throws -> Int {
    let text = try word()
    var number = 0
    for byte in text {
      guard (0x30...0x39).contains(byte), number < 1 << 50 else {
        throw fault("has '\(shown(text))' where a whole number is expected")
      }
      number = number * 10 + Int(byte - 0x30)
    }
    return number
  }

  private mutating func number() throws -> Double {
    let text = try word()
    if text.count < 16, text.allSatisfy({ (0x30...0x39).contains($0) }) {
      return Double(text.reduce(0) { $0 * 10 + Int($1 - 0x30) })
    }
    guard let number = Double(String(decoding: text, as: UTF8.self)) else {
      throw fault("has '\(shown(text))' where a number is expected")
    }
    return number
  }

  private func shown(_ text: Slice<UnsafeBufferPointer<UInt8>>) -> String {
    String(decoding: text.prefix(60), as: UTF8.self).shown()
  }

  private mutating func endLine() throws {
    skipBlanks()
    guard position == bytes.count || bytes[position] == 0x0A else {
      throw fault("has more numbers than are expected")
    }
  }

  private mutating func end() throws {
    while position < bytes.count, bytes[position] <= 0x20 { position += 1 }
    guard position == bytes.count else {
      throw FormatError(
        path: path, .array("goes on after the numbers that it promises; get it again"))
    }
  }
}
