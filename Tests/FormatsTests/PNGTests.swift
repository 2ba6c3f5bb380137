// SPDX-License-Identifier: Apache-2.0

import Formats
import Testing

@Suite("PNG")
struct PNGTests {
  @Test("every kind round-trips", arguments: [PNG.Format.grey, .rgb, .rgba])
  func roundTrip(format: PNG.Format) throws {
    let (width, height) = (37, 11)
    let pixels = (0..<width * height * format.channels).map { UInt8(truncatingIfNeeded: $0 &* 89) }
    let bytes = try PNG.encode(pixels, width: width, height: height, format: format)
    let back = try PNG.decode(bytes, path: "x.png", format: format)
    #expect(back.pixels == pixels && back.width == width && back.height == height)
  }

  @Test(
    "the header says size, depth and kind",
    arguments: [
      (PNG.Format.grey, 0), (.rgb, 2), (.rgba, 6),
    ] as [(PNG.Format, UInt8)])
  func header(format: PNG.Format, kind: UInt8) throws {
    let pixels = [UInt8](repeating: 9, count: 300 * 2 * format.channels)
    let bytes = try PNG.encode(pixels, width: 300, height: 2, format: format)
    #expect(bytes.prefix(8) == [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A])
    #expect(bytes[8..<16] == [0, 0, 0, 13, 0x49, 0x48, 0x44, 0x52])
    #expect(bytes[16..<26] == [0, 0, 1, 44, 0, 0, 0, 2, 8, kind])
  }

  @Test("incompressible pixels fit")
  func noise() throws {
    var generator = Xorshift(state: 3)
    let pixels = (0..<512 * 512 * 3).map { _ in UInt8.random(in: 0...255, using: &generator) }
    let bytes = try PNG.encode(pixels, width: 512, height: 512, format: .rgb)
    #expect(try PNG.decode(bytes, path: "x", format: .rgb).pixels == pixels)
  }

  @Test("damaged, truncated and foreign files are refused")
  func faults() throws {
    let bytes = try PNG.encode([1, 2, 3, 4], width: 2, height: 2, format: .grey)
    for count in stride(from: 0, to: bytes.count - 12, by: 5) {
      #expect(throws: FormatError.self) {
        try PNG.decode(Array(bytes.prefix(count)), path: "x.png", format: .grey)
      }
    }
    #expect(throws: FormatError.self) {
      try PNG.decode(Array("GIF89a".utf8), path: "x.png", format: .grey)
    }
    var damaged = bytes
    damaged[17] = 0x10
    #expect(throws: FormatError.self) { try PNG.decode(damaged, path: "x.png", format: .grey) }
  }

  @Test("an image above the limit is refused before it takes memory")
  func limit() throws {
    let bytes = try PNG.encode([1, 2, 3, 4], width: 2, height: 2, format: .grey)
    #expect(throws: FormatError(path: "x", .unpacksBeyond(limit: 3))) {
      try PNG.decode(bytes, path: "x", format: .grey, limit: 3)
    }
  }
}
