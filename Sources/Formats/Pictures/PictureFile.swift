// SPDX-License-Identifier: Apache-2.0

internal import CPictures

/// What the header of a PNG or JPEG file says of its picture.
package struct PictureHeader: Equatable, Sendable {
  /// The formats that are read.
  package enum Format: Sendable {
    case png
    case jpeg
  }

  /// The format, by the first bytes of the file, whatever its name.
  package let format: Format
  /// Rows of the picture as it is to be seen.
  package let height: Int
  /// Columns of the picture as it is to be seen.
  package let width: Int
  /// 1 where all colours are greys by the kind of file or by its palette, else 3.
  package let channels: Int
  /// 1 to 8 as in EXIF: how the stored picture is to be turned.
  package let orientation: Int

  /// Reads the header of a file, whose other bytes stay on the disk.
  ///
  /// - Throws: `FileError`, or `FormatError` where it is neither PNG nor JPEG or is damaged.
  package init(of path: String) throws {
    let file = try MappedFile(path)
    self = try withExtendedLifetime(file) {
      try PictureDecoder(file.bytes, path: path).header
    }
  }

  fileprivate init(_ format: Format, _ stored: elbo_picture, orientation: Int) {
    let size = (height: Int(stored.height), width: Int(stored.width))
    let isTurned = orientation > 4
    self.format = format
    height = isTurned ? size.width : size.height
    width = isTurned ? size.height : size.width
    channels = stored.is_grey != 0 ? 1 : 3
    self.orientation = orientation
  }
}

extension Picture {
  /// The most pixels of a picture that are read where no other limit is given: 100 million.
  package static let usualLimit = 100_000_000

  /// The most pixels that a byte of a JPEG file of Huffman codes holds: a bit for each 64.
  package static let pixelsPerByte = 8 * 64

  /// Reads a PNG or JPEG file, recognised by its first bytes, whatever its name.
  ///
  /// PNG: every kind and depth; 16 bits become the nearest of 8, transparent pixels lie over white,
  /// gamma and colour profiles are not applied. JPEG: grey, colour, and CMYK in Adobe's convention.
  /// An orientation in EXIF data is honoured.
  ///
  /// A picture of more pixels than its bytes can hold is refused by its header: memory is at most
  /// 11 bytes for each of 64 pixels a byte (JPEG) or for each bit of 1032 bytes a byte (PNG), and
  /// for `limit` pixels.
  ///
  /// - Parameters:
  ///   - path: A regular file.
  ///   - limit: The most pixels accepted, checked before memory is taken for them.
  /// - Returns: The picture as it is to be seen.
  /// - Throws: `FileError`, or `FormatError` where the file is neither, damaged or truncated.
  package static func read(_ path: String, limit: Int = usualLimit) throws -> Picture {
    try decode(readFile(path), path: path, limit: limit)
  }

  /// The picture of a file that has been read; see `read`.
  package static func decode(
    _ bytes: [UInt8], path: String, limit: Int = usualLimit
  ) throws -> Picture {
    try bytes.withUnsafeBytes { try PictureDecoder($0, path: path).picture(limit: limit) }
  }
}

/// A file in memory, and what its header says.
private struct PictureDecoder {
  let header: PictureHeader
  private let bytes: UnsafeRawBufferPointer
  private let path: String
  private var stored = elbo_picture()

  init(_ bytes: UnsafeRawBufferPointer, path: String) throws {
    self.bytes = bytes
    self.path = path
    let source = bytes.assumingMemoryBound(to: UInt8.self)
    if bytes.starts(with: [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]) {
      guard elbo_png_header(source.baseAddress, source.count, &stored) != 0 else {
        throw FormatError(path: path, .png(reason: message(of: stored)))
      }
      header = PictureHeader(.png, stored, orientation: Exif.orientation(inPNG: bytes))
    } else if bytes.starts(with: [0xFF, 0xD8, 0xFF]) {
      guard elbo_jpeg_header(source.baseAddress, source.count, &stored) != 0 else {
        throw FormatError(path: path, .jpeg(reason: message(of: stored)))
      }
      header = PictureHeader(.jpeg, stored, orientation: Exif.orientation(inJPEG: bytes))
    } else {
      throw FormatError(path: path, .pictureMagic(Array(bytes.prefix(8))))
    }
  }

  func picture(limit: Int) throws -> Picture {
    let (height, width) = (Int(stored.height), Int(stored.width))
    let (pixels, overflows) = height.multipliedReportingOverflow(by: width)
    guard !overflows, pixels <= limit else {
      throw FormatError(path: path, .pictureSize(height: height, width: width, limit: limit))
    }
    let least = Int(stored.least_bits)
    let possible =
      header.format == .jpeg
      ? Picture.pixelsPerByte * bytes.count
      : 8 * Gzip.largestRatio * bytes.count / max(least, 1)
    guard least == 0 || pixels <= possible else {
      throw FormatError(
        path: path, .pictureBeyondFile(height: height, width: width, size: bytes.count))
    }
    let channels = Int(stored.channels)
    let size = pixels * channels
    let source = bytes.assumingMemoryBound(to: UInt8.self)
    var picture = stored
    var done = false
    let decoded = [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
      let decode = header.format == .png ? elbo_png_decode : elbo_jpeg_decode
      done = decode(source.baseAddress, source.count, &picture, buffer.baseAddress) != 0
      count = done ? size : 0
    }
    guard done else {
      let reason = message(of: picture)
      throw FormatError(
        path: path, header.format == .png ? .png(reason: reason) : .jpeg(reason: reason))
    }
    let seen = flattened(decoded, stored: channels, kept: header.channels)
    return Picture(height: height, width: width, channels: header.channels, bytes: seen)
      .oriented(header.orientation)
  }
}

/// Pixels without alpha, laid over white: c a + (1 - a), to the nearest byte. Of equal colours one.
private func flattened(_ bytes: [UInt8], stored: Int, kept: Int) -> [UInt8] {
  if stored == kept { return bytes }
  let pixels = bytes.count / stored
  let hasAlpha = stored.isMultiple(of: 2)
  return [UInt8](unsafeUninitializedCapacity: pixels * kept) { target, count in
    bytes.withUnsafeBufferPointer { source in
      for pixel in 0..<pixels {
        let alpha = hasAlpha ? Int(source[pixel * stored + stored - 1]) : 255
        for channel in 0..<kept {
          let value = Int(source[pixel * stored + channel])
          let sum = value * alpha + 255 * (255 - alpha)
          target.initializeElement(at: pixel * kept + channel, to: UInt8((sum + 127) / 255))
        }
      }
    }
    count = pixels * kept
  }
}

private func message(of picture: elbo_picture) -> String {
  withUnsafeBytes(of: picture.message) {
    String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self).shown(limit: 200)
  }
}
