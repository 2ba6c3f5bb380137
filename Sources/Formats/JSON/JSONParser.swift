// SPDX-License-Identifier: Apache-2.0

extension JSONValue {
  /// Arrays and objects nested deeper than this are refused, so that no text exhausts the stack.
  public static let depthLimit = 64

  /// Texts of more values than this are refused, unless another limit is given: a value takes up to
  /// 130 bytes of memory, and as few as two of its text.
  public static let valueLimit = 1 << 19

  /// Reads one JSON value (RFC 8259) and nothing after it but white space.
  ///
  /// Stricter than the standard demands: a key that appears twice in an object is refused, as are
  /// strings that are not UTF-8 and numbers beyond the range of `Double`.
  ///
  /// - Parameters:
  ///   - bytes: The text in UTF-8.
  ///   - path: Where it came from, for the error.
  ///   - depthLimit: How many levels may be nested.
  ///   - valueLimit: How many values there may be, arrays and objects with their elements.
  /// - Returns: The value.
  /// - Throws: `FormatError` with the offset of the first wrong byte.
  public static func parse(
    _ bytes: [UInt8], path: String, depthLimit: Int = JSONValue.depthLimit,
    valueLimit: Int = JSONValue.valueLimit
  ) throws -> JSONValue {
    try bytes.withUnsafeBufferPointer { text in
      var parser = JSONParser(text, path: path, depthLimit: depthLimit, valueLimit: valueLimit)
      return try parser.parse { try $0.document() }
    }
  }

  /// Reads one JSON value from a string.
  ///
  /// - Throws: `FormatError` with the offset of the first wrong byte.
  public static func parse(_ text: String, path: String = "text") throws -> JSONValue {
    try parse(Array(text.utf8), path: path)
  }
}

extension JSONValue {
  /// The most values of a data set in JSON that is kept as it is written.
  package static let dataLimit = 1 << 24

  /// The most bytes of a record that this program writes for itself, such as a run's.
  package static let recordLimit = 1 << 24

  /// Reads a record that this program writes for itself: of at most ``recordLimit`` bytes.
  ///
  /// - Throws: `FileError` or `FormatError`.
  package static func record(_ path: String) throws -> JSONValue {
    try parse(readFile(path, limit: recordLimit), path: path)
  }
}

/// A recursive-descent parser over bytes, which must outlive it; every access is bounds-checked.
struct JSONParser {
  private struct Failure: Error {
    let fault: JSONFault
    let offset: Int
  }

  private let bytes: UnsafeBufferPointer<UInt8>
  private let path: String
  private let depthLimit: Int
  private(set) var position = 0
  /// How many values may still follow, of how many.
  private var valuesLeft: Int
  private var valueLimit: Int

  init(
    _ bytes: UnsafeBufferPointer<UInt8>, path: String, depthLimit: Int = JSONValue.depthLimit,
    valueLimit: Int = JSONValue.valueLimit
  ) {
    (self.bytes, self.path, self.depthLimit) = (bytes, path, depthLimit)
    (self.valueLimit, valuesLeft) = (valueLimit, valueLimit)
  }

  /// Allows so many values from here on.
  mutating func allow(values limit: Int) { (valueLimit, valuesLeft) = (limit, limit) }

  /// What `body` reads.
  ///
  /// - Throws: `FormatError` with the offset of the first wrong byte, and what else `body` throws.
  mutating func parse<Result>(
    _ body: (inout JSONParser) throws -> Result
  ) throws -> Result {
    do {
      return try body(&self)
    } catch let error as Failure {
      throw FormatError(path: path, .json(error.fault, offset: error.offset))
    }
  }

  var current: UInt8? { position < bytes.count ? bytes[position] : nil }

  private func failure(_ fault: JSONFault, at offset: Int? = nil) -> any Error {
    Failure(fault: fault, offset: offset ?? position)
  }

  /// The failure of meeting the current byte, or the end, in place of `expected`.
  private func unexpected(_ expected: String) -> any Error {
    guard let byte = current else { return failure(.unexpectedEnd) }
    return failure(.unexpected(byte, expected: expected))
  }

  mutating func skipSpace() {
    while let byte = current, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 {
      position += 1
    }
  }

