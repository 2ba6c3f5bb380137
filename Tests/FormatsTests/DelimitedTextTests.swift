// SPDX-License-Identifier: Apache-2.0

import Formats
import TestSupport
import Testing

/// The rows of a table as texts.
private func rows(_ table: DelimitedText) throws -> [[String]] {
  var rows: [[String]] = []
  try table.forEachRow { cells, _ in rows.append(cells.map { String(decoding: $0, as: UTF8.self) })
  }
  return rows
}

private func table(_ text: String) throws -> DelimitedText {
  try DelimitedText(Array(text.utf8), path: "t.csv")
}

private func sentence(_ bytes: [UInt8]) -> String {
  do {
    _ = try rows(DelimitedText(bytes, path: "t.csv"))
    return "no error"
  } catch {
    return "\(error)"
  }
}

@Suite("Tables of text")
struct DelimitedTextTests {
  @Test(
    "cells are what RFC 4180 says",
    arguments: [
      ("a,b\n1,2\n3,4\n", [["1", "2"], ["3", "4"]]),
      ("a,b\r\n1,2\r\n", [["1", "2"]]),
      ("a,b\r1,2\r3,4", [["1", "2"], ["3", "4"]]),
      ("a,b\n1,2", [["1", "2"]]),
      ("a,b\n1,", [["1", ""]]),
      ("a,b\n,\n", [["", ""]]),
      ("\u{FEFF}a,b\n1,2\n", [["1", "2"]]),
      ("a,b\n\"x, y\",\"say \"\"no\"\"\"\n", [["x, y", "say \"no\""]]),
      ("a,b\n\"two\r\nlines\",2\n", [["two\r\nlines", "2"]]),
      ("a,b\n\"\"\"\",\"\"\n", [["\"", ""]]),
      ("a,b\n5\" pipe,6\n", [["5\" pipe", "6"]]),
      ("\n\na,b\n\n1,2\n\n\n3,4\n\n", [["1", "2"], ["3", "4"]]),
      ("a\n\"\"\n1\n", [[""], ["1"]]),
      ("a;b\n1,5;2\n", [["1,5", "2"]]),
      ("a\tb\n1,5\t2\n", [["1,5", "2"]]),
      ("größe,b\nß,😀\n", [["ß", "😀"]]),
    ])
  func cells(_ text: String, _ expected: [[String]]) throws {
    #expect(try rows(table(text)) == expected)
  }

  @Test("names are trimmed, and the separator is told by the header outside quotes")
  func header() throws {
    #expect(try table(" a , b\n1,2").columns == ["a", "b"])
    #expect(try table("\"a;b;c\",d\n1,2").columns == ["a;b;c", "d"])
    #expect(try table("\"a,b\"\tc\n").separator == .tab)
    #expect(try table("a;b,c;d\n").separator == .semicolon)
    #expect(try table("a\n1\n").separator == .comma)
    let given = try DelimitedText(Array("a;b\n1;2".utf8), path: "", separator: .comma)
    #expect(given.columns == ["a;b"])
  }

  @Test("a row is told with the line on which it begins")
  func lines() throws {
    var lines: [Int] = []
    try table("a,b\n\n\"1\n2\n\",3\r\n4,5\n").forEachRow { _, line in lines.append(line) }
    #expect(lines == [3, 6])
  }

  @Test(
    "what is wrong is said with file, line, found and expected",
    arguments: [
      ("", "'t.csv' is empty; expected a line with the names of the columns"),
      ("\n\r\n", "'t.csv' is empty; expected a line with the names of the columns"),
      ("1,2\n3,4\n", "'t.csv' begins with numbers where the names of its columns are expected"),
      ("a,a\n1,2\n", "'t.csv' names two columns 'a'; give each a name of its own"),
      (",a\n0,1\n", "has no name for column 1 in its header; give each column a name (an index"),
      ("a,,c\n", "'t.csv' has no name for column 2 in its header; give each column a name"),
      ("a,b\n1,2\n3\n", "'t.csv' has 1 cell in line 3 where its header names 2 columns"),
      ("a,b\n\"1\n\",2\n3,4,5\n", "'t.csv' has 3 cells in line 4 where its header names 2 columns"),
      ("a,b\n1,2\n\"3,4\n", "'t.csv' has a quote in line 3 that does not end"),
      ("a,b\n\"1\"2,3\n", "'t.csv' has text after a quoted cell in line 2"),
      ("a,b\n1,\0\n", "'t.csv' holds a NUL byte in line 2, which no text has"),
      ("a,b\n1,\"\0\"\n", "'t.csv' holds a NUL byte in line 2, which no text has"),
    ])
  func faults(_ text: String, _ expected: String) {
    let found = sentence(Array(text.utf8))
    #expect(found.contains(expected), "\(found)")
  }

