// SPDX-License-Identifier: Apache-2.0

/// PNG files of any kind and depth, written by the specification without libpng: stored, not
/// packed.
struct HandWrittenPNG {
  /// 0 grey, 2 RGB, 3 palette, 4 grey and alpha, 6 RGB and alpha.
  var kind: UInt8
  var depth: Int
  var height: Int
  var width: Int
  /// `[height, width, channels]`, whole numbers of `depth` bits.
  var samples: [Int]
  /// Bytes of R, G, B for each colour of a palette.
  var palette: [UInt8] = []
  var isInterlaced = false
  /// Chunks before the pixels, each with its four letters.
  var chunks: [(type: String, data: [UInt8])] = []

  var channels: Int { samples.count / (height * width) }

  var bytes: [UInt8] {
    var rows: [UInt8] = []
    // Adam7: first column, first row, distances of columns and of rows (PNG, section 8.2).
    let passes =
      isInterlaced
      ? [
        (0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2),
        (0, 1, 1, 2),
      ] : [(0, 0, 1, 1)]
    for (left, top, right, down) in passes where left < width {
      for row in stride(from: top, to: height, by: down) {
        rows += [0] + packed(row, stride(from: left, to: width, by: right))
      }
    }
    let size = big(height: height, width: width)
    var file: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]
    file += chunk("IHDR", size + [UInt8(depth), kind, 0, 0, isInterlaced ? 1 : 0])
    if !palette.isEmpty { file += chunk("PLTE", palette) }
    for (type, data) in chunks { file += chunk(type, data) }
    return file + chunk("IDAT", stored(rows)) + chunk("IEND", [])
  }

  private func packed(_ row: Int, _ columns: StrideTo<Int>) -> [UInt8] {
    var (bytes, bits, held) = ([UInt8](), 0, 0)
    for column in columns {
      for channel in 0..<channels {
        bits = bits << depth | samples[(row * width + column) * channels + channel]
        held += depth
        while held >= 8 {
          bytes.append(UInt8(bits >> (held - 8) & 255))
          held -= 8
          bits &= (1 << held) - 1
        }
      }
    }
    return held > 0 ? bytes + [UInt8(bits << (8 - held) & 255)] : bytes
  }

  private func big(height: Int, width: Int) -> [UInt8] { big(width) + big(height) }

  private func big(_ number: Int) -> [UInt8] {
    [24, 16, 8, 0].map { UInt8(number >> $0 & 255) }
  }

  private func chunk(_ type: String, _ data: [UInt8]) -> [UInt8] {
    let body = Array(type.utf8) + data
    return big(data.count) + body + big(Int(checksum(body)))
  }

  /// CRC-32 (PNG, annex D).
  private func checksum(_ bytes: [UInt8]) -> UInt32 {
    var rest = ~UInt32(0)
    for byte in bytes {
      rest ^= UInt32(byte)
      for _ in 0..<8 {
        let isOdd = rest & 1 == 1
        rest >>= 1
        if isOdd { rest ^= 0xEDB8_8320 }
      }
    }
    return ~rest
  }

  /// One stored block in a zlib stream (RFC 1950 and 1951), for less than 65,536 bytes.
  private func stored(_ bytes: [UInt8]) -> [UInt8] {
    var (a, b) = (1, 0)
    for byte in bytes {
      a = (a + Int(byte)) % 65521
      b = (b + a) % 65521
    }
    let length = [UInt8(bytes.count & 255), UInt8(bytes.count >> 8)]
    var stream: [UInt8] = [0x78, 0x01, 0x01]
    stream += length
    stream += length.map { ~$0 }
    return stream + bytes + big(b << 16 | a)
  }
}
