// SPDX-License-Identifier: Apache-2.0

/// How a line is drawn: round caps and round joins, always.
package struct Stroke: Equatable, Sendable {
  package var ink: Ink
  /// In figure points.
  package var width: Double
  package var opacity: Double
  /// Lengths of dash and gap in figure points; nil draws a solid line.
  package var dash: Dash?

  package init(_ ink: Ink, width: Double, opacity: Double = 1, dash: Dash? = nil) {
    self.ink = ink
    self.width = width
    self.opacity = opacity
    self.dash = dash
  }
}

/// A dash pattern, in figure points. Round caps lengthen each dash by the width of the line.
package struct Dash: Equatable, Sendable {
  package var on: Double
  package var off: Double

  package init(on: Double, off: Double) {
    self.on = on
    self.off = off
  }
}

/// How an area is filled.
package struct Fill: Equatable, Sendable {
  package var ink: Ink
  package var opacity: Double

  package init(_ ink: Ink, opacity: Double = 1) {
    self.ink = ink
    self.opacity = opacity
  }
}

/// Regular or bold letters.
package enum Weight: Equatable, Sendable {
  case regular
  case bold
}

/// Which part of a text lies at its anchor point, horizontally.
package enum Anchor: Equatable, Sendable {
  case start
  case middle
  case end
}

/// A stretch of text in one colour and weight.
package struct TextRun: Equatable, Sendable {
  package var string: String
  package var ink: Ink
  package var weight: Weight

  package init(_ string: String, ink: Ink = .text, weight: Weight = .regular) {
    self.string = string
    self.ink = ink
    self.weight = weight
  }
}

/// One line of text: runs that follow each other on a common baseline.
package struct Text: Equatable, Sendable {
  package var runs: [TextRun]
  /// The font size in figure points.
  package var size: Double
  package var anchor: Anchor
  /// Whether the letters wear an outline in the paper's colour, to be read over data.
  package var halo: Bool

  package init(runs: [TextRun], size: Double, anchor: Anchor = .start, halo: Bool = false) {
    self.runs = runs
    self.size = size
    self.anchor = anchor
    self.halo = halo
  }

  package init(
    _ string: String, size: Double, ink: Ink = .text, weight: Weight = .regular,
    anchor: Anchor = .start, halo: Bool = false
  ) {
    self.init(
      runs: [TextRun(string, ink: ink, weight: weight)], size: size, anchor: anchor, halo: halo)
  }

  /// The width in figure points, by the metrics of the embedded font.
  package var width: Double {
    runs.reduce(0) { $0 + StrokeFont.width(of: $1.string, size: size, weight: $1.weight) }
  }

  /// The box that the line takes when its baseline starts, centres or ends at `point`.
  package func bounds(at point: Point) -> Rect {
    let shift: Double =
      switch anchor {
      case .start: 0
      case .middle: width / 2
      case .end: width
      }
    return Rect(
      x: point.x - shift, y: point.y - StrokeFont.ascent * size, width: width,
      height: (StrokeFont.ascent + StrokeFont.descent) * size)
  }
}

/// A raster picture: rows from the top, channels interleaved.
package struct Pixels: Equatable, Sendable {
  package var width: Int
  package var height: Int
  /// 1 (grey) or 4 (red, green, blue, alpha).
  package var channels: Int
  package var bytes: [UInt8]

  package init(width: Int, height: Int, channels: Int, bytes: [UInt8]) {
    precondition(channels == 1 || channels == 4, "a picture has 1 or 4 channels, not \(channels)")
    precondition(
      bytes.count == width * height * channels,
      "\(width)×\(height) pixels of \(channels) channels need \(width * height * channels) bytes, "
        + "not \(bytes.count)")
    self.width = width
    self.height = height
    self.channels = channels
    self.bytes = bytes
  }
}

/// One thing on the page. A figure is a list of marks, drawn in order; two renderers draw them.
package enum Mark: Equatable, Sendable {
  /// An open line through the points.
  case path([Point], Stroke)
  /// A closed area, which must not cross itself.
  case polygon([Point], Fill)
  case rectangle(Rect, Fill)
  case circle(Point, radius: Double, Fill)
  /// Discs of one size as one area: where they overlap they are no darker.
  case dots([Point], radius: Double, Fill)
  /// A line of text whose baseline lies at the point.
  case text(Text, at: Point)
  /// A picture stretched over the rectangle, its pixels left square-edged.
  case image(Pixels, in: Rect)
}
