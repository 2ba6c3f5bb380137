// SPDX-License-Identifier: Apache-2.0

/// Rows and columns of grey or colour images: samples, reconstructions, traversals, the latent
/// manifold.
package struct ImageGrid: Figure {
  /// What the byte 255 looks like.
  package enum Polarity: Sendable {
    /// 0 is black and 255 white, as the MNIST files have it.
    case lightOnDark
    /// 0 is white and 255 black: ink on paper.
    case darkOnLight
  }

  package var title: String
  package var subtitle: String
  package var caption: String
  /// Words to the left of the rows; with groups, one per row of a group, repeated.
  package var rowLabels: [String]
  /// Words above the columns.
  package var columnLabels: [String]
  /// How many rows belong together, e.g. 2 for originals above reconstructions; nil for no groups.
  package var rowsPerGroup: Int?
  /// Figure points per pixel of an image.
  package var zoom: Int
  /// The distance between images, in pixels of the images.
  package var gap: Int
  package var polarity: Polarity
  package let columns: Int
  package let count: Int
  private let imageWidth: Int
  private let imageHeight: Int
  private let imageChannels: Int
  private let pixels: [UInt8]

  /// `pixels` holds the images one after the other, each `imageHeight` rows of `imageWidth` pixels
  /// of `imageChannels` bytes, 1 for grey or 3 for red, green and blue; the last row of `columns`
  /// images may be short.
  package init(
    title: String = "", subtitle: String = "", caption: String = "", pixels: [UInt8],
    imageWidth: Int, imageHeight: Int, imageChannels: Int = 1, columns: Int,
    rowLabels: [String] = [], columnLabels: [String] = [], rowsPerGroup: Int? = nil, zoom: Int = 2,
    gap: Int = 2,
    polarity: Polarity = .lightOnDark
  ) {
    precondition(
      imageWidth > 0 && imageHeight > 0 && columns > 0 && zoom > 0 && gap >= 0,
      "an image grid needs positive sizes: \(imageWidth)×\(imageHeight), \(columns) columns")
    precondition(
      imageChannels == 1 || imageChannels == 3, "pixels of \(imageChannels) bytes in an image grid")
    precondition(
      pixels.count % (imageWidth * imageHeight * imageChannels) == 0,
      "\(pixels.count) bytes are no whole number of \(imageWidth)×\(imageHeight) images")
    precondition((rowsPerGroup ?? 1) > 0, "a group needs at least one row")
    self.title = title
    self.subtitle = subtitle
    self.caption = caption
    self.pixels = pixels
    self.imageWidth = imageWidth
    self.imageHeight = imageHeight
    self.imageChannels = imageChannels
    self.columns = columns
    self.rowLabels = rowLabels
    self.columnLabels = columnLabels
    self.rowsPerGroup = rowsPerGroup
    self.zoom = zoom
    self.gap = gap
    self.polarity = polarity
    count = pixels.count / (imageWidth * imageHeight * imageChannels)
  }

  /// The number of rows, the last of which may be short.
  package var rows: Int { (count + columns - 1) / columns }

  package var summary: String {
    count == 0
      ? "Image grid without images."
      : "Grid of \(count) \(imageChannels == 1 ? "grey" : "colour") images of \(imageWidth) by \(imageHeight) pixels in \(rows) "
        + "row\(rows == 1 ? "" : "s") of up to \(columns)."
        + (rowLabels.isEmpty ? "" : " Rows: " + rowLabels.joined(separator: ", ") + ".")
  }

  private var groupRows: Int { rowsPerGroup ?? max(1, rows) }
  private var groupCount: Int { (rows + groupRows - 1) / groupRows }
  /// The white space between groups, in figure points.
  static let groupGap = 14.0
  private var labelWidth: Double {
    let widest = rowLabels.map { Text($0, size: Style.labelSize).width }.max() ?? 0
    return widest > 0 ? (widest * Style.widthReserve + 10).rounded(.up) : 0
  }
  private var columnLabelHeight: Double { columnLabels.isEmpty ? 0 : 20 }

  /// The extent of `n` images and the gaps between them, in pixels of the images.
  private func span(_ n: Int, _ extent: Int) -> Int { n * extent + max(0, n - 1) * gap }

  /// The height of the first `n` rows, in figure points.
  private func height(ofRows n: Int) -> Double { Double(span(n, imageHeight) * zoom) }

  package var size: Size {
    let shown = min(columns, max(1, count))
    let width = max(200, labelWidth + Double(span(shown, imageWidth) * zoom)) + 2 * Style.margin
    let words = Words(of: self, width: width)
    let full = Double(rows / groupRows) * height(ofRows: groupRows)
    let rest = rows % groupRows == 0 ? 0 : height(ofRows: rows % groupRows)
    let gaps = Double(max(0, groupCount - 1)) * Self.groupGap
    let body = columnLabelHeight + max(20, full + rest + gaps)
    return Size(
      width: width,
      height: (body + words.headHeight + words.footHeight + 2 * Style.margin).rounded(.up))
  }

  package func draw(into canvas: inout Canvas) {
    let words = Words(of: self, width: canvas.size.width)
    words.draw(into: &canvas)
    let body = words.body(of: canvas.size)
    let left = body.x + labelWidth
    // Whole points, so that every pixel of an image covers the same number of pixels on screen.
    var y = (body.y + columnLabelHeight).rounded()
    if count == 0 {
      canvas.text(
        Text("no images", size: Style.labelSize, ink: .muted), at: Point(body.x, y + 14))
      return
    }
    drawColumnLabels(left: left, y: y, into: &canvas)
    for group in 0..<groupCount {
      let first = group * groupRows
      let shown = min(groupRows, rows - first)
      let block = composed(rows: first..<(first + shown))
      let rect = Rect(
        x: left, y: y, width: Double(block.width * zoom), height: Double(block.height * zoom))
      canvas.add(.image(block, in: rect))
      for row in 0..<shown { drawRowLabel(first + row, row, left, y, into: &canvas) }
      y += rect.height + Self.groupGap
    }
  }

  private func drawRowLabel(
    _ row: Int, _ rowOfGroup: Int, _ left: Double, _ y: Double, into canvas: inout Canvas
  ) {
    let index = rowsPerGroup == nil ? row : rowOfGroup
    guard index < rowLabels.count else { return }
    let middle = y + Double((rowOfGroup * (imageHeight + gap)) * zoom + imageHeight * zoom / 2)
    canvas.text(
      Text(rowLabels[index], size: Style.labelSize, ink: .muted, anchor: .end),
      at: Point(left - 10, middle + Style.baselineShift(Style.labelSize)))
  }

  private func drawColumnLabels(left: Double, y: Double, into canvas: inout Canvas) {
    for (column, label) in columnLabels.prefix(columns).enumerated() {
      let x = left + (Double(column * (imageWidth + gap)) + Double(imageWidth) / 2) * Double(zoom)
      canvas.text(
        Text(label, size: Style.labelSize, ink: .muted, anchor: .middle), at: Point(x, y - 8))
    }
  }

  /// The images of some rows on one sheet; gaps and missing images are transparent.
  private func composed(rows: Range<Int>) -> Pixels {
    let shown = min(columns, count)
    let (width, height) = (span(shown, imageWidth), span(rows.count, imageHeight))
    let isFull = imageChannels == 1 && gap == 0 && rows.upperBound * columns <= count
    let channels = isFull ? 1 : 4
    var sheet = [UInt8](repeating: 0, count: width * height * channels)
    let inversion: UInt8 = polarity == .lightOnDark ? 0 : 255
    for index in (rows.lowerBound * columns)..<min(count, rows.upperBound * columns) {
      let left = index % columns * (imageWidth + gap)
      let top = (index / columns - rows.lowerBound) * (imageHeight + gap)
      for pixel in 0..<(imageWidth * imageHeight) {
        let source = (index * imageWidth * imageHeight + pixel) * imageChannels
        let (x, y) = (left + pixel % imageWidth, top + pixel / imageWidth)
        let place = (y * width + x) * channels
        sheet[place] = pixels[source] ^ inversion
        guard channels == 4 else { continue }
        sheet[place + 1] = pixels[source + min(1, imageChannels - 1)] ^ inversion
        sheet[place + 2] = pixels[source + imageChannels - 1] ^ inversion
        sheet[place + 3] = 255
      }
    }
    return Pixels(width: width, height: height, channels: channels, bytes: sheet)
  }
}
