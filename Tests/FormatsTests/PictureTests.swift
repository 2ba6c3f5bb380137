// SPDX-License-Identifier: Apache-2.0

import Formats
import TestSupport
import Testing

/// The grey levels 10, 60, 110 above 160, 210, 250 as a JPEG file, at the finest quantisation.
private let greyJPEG = hexadecimal(
  """
  ffd8ffe000104a46494600010100000100010000ffdb0043000101010101010101010101010101010101010101\
  010101010101010101010101010101010101010101010101010101010101010101010101010101010101010101\
  ffc0000b080002000301011100ffc4001400010000000000000000000000000000000affc4001f100002020201\
  0500000000000000000000010203080711060004122131ffda0008010100003f005815429cd458ab8e1f48eabd\
  708d1786f61e28983f19228dcb393a55e3000d9249d0f6493f4f5fffd9
  """)

private func hexadecimal(_ text: String) -> [UInt8] {
  let digits = Array(text)
  return stride(from: 0, to: digits.count, by: 2).compactMap {
    UInt8(String(digits[$0...$0 + 1]), radix: 16)
  }
}

/// EXIF data with an orientation, and before it an entry of another kind.
private func exif(_ orientation: UInt8, isLittle: Bool) -> [UInt8] {
  func short(_ value: UInt8, _ high: UInt8 = 0) -> [UInt8] {
    isLittle ? [value, high] : [high, value]
  }
  func long(_ value: UInt8) -> [UInt8] { isLittle ? [value, 0, 0, 0] : [0, 0, 0, value] }
  var data: [UInt8] = isLittle ? [0x49, 0x49] : [0x4D, 0x4D]
  data += short(42) + long(8) + short(2)
  data += short(0x00, 0x01) + short(4) + long(1) + long(99)
  data += short(0x12, 0x01) + short(3) + long(1)
  data += short(orientation) + short(0) + long(0)
  return data
}

/// How a stored picture of rows abc, def is seen by orientations 1 to 8 (EXIF 2.3, section 4.6.4).
private let seen = [
  ["abc", "def"], ["cba", "fed"], ["fed", "cba"], ["def", "abc"], ["ad", "be", "cf"],
  ["da", "eb", "fc"], ["fc", "eb", "da"], ["cf", "be", "ad"],
]

private func decode(_ bytes: [UInt8]) throws -> Picture { try Picture.decode(bytes, path: "x") }

@Suite("Pictures")
struct PictureTests {
  @Test("samples of all depths become the nearest of 8 bits", arguments: [1, 2, 4, 8, 16])
  func depths(depth: Int) throws {
    let most = 1 << depth - 1
    let samples = (0..<5 * 9).map { depth == 16 ? $0 * 1489 : $0 % (most + 1) }
    let expected = samples.map { UInt8((Double($0) * 255 / Double(most)).rounded()) }
    for isInterlaced in [false, true] {
      var file = HandWrittenPNG(kind: 0, depth: depth, height: 5, width: 9, samples: samples)
      file.isInterlaced = isInterlaced
      let picture = try decode(file.bytes)
      #expect(picture == Picture(height: 5, width: 9, channels: 1, bytes: expected))
    }
  }

  @Test("palettes are colours, or greys where all of them are", arguments: [1, 2, 4, 8])
  func palettes(depth: Int) throws {
    let samples = (0..<7 * 3).map { $0 % (1 << min(depth, 3)) }
    let colours = (0..<3 << depth).map { UInt8(truncatingIfNeeded: $0 * 37 + 5) }
    var file = HandWrittenPNG(
      kind: 3, depth: depth, height: 3, width: 7, samples: samples, palette: colours)
    for isInterlaced in [false, true] {
      file.isInterlaced = isInterlaced
      let expected = samples.flatMap { colours[3 * $0..<3 * $0 + 3] }
      #expect(try decode(file.bytes).bytes == expected)
    }
    file.palette = (0..<3 << depth).map { UInt8($0 / 3 * 200 >> depth) }
    let grey = try decode(file.bytes)
    #expect(grey.channels == 1 && grey.bytes == samples.map { file.palette[3 * $0] })
  }

