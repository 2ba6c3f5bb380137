// SPDX-License-Identifier: Apache-2.0

internal import Formats

/// A picture that knows its size and how to draw itself; SVG and PNG follow from that.
package protocol Figure: Sendable {
  /// The headline; empty for none. Also the accessible name of the SVG.
  var title: String { get }
  /// One line under the headline, for the protocol of a number or its unit; empty for none.
  var subtitle: String { get }
  /// Small print under the figure, wrapped to its width; empty for none.
  var caption: String { get }
  /// What the picture shows, in a sentence, for readers who cannot see it.
  var summary: String { get }
  /// The extent of the whole figure in figure points (CSS pixels).
  var size: Size { get }
  /// Adds every mark of the figure.
  func draw(into canvas: inout Canvas)
}

extension Figure {
  /// The marks of the figure, in the order of drawing.
  package var canvas: Canvas {
    var canvas = Canvas(size: size)
    draw(into: &canvas)
    return canvas
  }

  /// The figure as an SVG document on its own paper, following the reader's light or dark setting.
  ///
  /// - Throws: where libpng cannot encode an embedded picture.
  package func svg() throws -> String {
    try SVGRenderer.render(canvas, title: title, description: summary)
  }

  /// The figure as an RGB picture, rows from the top, `scale` pixels per figure point.
  package func bitmap(theme: Theme = .light, scale: Int = 2) -> Bitmap {
    RasterRenderer.render(canvas, theme: theme, scale: scale)
  }

  /// The figure as the bytes of a PNG file. The same bytes on every machine with the same libpng.
  ///
  /// - Throws: where libpng fails.
  package func png(theme: Theme = .light, scale: Int = 2) throws -> [UInt8] {
    let picture = bitmap(theme: theme, scale: scale)
    return try PNG.encode(
      picture.bytes, width: picture.width, height: picture.height, format: .rgb)
  }
}

/// Writes `name.svg` and `name.png` into `folder`, each whole or not at all.
///
/// - Throws: the error of the file system, naming the file.
/// - Returns: the two paths, SVG first.
@discardableResult
package func write(
  _ figure: some Figure, to folder: String, name: String, theme: Theme = .light, scale: Int = 2
) throws -> [String] {
  let stem = folder.isEmpty ? name : folder.hasSuffix("/") ? folder + name : folder + "/" + name
  // Both are there before one is written, so that no fault leaves one without the other.
  let (svg, png) = (Array(try figure.svg().utf8), try figure.png(theme: theme, scale: scale))
  try AtomicFile.write(svg, to: stem + ".svg")
  try AtomicFile.write(png, to: stem + ".png")
  return [stem + ".svg", stem + ".png"]
}
