// SPDX-License-Identifier: Apache-2.0

extension JSONValue {
  /// The value on one line, without spaces: a line of a `.jsonl` file.
  ///
  /// A number has the fewest digits that read back as the same number; one that is not finite is
  /// written as `null`, for which JSON has no other word.
  public var compact: String {
    var writer = JSONWriter(pretty: false)
    writer.write(self, depth: 0)
    return String(decoding: writer.bytes, as: UTF8.self)
  }

  /// The value with one key a line, indented by two spaces, with a line feed at the end.
  ///
  /// An array without objects or arrays in it stays on one line.
  public var pretty: String {
    var writer = JSONWriter(pretty: true)
    writer.write(self, depth: 0)
    return String(decoding: writer.bytes, as: UTF8.self) + "\n"
  }
}

private struct JSONWriter {
  let pretty: Bool
  var bytes: [UInt8] = []

  init(pretty: Bool) { self.pretty = pretty }

  mutating func write(_ value: JSONValue, depth: Int) {
    switch value {
    case .null: put("null")
    case .bool(let value): put(value ? "true" : "false")
    case .integer(let value): put(String(value))
    case .number(let value): put(value.isFinite ? value.description : "null")
    case .string(let text): write(text)
    case .array(let elements):
      let flat = !pretty || elements.allSatisfy(\.isScalar)
      writeList(elements, "[", "]", flat: flat, depth: depth) { $0.write($1, depth: depth + 1) }
    case .object(let members):
      writeList(members, "{", "}", flat: !pretty, depth: depth) {
        $0.write($1.key)
        $0.put($0.pretty ? ": " : ":")
        $0.write($1.value, depth: depth + 1)
      }
    }
  }

  private mutating func writeList<Element>(
    _ elements: [Element], _ open: String, _ close: String, flat: Bool, depth: Int,
    item: (inout JSONWriter, Element) -> Void
  ) {
    put(open)
    for (index, element) in elements.enumerated() {
      if index > 0 { put(flat && pretty ? ", " : ",") }
      if !flat { newLine(depth + 1) }
      item(&self, element)
    }
    if !flat && !elements.isEmpty { newLine(depth) }
    put(close)
  }

  private mutating func newLine(_ depth: Int) {
    put("\n")
    for _ in 0..<depth { put("  ") }
  }

  private mutating func put(_ text: String) { bytes.append(contentsOf: text.utf8) }

  /// Whatever a terminal would obey is escaped: C0 and C1 controls, DEL, marks that reorder text.
  private mutating func write(_ text: String) {
    put("\"")
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": put("\\\"")
      case "\\": put("\\\\")
      case "\n": put("\\n")
      case "\r": put("\\r")
      case "\t": put("\\t")
      case _ where scalar.isHarmless: bytes.append(contentsOf: UTF8.encode(scalar) ?? .init())
      default: for unit in scalar.utf16 { put(escape(unit)) }
      }
    }
    put("\"")
  }

  private func escape(_ unit: UInt16) -> String {
    let digits = String(unit, radix: 16)
    return "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
  }
}

extension JSONValue {
  fileprivate var isScalar: Bool {
    switch self {
    case .array, .object: false
    default: true
    }
  }
}