  /// Steps over the ASCII character `byte` and says whether it was there.
  @inline(__always)
  mutating func skip(_ byte: Unicode.Scalar) -> Bool {
    guard current == UInt8(truncatingIfNeeded: byte.value) else { return false }
    position += 1
    return true
  }

  mutating func document() throws -> JSONValue {
    let value = try value(depth: 0)
    try end()
    return value
  }

  /// Refuses anything but white space.
  mutating func end() throws {
    skipSpace()
    guard current == nil else { throw failure(.trailing) }
  }

  mutating func value(depth: Int) throws -> JSONValue {
    skipSpace()
    valuesLeft -= 1
    guard valuesLeft >= 0 else { throw failure(.tooManyValues(limit: valueLimit)) }
    guard let byte = current else { throw failure(.unexpectedEnd) }
    switch byte {
    case UInt8(ascii: "{"): return try object(depth: depth + 1)
    case UInt8(ascii: "["): return try array(depth: depth + 1)
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "t"): return try word("true", .bool(true))
    case UInt8(ascii: "f"): return try word("false", .bool(false))
    case UInt8(ascii: "n"): return try word("null", .null)
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try number()
    default: throw unexpected("a value")
    }
  }

  mutating func word(_ word: StaticString, _ value: JSONValue) throws -> JSONValue {
    for byte in word.description.utf8 {
      guard current == byte else { throw unexpected("\(word)") }
      position += 1
    }
    return value
  }

  mutating func array(depth: Int) throws -> JSONValue {
    guard depth <= depthLimit else { throw failure(.tooDeep(limit: depthLimit)) }
    position += 1
    var elements: [JSONValue] = []
    skipSpace()
    if skip("]") { return .array(elements) }
    while true {
      elements.append(try value(depth: depth))
      skipSpace()
      if skip("]") { return .array(elements) }
      guard skip(",") else { throw unexpected("',' or ']'") }
    }
  }

  /// Appends the numbers of an array, or a number, row by row, and returns its shape; nil where a
  /// value is none or rows differ, after which the text is not read on.
  mutating func numbers(
    depth: Int, into numbers: inout [Double], _ number: (JSONValue) -> Double?
  ) throws -> [Int]? {
    skipSpace()
    guard current == UInt8(ascii: "[") else {
      allow(values: JSONValue.valueLimit)
      guard let found = number(try value(depth: depth)) else { return nil }
      numbers.append(found)
      return []
    }
    guard depth < depthLimit else { throw failure(.tooDeep(limit: depthLimit)) }
    position += 1
    skipSpace()
    if skip("]") { return [0] }
    var (count, inner) = (0, [Int]())
    while true {
      guard let shape = try self.numbers(depth: depth + 1, into: &numbers, number),
        count == 0 || inner == shape
      else { return nil }
      (count, inner) = (count + 1, shape)
      skipSpace()
      if skip("]") { return [count] + inner }
      guard skip(",") else { throw unexpected("',' or ']'") }
    }
  }

  mutating func object(depth: Int) throws -> JSONValue {
    var members: [JSONValue.Member] = []
    var keys = KeySet()
    try object(depth: depth) { parser, key in
      guard keys.insert(key, after: members) else { return false }
      members.append(JSONValue.Member(key, try parser.value(depth: depth)))
      return true
    }
    return .object(members)
  }

  /// Goes through an object, whose brace is next, without keeping it: `member` is given each key
  /// and reads its value, or says that the key was there before.
  mutating func object(
    depth: Int, _ member: (inout JSONParser, String) throws -> Bool
  ) throws {
    guard depth <= depthLimit else { throw failure(.tooDeep(limit: depthLimit)) }
    position += 1
    skipSpace()
    if skip("}") { return }
    while true {
      skipSpace()
      let start = position
      guard current == UInt8(ascii: "\"") else { throw unexpected("a key in quotes") }
      let key = try string()
      skipSpace()
      guard skip(":") else { throw unexpected("':'") }
      skipSpace()
      guard try member(&self, key) else { throw failure(.duplicateKey(key), at: start) }
      skipSpace()
      if skip("}") { return }
      guard skip(",") else { throw unexpected("',' or '}'") }
    }
  }
}

/// The keys of one object; a set only where there are many, because most objects are small.
private struct KeySet {
  private var keys: Set<String> = []

