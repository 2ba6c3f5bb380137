// SPDX-License-Identifier: Apache-2.0

/// A grey or colour picture with 8 bits a channel, in memory.
package struct Picture: Equatable, Sendable {
  /// Rows.
  package let height: Int
  /// Columns.
  package let width: Int
  /// Bytes of a pixel: 1 for grey, 3 for red, green and blue.
  package let channels: Int
  /// `[height, width, channels]`, row by row from the top.
  package let bytes: [UInt8]

  /// A picture of the given bytes.
  ///
  /// - Precondition: Positive sizes, 1 or 3 channels, and as many bytes as they need.
  package init(height: Int, width: Int, channels: Int, bytes: [UInt8]) {
    precondition(
      height > 0 && width > 0 && (channels == 1 || channels == 3)
        && bytes.count == height * width * channels,
      "a picture of \(height) x \(width) pixels with \(channels) channels does not fit "
        + "\(bytes.count) bytes")
    self.height = height
    self.width = width
    self.channels = channels
    self.bytes = bytes
  }

  /// The same picture with 1 or 3 channels.
  ///
  /// Grey is the luma of Rec. 601, (19595 R + 38470 G + 7471 B) / 65536 to the nearest byte, as in
  /// Pillow; colours of a grey picture are R = G = B.
  package func converted(toChannels wanted: Int) -> Picture {
    precondition(wanted == 1 || wanted == 3, "a picture of \(wanted) channels")
    if wanted == channels { return self }
    let pixels = height * width
    let converted = [UInt8](unsafeUninitializedCapacity: pixels * wanted) { target, count in
      bytes.withUnsafeBufferPointer { source in
        for pixel in 0..<pixels {
          if wanted == 3 {
            for channel in 0..<3 {
              target.initializeElement(at: 3 * pixel + channel, to: source[pixel])
            }
          } else {
            let (red, green) = (Int(source[3 * pixel]), Int(source[3 * pixel + 1]))
            let sum = 19595 * red + 38470 * green + 7471 * Int(source[3 * pixel + 2])
            target.initializeElement(at: pixel, to: UInt8((sum + 0x8000) >> 16))
          }
        }
      }
      count = pixels * wanted
    }
    return Picture(height: height, width: width, channels: wanted, bytes: converted)
  }

  /// The part of a picture that begins at row `top` and column `left`.
  ///
  /// - Precondition: It lies within the picture.
  package func cropped(top: Int, left: Int, height: Int, width: Int) -> Picture {
    precondition(
      top >= 0 && left >= 0 && height > 0 && width > 0 && top + height <= self.height
        && left + width <= self.width,
      "\(height) x \(width) pixels from row \(top), column \(left) on do not lie within a picture "
        + "of \(self.height) x \(self.width)")
    var part: [UInt8] = []
    part.reserveCapacity(height * width * channels)
    for row in top..<top + height {
      let start = (row * self.width + left) * channels
      part += bytes[start..<start + width * channels]
    }
    return Picture(height: height, width: width, channels: channels, bytes: part)
  }

  /// The picture as it is to be seen where its file has the given orientation.
  ///
  /// - Parameter orientation: 1 to 8 as in EXIF 2.3, section 4.6.4: 2 to 4 mirrored or upside down,
  ///   5 to 8 with rows and columns exchanged.
  /// - Returns: The same pixels in other places.
  package func oriented(_ orientation: Int) -> Picture {
    precondition((1...8).contains(orientation), "an orientation of \(orientation)")
    if orientation == 1 { return self }
    let (rows, columns) = orientation > 4 ? (width, height) : (height, width)
    let last = height * width - 1
    // Where the first pixel comes from, and how far from there the next below and to the right do.
    let (first, down, right) =
      switch orientation {
      case 2: (width - 1, width, -1)
      case 3: (last, -width, -1)
      case 4: (last - width + 1, -width, 1)
      case 5: (0, 1, width)
      case 6: (last - width + 1, 1, -width)
      case 7: (last, -1, -width)
      default: (width - 1, -1, width)
      }
    let turned = [UInt8](unsafeUninitializedCapacity: bytes.count) { target, count in
      bytes.withUnsafeBufferPointer { source in
        for row in 0..<rows {
          for column in 0..<columns {
            let from = (first + row * down + column * right) * channels
            let to = (row * columns + column) * channels
            for channel in 0..<channels {
              target.initializeElement(at: to + channel, to: source[from + channel])
            }
          }
        }
      }
      count = bytes.count
    }
    return Picture(height: rows, width: columns, channels: channels, bytes: turned)
  }
}
