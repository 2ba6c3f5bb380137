// SPDX-License-Identifier: Apache-2.0

internal import Formats

/// Writes marks as an SVG document.
///
/// Every colour is a CSS class with a light and a dark value, the paper's too, on which all else is
/// drawn: one file reads well alone and on any page, whichever scheme the reader has chosen. What
/// knows no such choice shows the light one, on its own ground. Words stay words: selectable,
/// searchable, set in the reader's own system font.
package enum SVGRenderer {
  /// The document. `title` and `description` are for readers who cannot see the picture.
  package static func render(_ canvas: Canvas, title: String, description: String) throws -> String
  {
    var writer = SVGWriter()
    writer.ground(canvas.size)
    for mark in canvas.marks { try writer.write(mark) }
    let (width, height) = (SVGNumber.text(canvas.size.width), SVGNumber.text(canvas.size.height))
    return """
      <svg xmlns="http://www.w3.org/2000/svg" class="elbo-figure" role="img" \
      width="\(width)" height="\(height)" viewBox="0 0 \(width) \(height)">
      <title>\(XML.escaped(title.isEmpty ? description : title))</title>
      <desc>\(XML.escaped(description))</desc>
      <style>
      \(styleSheet(writer.inks))
      </style>
      \(writer.body.joined(separator: "\n"))
      </svg>

      """
  }

  /// The rules of the inks in use, all under one class so that they stay inside the figure when a
  /// page embeds it.
  private static func styleSheet(_ inks: Set<SVGWriter.Use>) -> String {
    let uses = inks.sorted { $0.className < $1.className }
    func rules(_ theme: Theme) -> String {
      uses.map { ".elbo-figure .\($0.className){\($0.property):\($0.ink.color(in: theme).css)}" }
        .joined(separator: "\n")
    }
    return """
      .elbo-figure{color-scheme:light dark}
      .elbo-figure{font-family:system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,\
      "Liberation Sans",sans-serif;font-variant-numeric:tabular-nums}
      .elbo-figure path{fill:none;stroke-linecap:round;stroke-linejoin:round}
      .elbo-figure image{image-rendering:pixelated}
      .elbo-figure .halo{paint-order:stroke;stroke-width:\(SVGNumber.text(2 * Text.haloWidth));\
      stroke-opacity:\(SVGNumber.text(Text.haloOpacity));stroke-linejoin:round}
      \(rules(.light))
      @media (prefers-color-scheme:dark){
      \(rules(.dark))
      }
      """
  }
}

/// The elements of a document and the colours they use.
struct SVGWriter {
  /// An ink used to fill or to stroke.
  struct Use: Hashable {
    let ink: Ink
    let property: String
    var className: String { property + "-" + ink.cssName }
  }

  private(set) var body: [String] = []
  private(set) var inks: Set<Use> = []

  /// Covers the page with paper: letters must not depend on what lies behind the figure.
  mutating func ground(_ size: Size) {
    let page = Rect(x: 0, y: 0, width: size.width, height: size.height)
    body.append(
      "<rect\(box(page)) fill=\"\(Ink.paper.color(in: .light).css)\" "
        + "class=\"\(name(.paper, "fill"))\"/>")
  }

  mutating func write(_ mark: Mark) throws {
    switch mark {
    case .path(let points, let stroke): write(points, stroke)
    case .polygon(let points, let fill):
      let corners = points.map(SVGNumber.pair).joined(separator: " ")
      body.append("<polygon points=\"\(corners)\"\(style(fill))/>")
    case .rectangle(let rect, let fill): body.append("<rect\(box(rect))\(style(fill))/>")
    case .circle(let center, let radius, let fill):
      let (x, y, r) = (center.x, center.y, radius)
      body.append(
        "<circle cx=\"\(SVGNumber.text(x))\" cy=\"\(SVGNumber.text(y))\" "
          + "r=\"\(SVGNumber.text(r))\"\(style(fill))/>")
    case .dots(let centers, let radius, let fill): write(centers, radius: radius, fill)
    case .text(let text, let point): write(text, at: point)
    case .image(let pixels, let rect): try write(pixels, in: rect)
    }
  }

  private mutating func name(_ ink: Ink, _ property: String) -> String {
    let use = Use(ink: ink, property: property)
    inks.insert(use)
    return use.className
  }

  private mutating func style(_ fill: Fill) -> String {
    let opacity =
      fill.opacity < 1 ? " fill-opacity=\"\(SVGNumber.text(fill.opacity))\"" : ""
    return " class=\"\(name(fill.ink, "fill"))\"" + opacity
  }

  private func box(_ rect: Rect) -> String {
    " x=\"\(SVGNumber.text(rect.x))\" y=\"\(SVGNumber.text(rect.y))\""
      + " width=\"\(SVGNumber.text(rect.width))\" height=\"\(SVGNumber.text(rect.height))\""
  }

  private mutating func write(_ points: [Point], _ stroke: Stroke) {
    guard let first = points.first else { return }
    let rest = points.count == 1 ? points[...] : points.dropFirst()
    var element =
      "<path d=\"M\(SVGNumber.pair(first))L\(rest.map(SVGNumber.pair).joined(separator: " "))\""
      + " class=\"\(name(stroke.ink, "stroke"))\" stroke-width=\"\(SVGNumber.text(stroke.width))\""
    if stroke.opacity < 1 { element += " stroke-opacity=\"\(SVGNumber.text(stroke.opacity))\"" }
    if let dash = stroke.dash {
      element +=
        " stroke-dasharray=\"\(SVGNumber.text(dash.on)) \(SVGNumber.text(dash.off))\""
    }
    body.append(element + "/>")
  }

  /// Lines without a length, whose round caps are the discs.
  private mutating func write(_ centers: [Point], radius: Double, _ fill: Fill) {
    if centers.isEmpty { return }
    let moves = centers.map { "M\(SVGNumber.pair($0))h0" }.joined()
    let opacity =
      fill.opacity < 1 ? " stroke-opacity=\"\(SVGNumber.text(fill.opacity))\"" : ""
    body.append(
      "<path d=\"\(moves)\" class=\"\(name(fill.ink, "stroke"))\" "
        + "stroke-width=\"\(SVGNumber.text(2 * radius))\"\(opacity)/>")
  }

  private mutating func write(_ text: Text, at point: Point) {
    let anchor =
      switch text.anchor {
      case .start: ""
      case .middle: " text-anchor=\"middle\""
      case .end: " text-anchor=\"end\""
      }
    let runs = text.runs.map { run in
      let bold = run.weight == .bold ? " font-weight=\"600\"" : ""
      let halo = text.halo ? "halo \(name(.paper, "stroke")) " : ""
      return "<tspan class=\"\(halo)\(name(run.ink, "fill"))\"\(bold)>"
        + XML.escaped(run.string) + "</tspan>"
    }
    body.append(
      "<text x=\"\(SVGNumber.text(point.x))\" y=\"\(SVGNumber.text(point.y))\" "
        + "font-size=\"\(SVGNumber.text(text.size))\" xml:space=\"preserve\"\(anchor)>"
        + runs.joined() + "</text>")
  }

  private mutating func write(_ pixels: Pixels, in rect: Rect) throws {
    let png = try PNG.encode(
      pixels.bytes, width: pixels.width, height: pixels.height,
      format: pixels.channels == 1 ? .grey : .rgba)
    body.append(
      "<image\(box(rect)) preserveAspectRatio=\"none\" image-rendering=\"optimizeSpeed\" "
        + "href=\"data:image/png;base64,\(Base64.encode(png))\"/>")
  }
}