  /// Whether `key` is new beside those of `members`.
  mutating func insert(_ key: String, after members: [JSONValue.Member]) -> Bool {
    if members.count < 16 { return !members.contains { $0.key == key } }
    if keys.isEmpty { keys = Set(members.map(\.key)) }
    return keys.insert(key).inserted
  }
}

// MARK: Numbers

extension JSONParser {
  mutating func number() throws -> JSONValue {
    let start = position
    let negative = skip("-")
    if !skip("0") { try digits() }
    var whole = true
    if skip(".") {
      whole = false
      try digits()
    }
    if skip("e") || skip("E") {
      whole = false
      if !skip("+") { _ = skip("-") }
      try digits()
    }
    let text = String(decoding: bytes[start..<position], as: UTF8.self)
    // -0 is a number: an integer has no negative zero.
    if whole, let value = Int64(text), value != 0 || !negative { return .integer(value) }
    guard let value = Double(text), value.isFinite else {
      throw failure(.numberOutOfRange(String(text.prefix(40))), at: start)
    }
    return .number(value)
  }

  private mutating func digits() throws {
    let start = position
    while let byte = current, byte >= 0x30 && byte <= 0x39 { position += 1 }
    guard position > start else { throw unexpected("a digit") }
  }
}

// MARK: Strings

extension JSONParser {
  mutating func string() throws -> String {
    let start = position
    position += 1
    var text: [UInt8] = []
    while true {
      let plain = skipPlain()
      if skip("\"") {
        // Most strings have no escape and are read in one piece.
        if text.isEmpty, let string = String(validating: plain, as: UTF8.self) { return string }
        text += plain
        guard let string = String(validating: text, as: UTF8.self) else {
          throw failure(.notUTF8, at: start)
        }
        return string
      }
      if text.isEmpty { text.reserveCapacity(lengthToQuote(from: start + 1)) }
      text += plain
      switch current {
      case 0x5C: try escape(into: &text)
      case let byte?: throw failure(.controlCharacter(byte))
      case nil: throw failure(.unexpectedEnd)
      }
    }
  }

  /// The bytes of a string that begins there, of which no escape makes more: room that need not
  /// grow.
  private func lengthToQuote(from start: Int) -> Int {
    var end = start
    while end < bytes.count, bytes[end] != 0x22 { end += bytes[end] == 0x5C ? 2 : 1 }
    return end - start
  }

  /// Steps to the next quote, backslash or control character.
  private mutating func skipPlain() -> Slice<UnsafeBufferPointer<UInt8>> {
    let start = position
    while let byte = current, byte >= 0x20 && byte != 0x22 && byte != 0x5C { position += 1 }
    return bytes[start..<position]
  }

  private mutating func escape(into text: inout [UInt8]) throws {
    let start = position
    position += 1
    guard let letter = current else { throw failure(.unexpectedEnd) }
    position += 1
    switch letter {
    case 0x22, 0x5C, 0x2F: text.append(letter)
    case UInt8(ascii: "b"): text.append(0x08)
    case UInt8(ascii: "f"): text.append(0x0C)
    case UInt8(ascii: "n"): text.append(0x0A)
    case UInt8(ascii: "r"): text.append(0x0D)
    case UInt8(ascii: "t"): text.append(0x09)
    case UInt8(ascii: "u"): text.append(contentsOf: String(try scalar(from: start)).utf8)
    default: throw failure(.escape, at: start)
    }
  }

  /// The character of `\uXXXX`, or of the pair `\uD8XX\uDCXX`, whose digits are next.
  private mutating func scalar(from start: Int) throws -> Character {
    var code = try fourHexDigits()
    if code & 0xFC00 == 0xD800, skip("\\"), skip("u") {
      let low = try fourHexDigits()
      guard low & 0xFC00 == 0xDC00 else { throw failure(.loneSurrogate, at: start) }
      code = 0x10000 + (code & 0x3FF) << 10 + (low & 0x3FF)
    }
    guard let scalar = Unicode.Scalar(code) else { throw failure(.loneSurrogate, at: start) }
    return Character(scalar)
  }

  private mutating func fourHexDigits() throws -> UInt32 {
    var code: UInt32 = 0
    for _ in 0..<4 {
      guard let byte = current, let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
        throw unexpected("a hexadecimal digit")
      }
      code = code << 4 | UInt32(digit)
      position += 1
    }
    return code
  }
}
