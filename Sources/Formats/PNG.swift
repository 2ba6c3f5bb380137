// SPDX-License-Identifier: Apache-2.0

internal import CPNG

/// PNG images with 8 bits a channel, through libpng's simplified interface.
///
/// The full interface reports faults by `longjmp`, which must not cross Swift code.
package enum PNG {
  /// The channels of a pixel, in order; the values are sRGB, alpha is not premultiplied.
  package enum Format: Int, Sendable {
    case grey = 1
    case rgb = 3
    case rgba = 4

    /// Bytes a pixel.
    package var channels: Int { rawValue }

    fileprivate var flags: UInt32 {
      switch self {
      case .grey: 0
      case .rgb: UInt32(PNG_FORMAT_FLAG_COLOR)
      case .rgba: UInt32(PNG_FORMAT_FLAG_COLOR | PNG_FORMAT_FLAG_ALPHA)
      }
    }
  }

  /// The bytes of a PNG file.
  ///
  /// - Parameters:
  ///   - pixels: `[height, width, channels]`, row by row from the top.
  ///   - width: From 1 to 2^24 pixels.
  ///   - height: From 1 to 2^24 pixels.
  ///   - format: The channels.
  /// - Returns: The file.
  /// - Precondition: There are width x height x channels bytes.
  /// - Throws: `FormatError` where libpng fails, for example for want of memory.
  package static func encode(
    _ pixels: [UInt8], width: Int, height: Int, format: Format
  ) throws -> [UInt8] {
    precondition(
      (1...1 << 24).contains(width) && (1...1 << 24).contains(height)
        && pixels.count == width * height * format.channels,
      "a PNG of \(width) x \(height) pixels with \(format.channels) channels does not fit "
        + "\(pixels.count) bytes")
    // Enough for incompressible pixels: deflate adds less than 1/1000, chunks 12 bytes per 8192.
    let rows = height * (width * format.channels + 1)
    let first = try write(pixels, width, height, format, capacity: rows + rows / 256 + 4096)
    if let bytes = first.bytes { return bytes }
    let second = try write(pixels, width, height, format, capacity: first.needed)
    guard let bytes = second.bytes else {
      throw FormatError(path: "PNG", .png(reason: "libpng asked for more and more memory"))
    }
    return bytes
  }

  /// The encoded bytes, or, where they exceed `capacity`, only how many are needed.
  private static func write(
    _ pixels: [UInt8], _ width: Int, _ height: Int, _ format: Format, capacity: Int
  ) throws -> (bytes: [UInt8]?, needed: Int) {
    var image = emptyImage()
    image.width = UInt32(width)
    image.height = UInt32(height)
    image.format = format.flags
    var size = png_alloc_size_t(capacity)
    var done = false
    let bytes = [UInt8](unsafeUninitializedCapacity: capacity) { buffer, count in
      done = png_image_write_to_memory(&image, buffer.baseAddress, &size, 0, pixels, 0, nil) != 0
      count = done ? Int(size) : 0
    }
    if done { return (bytes, bytes.count) }
    guard Int(size) > capacity else {
      throw FormatError(path: "PNG", .png(reason: message(of: image)))
    }
    return (nil, Int(size))
  }

  /// The pixels of a PNG file, converted to `format`.
  ///
  /// - Parameters:
  ///   - bytes: The whole file, of any PNG kind.
  ///   - path: Its path, for the error.
  ///   - format: The channels wanted; colour becomes grey, and alpha is laid over black.
  ///   - limit: The most bytes of pixels accepted, checked before any memory is taken.
  /// - Returns: The pixels `[height, width, channels]`, and both sizes.
  /// - Throws: `FormatError`.
  package static func decode(
    _ bytes: [UInt8], path: String, format: Format, limit: Int = 1 << 28
  ) throws -> (pixels: [UInt8], width: Int, height: Int) {
    var image = emptyImage()
    defer { png_image_free(&image) }
    return try bytes.withUnsafeBytes { raw in
      guard png_image_begin_read_from_memory(&image, raw.baseAddress, raw.count) != 0 else {
        throw FormatError(path: path, .png(reason: message(of: image)))
      }
      let (width, height) = (Int(image.width), Int(image.height))
      guard let size = checkedProduct([width, height, format.channels]), size <= limit else {
        throw FormatError(path: path, .unpacksBeyond(limit: limit))
      }
      // The fewest bits of a pixel are one, and deflate has its largest ratio.
      guard width * height / 8 <= Gzip.largestRatio * bytes.count else {
        throw FormatError(
          path: path, .pictureBeyondFile(height: height, width: width, size: bytes.count))
      }
      image.format = format.flags
      var background = png_color()
      var done = false
      let pixels = [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
        done = png_image_finish_read(&image, &background, buffer.baseAddress, 0, nil) != 0
        count = done ? size : 0
      }
      guard done else { throw FormatError(path: path, .png(reason: message(of: image))) }
      return (pixels, width, height)
    }
  }

  private static func emptyImage() -> png_image {
    var image = png_image()
    image.version = UInt32(PNG_IMAGE_VERSION)
    return image
  }

  private static func message(of image: png_image) -> String {
    withUnsafeBytes(of: image.message) {
      String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
    }
  }
}
