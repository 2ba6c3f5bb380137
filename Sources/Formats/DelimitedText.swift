// SPDX-License-Identifier: Apache-2.0

/// A table of text with a header: CSV, TSV or semicolons, plain or packed by gzip, read row by row.
///
/// A cell may stand in double quotes, and then hold separators, line ends, and quotes as two of
/// them. Lines end with a line feed, a carriage return, or both; empty ones are left out. A mark of
/// byte order at the start is skipped. A plain file is mapped, so that memory holds no copy of it.
///
/// - Source: RFC 4180, "Common format and MIME type for comma-separated values".
package struct DelimitedText: Sendable {
  /// What stands between cells.
  package enum Separator: UInt8, Sendable, CaseIterable {
    /// ",".
    case comma = 0x2C
    /// A tab.
    case tab = 0x09
    /// ";", with which numbers may have a decimal comma.
    case semicolon = 0x3B
  }

  /// The path of the file, or another name for where the bytes came from.
  package let path: String
  /// What stands between cells.
  package let separator: Separator
  /// The names of the columns, in order: none empty, none twice.
  package let columns: [String]

  private let contents: Contents
  /// Where the rows begin, in bytes and in lines from 1.
  private let body: (offset: Int, line: Int)

  private enum Contents: Sendable {
    case mapped(MappedFile)
    case bytes([UInt8])

    func withBytes<Result>(
      _ body: (UnsafeBufferPointer<UInt8>) throws -> Result
    ) rethrows -> Result {
      switch self {
      case .mapped(let file):
        try withExtendedLifetime(file) {
          try file.bytes.withMemoryRebound(to: UInt8.self, body)
        }
      case .bytes(let bytes): try bytes.withUnsafeBufferPointer(body)
      }
    }
  }

  /// Opens a file and reads its header.
  ///
  /// - Parameters:
  ///   - path: A file of text, or such a file packed by gzip, whatever its name.
  ///   - separator: What stands between cells; told from the header where it is nil.
  ///   - limit: The most bytes that a packed file may unpack to.
  /// - Throws: `FileError`, or `FormatError` for a file without header or that is no text.
  package init(_ path: String, separator: Separator? = nil, limit: Int = 1 << 35) throws {
    let file = try MappedFile(path)
    if Gzip.isGzip(file.bytes) {
      let bytes = try Gzip.decompress(Array(file.bytes), path: path, limit: limit)
      try self.init(.bytes(bytes), path: path, separator: separator)
    } else {
      try self.init(.mapped(file), path: path, separator: separator)
    }
  }

  /// Reads the header of a table in memory.
  ///
  /// - Throws: `FormatError`, as for a file.
  package init(_ bytes: [UInt8], path: String, separator: Separator? = nil) throws {
    try self.init(.bytes(bytes), path: path, separator: separator)
  }

  private init(_ contents: Contents, path: String, separator: Separator?) throws {
    let head = try contents.withBytes { bytes in
      try Header(bytes, path: path, separator: separator)
    }
    self.contents = contents
    self.path = path
    self.separator = head.separator
    columns = head.names
    body = (head.end, head.endLine)
  }

  /// Calls `body` with the cells of each row, as many as there are columns, and the number of the
  /// line on which the row begins, from 1. The cells are UTF-8 as far as the file is, without their
  /// quotes, and gone when `body` returns.
  ///
  /// - Throws: `FormatError` for a row of another number of cells, a quote that does not end, text
  ///   after one, or a NUL byte; and what `body` throws.
  package func forEachRow(
    _ body: (_ cells: [UnsafeBufferPointer<UInt8>], _ line: Int) throws -> Void
  ) throws {
    try contents.withBytes { bytes in
      var scanner = RowScanner(
        bytes, from: self.body.offset, line: self.body.line, separator: separator.rawValue,
        path: path)
      while try scanner.next() {
        guard scanner.cells.count == columns.count else {
          let (found, line) = (scanner.cells.count, scanner.rowLine)
          throw FormatError(
            path: path,
            .csv(
              "has \(found.counted("cell")) in line \(line) where its header names"
                + " \(columns.count) columns; mend the line, or quote cells that hold a separator"))
        }
        try body(scanner.cells, scanner.rowLine)
      }
    }
  }
}

/// The first line of a table that is not empty.
private struct Header {
  let names: [String]
  let separator: DelimitedText.Separator
  /// Where the rows begin.
  let end: Int
  let endLine: Int

  init(
    _ bytes: UnsafeBufferPointer<UInt8>, path: String, separator given: DelimitedText.Separator?
  ) throws {
    func fault(_ words: String) -> FormatError { FormatError(path: path, .csv(words)) }
    if bytes.starts(with: [0xFF, 0xFE]) || bytes.starts(with: [0xFE, 0xFF]) {
      throw fault("is UTF-16 text where UTF-8 is expected; save it as UTF-8")
    }
    let start = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
    separator = given ?? Self.separator(of: bytes[start...])
    var scanner = RowScanner(
      bytes, from: start, line: 1, separator: separator.rawValue, path: path)
    guard try scanner.next() else {
      throw fault("is empty; expected a line with the names of the columns")
    }
    let cells = scanner.cells.map { $0.trimmed }
    if cells.allSatisfy({ DecimalText.parse($0) != nil }) {
      throw fault(
        "begins with numbers where the names of its columns are expected; write a line of names"
          + " first"
      )
    }
    var (names, seen): ([String], Set<String>) = ([], [])
    for (index, cell) in cells.enumerated() {
      guard let name = String(validating: cell, as: UTF8.self) else {
        throw fault("has a name of a column that is not UTF-8 text; save it as UTF-8")
      }
      if name.isEmpty {
        throw fault(
          "has no name for column \(index + 1) in its header; give each column a name"
            + (index == 0 ? " (an index that pandas wrote is left out by index=False)" : ""))
      }
      guard seen.insert(name).inserted else {
        throw fault("names two columns '\(name.shown())'; give each a name of its own")
      }
      names.append(name)
    }
    self.names = names
    (end, endLine) = (scanner.position, scanner.line)
  }

  /// The separator that stands most often outside quotes in the first line that is not empty; a
  /// comma where there is none.
  private static func separator(
    of bytes: Slice<UnsafeBufferPointer<UInt8>>
  ) -> DelimitedText.Separator {
    var counts: [UInt8: Int] = [:]
    var isQuoted = false
    for byte in bytes.drop(while: { $0 == 0x0A || $0 == 0x0D }) {
      if byte == 0x22 { isQuoted.toggle() }
      if isQuoted { continue }
      if byte == 0x0A || byte == 0x0D { break }
      if DelimitedText.Separator(rawValue: byte) != nil { counts[byte, default: 0] += 1 }
    }
    return DelimitedText.Separator.allCases.reduce(.comma) { best, other in
      counts[other.rawValue, default: 0] > counts[best.rawValue, default: 0] ? other : best
    }
  }
}

extension UnsafeBufferPointer<UInt8> {
  /// Without blanks and tabs around it.
  package var trimmed: UnsafeBufferPointer<UInt8> {
    var (start, end) = (0, count)
    while start < end, self[start] == 0x20 || self[start] == 0x09 { start += 1 }
    while end > start, self[end - 1] == 0x20 || self[end - 1] == 0x09 { end -= 1 }
    return UnsafeBufferPointer(rebasing: self[start..<end])
  }
}