  @Test("colours of 16 bits, and alpha of 8 and 16 bits over white")
  func alpha() throws {
    let colour = HandWrittenPNG(
      kind: 2, depth: 16, height: 1, width: 2, samples: [0, 257, 65535, 128, 129, 40000])
    // 128 / 257 is 0.498, 129 / 257 is 0.502.
    #expect(try decode(colour.bytes).bytes == [0, 1, 255, 0, 1, 156])
    let translucent = HandWrittenPNG(
      kind: 6, depth: 8, height: 1, width: 3,
      samples: [10, 20, 30, 255, 10, 20, 30, 0, 100, 0, 255, 102])
    // 0.4 c + 0.6 255.
    #expect(try decode(translucent.bytes).bytes == [10, 20, 30, 255, 255, 255, 193, 153, 255])
    let grey = HandWrittenPNG(
      kind: 4, depth: 16, height: 1, width: 2, samples: [0, 26214, 65535, 65535])
    #expect(try decode(grey.bytes) == Picture(height: 1, width: 2, channels: 1, bytes: [153, 255]))
  }

  @Test("transparent colours lie over white, of palettes, greys and colours")
  func transparentColours() throws {
    var file = HandWrittenPNG(
      kind: 3, depth: 2, height: 1, width: 3, samples: [0, 1, 2],
      palette: [10, 20, 30, 100, 0, 255, 7, 8, 9])
    file.chunks = [("tRNS", [0, 102])]
    #expect(try decode(file.bytes).bytes == [255, 255, 255, 193, 153, 255, 7, 8, 9])
    file = HandWrittenPNG(kind: 0, depth: 16, height: 1, width: 2, samples: [5140, 5141])
    file.chunks = [("tRNS", [0x14, 0x14])]
    // Both are 20 of 255: the transparent one is told by all 16 bits.
    #expect(try decode(file.bytes).bytes == [255, 20])
    file = HandWrittenPNG(kind: 2, depth: 8, height: 1, width: 2, samples: [1, 2, 3, 1, 2, 4])
    file.chunks = [("tRNS", [0, 1, 0, 2, 0, 3])]
    #expect(try decode(file.bytes).bytes == [255, 255, 255, 1, 2, 4])
  }

  @Test("EXIF turns pictures of both formats, in both byte orders", arguments: 1...8)
  func orientation(_ orientation: Int) throws {
    let letters = Array("abcdef".utf8)
    let expected = seen[orientation - 1]
    let stored = Picture(height: 2, width: 3, channels: 1, bytes: letters)
    let turned = stored.oriented(orientation)
    #expect(turned.height == expected.count && turned.width == expected[0].count)
    #expect(turned.bytes == Array(expected.joined().utf8))
    let colour = stored.converted(toChannels: 3).oriented(orientation)
    #expect(colour == turned.converted(toChannels: 3))

    for isLittle in [true, false] {
      let data = exif(UInt8(orientation), isLittle: isLittle)
      var file = HandWrittenPNG(
        kind: 0, depth: 8, height: 2, width: 3, samples: letters.map { Int($0) })
      file.chunks = [("eXIf", data)]
      #expect(try decode(file.bytes) == turned)

      let segment = Array("Exif\0\0".utf8) + data
      let marker: [UInt8] = [0xFF, 0xE1, 0, UInt8(segment.count + 2)]
      let jpeg: [UInt8] = greyJPEG.prefix(20) + marker + segment + greyJPEG.dropFirst(20)
      let plain = try decode(greyJPEG)
      #expect(plain.height == 2 && plain.width == 3 && plain.channels == 1)
      for (found, level) in zip(plain.bytes, [10, 60, 110, 160, 210, 250]) {
        #expect(abs(Int(found) - level) <= 2)
      }
      #expect(try decode(jpeg) == plain.oriented(orientation))
      try withTemporaryFolder { folder in
        // The name says nothing.
        try AtomicFile.write(jpeg, to: "\(folder)/x.png")
        let header = try PictureHeader(of: "\(folder)/x.png")
        #expect(header.format == .jpeg && header.orientation == orientation)
        #expect(header.height == turned.height && header.width == turned.width)
        #expect(try Picture.read("\(folder)/x.png") == plain.oriented(orientation))
      }
    }
  }

