// SPDX-License-Identifier: Apache-2.0

/// A table of texts: lines of fields between commas, the first line naming the columns.
///
/// A field may stand in double quotes, and then hold commas, line ends, and quotes as two of them. Lines end
/// with a line feed, or a carriage return before it; a mark of byte order at the start is skipped.
///
/// - Source: RFC 4180, "Common format and MIME type for comma-separated values".
public struct CSV: Sendable, Equatable {
  /// The names of the columns, in order.
  public let columns: [String]
  /// The fields of each line, as many as there are columns.
  public let rows: [[String]]

  /// - Parameters:
  ///   - columns: The names of the columns.
  ///   - rows: The fields of each line.
  /// - Precondition: Each line has as many fields as there are columns.
  public init(columns: [String], rows: [[String]]) {
    for row in rows {
      precondition(
        row.count == columns.count, "\(row.count) fields in a line of \(columns.count) columns")
    }
    (self.columns, self.rows) = (columns, rows)
  }

  /// The table as UTF-8: lines end with a line feed, and a field is quoted where it has to be.
  public func encoded() -> [UInt8] { Self.encoded([columns] + rows) }

  /// Lines of a table as UTF-8, each with a line feed.
  package static func encoded(_ lines: [[String]]) -> [UInt8] {
    Array(lines.map { $0.map(quoted).joined(separator: ",") + "\n" }.joined().utf8)
  }

  private static func quoted(_ field: String) -> String {
    guard field.utf8.contains(where: { [0x22, 0x2C, 0x0A, 0x0D].contains($0) }) else {
      return field
    }
    return "\""
      + field.split(separator: "\"", omittingEmptySubsequences: false)
      .joined(separator: "\"\"") + "\""
  }

  /// Reads a table.
  ///
  /// - Parameters:
  ///   - bytes: UTF-8.
  ///   - path: What the table is called in an error.
  /// - Returns: The table, without empty lines.
  /// - Throws: ``FormatError`` for a quote that does not end, text after one, a line of another number of
  ///   fields, no line at all, a name twice, or bytes that are no UTF-8.
  public static func parse(_ bytes: some Collection<UInt8>, path: String) throws -> CSV {
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw FormatError(path: path, .csv("is not UTF-8 text"))
    }
    var lines = try records(text, path)
    guard !lines.isEmpty else {
      throw FormatError(path: path, .csv("is empty; expected a line with the names of the columns"))
    }
    let names = lines.removeFirst().fields
    var seen: Set<String> = []
    if let twice = names.first(where: { !seen.insert($0).inserted }) {
      throw FormatError(path: path, .csv("names two columns '\(twice.shown())'"))
    }
    for line in lines where line.fields.count != names.count {
      throw FormatError(
        path: path,
        .csv(
          "has \(line.fields.count.counted("field")) in line \(line.number), but "
            + names.count.counted("column")))
    }
    return CSV(columns: names, rows: lines.map(\.fields))
  }

  /// Lines that are not empty, with the number of the line on which each begins.
  private static func records(
    _ text: String, _ path: String
  ) throws -> [(number: Int, fields: [String])] {
    var records: [(number: Int, fields: [String])] = []
    var (fields, field): ([String], [UInt8]) = ([], [])
    var (line, start, isQuoted, wasQuoted) = (1, 1, false, false)
    let comma = UInt8(ascii: ","), quote = UInt8(ascii: "\""), feed = UInt8(ascii: "\n")
    func endField() {
      fields.append(String(decoding: field, as: UTF8.self))
      (field, wasQuoted) = ([], false)
    }
    func endRecord() {
      if field.last == UInt8(ascii: "\r"), !wasQuoted { field.removeLast() }
      let isEmpty = fields.isEmpty && field.isEmpty && !wasQuoted
      endField()
      if !isEmpty { records.append((start, fields)) }
      (fields, start) = ([], line + 1)
    }
    let bytes = Array(text.utf8)
    let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
    var index = bytes.starts(with: mark) ? 3 : 0
    while index < bytes.count {
      let byte = bytes[index]
      index += 1
      if isQuoted {
        if byte == feed { line += 1 }
        if byte != quote {
          field.append(byte)
        } else if index < bytes.count, bytes[index] == quote {
          field.append(quote)
          index += 1
        } else {
          isQuoted = false
        }
        continue
      }
      switch byte {
      case quote where field.isEmpty && !wasQuoted: (isQuoted, wasQuoted) = (true, true)
      case comma:
        guard fields.count < RowScanner.cellLimit else {
          throw FormatError(
            path: path,
            .csv(
              "has more than \(RowScanner.cellLimit) fields in line \(start), which are not read"))
        }
        endField()
      case feed:
        endRecord()
        line += 1
      case UInt8(ascii: "\r") where wasQuoted: break
      case _ where wasQuoted:
        throw FormatError(path: path, .csv("has text after a quoted field in line \(line)"))
      default: field.append(byte)
      }
    }
    if isQuoted {
      throw FormatError(path: path, .csv("has a quote in line \(start) that does not end"))
    }
    if !field.isEmpty || !fields.isEmpty || wasQuoted { endRecord() }
    return records
  }
}
