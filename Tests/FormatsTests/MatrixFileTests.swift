// SPDX-License-Identifier: Apache-2.0

import Formats
import TestSupport
import Testing

/// A number as `count` bytes, least significant first.
private func bytes(_ number: Int, _ count: Int) -> [UInt8] {
  (0..<count).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) }
}

/// A zip archive of one member, written out field by field.
private func archive(
  name: String, packed: [UInt8], size: Int, checksum: Int, method: Int, flags: Int = 0
) -> [UInt8] {
  let local =
    bytes(0x0403_4B50, 4) + bytes(20, 2) + bytes(flags, 2) + bytes(method, 2) + bytes(0, 4)
    + bytes(checksum, 4) + bytes(packed.count, 4) + bytes(size, 4) + bytes(name.utf8.count, 2)
    + bytes(0, 2) + Array(name.utf8) + packed
  let list =
    bytes(0x0201_4B50, 4) + bytes(20, 2) + bytes(20, 2) + bytes(flags, 2) + bytes(method, 2)
    + bytes(0, 4) + bytes(checksum, 4) + bytes(packed.count, 4) + bytes(size, 4)
    + bytes(name.utf8.count, 2) + bytes(0, 12) + bytes(0, 4) + Array(name.utf8)
  return local + list + bytes(0x0605_4B50, 4) + bytes(0, 4) + bytes(1, 2) + bytes(1, 2)
    + bytes(list.count, 4) + bytes(local.count, 4) + bytes(0, 2)
}

@Suite("Zip archives")
struct ZIPTests {
  /// "hello", whose CRC-32 is 0x3610a686; deflated as one block of its own bytes.
  private static let hello = Array("hello".utf8)
  private static let deflated: [UInt8] = [1, 5, 0, 0xFA, 0xFF] + hello

  private func read(_ bytes: [UInt8]) throws -> [UInt8] {
    try withTemporaryFolder { folder in
      try AtomicFile.write(bytes, to: "\(folder)/x.zip")
      let file = try ZIPArchive("\(folder)/x.zip")
      #expect(try file.prefix(3, of: file.members[0]) == Array("hel".utf8))
      return try file.contents(of: file.members[0])
    }
  }

  @Test("stored and deflated members, by their bytes")
  func members() throws {
    let (sum, hello) = (0x3610_A686, Self.hello)
    #expect(
      try read(archive(name: "a", packed: hello, size: 5, checksum: sum, method: 0)) == hello)
    #expect(
      try read(archive(name: "a", packed: Self.deflated, size: 5, checksum: sum, method: 8))
        == hello)
  }

  @Test("what is encrypted, packed otherwise, forged or damaged is refused in a sentence")
  func faults() {
    let (sum, hello) = (0x3610_A686, Self.hello)
    let cases: [([UInt8], String)] = [
      (archive(name: "a", packed: hello, size: 5, checksum: sum, method: 0, flags: 1), "encrypted"),
      (archive(name: "a", packed: hello, size: 5, checksum: sum, method: 14), "method 14"),
      (archive(name: "a", packed: hello, size: 5, checksum: 1, method: 0), "checksum"),
      (archive(name: "a", packed: hello, size: 6, checksum: sum, method: 0), "promises 6 bytes"),
      (
        archive(name: "a", packed: Self.deflated, size: 1 << 30, checksum: sum, method: 8),
        "promises 1073741824 bytes"
      ),
      (archive(name: "a", packed: hello, size: 5, checksum: sum, method: 8), "damaged"),
    ]
    for (bytes, words) in cases {
      let message = sentence { _ = try read(bytes) }
      #expect(message?.contains(words) == true, "\(words): \(message ?? "no error")")
    }
  }

  @Test("an archive that is cut anywhere, or has a byte changed anywhere, never stops the process")
  func damage() throws {
    let whole = archive(
      name: "a", packed: Self.deflated, size: 5, checksum: 0x3610_A686, method: 8)
    try withTemporaryFolder { folder in
      func tryToRead(_ bytes: [UInt8]) throws -> Bool {
        try AtomicFile.write(bytes, to: "\(folder)/x")
        do {
          let file = try ZIPArchive("\(folder)/x")
          for member in file.members { _ = try file.contents(of: member) }
          return true
        } catch is FormatError {
          return false
        }
      }
      for length in 0..<whole.count {
        #expect(try !tryToRead(Array(whole.prefix(length))), "cut to \(length)")
      }
      for place in whole.indices {
        var other = whole
        other[place] ^= 0xFF
        _ = try tryToRead(other)
      }
    }
  }
}