  @Test("damaged EXIF data count for nothing")
  func damagedExif() throws {
    let data = exif(6, isLittle: true)
    let plain = try decode(greyJPEG)
    for count in 0..<data.count - 8 {
      let segment = Array("Exif\0\0".utf8) + data.prefix(count)
      let marker: [UInt8] = [0xFF, 0xE1, 0, UInt8(segment.count + 2)]
      let jpeg: [UInt8] = greyJPEG.prefix(2) + marker + segment + greyJPEG.dropFirst(2)
      let turned = try decode(jpeg)
      #expect(turned == plain || (count >= 32 && turned == plain.oriented(6)), "\(count) bytes")
    }
  }

  @Test("files cut short anywhere are refused in a sentence")
  func truncated() throws {
    let samples = (0..<12 * 11 * 4).map { $0 * 1489 & 0xFFFF }
    var png = HandWrittenPNG(kind: 6, depth: 16, height: 12, width: 11, samples: samples)
    for isInterlaced in [false, true] {
      png.isInterlaced = isInterlaced
      let bytes = png.bytes
      for count in 0..<bytes.count {
        let message = sentence { _ = try decode(Array(bytes.prefix(count))) }
        let expected =
          switch count {
          case 0: "is empty"
          case ..<8: "begins with the bytes 89"
          default: "is not a readable PNG image (the file ends too early)"
          }
        #expect(message?.contains("'x' \(expected)") == true, "\(count): \(message ?? "none")")
      }
    }
    for count in 3..<greyJPEG.count {
      #expect(throws: FormatError(path: "x", .jpeg(reason: "Premature end of JPEG file"))) {
        try decode(Array(greyJPEG.prefix(count)))
      }
    }
  }

  @Test("wrong bytes anywhere give an error or a picture, and no crash")
  func damaged() throws {
    var generator = Xorshift(state: 11)
    let png = HandWrittenPNG(kind: 3, depth: 8, height: 6, width: 5, samples: Array(0..<30))
    for bytes in [greyJPEG, png.bytes] {
      var refused = 0
      for _ in 0..<2000 {
        var damaged = bytes
        for _ in 0..<Int.random(in: 1...4, using: &generator) {
          let place = Int.random(in: 8..<bytes.count, using: &generator)
          damaged[place] = UInt8.random(in: 0...255, using: &generator)
        }
        do {
          _ = try Picture.decode(damaged, path: "x", limit: 100_000)
        } catch is FormatError {
          refused += 1
        }
      }
      #expect(refused > 500)
    }
  }

  @Test("a picture of too many pixels is refused before it takes memory")
  func limit() throws {
    var file = HandWrittenPNG(kind: 0, depth: 8, height: 2, width: 3, samples: [1, 2, 3, 4, 5, 6])
    #expect(throws: FormatError(path: "x", .pictureSize(height: 2, width: 3, limit: 5))) {
      try Picture.decode(file.bytes, path: "x", limit: 5)
    }
    #expect(try Picture.decode(file.bytes, path: "x", limit: 6).bytes == [1, 2, 3, 4, 5, 6])
    file.samples = [Int](repeating: 0, count: 6)
    // The size in the frame header, from 0 to 65535 each.
    var jpeg = greyJPEG
    let frame = try #require(jpeg.indices.first { jpeg[$0...].starts(with: [0xFF, 0xC0]) })
    jpeg.replaceSubrange(frame + 5..<frame + 9, with: [0xFD, 0xE8, 0xFD, 0xE8])
    #expect(
      sentence { _ = try decode(jpeg) }
        == "'x' is a picture of 65000 x 65000 pixels where at most 100000000 are read; make it "
        + "smaller or leave it out")
  }

  @Test("other files are told by their first bytes")
  func others() {
    #expect(
      sentence { _ = try decode(Array("GIF89a..".utf8)) }
        == "'x' begins with the bytes 47 49 46 38 39 61 2e 2e where a picture has 89 50 4e 47 "
        + "0d 0a 1a 0a (PNG) or ff d8 ff (JPEG); convert it or leave it out")
    #expect(throws: FileError.missing(path: "/nowhere")) { try Picture.read("/nowhere") }
  }

  @Test("grey is the luma of Rec. 601")
  func luma() {
    let colour = Picture(
      height: 1, width: 4, channels: 3,
      bytes: [255, 0, 0, 0, 255, 0, 0, 0, 255, 200, 200, 200])
    // 0.299, 0.587 and 0.114 of 255 are 76.2, 149.7 and 29.1.
    #expect(colour.converted(toChannels: 1).bytes == [76, 150, 29, 200])
    #expect(colour.converted(toChannels: 3) == colour)
  }
}
