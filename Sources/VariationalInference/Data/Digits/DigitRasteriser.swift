// SPDX-License-Identifier: Apache-2.0

/// Draws a pen's path as grey levels, sized and placed as the digits of MNIST are.
///
/// The ink is fitted into a box of 20 × 20 pixels with its proportions kept, then moved by whole
/// pixels so that its centre of mass comes nearest to row 14, column 14 of 28 × 28, counting from 0,
/// as far as the box stays within the image.
///
/// - Source: LeCun, Cortes and Burges, "The MNIST database of handwritten digits".
struct DigitRasteriser {
  static let side = 28
  static let boxSide = 20

  /// Width in pixels over which the edge of the ink goes from black to white.
  static let edge: Float = 1.2

  /// Grey levels of the box, row by row: 0 for paper, 1 or more for ink.
  private var box = [Float](repeating: 0, count: boxSide * boxSide)

  /// Draws `path` into `pixels`, 28 rows of 28 bytes: 0 for paper, 255 for ink.
  mutating func draw(
    _ path: [DigitHand.Point], scale: Double, strokeWidth: Double,
    into pixels: UnsafeMutableBufferPointer<UInt8>
  ) {
    let fit = BoxFit(path, scale: scale, strokeWidth: strokeWidth)
    box.withUnsafeMutableBufferPointer { box in
      box.update(repeating: 0)
      var last = fit.dot(path[0])
      for point in path.dropFirst() {
        let dot = fit.dot(point)
        if !point.startsStroke { Self.ink(from: last, to: dot, in: box) }
        last = dot
      }
      Self.place(box, in: pixels)
    }
  }

  /// Inks the pixels around a straight step of the pen.
  ///
  /// Coverage of a pixel whose centre is at distance d from the step, for a pen of half-width r:
  ///
  ///     1/2 + (r - d) / edge, clamped to 0...1; steps combine by their maximum.
  private static func ink(from a: Dot, to b: Dot, in box: UnsafeMutableBufferPointer<Float>) {
    let reach = max(a.radius, b.radius) + edge / 2
    let columns = pixels(min(a.x, b.x) - reach, max(a.x, b.x) + reach)
    let rows = pixels(min(a.y, b.y) - reach, max(a.y, b.y) + reach)
    let (dx, dy, dr) = (b.x - a.x, b.y - a.y, b.radius - a.radius)
    let perSquare = 1 / max(dx * dx + dy * dy, 1e-12)
    for row in rows {
      let y = Float(row) + 0.5 - a.y
      for column in columns {
        let x = Float(column) + 0.5 - a.x
        let t = max(0, min(1, (x * dx + y * dy) * perSquare))
        let (u, v) = (x - t * dx, y - t * dy)
        let distance = (u * u + v * v).squareRoot()
        let cover = 0.5 + (a.radius + t * dr - distance) * (1 / edge)
        let i = row &* boxSide &+ column
        box[i] = max(box[i], cover)
      }
    }
  }

  /// The pixels of the box whose centres lie between `low` and `high`.
  private static func pixels(_ low: Float, _ high: Float) -> Range<Int> {
    let first = max(0, Int(low + 0.5))
    return first..<max(first, min(boxSide, Int(high + 0.5)))
  }

  /// Rounds to bytes and moves the centre of mass to the middle.
  private static func place(
    _ box: UnsafeMutableBufferPointer<Float>, in pixels: UnsafeMutableBufferPointer<UInt8>
  ) {
    var (sum, rowSum, columnSum) = (0, 0, 0)
    for row in 0..<boxSide {
      for column in 0..<boxSide {
        let i = row &* boxSide &+ column
        box[i] = min(1, box[i]) * 255 + 0.5
        let level = Int(box[i])
        sum &+= level
        rowSum &+= row &* level
        columnSum &+= column &* level
      }
    }
    let (top, left) = (shift(rowSum, sum), shift(columnSum, sum))
    pixels.update(repeating: 0)
    for row in 0..<boxSide {
      for column in 0..<boxSide {
        pixels[(row &+ top) &* side &+ column &+ left] = UInt8(box[row &* boxSide &+ column])
      }
    }
  }

  /// 14 - moment / sum to the nearest whole pixel, within the image.
  private static func shift(_ moment: Int, _ sum: Int) -> Int {
    min(side - boxSide, max(0, (29 * sum - 2 * moment) / max(1, 2 * sum)))
  }
}

/// A point of the pen's path in pixels of the box.
private struct Dot {
  var x: Float
  var y: Float
  var radius: Float
}

/// The map from the pen's path to the box: the longer side of the ink fills it up to the scale.
private struct BoxFit {
  private let middle: SIMD2<Double>
  private let pixelsPerUnit: Double
  private let radius: Double

  init(_ path: [DigitHand.Point], scale: Double, strokeWidth: Double) {
    var (low, high) = (path[0].place, path[0].place)
    var widest = 0.0
    for point in path {
      low = pointwiseMin(low, point.place)
      high = pointwiseMax(high, point.place)
      widest = max(widest, point.width)
    }
    radius = strokeWidth / 2
    middle = (low + high) / 2
    // A pixel outside the box has its centre half a pixel from it and must stay without ink.
    let margin = radius * widest + Double(DigitRasteriser.edge) / 2 - 0.5
    let room = max(1, Double(DigitRasteriser.boxSide) * scale - 2 * margin)
    pixelsPerUnit = room / max(1e-3, (high - low).max())
  }

  func dot(_ point: DigitHand.Point) -> Dot {
    let place = pixelsPerUnit * (point.place - middle) + Double(DigitRasteriser.boxSide) / 2
    return Dot(x: Float(place.x), y: Float(place.y), radius: Float(radius * point.width))
  }
}
