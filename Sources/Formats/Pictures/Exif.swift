// SPDX-License-Identifier: Apache-2.0

/// The one entry of EXIF data that changes what is seen: how the stored picture is to be turned.
///
/// Whatever is missing or damaged counts as 1, "as it is": EXIF data are no part of the pixels.
enum Exif {
  /// The orientation of a JPEG file, from its first APP1 segment of EXIF data before the first
  /// scan.
  static func orientation(inJPEG bytes: UnsafeRawBufferPointer) -> Int {
    let name: [UInt8] = [0x45, 0x78, 0x69, 0x66, 0, 0]  // "Exif", 0, 0
    var offset = 2
    while offset + 4 <= bytes.count, bytes[offset] == 0xFF {
      let marker = bytes[offset + 1]
      switch marker {
      case 0xFF: offset += 1  // A filling byte.
      case 0x01, 0xD0...0xD8: offset += 2  // Markers without a segment.
      case 0xD9, 0xDA: return 1  // The end, or a scan.
      default:
        let length = Int(bytes[offset + 2]) << 8 | Int(bytes[offset + 3])
        let segment = bytes[offset + 4..<max(offset + 4, min(offset + 2 + length, bytes.count))]
        if marker == 0xE1, segment.starts(with: name) {
          return orientation(inTIFF: UnsafeRawBufferPointer(rebasing: segment.dropFirst(6)))
        }
        offset += 2 + length
      }
    }
    return 1
  }

  /// The orientation of a PNG file, from its chunk "eXIf" (PNG 1.5 extensions, 2017).
  static func orientation(inPNG bytes: UnsafeRawBufferPointer) -> Int {
    let type: [UInt8] = [0x65, 0x58, 0x49, 0x66]
    var offset = 8
    while offset + 8 <= bytes.count {
      let length = (0..<4).reduce(0) { $0 << 8 | Int(bytes[offset + $1]) }
      if bytes[offset + 4..<offset + 8].elementsEqual(type) {
        let data = bytes[offset + 8..<min(offset + 8 + length, bytes.count)]
        return orientation(inTIFF: UnsafeRawBufferPointer(rebasing: data))
      }
      offset += 12 + length
    }
    return 1
  }

  /// Entry 0x0112, a short, of the first directory (TIFF 6.0, section 2).
  private static func orientation(inTIFF bytes: UnsafeRawBufferPointer) -> Int {
    let isLittle = bytes.starts(with: [0x49, 0x49, 0x2A, 0])
    guard isLittle || bytes.starts(with: [0x4D, 0x4D, 0, 0x2A]) else { return 1 }
    func number(_ offset: Int, _ size: Int) -> Int? {
      guard offset >= 0, offset + size <= bytes.count else { return nil }
      let digits = bytes[offset..<offset + size]
      return isLittle
        ? digits.reversed().reduce(0) { $0 << 8 | Int($1) }
        : digits.reduce(0) { $0 << 8 | Int($1) }
    }
    guard let directory = number(4, 4), let count = number(directory, 2) else { return 1 }
    for entry in 0..<count {
      let place = directory + 2 + 12 * entry
      guard let tag = number(place, 2), let type = number(place + 2, 2) else { return 1 }
      if tag == 0x0112, type == 3, let value = number(place + 8, 2) {
        return (1...8).contains(value) ? value : 1
      }
    }
    return 1
  }
}
