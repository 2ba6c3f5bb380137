// SPDX-License-Identifier: Apache-2.0

/// Goes through a table of text row by row; the bytes must outlive it.
struct RowScanner: ~Copyable {
  /// The cells of the row, without their quotes; they are gone with the next row.
  private(set) var cells: [UnsafeBufferPointer<UInt8>] = []
  /// The line on which the row begins, from 1.
  private(set) var rowLine: Int
  /// The first byte that was not read.
  private(set) var position: Int
  /// The line of that byte.
  private(set) var line: Int

  private let bytes: UnsafeBufferPointer<UInt8>
  private let separator: UInt8
  private let path: String
  private var wasQuoted = false
  /// Cells of the row with two quotes for one, written anew.
  private var rewritten: [UnsafeMutableBufferPointer<UInt8>] = []

  /// The most cells of a row; each takes 16 bytes beside the file.
  static let cellLimit = 1 << 20

  private static let (quote, feed, carriage) = (UInt8(0x22), UInt8(0x0A), UInt8(0x0D))

  init(
    _ bytes: UnsafeBufferPointer<UInt8>, from position: Int, line: Int, separator: UInt8,
    path: String
  ) {
    self.bytes = bytes
    self.position = position
    self.line = line
    rowLine = line
    self.separator = separator
    self.path = path
  }

  deinit { for buffer in rewritten { buffer.deallocate() } }

  /// Reads the next row; empty lines are none.
  ///
  /// - Returns: Whether there was one.
  /// - Throws: `FormatError`.
  mutating func next() throws -> Bool {
    for buffer in rewritten { buffer.deallocate() }
    rewritten.removeAll(keepingCapacity: true)
    while position < bytes.count {
      cells.removeAll(keepingCapacity: true)
      (rowLine, wasQuoted) = (line, false)
      while try !readCell() {}
      if cells.count > 1 || !cells[0].isEmpty || wasQuoted { return true }
    }
    return false
  }

  /// Reads a cell and what ends it; true where that is the end of the row.
  private mutating func readCell() throws -> Bool {
    if position < bytes.count, bytes[position] == Self.quote { return try readQuoted() }
    let start = position
    var place = start
    while place < bytes.count {
      let byte = bytes[place]
      if byte == separator {
        try add(start, place)
        position = place + 1
        return false
      }
      if byte <= Self.carriage {
        if byte == Self.feed || byte == Self.carriage {
          try add(start, place)
          position = place
          endLine()
          return true
        }
        if byte == 0 { throw nul() }
      }
      place += 1
    }
    try add(start, place)
    position = place
    return true
  }

  private mutating func add(_ start: Int, _ end: Int) throws {
    try add(UnsafeBufferPointer(rebasing: bytes[start..<end]))
  }

  private mutating func add(_ cell: UnsafeBufferPointer<UInt8>) throws {
    guard cells.count < Self.cellLimit else {
      throw fault("has more than \(Self.cellLimit) cells in line \(rowLine), which are not read")
    }
    cells.append(cell)
  }

  /// Goes on behind a line feed, a carriage return, or one after the other.
  private mutating func endLine() {
    let both =
      bytes[position] == Self.carriage && position + 1 < bytes.count
      && bytes[position + 1] == Self.feed
    position += both ? 2 : 1
    line += 1
  }

  private mutating func readQuoted() throws -> Bool {
    let (start, opened) = (position + 1, line)
    var doubled = 0
    position = start
    wasQuoted = true
    while true {
      guard position < bytes.count else {
        throw fault("has a quote in line \(opened) that does not end; close or remove it")
      }
      switch bytes[position] {
      case Self.quote:
        guard position + 1 < bytes.count, bytes[position + 1] == Self.quote else {
          try addQuoted(start, position, doubled: doubled)
          position += 1
          return try endQuoted()
        }
        doubled += 1
        position += 2
      case Self.feed, Self.carriage: endLine()
      case 0: throw nul()
      default: position += 1
      }
    }
  }

  private mutating func addQuoted(_ start: Int, _ end: Int, doubled: Int) throws {
    guard doubled > 0 else { return try add(start, end) }
    let buffer = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: end - start - doubled)
    rewritten.append(buffer)
    var (source, target) = (start, 0)
    while source < end {
      buffer[target] = bytes[source]
      source += bytes[source] == Self.quote ? 2 : 1
      target += 1
    }
    try add(UnsafeBufferPointer(buffer))
  }

  /// What follows a closing quote; true where it is the end of the row.
  private mutating func endQuoted() throws -> Bool {
    guard position < bytes.count else { return true }
    switch bytes[position] {
    case separator:
      position += 1
      return false
    case Self.feed, Self.carriage:
      endLine()
      return true
    default:
      throw fault(
        "has text after a quoted cell in line \(line); write a quote within a cell as two")
    }
  }

  private func nul() -> FormatError {
    fault("holds a NUL byte in line \(line), which no text has; check that it is a table of text")
  }

  private func fault(_ words: String) -> FormatError { FormatError(path: path, .csv(words)) }
}