@Suite("Sparse rows and Matrix Market")
struct MatrixFileTests {
  private func parse(_ text: String) throws -> MatrixMarket {
    try MatrixMarket.parse(Array(text.utf8), path: "x.mtx")
  }

  @Test("numbers in any order become rows whose columns ascend; those of one place are added")
  func triplets() {
    let rows = SparseRows(
      rows: [2, 0, 2, 2], columns: [1, 3, 0, 1], values: [5, 1, 2, 0.5], shape: [3, 4])
    #expect(rows.rowStarts == [0, 1, 1, 3] && rows.columns == [3, 0, 1])
    #expect(rows.values == [1, 2, 5.5])
    #expect(rows.selecting([2, 0, 2]).values == [2, 5.5, 1, 2, 5.5])
    #expect(rows.position(of: 2) == (2, 1) && rows.position(of: 0) == (0, 3))
  }

  @Test("coordinate files: general, symmetric, skew-symmetric, pattern; comments and empty lines")
  func coordinates() throws {
    let general = try parse(
      "%%MatrixMarket matrix coordinate real general\n% words\n\n2 3 2\n1 3 -1.5e0\r\n\n2 1 4\n")
    #expect(
      general
        == .sparse(SparseRows(rows: [0, 1], columns: [2, 0], values: [-1.5, 4], shape: [2, 3])))
    let symmetric = try parse(
      "%%MatrixMarket matrix coordinate pattern symmetric\n2 2 2\n1 1\n2 1")
    #expect(
      symmetric
        == .sparse(
          SparseRows(rows: [0, 1, 0], columns: [0, 0, 1], values: [1, 1, 1], shape: [2, 2])))
    let skew = try parse(
      "%%MatrixMarket matrix coordinate integer skew-symmetric\n2 2 1\n2 1 3\n")
    #expect(
      skew == .sparse(SparseRows(rows: [1, 0], columns: [0, 1], values: [3, -3], shape: [2, 2])))
  }

  @Test("array files are column by column, symmetric ones by their lower half")
  func arrays() throws {
    let general = try parse("%%MatrixMarket matrix array real general\n2 2\n1\n2\n3\n4\n")
    #expect(general == .dense(shape: [2, 2], [1, 3, 2, 4]))
    let symmetric = try parse("%%MatrixMarket matrix array real symmetric\n2 2\n1\n2\n3\n")
    #expect(symmetric == .dense(shape: [2, 2], [1, 2, 2, 3]))
  }

  @Test(
    "faults are named with their line, and no memory is taken on a header's word",
    arguments: [
      ("", "does not begin"), ("%%MatrixMarket matrix coordinate complex general\n", "complex"),
      ("%%MatrixMarket matrix coordinate real general\n2 2 1\n3 1 1\n", "(3, 1) in a matrix"),
      ("%%MatrixMarket matrix coordinate real general\n2 2 1\n0 1 1\n", "line 3"),
      ("%%MatrixMarket matrix coordinate real general\n2 2 1\n1 1 x\n", "'x'"),
      ("%%MatrixMarket matrix coordinate real general\n2 2 2\n1 1 1\n", "ends where"),
      ("%%MatrixMarket matrix coordinate real general\n2 2 1\n1 1 1\n1 1 1\n", "goes on"),
      ("%%MatrixMarket matrix coordinate real general\n2 2 1\n1 1 1 1\n", "more numbers"),
      ("%%MatrixMarket matrix coordinate real general\n2 2 999999999\n", "promises"),
      ("%%MatrixMarket matrix coordinate real general\n2000000000 2 0\n", "2000000000 x 2"),
      ("%%MatrixMarket matrix array real general\n1000000 1000000\n", "promises"),
      ("%%MatrixMarket matrix array real symmetric\n1 2\n", "1 rows and 2 columns"),
    ])
  func faults(text: String, words: String) {
    let message = sentence { _ = try parse(text) }
    #expect(message?.contains(words) == true, "\(message ?? "no error")")
  }
}
