// SPDX-License-Identifier: Apache-2.0

import Formats
import Testing

@Suite("Tables of texts")
struct CSVTests {
  private func parse(_ text: String) throws -> CSV {
    try CSV.parse(Array(text.utf8), path: "t.csv")
  }

  @Test("quotes, line ends, empty fields and a mark of byte order")
  func reading() throws {
    let table = try parse("\u{FEFF}a,b,\"c, d\"\r\n1,,\"x \"\"y\"\"\"\r\n\n\"two\nlines\",3,\"\"")
    #expect(table.columns == ["a", "b", "c, d"])
    #expect(table.rows == [["1", "", "x \"y\""], ["two\nlines", "3", ""]])
    #expect(try parse("a\n").rows.isEmpty)
  }

  @Test(
    "a damaged table is told with its line",
    arguments: [
      ("", "is empty"), ("a,b\n1,2\n3\n", "has 1 field in line 3, but 2 columns"),
      ("a\n\"1\n", "has a quote in line 2 that does not end"),
      ("a\n\"1\"2\n", "has text after a quoted field in line 2"),
      ("a,a\n", "names two columns 'a'"),
    ])
  func damaged(_ text: String, _ words: String) {
    do {
      _ = try parse(text)
      Issue.record("no error")
    } catch {
      #expect("\(error)".contains("'t.csv' \(words)"), "\(error)")
    }
    #expect(throws: FormatError.self) { try CSV.parse([0x61, 0xFF], path: "t.csv") }
  }
}
