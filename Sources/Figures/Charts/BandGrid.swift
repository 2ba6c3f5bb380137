// SPDX-License-Identifier: Apache-2.0

/// Small multiples: a line in each panel over bands that it should stay in, all on the same axes.
///
/// A panel whose line should catch the eye is marked: by its colour and by its words.
package struct BandGrid: Figure {
  /// A line with its name.
  package struct Panel: Sendable {
    /// What it is.
    package var title: String
    /// What is to be said of it, beside the name.
    package var note: String
    /// Whether it should catch the eye.
    package var isMarked: Bool
    package var x: [Double]
    package var y: [Double]
    /// From the widest to the narrowest; `x` of each in ascending order.
    package var bands: [Band]

    package init(
      title: String, note: String = "", isMarked: Bool = false, x: [Double], y: [Double],
      bands: [Band] = []
    ) {
      precondition(x.count == y.count, "panel \(title): \(x.count) x values, \(y.count) y values")
      (self.title, self.note, self.isMarked) = (title, note, isMarked)
      (self.x, self.y, self.bands) = (x, y, bands)
    }
  }

  /// Two edges over x.
  package struct Band: Sendable {
    package var x: [Double]
    package var lower: [Double]
    package var upper: [Double]

    package init(x: [Double], lower: [Double], upper: [Double]) {
      precondition(
        lower.count == x.count && upper.count == x.count,
        "a band of \(x.count) x values has \(lower.count) and \(upper.count) values")
      (self.x, self.lower, self.upper) = (x, lower, upper)
    }
  }

  package var title: String
  package var subtitle: String
  package var caption: String
  package var panels: [Panel]
  /// What runs along x and y, said once.
  package var xLabel: String
  package var yLabel: String

  package init(
    title: String = "", subtitle: String = "", caption: String = "", panels: [Panel],
    xLabel: String = "", yLabel: String = ""
  ) {
    (self.title, self.subtitle, self.caption) = (title, subtitle, caption)
    (self.panels, self.xLabel, self.yLabel) = (panels, xLabel, yLabel)
  }

  package var summary: String {
    let parts = panels.map { "\($0.title)\($0.note.isEmpty ? "" : ", \($0.note)")" }
    return "Small multiples of \(yLabel) against \(xLabel): " + parts.joined(separator: "; ")
  }

  private static let plotSize = Size(width: 186, height: 110)
  private static let mostColumns = 4
  private static let gap = 34.0
  private static let rowGap = 12.0
  private static let labelHeight = Style.labelSize * 1.4
  private static let headHeight = Style.panelTitleSize * 1.4 + Style.labelSize * 1.3 + 4

  private static let rowHeight = headHeight + plotSize.height + rowGap

  /// Panels in a row: rows of nearly equal length, and words need some width.
  var columns: Int {
    let rows = (panels.count + Self.mostColumns - 1) / Self.mostColumns
    return rows < 1 ? 1 : max((panels.count + rows - 1) / rows, 1)
  }

  private var rows: Int { (panels.count + columns - 1) / columns }

  /// The common range of y, the same on both sides of 0 where it is on both.
  private var yDomain: ClosedRange<Double>? {
    Domain.covering(
      panels.flatMap { $0.y + $0.bands.flatMap { $0.lower + $0.upper } }, padding: 0.06)
  }

  private var xDomain: ClosedRange<Double>? { Domain.covering(panels.flatMap(\.x)) }

  /// Room for the numbers of y at the left of each row.
  private var numbersWidth: Double {
    guard let yDomain else { return 0 }
    let plot = Rect(x: 0, y: 0, width: Self.plotSize.width, height: Self.plotSize.height)
    let ticks = Axis.vertical(yDomain, plot: plot, spacing: 36).ticks
    return Axis.widestLabel(ticks) * Style.widthReserve + 10
  }

  package var size: Size {
    let count = Double(max(columns, 2))
    let width =
      numbersWidth + count * Self.plotSize.width + (count - 1) * Self.gap + 2 * Style.margin
    let words = Words(of: self, width: width)
    let picture =
      Self.labelHeight + Double(max(rows, 1)) * Self.rowHeight - Self.rowGap + Axis.numbersHeight
      + Self.labelHeight
    return Size(
      width: width.rounded(.up),
      height: (picture + words.headHeight + words.footHeight + 2 * Style.margin).rounded(.up))
  }

  package func draw(into canvas: inout Canvas) {
    let words = Words(of: self, width: canvas.size.width)
    words.draw(into: &canvas)
    let body = words.body(of: canvas.size)
    guard let xDomain, let yDomain else { return canvas.noData(in: body) }
    canvas.text(
      Text(yLabel, size: Style.labelSize, ink: .muted),
      at: Point(body.x, body.y + Style.labelSize))
    canvas.text(
      Text(xLabel, size: Style.labelSize, ink: .muted),
      at: Point(body.x + numbersWidth, body.maxY - Style.labelSize * 0.3))
    for (index, panel) in panels.enumerated() {
      let (row, column) = (index / columns, index % columns)
      let plot = Rect(
        x: body.x + numbersWidth + Double(column) * (Self.plotSize.width + Self.gap),
        y: body.y + Self.labelHeight
          + Double(row) * Self.rowHeight + Self.headHeight,
        width: Self.plotSize.width, height: Self.plotSize.height)
      draw(panel, in: plot, xDomain, yDomain, into: &canvas)
      if column == 0 { drawNumbers(yDomain, plot, into: &canvas) }
      // No panel below.
      if index + columns >= panels.count {
        Axis.horizontal(xDomain, plot: plot, spacing: 80)
          .drawColumns(into: &canvas, plot: plot, grid: false)
      }
    }
  }

  private func drawNumbers(
    _ domain: ClosedRange<Double>, _ plot: Rect, into canvas: inout Canvas
  ) {
    let axis = Axis.vertical(domain, plot: plot, spacing: 36)
    for (value, label) in zip(axis.ticks.values, axis.ticks.labels) {
      canvas.text(
        Text(label, size: Style.tickSize, ink: .muted, anchor: .end),
        at: Point(plot.x - 8, axis.scale(value) + Style.baselineShift(Style.tickSize)))
    }
  }

  private func draw(
    _ panel: Panel, in plot: Rect, _ xDomain: ClosedRange<Double>,
    _ yDomain: ClosedRange<Double>, into canvas: inout Canvas
  ) {
    let x = Scale(xDomain, from: plot.x, to: plot.maxX)
    let y = Scale(yDomain, from: plot.maxY, to: plot.y)
    let color = panel.isMarked ? 1 : 0
    let top = plot.y - Self.headHeight
    canvas.text(
      Text(
        Self.shortened(panel.title, to: plot.width), size: Style.panelTitleSize, weight: .bold),
      at: Point(plot.x, top + Style.panelTitleSize))
    canvas.text(
      Text(
        panel.note, size: Style.labelSize, ink: panel.isMarked ? .seriesText(color) : .muted,
        weight: panel.isMarked ? .bold : .regular),
      at: Point(plot.x, top + Style.panelTitleSize * 1.4 + Style.labelSize * 0.9))
    for band in panel.bands {
      let upper = zip(band.x, band.upper).map { Point(x($0), y($1)) }
      let lower = zip(band.x, band.lower).map { Point(x($0), y($1)) }
      guard upper.count > 1 else { continue }
      canvas.add(.polygon(upper + lower.reversed(), Fill(.series(9), opacity: 0.2)))
    }
    if yDomain.contains(0) {
      canvas.line(from: Point(plot.x, y(0)), to: Point(plot.maxX, y(0)), Stroke(.axis, width: 1))
    }
    canvas.line(
      from: Point(plot.x, plot.maxY), to: Point(plot.maxX, plot.maxY), Stroke(.grid, width: 1))
    let isDrawable = { (index: Int) in
      Domain.isDrawable(panel.x[index]) && Domain.isDrawable(panel.y[index])
    }
    for run in LinePieces.runs(panel.x.count, where: isDrawable) where run.count > 1 {
      let line = run.map { Point(x(panel.x[$0]), y(panel.y[$0])) }
      canvas.add(.path(LinePieces.thinned(line), Stroke(.series(color), width: 1.6)))
    }
  }

  /// A name that fits, its end cut off if need be.
  private static func shortened(_ name: String, to width: Double) -> String {
    func fits(_ name: String) -> Bool {
      Text(name, size: Style.panelTitleSize, weight: .bold).width * Style.widthReserve <= width
    }
    if fits(name) { return name }
    var short = name
    while !short.isEmpty, !fits(short + "...") { short.removeLast() }
    return short + "..."
  }
}
