// SPDX-License-Identifier: Apache-2.0

/// The head of an NPY file: magic, version, length, and a Python dictionary such as
/// `{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }` padded to a multiple of 64 bytes.
struct NPYHeader {
  private static let magic: [UInt8] = [0x93, 0x4E, 0x55, 0x4D, 0x50, 0x59]
  static let rankLimit = 64

  let type: String
  let shape: [Int]
  /// Whether the first axis runs fastest, where that makes a difference.
  let isFortranOrder: Bool
  /// Where the data begins, in bytes.
  let size: Int

  init(parsing bytes: [UInt8], path: String) throws {
    guard bytes.starts(with: Self.magic) else { throw FormatError(path: path, .npyMagic) }
    guard bytes.count >= 12 else {
      throw FormatError(path: path, .npyHeader(problem: "it is truncated"))
    }
    guard (1...3).contains(bytes[6]) && bytes[7] == 0 else {
      throw FormatError(path: path, .npyVersion(major: bytes[6], minor: bytes[7]))
    }
    let start = bytes[6] == 1 ? 10 : 12
    let length = bytes[8..<start].reversed().reduce(0) { $0 << 8 | Int($1) }
    guard length <= bytes.count - start else {
      throw FormatError(path: path, .npyHeader(problem: "it is truncated"))
    }
    var text = PythonDictionary(Array(bytes[start..<start + length]))
    do {
      try text.parse(rankLimit: Self.rankLimit)
    } catch let problem as PythonDictionary.Problem {
      throw FormatError(path: path, .npyHeader(problem: problem.words))
    }
    guard let type = text.type, let fortran = text.fortranOrder, let shape = text.shape else {
      throw FormatError(
        path: path, .npyHeader(problem: "one of descr, fortran_order, shape is missing"))
    }
    // With at most one long axis both orders are the same.
    isFortranOrder = fortran && shape.count { $0 != 1 } > 1
    self.type = type
    self.shape = shape
    size = start + length
  }

  static func encoded(type: String, shape: [Int]) -> [UInt8] {
    // As Python prints tuples: (), (3,), (3, 4).
    let axes = shape.count == 1 ? "\(shape[0])," : shape.map(\.description).joined(separator: ", ")
    var text = "{'descr': '\(type)', 'fortran_order': False, 'shape': (\(axes)), }"
    // Magic, version, length, text and line feed together fill whole blocks of 64 bytes.
    let padding = (64 - (10 + text.utf8.count + 1) % 64) % 64
    text += String(repeating: " ", count: padding) + "\n"
    let length = UInt16(text.utf8.count)
    return magic + [1, 0, UInt8(length & 0xFF), UInt8(length >> 8)] + Array(text.utf8)
  }
}

/// Reads the one kind of Python dictionary that NPY files hold, and nothing else of Python.
private struct PythonDictionary {
  struct Problem: Error { let words: String }

  private(set) var type: String?
  private(set) var fortranOrder: Bool?
  private(set) var shape: [Int]?

  private let bytes: [UInt8]
  private var position = 0

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  mutating func parse(rankLimit: Int) throws {
    try expect("{")
    while !skip("}") {
      let key = try string()
      try expect(":")
      switch key {
      case "descr": type = skip("[") ? try fields() : try string()
      case "fortran_order": fortranOrder = try bool()
      case "shape": shape = try tuple(rankLimit: rankLimit)
      default: throw Problem(words: "unknown key '\(key.shown())'")
      }
      if !skip(",") {
        try expect("}")
        break
      }
    }
    skipSpace()
    guard position == bytes.count else { throw Problem(words: "foreign text after the dictionary") }
  }

  private mutating func skipSpace() {
    while position < bytes.count, bytes[position] == 0x20 || bytes[position] == 0x0A {
      position += 1
    }
  }

  private mutating func skip(_ character: Character) -> Bool {
    skipSpace()
    guard position < bytes.count, bytes[position] == character.asciiValue else { return false }
    position += 1
    return true
  }

  private mutating func expect(_ character: Character) throws {
    guard skip(character) else {
      throw Problem(words: "'\(character)' is expected at its byte \(position)")
    }
  }

  private mutating func string() throws -> String {
    let quote: Character = skip("\"") ? "\"" : "'"
    if quote == "'" { try expect("'") }
    let start = position
    while position < bytes.count, bytes[position] != quote.asciiValue { position += 1 }
    let text = String(decoding: bytes[start..<position], as: UTF8.self)
    try expect(quote)
    return text
  }

  /// A structured type, whose "[" was skipped: its text, which is none of a number's.
  private mutating func fields() throws -> String {
    let start = position
    var depth = 1
    while position < bytes.count, depth > 0 {
      if bytes[position] == UInt8(ascii: "[") { depth += 1 }
      if bytes[position] == UInt8(ascii: "]") { depth -= 1 }
      position += 1
    }
    guard depth == 0 else { throw Problem(words: "']' is expected at its byte \(position)") }
    return "[" + String(decoding: bytes[start..<position], as: UTF8.self)
  }

  private mutating func bool() throws -> Bool {
    skipSpace()
    for (word, value) in [("True", true), ("False", false)]
    where bytes[position...].starts(with: word.utf8) {
      position += word.utf8.count
      return value
    }
    throw Problem(words: "fortran_order is neither True nor False")
  }

  private mutating func tuple(rankLimit: Int) throws -> [Int] {
    try expect("(")
    var numbers: [Int] = []
    while !skip(")") {
      numbers.append(try number())
      guard numbers.count <= rankLimit else {
        throw Problem(words: "its shape has more than \(rankLimit) dimensions")
      }
      if !skip(",") {
        try expect(")")
        break
      }
    }
    return numbers
  }

  private mutating func number() throws -> Int {
    skipSpace()
    let digits = bytes[position...].prefix { (0x30...0x39).contains($0) }
    position += digits.count
    guard let number = Int(String(decoding: digits, as: UTF8.self)) else {
      throw Problem(words: "a dimension is not a whole number")
    }
    return number
  }
}
