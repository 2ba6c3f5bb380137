// SPDX-License-Identifier: Apache-2.0

import Formats
import Testing

@Suite("Paths as bytes")
struct PathTests {
  /// A slash and a combining mark after it are one character of Swift's.
  @Test("a name that begins with a combining mark is a name")
  func combiningMark() {
    #expect(Files.parent(of: "runs/\u{301}a") == "runs")
    #expect(Array(Files.name(of: "runs/\u{301}a").utf8) == Array("\u{301}a".utf8))
    #expect(Files.parent(of: "/\u{301}a") == "/" && Files.hasFolder("a/\u{301}b"))
  }

  @Test(
    "parents and names",
    arguments: [
      ("a/b/c", "a/b", "c"), ("c", ".", "c"), ("/c", "/", "c"), ("a/b/c/", "a/b", "c"),
      ("/", "/", "/"), ("a//b", "a", "b"), ("", ".", ""),
    ])
  func parts(_ path: String, _ parent: String, _ name: String) {
    #expect(Files.parent(of: path) == parent && Files.name(of: path) == name)
  }
}
