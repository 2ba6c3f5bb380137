// SPDX-License-Identifier: Apache-2.0

import Formats
import TestSupport
import Testing

@Suite("Gzip")
struct GzipTests {
  /// What `printf 'hello hello hello\n' | gzip -n` prints.
  private let hello: [UInt8] = [
    0x1F, 0x8B, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x03, 0xCB, 0x48, 0xCD, 0xC9, 0xC9, 0x57,
    0xC8, 0x40, 0x90, 0x5C, 0x00, 0x3B, 0x7C, 0x8A, 0xDF, 0x12, 0x00, 0x00, 0x00,
  ]
  private let text = Array("hello hello hello\n".utf8)

  private func unpack(_ bytes: [UInt8], limit: Int = 1 << 20) throws -> [UInt8] {
    try Gzip.decompress(bytes, path: "x.gz", limit: limit)
  }

  private func expect(_ fault: FormatFault, _ bytes: [UInt8], limit: Int = 1 << 20) {
    #expect(throws: FormatError(path: "x.gz", fault)) { try unpack(bytes, limit: limit) }
  }

  @Test("what gzip packed is unpacked")
  func knownAnswer() throws {
    #expect(try unpack(hello) == text)
    #expect(Gzip.isGzip(hello) && !Gzip.isGzip(text) && !Gzip.isGzip([UInt8]()))
  }

  @Test("round trips, whatever the size", arguments: [0, 1, 65_535, 65_536, 1_000_003])
  func roundTrip(size: Int) throws {
    var generator = Xorshift(state: 7)
    let bytes = (0..<size).map { _ in UInt8.random(in: 0...15, using: &generator) }
    let packed = Gzip.compress(bytes)
    #expect(try unpack(packed, limit: size) == bytes)
    #expect(try Gzip.prefix(10, of: packed, path: "x") == Array(bytes.prefix(10)))
    #expect(packed == Gzip.compress(bytes), "packing twice must give the same bytes")
  }

  @Test("members follow each other, and padding with zeros is ignored")
  func members() throws {
    let big = [UInt8](repeating: 3, count: 300_000)
    #expect(try unpack(hello + Gzip.compress(big) + hello) == text + big + text)
    #expect(try unpack(hello + [0, 0, 0]) == text)
  }

  @Test("a cut at any place is named truncated")
  func truncated() {
    for count in 2..<hello.count { expect(.gzipTruncated, Array(hello.prefix(count))) }
  }

  @Test("a wrong CRC, a wrong length and damaged data are named")
  func damaged() {
    for (index, reason) in [
      (21, "incorrect data check"), (25, "incorrect length check"),
      (2, "unknown compression method"),
    ] {
      var bytes = hello
      bytes[index] ^= 0xFF
      let message = sentence { _ = try unpack(bytes) }
      #expect(message?.contains(reason) == true, "\(message ?? "no error")")
    }
  }

  @Test("foreign bytes after the data are refused")
  func trailing() {
    expect(.gzipTrailing(offset: hello.count), hello + [1, 2, 3])
    expect(.gzipTruncated, hello + [0x1F, 0x8B])
  }

  @Test("bytes that are not gzip are refused")
  func notGzip() {
    expect(.gzipExpected, text)
    expect(.gzipExpected, [])
  }

  @Test("a decompression bomb stops at the limit")
  func bomb() {
    let bomb = Gzip.compress([UInt8](repeating: 0, count: 50_000_000), level: 9)
    #expect(bomb.count < 60_000)
    expect(.unpacksBeyond(limit: 1000), bomb, limit: 1000)
    expect(.unpacksBeyond(limit: text.count - 1), hello, limit: text.count - 1)
  }

  @Test("a false length at the end takes no memory")
  func falseLength() {
    // Promises 4 GB; the length check finds out after 18 bytes.
    expect(
      .gzipDamaged(offset: hello.count, reason: "incorrect length check"),
      Array(hello.dropLast(4)) + [0xFF, 0xFF, 0xFF, 0xFF], limit: .max - 1)
  }
}
