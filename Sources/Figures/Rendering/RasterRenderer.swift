// SPDX-License-Identifier: Apache-2.0

/// Draws marks as pixels, with nothing but additions, multiplications and square roots: the same
/// bytes on every machine.
package enum RasterRenderer {
  /// The marks on a plain background, `scale` pixels per figure point.
  package static func render(_ canvas: Canvas, theme: Theme, scale: Int) -> Bitmap {
    precondition(scale > 0, "a picture needs at least one pixel per point, not \(scale)")
    var page = Page(
      bitmap: Bitmap(
        width: Int((canvas.size.width * Double(scale)).rounded(.up)),
        height: Int((canvas.size.height * Double(scale)).rounded(.up)),
        background: Ink.paper.color(in: theme)),
      theme: theme, scale: Double(scale))
    for mark in canvas.marks { page.draw(mark) }
    return page.bitmap
  }
}

/// The picture and how figure points map onto it.
private struct Page {
  var bitmap: Bitmap
  let theme: Theme
  let scale: Double

  private var extent: (width: Int, height: Int) { (bitmap.width, bitmap.height) }

  mutating func draw(_ mark: Mark) {
    switch mark {
    case .path(let points, let stroke): draw(points.map(scaled), stroke)
    case .polygon(let points, let fill): draw(points.map(scaled), fill)
    case .rectangle(let rect, let fill): draw(corners(rect).map(scaled), fill)
    case .circle(let center, let radius, let fill): draw([scaled(center)], radius * scale, fill)
    case .dots(let centers, let radius, let fill):
      draw(centers.map(scaled), radius * scale, fill)
    case .text(let text, let point): draw(text, at: point)
    case .image(let pixels, let rect): draw(pixels, in: rect)
    }
  }

  private func scaled(_ point: Point) -> Point { Point(point.x * scale, point.y * scale) }

  private func corners(_ rect: Rect) -> [Point] {
    [
      Point(rect.x, rect.y), Point(rect.maxX, rect.y), Point(rect.maxX, rect.maxY),
      Point(rect.x, rect.maxY),
    ]
  }

  private mutating func draw(_ line: [Point], _ stroke: Stroke) {
    let lines = stroke.dash.map { Dashes.cut(line, on: $0.on * scale, off: $0.off * scale) }
    let mask = StrokeCoverage.mask(
      of: lines ?? [line], width: stroke.width * scale, picture: extent)
    bitmap.blend(stroke.ink.color(in: theme), through: mask, opacity: stroke.opacity)
  }

  private mutating func draw(_ polygon: [Point], _ fill: Fill) {
    let mask = FillCoverage.mask(of: polygon, picture: extent)
    bitmap.blend(fill.ink.color(in: theme), through: mask, opacity: fill.opacity)
  }

  /// A disc is a pen of its diameter that touches the paper once.
  private mutating func draw(_ centers: [Point], _ radius: Double, _ fill: Fill) {
    let mask = StrokeCoverage.mask(
      of: centers.map { [$0] }, width: 2 * radius, picture: extent)
    bitmap.blend(fill.ink.color(in: theme), through: mask, opacity: fill.opacity)
  }

  private mutating func draw(_ text: Text, at point: Point) {
    var x = text.bounds(at: point).x
    var outlines: [Outline] = []
    for run in text.runs { outlines += lettering(run, size: text.size, x: &x, y: point.y) }
    if text.halo {
      for outline in outlines {
        let width = outline.pen + 2 * Text.haloWidth * scale
        let mask = StrokeCoverage.mask(of: outline.lines, width: width, picture: extent)
        bitmap.blend(Ink.paper.color(in: theme), through: mask, opacity: Text.haloOpacity)
      }
    }
    for outline in outlines {
      let mask = StrokeCoverage.mask(of: outline.lines, width: outline.pen, picture: extent)
      bitmap.blend(outline.ink.color(in: theme), through: mask, opacity: 1)
    }
  }

  /// Pen strokes of one width and colour, in pixels.
  private struct Outline {
    var lines: [[Point]]
    var pen: Double
    var ink: Ink
  }

  /// The pen strokes of a run; moves `x` (figure points) to the end of the run. Letters of the
  /// same pen are drawn together, so that neighbours never darken each other.
  private func lettering(
    _ run: TextRun, size: Double, x: inout Double, y: Double
  ) -> [Outline] {
    var outlines: [Outline] = []
    for scalar in run.string.unicodeScalars {
      let origin = x
      let glyph = StrokeFont.glyph(scalar)
      let pen = StrokeFont.pen(run.weight) * glyph.pen * size * scale
      let lines = glyph.strokes.map { stroke in
        stroke.map { scaled(Point(origin + $0.x * size, y + $0.y * size)) }
      }
      if outlines.last?.pen == pen {
        outlines[outlines.count - 1].lines += lines
      } else {
        outlines.append(Outline(lines: lines, pen: pen, ink: run.ink))
      }
      x += StrokeFont.advance(of: scalar, run.weight) * size
    }
    return outlines
  }

  /// Each page pixel takes the picture's pixel under its centre.
  private mutating func draw(_ pixels: Pixels, in rect: Rect) {
    let left = CoverageMask.clamped((rect.x * scale).rounded(), 0, bitmap.width)
    let right = CoverageMask.clamped((rect.maxX * scale).rounded(), 0, bitmap.width)
    let top = CoverageMask.clamped((rect.y * scale).rounded(), 0, bitmap.height)
    let bottom = CoverageMask.clamped((rect.maxY * scale).rounded(), 0, bitmap.height)
    guard left < right, top < bottom else { return }
    for y in top..<bottom {
      let v = ((Double(y) + 0.5) / scale - rect.y) / rect.height * Double(pixels.height)
      let row = CoverageMask.clamped(v.rounded(.down), 0, pixels.height - 1)
      for x in left..<right {
        let u = ((Double(x) + 0.5) / scale - rect.x) / rect.width * Double(pixels.width)
        let column = CoverageMask.clamped(u.rounded(.down), 0, pixels.width - 1)
        let (color, alpha) = pixels.color(x: column, y: row)
        bitmap.blend(color, alpha: alpha, x: x, y: y)
      }
    }
  }
}

extension Pixels {
  /// The colour and opacity of one pixel.
  fileprivate func color(x: Int, y: Int) -> (Color, Double) {
    let i = (y * width + x) * channels
    let red = UInt32(bytes[i])
    guard channels == 4 else { return (Color(red << 16 | red << 8 | red), 1) }
    return (
      Color(red << 16 | UInt32(bytes[i + 1]) << 8 | UInt32(bytes[i + 2])),
      Double(bytes[i + 3]) / 255
    )
  }
}

extension Text {
  /// How far the outline in the paper's colour reaches beyond the letters, in figure points.
  static let haloWidth = 2.0
  static let haloOpacity = 0.9
}
