// SPDX-License-Identifier: Apache-2.0

import Formats
import TestSupport
import Testing

@Suite("JSONValue")
struct JSONTests {
  private let sample: JSONValue = [
    "name": "elbo", "z": 1, "a": [1, 2.5, nil, true], "nested": ["empty": [], "none": [:]],
  ]

  @Test("compact text keeps the order of the keys")
  func compact() {
    #expect(
      sample.compact
        == #"{"name":"elbo","z":1,"a":[1,2.5,null,true],"nested":{"empty":[],"none":{}}}"#)
  }

  @Test("pretty text has one key a line and short arrays on one line")
  func pretty() {
    #expect(
      sample.pretty == """
        {
          "name": "elbo",
          "z": 1,
          "a": [1, 2.5, null, true],
          "nested": {
            "empty": [],
            "none": {}
          }
        }

        """)
  }

  @Test("both texts read back as the same value")
  func roundTrip() throws {
    #expect(try JSONValue.parse(sample.compact) == sample)
    #expect(try JSONValue.parse(sample.pretty) == sample)
  }

  @Test(
    "numbers read back with the same bits",
    arguments: [
      0.1, 1.0, -0.0, .leastNonzeroMagnitude, .greatestFiniteMagnitude, 1e16, 1e-5, 123_456_789.123,
      .pi, 1e300,
    ])
  func doubles(value: Double) throws {
    let back = try JSONValue.parse(JSONValue(value).compact)
    #expect(back.doubleValue?.bitPattern == value.bitPattern)
  }

  @Test(
    "numbers that are not finite are written as null",
    arguments: [
      Double.nan, .infinity, -.infinity,
    ])
  func notFinite(value: Double) {
    #expect(JSONValue(value).compact == "null")
  }

  @Test("a Float has its own shortest digits")
  func float() {
    #expect(JSONValue(Float(0.1)).compact == "0.1")
  }

  @Test(
    "numbers as others write them",
    arguments: [
      ("0", JSONValue.integer(0)), ("-0", .number(-0.0)), ("9223372036854775807", .integer(.max)),
      ("9223372036854775808", .number(9_223_372_036_854_775_808)), ("1E2", .number(100)),
      ("1e-2", .number(0.01)), ("-1.5e+3", .number(-1500)), ("1e-400", .number(0)),
    ])
  func numbers(text: String, value: JSONValue) throws {
    #expect(try JSONValue.parse(text) == value)
  }

  @Test(
    "escapes and characters beyond ASCII read as meant",
    arguments: [
      (#""\"\\\/\b\f\n\r\t""#, "\"\\/\u{8}\u{C}\n\r\t"), (#""\u00e9 \uD83D\uDE00""#, "é 😀"),
      (#""é 😀 日本""#, "é 😀 日本"), (#""\u0000""#, "\0"),
    ])
  func strings(text: String, value: String) throws {
    let parsed = try JSONValue.parse(text)
    #expect(parsed == .string(value))
    #expect(try JSONValue.parse(parsed.compact) == parsed)
  }

  @Test("values are reached and changed by key and index")
  func access() {
    var value = sample
    #expect(value["a"]?[1]?.doubleValue == 2.5)
    #expect(value["z"]?.intValue == 1 && value["z"]?.doubleValue == 1)
    #expect(value["a"]?[9] == nil && value["none"] == nil && value["name"]?["x"] == nil)
    #expect(value["name"]?.stringValue == "elbo" && value["a"]?[3]?.boolValue == true)
    value["z"] = 2
    value["new"] = "last"
    value["name"] = nil
    #expect(value.members?.map(\.key) == ["z", "a", "nested", "new"])
    #expect(value["z"] == 2)
  }

  @Test(
    "faults are named with their byte",
    arguments: [
      ("", JSONFault.unexpectedEnd, 0), ("[1,", .unexpectedEnd, 3), ("\"ab", .unexpectedEnd, 3),
      ("[1 2]", .unexpected(0x32, expected: "',' or ']'"), 3),
      ("{\"a\" 1}", .unexpected(0x31, expected: "':'"), 5),
      ("{a:1}", .unexpected(0x61, expected: "a key in quotes"), 1),
      ("[1,]", .unexpected(0x5D, expected: "a value"), 3),
      ("{\"a\":1,\"a\":2}", .duplicateKey("a"), 7), ("nul", .unexpectedEnd, 3),
      ("1 2", .trailing, 2), ("01", .trailing, 1), ("1.", .unexpectedEnd, 2),
      ("-", .unexpectedEnd, 1),
      ("1e999", .numberOutOfRange("1e999"), 0), ("\"\\x\"", .escape, 1),
      ("\"\\uD800\"", .loneSurrogate, 1), ("\"\\uD800\\u0041\"", .loneSurrogate, 1),
      ("\"\\uDC00\"", .loneSurrogate, 1), ("\"\u{1}\"", .controlCharacter(1), 1),
      ("\u{FEFF}1", .unexpected(0xEF, expected: "a value"), 0),
      ("NaN", .unexpected(0x4E, expected: "a value"), 0),
    ])
  func faults(text: String, fault: JSONFault, offset: Int) {
    #expect(throws: FormatError(path: "x.json", .json(fault, offset: offset))) {
      try JSONValue.parse(text, path: "x.json")
    }
  }

  @Test(
    "a string that is not UTF-8 is refused",
    arguments: [
      [0xFF], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xE2, 0x82], [0xF4, 0x90, 0x80, 0x80],
    ] as [[UInt8]])
  func notUTF8(bytes: [UInt8]) {
    #expect(throws: FormatError(path: "x", .json(.notUTF8, offset: 0))) {
      try JSONValue.parse([0x22] + bytes + [0x22], path: "x")
    }
  }

  @Test("deep nesting is refused before the stack ends", arguments: ["[", "{\"a\":"])
  func depth(opening: String) {
    let text = String(repeating: opening, count: 1_000_000)
    let error = FormatError(
      path: "x", .json(.tooDeep(limit: 64), offset: opening.utf8.count * 64))
    #expect(throws: error) { try JSONValue.parse(text, path: "x") }
  }

  @Test("the sentence names file, byte, what was found and what is expected")
  func wording() {
    #expect(
      sentence { _ = try JSONValue.parse("[1 2]", path: "run.json") }
        == "'run.json' is not valid JSON at byte 3: '2' was found where ',' or ']' is expected")
  }

  @Test("random bytes never crash the parser")
  func randomBytes() {
    var generator = Xorshift(state: 42)
    let alphabet = Array(#"{}[]",:0123456789.eE+-truefalsn\u "#.utf8) + [0xC3, 0xA9, 0xFF]
    for _ in 0..<20_000 {
      let bytes = (0..<Int.random(in: 0..<24, using: &generator)).map { _ in
        alphabet[Int.random(in: 0..<alphabet.count, using: &generator)]
      }
      guard let value = try? JSONValue.parse(bytes, path: "x") else { continue }
      #expect((try? JSONValue.parse(value.compact)) == value)
    }
  }
}

/// A small generator with a seed, so that a failure can be repeated.
struct Xorshift: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state ^= state << 13
    state ^= state >> 7
    state ^= state << 17
    return state
  }
}