  @Test("text of two bytes a letter, and names that are no UTF-8, are refused")
  func encodings() {
    #expect(sentence([0xFF, 0xFE, 0x61, 0]).contains("is UTF-16 text where UTF-8 is expected"))
    #expect(sentence([0xE4, 0x2C, 0x62, 0x0A]).contains("that is not UTF-8 text"))
  }

  @Test("a file is read plain and packed, whatever its name; a missing one is said")
  func files() throws {
    try withTemporaryFolder { folder in
      let bytes = Array("a,b\n1,\"x\"\"y\"\n".utf8)
      for (name, content) in [("t.csv", bytes), ("u.csv", Gzip.compress(bytes))] {
        try AtomicFile.write(content, to: "\(folder)/\(name)")
        #expect(try rows(DelimitedText("\(folder)/\(name)")) == [["1", "x\"y"]])
      }
      #expect(throws: FileError.missing(path: "\(folder)/none.csv")) {
        try DelimitedText("\(folder)/none.csv")
      }
      try AtomicFile.write([], to: "\(folder)/empty.csv")
      #expect(throws: FormatError.self) { try DelimitedText("\(folder)/empty.csv") }
    }
  }

  @Test(
    "numbers are those of the standard library, to the last bit",
    arguments: [
      "0", "-0", "1", "+2.5", ".5", "5.", "-.25e2", "1e5", "1E-5", "0.004912314661768384",
      "123456789012345678901234567890", "0.1", "2.2250738585072014e-308", "1e-320", "1e400",
      "9007199254740993", "17.299999999999997", "1e22", "1e23", "0.000000000000000000000012345",
      "18446744073709551616", "1.7976931348623157e308", "00012",
    ])
  func numbers(_ text: String) throws {
    let number = try #require(self.number(text))
    let spelled =
      text.hasPrefix(".") || text.hasPrefix("-.") ? text.replacing(".", with: "0.") : text
    let expected = try #require(Double(spelled.hasSuffix(".") ? spelled + "0" : spelled))
    #expect(number.value.bitPattern == expected.bitPattern)
    #expect(number.isWhole == !text.contains { ".eE".contains($0) })
  }

  @Test("random numbers of all sizes are read to the last bit")
  func randomNumbers() throws {
    var random = SplitMix64(seed: 3)
    for _ in 0..<20_000 {
      let value = Double(bitPattern: random.next())
      guard value.isFinite else { continue }
      let other = Double(Int.random(in: -1_000_000...1_000_000, using: &random)) / 1024
      #expect(number("\(value)")?.value.bitPattern == value.bitPattern)
      #expect(number("\(other)")?.value.bitPattern == other.bitPattern)
    }
  }

  @Test("what is no number is none; a comma is a decimal point where it may be")
  func noNumbers() {
    for text in [
      "", "-", ".", "e5", "1e", "1e+", "1,5", "0x10", "1 2", "1.2.3", "--1", "1f", "nan",
    ] {
      #expect(number(text) == nil, "\(text)")
    }
    #expect(number("1,5", decimalComma: true)?.value == 1.5)
    #expect(number("1.234,5", decimalComma: true) == nil)
    #expect(number("-inf")?.value == -.infinity && number("Infinity")?.value == .infinity)
  }

  private func number(
    _ text: String, decimalComma: Bool = false
  ) -> (value: Double, isWhole: Bool)? {
    Array(text.utf8).withUnsafeBufferPointer {
      DecimalText.parse($0, decimalComma: decimalComma)
    }
  }
}
