// SPDX-License-Identifier: Apache-2.0

/// Turns a drawing of `GlyphTable` into polylines.
enum PenPath {
  /// Straight pieces per curve: at 22 points and twice the pixels the error is under 0.1 pixel.
  private static let steps = 10
  /// How square the ovals are: 0.5523 is a circle, 1 a rectangle; a little over reads better small.
  private static let squareness = 0.59
  /// The pen is centred on the coordinates, so the whole drawing is lifted by half its width.
  private static let lift = 4.4

  /// The polylines of a drawing, y downwards, in units of the font size.
  static func flatten(_ drawing: String) -> [[Point]] {
    var reader = Reader(drawing)
    var strokes: [[Point]] = []
    while let command = reader.command() {
      if command == "M" {
        strokes.append([reader.point()])
      } else if command == "D" {
        strokes.append(dot(at: reader.point()))
      } else if let current = strokes.last?.last {
        strokes[strokes.count - 1] += piece(command, from: current, &reader)
      }
    }
    return strokes.map { $0.map { Point($0.x / 100, -($0.y + lift) / 100) } }
  }

  /// A dot a little wider than the pen.
  private static func dot(at center: Point) -> [Point] {
    [(1.0, 0.0), (0.0, 1.0), (-1.0, 0.0), (0.0, -1.0), (1.0, 0.0)]
      .map { Point(center.x + $0.0, center.y + $0.1) }
  }

  private static func piece(_ command: Character, from a: Point, _ reader: inout Reader) -> [Point]
  {
    if command == "L" { return [reader.point()] }
    if command == "C" { return cubic(a, reader.point(), reader.point(), reader.point()) }
    let b = reader.point()
    let k = squareness
    return command == "H"
      ? cubic(a, Point(a.x + k * (b.x - a.x), a.y), Point(b.x, b.y + k * (a.y - b.y)), b)
      : cubic(a, Point(a.x, a.y + k * (b.y - a.y)), Point(b.x + k * (a.x - b.x), b.y), b)
  }

  private static func cubic(_ a: Point, _ b: Point, _ c: Point, _ d: Point) -> [Point] {
    (1...steps).map { step in
      let t = Double(step) / Double(steps)
      let s = 1 - t
      let (wa, wb, wc, wd) = (s * s * s, 3 * s * s * t, 3 * s * t * t, t * t * t)
      return Point(
        wa * a.x + wb * b.x + wc * c.x + wd * d.x, wa * a.y + wb * b.y + wc * c.y + wd * d.y)
    }
  }

  /// Reads commands and numbers one after the other.
  private struct Reader {
    private var rest: Substring

    init(_ drawing: String) { rest = drawing[...] }

    mutating func command() -> Character? {
      rest.isEmpty ? nil : rest.removeFirst()
    }

    mutating func point() -> Point { Point(number(), number()) }

    private mutating func number() -> Double {
      rest = rest.drop { $0 == " " }
      let digits = rest.prefix { "-.0123456789".contains($0) }
      guard let value = Double(digits) else {
        preconditionFailure("a drawing of the font needs a number before '\(rest.prefix(12))'")
      }
      rest = rest.dropFirst(digits.count)
      return value
    }
  }
}
