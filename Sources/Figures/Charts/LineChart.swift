// SPDX-License-Identifier: Apache-2.0

/// Lines over a common x, in one or several panels: training curves.
///
/// Every line carries its name and last value at its right end; there is no legend to match.
/// A line of the same name has the same colour in every panel. Missing (NaN, infinite) values
/// leave gaps, a lone point becomes a dot, and an empty panel says so.
package struct LineChart: Figure {
  /// How panels stand to each other.
  package enum Arrangement: Sendable {
    case row
    case column
  }

  package var title: String
  package var subtitle: String
  package var caption: String
  package var panels: [Panel]
  package var arrangement: Arrangement
  /// Each panel with its labels, in figure points.
  package var panelSize: Size
  /// Whether a line's last value follows its name.
  package var showsLastValues: Bool

  /// `panelSize` is the extent of one panel with its labels, in figure points; nil chooses by the
  /// number of panels.
  package init(
    title: String = "", subtitle: String = "", caption: String = "", panels: [Panel],
    arrangement: Arrangement = .row, panelSize: Size? = nil, showsLastValues: Bool = true
  ) {
    self.title = title
    self.subtitle = subtitle
    self.caption = caption
    self.panels = panels
    self.arrangement = arrangement
    self.panelSize =
      panelSize
      ?? (panels.count > 1 && arrangement == .row
        ? Size(width: 340, height: 280)
        : Size(width: 680, height: panels.count > 1 ? 240 : 380))
    self.showsLastValues = showsLastValues
  }

  package var summary: String {
    let parts = panels.map { panel in
      let name = panel.title.isEmpty ? panel.yLabel : panel.title
      let lines = panel.series.map { "\($0.name) (\($0.drawableCount) points)" }
      return "\(name) against \(panel.xLabel): " + lines.joined(separator: ", ")
    }
    return "Line chart. " + parts.joined(separator: "; ")
  }

  /// The gap between panels, in figure points.
  private var gap: Double { arrangement == .row ? 26 : 20 }

  private var panelHeight: Double {
    max(panelSize.height, panels.map(\.leastHeight).max() ?? 0)
  }

  package var size: Size {
    let count = Double(max(1, panels.count))
    let isRow = arrangement == .row
    let width =
      (isRow ? count * panelSize.width + (count - 1) * gap : panelSize.width) + 2 * Style.margin
    let height = isRow ? panelHeight : count * panelHeight + (count - 1) * gap
    let words = Words(of: self, width: width)
    return Size(
      width: width,
      height: (height + words.headHeight + words.footHeight + 2 * Style.margin).rounded(.up))
  }

  package func draw(into canvas: inout Canvas) {
    let words = Words(of: self, width: canvas.size.width)
    words.draw(into: &canvas)
    let body = words.body(of: canvas.size)
    if panels.isEmpty { canvas.noData(in: body) }
    for (layout, panel) in zip(layouts(in: body), panels) {
      layout.draw(panel, into: &canvas)
    }
  }

  private func layouts(in body: Rect) -> [PanelLayout] {
    let isRow = arrangement == .row
    var margins = PanelMargins(panels, showsLastValues: showsLastValues, plotHeight: panelHeight)
    let common = isRow ? nil : Domain.covering(panels.flatMap { $0.series.flatMap(\.drawableX) })
    return panels.indices.map { index in
      if isRow { margins.fit(panels[index], showsLastValues: showsLastValues) }
      let step = Double(index) * ((isRow ? panelSize.width : panelHeight) + gap)
      let frame = Rect(
        x: body.x + (isRow ? step : 0), y: body.y + (isRow ? 0 : step), width: panelSize.width,
        height: panelHeight)
      return PanelLayout(
        panels[index], frame: frame, margins: margins, xDomain: common, colors: colors,
        showsLastValues: showsLastValues)
    }
  }

  /// Each name's place in the palette: its first appearance.
  private var colors: [String: Int] {
    var colors: [String: Int] = [:]
    for series in panels.flatMap(\.series) where colors[series.name] == nil {
      colors[series.name] = colors.count
    }
    return colors
  }
}

extension LineChart {
  /// Lines that share two axes.
  package struct Panel: Sendable {
    package var title: String
    /// What runs along x, e.g. `epoch`.
    package var xLabel: String
    /// What runs along y with its unit, e.g. `nats per image`.
    package var yLabel: String
    package var series: [Series]
    /// The part of y to show, e.g. to cut the first epoch off; nil shows everything.
    package var yRange: ClosedRange<Double>?
    /// Whether lines that leave `yRange` are marked there, with their farthest value in words.
    package var marksCuts: Bool
    /// A place on x that is to be found.
    package var mark: Place?

    package init(
      title: String = "", xLabel: String, yLabel: String, series: [Series],
      yRange: ClosedRange<Double>? = nil, marksCuts: Bool = false, mark: Place? = nil
    ) {
      self.title = title
      self.xLabel = xLabel
      self.yLabel = yLabel
      self.series = series
      self.yRange = yRange
      self.marksCuts = marksCuts
      self.mark = mark
    }
  }

  /// A place on x with its name, e.g. the best epoch.
  package struct Place: Sendable {
    package var x: Double
    package var label: String
    /// The name of the line whose point there is ringed; nil for none.
    package var series: String?

    package init(x: Double, label: String, series: String? = nil) {
      (self.x, self.label, self.series) = (x, label, series)
    }
  }

  /// One line.
  package struct Series: Sendable {
    package enum Style: Sendable {
      case solid
      case dashed
    }

    package var name: String
    package var x: [Double]
    package var y: [Double]
    package var style: Style
    /// Lower and upper edge of an uncertainty band, each as long as `y`.
    package var band: Band?
    /// Place in the palette; nil takes the order of first appearance of the name.
    package var color: Int?

    package init(
      name: String, x: [Double], y: [Double], style: Style = .solid, band: Band? = nil,
      color: Int? = nil
    ) {
      precondition(x.count == y.count, "series \(name): \(x.count) x values, \(y.count) y values")
      precondition(
        band.map { $0.lower.count == y.count && $0.upper.count == y.count } ?? true,
        "series \(name): the band must have \(y.count) values on both sides")
      self.name = name
      self.x = x
      self.y = y
      self.style = style
      self.band = band
      self.color = color
    }

    /// A line over 1, 2, 3, …: one value per epoch.
    package init(name: String, y: [Double], style: Style = .solid, band: Band? = nil) {
      self.init(name: name, x: y.indices.map { Double($0 + 1) }, y: y, style: style, band: band)
    }

    func isDrawable(_ index: Int) -> Bool {
      Domain.isDrawable(x[index]) && Domain.isDrawable(y[index])
    }

    var drawableCount: Int { x.indices.count(where: isDrawable) }
    var drawableX: [Double] { x.indices.filter(isDrawable).map { x[$0] } }
    /// All heights that the line and its band reach.
    var drawableY: [Double] {
      y.indices.filter(isDrawable).flatMap { index in
        [y[index]] + (band.map { [$0.lower[index], $0.upper[index]] } ?? [])
      }
    }
  }

  /// The edges of an uncertainty band.
  package struct Band: Sendable {
    package var lower: [Double]
    package var upper: [Double]

    package init(lower: [Double], upper: [Double]) {
      self.lower = lower
      self.upper = upper
    }
  }
}
