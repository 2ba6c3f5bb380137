// SPDX-License-Identifier: Apache-2.0

/// An opaque RGB picture under construction, rows from the top.
package struct Bitmap: Equatable, Sendable {
  package let width: Int
  package let height: Int
  /// Red, green and blue of each pixel, row by row.
  package private(set) var bytes: [UInt8]

  package init(width: Int, height: Int, background: Color) {
    self.width = width
    self.height = height
    bytes = [UInt8](repeating: 0, count: width * height * 3)
    for pixel in 0..<(width * height) {
      bytes[pixel * 3] = background.red
      bytes[pixel * 3 + 1] = background.green
      bytes[pixel * 3 + 2] = background.blue
    }
  }

  /// The colour of one pixel.
  package subscript(x: Int, y: Int) -> Color {
    let i = (y * width + x) * 3
    return Color(UInt32(bytes[i]) << 16 | UInt32(bytes[i + 1]) << 8 | UInt32(bytes[i + 2]))
  }

  /// Lays `color` over one pixel; `alpha` is coverage times opacity, 0 to 1.
  ///
  /// Mixed in sRGB values as browsers do, so that SVG and PNG of a figure agree.
  mutating func blend(_ color: Color, alpha: Double, x: Int, y: Int) {
    guard alpha > 0, x >= 0, y >= 0, x < width, y < height else { return }
    let i = (y * width + x) * 3
    bytes[i] = Bitmap.mix(bytes[i], color.red, alpha)
    bytes[i + 1] = Bitmap.mix(bytes[i + 1], color.green, alpha)
    bytes[i + 2] = Bitmap.mix(bytes[i + 2], color.blue, alpha)
  }

  private static func mix(_ below: UInt8, _ above: UInt8, _ alpha: Double) -> UInt8 {
    let mixed = Double(below) + (Double(above) - Double(below)) * min(1, alpha)
    return UInt8(mixed + 0.5)
  }

  /// Lays `color` over the picture wherever `mask` covers it.
  mutating func blend(_ color: Color, through mask: CoverageMask, opacity: Double) {
    for y in 0..<mask.height {
      for x in 0..<mask.width {
        let coverage = mask.values[y * mask.width + x]
        if coverage > 0 { blend(color, alpha: coverage * opacity, x: mask.x + x, y: mask.y + y) }
      }
    }
  }
}

/// How much of each pixel of a small window a shape covers, 0 to 1.
package struct CoverageMask: Sendable {
  /// The window's left column and top row in the picture.
  package let x: Int
  package let y: Int
  package let width: Int
  package let height: Int
  package var values: [Double]

  /// A window over the box with these edges (in pixels), cut to a picture of the given size.
  init(minX: Double, minY: Double, maxX: Double, maxY: Double, picture: (width: Int, height: Int)) {
    x = CoverageMask.clamped(minX.rounded(.down), 0, picture.width)
    y = CoverageMask.clamped(minY.rounded(.down), 0, picture.height)
    width = max(0, CoverageMask.clamped(maxX.rounded(.up), 0, picture.width) - x)
    height = max(0, CoverageMask.clamped(maxY.rounded(.up), 0, picture.height) - y)
    values = [Double](repeating: 0, count: width * height)
  }

  /// The covered area in pixels.
  package var area: Double { values.reduce(0, +) }

  /// A whole number as an index, safe for any finite value.
  static func clamped(_ value: Double, _ lower: Int, _ upper: Int) -> Int {
    Int(max(Double(lower), min(Double(upper), value)))
  }
}
