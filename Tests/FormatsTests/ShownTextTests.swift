// SPDX-License-Identifier: Apache-2.0

import Formats
import Testing

@Suite("Text of files as people see it")
struct ShownTextTests {
  /// C0 and C1 controls, DEL, marks that reorder or hide, separators of lines.
  static let harmful: [Unicode.Scalar] = [
    "\u{0}", "\u{7}", "\u{8}", "\t", "\n", "\r", "\u{1B}", "\u{7F}", "\u{80}", "\u{85}", "\u{9B}",
    "\u{9D}", "\u{200B}", "\u{200E}", "\u{202E}", "\u{2028}", "\u{2029}", "\u{2066}", "\u{FEFF}",
    "\u{E000}", "\u{E0041}",
  ]

  @Test("what a terminal would obey is shown by its number", arguments: harmful)
  func escaped(scalar: Unicode.Scalar) {
    let number = String(scalar.value, radix: 16)
    #expect("a\(scalar)b".shownLine(limit: 100) == "a\\u{\(number)}b")
    #expect("a\(scalar)b".shown() == "a\\u{\(number)}b")
  }

  @Test("JSON escapes it too, and reads back as it was", arguments: harmful)
  func json(scalar: Unicode.Scalar) throws {
    for value: JSONValue in [.string("a\(scalar)b"), ["a\(scalar)b": 1]] {
      let text = value.compact
      #expect(!text.unicodeScalars.contains(scalar), "\(scalar.value) is raw in \(text)")
      #expect(text.utf8.allSatisfy { (0x20..<0x7F).contains($0) })
      #expect(try JSONValue.parse(text) == value)
    }
  }

  @Test("ordinary text stays as it is, in lines and in JSON")
  func harmless() {
    let text = "é 日本 😀 ± █ \"quoted\" e\u{301}"
    #expect(text.shownLine(limit: 100) == text)
    #expect(JSONValue.string("é 日本 😀").compact == "\"é 日本 😀\"")
  }

  @Test(
    "a long line is shortened in the middle to the limit, its escapes counted",
    arguments: ["x", "\u{1B}", "日", "e\u{301}"])
  func shortened(piece: String) {
    let text = "start" + String(repeating: piece, count: 2_000_000) + "end; do this"
    let line = text.shownLine(limit: 500)
    #expect((480...500).contains(line.unicodeScalars.count))
    #expect(line.hasPrefix("start") && line.hasSuffix("end; do this") && line.contains("..."))
    let exact = String(repeating: "x", count: 500)
    #expect(exact.shownLine(limit: 500) == exact)
    #expect((exact + "x").shownLine(limit: 500).count == 500)
  }

  @Test("a noun follows its number")
  func nouns() {
    #expect(1.counted("draw") == "1 draw" && 0.counted("draw") == "0 draws")
    #expect(2.counted("batch", plural: "batches") == "2 batches")
    #expect(1.noun("batch", plural: "batches") == "batch")
  }
}
