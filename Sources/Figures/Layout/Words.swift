// SPDX-License-Identifier: Apache-2.0

/// Sizes and distances shared by all figures, in figure points.
enum Style {
  /// White space around the figure.
  static let margin = 20.0
  static let titleSize = 17.0
  static let subtitleSize = 13.0
  static let panelTitleSize = 13.5
  static let labelSize = 12.0
  static let tickSize = 11.5
  static let captionSize = 11.5
  static let gridWidth = 1.0
  /// The distance of baselines per font size.
  static let leading = 1.34
  /// System fonts run up to an eighth wider than the embedded one; room is left for them.
  static let widthReserve = 1.12

  /// From the middle of a line of text down to its baseline.
  static func baselineShift(_ size: Double) -> Double { StrokeFont.capHeight / 2 * size }
}

/// Breaking text into lines.
package enum Paragraph {
  /// The words of `text` in lines no wider than `width` figure points; a longer word stands alone.
  package static func lines(
    _ text: String, size: Double, weight: Weight = .regular, width: Double
  ) -> [String] {
    var lines: [String] = []
    for word in text.split(whereSeparator: \.isWhitespace) {
      if let last = lines.last {
        let longer = last + " " + word
        if StrokeFont.width(of: longer, size: size, weight: weight) * Style.widthReserve <= width {
          lines[lines.count - 1] = longer
          continue
        }
      }
      lines.append(String(word))
    }
    return lines
  }
}

/// The headline, the line under it and the small print of a figure of known width.
struct Words {
  private var head: [(Text, baseline: Double)] = []
  private var foot: [(Text, baseline: Double)] = []
  /// The space that the headline takes at the top, the gap to the picture included.
  private(set) var headHeight = 0.0
  /// The space that the small print takes at the bottom, the gap included.
  private(set) var footHeight = 0.0

  init(of figure: some Figure, width: Double) {
    let room = width - 2 * Style.margin
    for line in Paragraph.lines(figure.title, size: Style.titleSize, weight: .bold, width: room) {
      headHeight += Style.titleSize * 1.25
      head.append(
        (Text(line, size: Style.titleSize, weight: .bold), headHeight - Style.titleSize * 0.35))
    }
    for line in Paragraph.lines(figure.subtitle, size: Style.subtitleSize, width: room) {
      headHeight += Style.subtitleSize * Style.leading
      head.append(
        (Text(line, size: Style.subtitleSize, ink: .muted), headHeight - Style.subtitleSize * 0.3))
    }
    if headHeight > 0 { headHeight += 14 }
    for line in Paragraph.lines(figure.caption, size: Style.captionSize, width: room) {
      footHeight += Style.captionSize * Style.leading
      foot.append(
        (Text(line, size: Style.captionSize, ink: .muted), footHeight - Style.captionSize * 0.3))
    }
    if footHeight > 0 { footHeight += 12 }
  }

  /// Draws both, the headline at the top and the small print at the bottom of the page.
  func draw(into canvas: inout Canvas) {
    for (text, baseline) in head {
      canvas.text(text, at: Point(Style.margin, Style.margin + baseline))
    }
    let top = canvas.size.height - Style.margin - footHeight + 12
    for (text, baseline) in foot {
      canvas.text(text, at: Point(Style.margin, top + baseline))
    }
  }

  /// The part of a page that is left between them.
  func body(of size: Size) -> Rect {
    Rect(
      x: Style.margin, y: Style.margin + headHeight, width: size.width - 2 * Style.margin,
      height: size.height - 2 * Style.margin - headHeight - footHeight)
  }
}
