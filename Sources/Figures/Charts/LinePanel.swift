// SPDX-License-Identifier: Apache-2.0

extension LineChart.Panel {
  /// The height of one direct label, in figure points.
  static let labelHeight = Style.labelSize * 1.3

  /// Lines of words above the plot.
  var hasTitle: Bool { !title.isEmpty }

  /// Room for every direct label, so that they never need to overlap.
  var leastHeight: Double { Double(series.count) * Self.labelHeight + 90 }

  /// The values of y to show, with a little air above and below.
  var yDomain: ClosedRange<Double>? {
    if let yRange, let domain = Domain.covering([yRange.lowerBound, yRange.upperBound]) {
      return domain
    }
    return Domain.covering(series.flatMap(\.drawableY), padding: 0.06)
  }

  /// Decimals of the last values: about a three-hundredth of the range shown can be told apart.
  var decimals: Int {
    guard let yDomain else { return 0 }
    return max(0, -Decades.floorLog10((yDomain.upperBound - yDomain.lowerBound) / 300))
  }

  /// The words at the end of a line.
  func endLabel(_ series: LineChart.Series, showsLastValue: Bool) -> (String, String) {
    guard let last = series.y.indices.last(where: series.isDrawable) else {
      return (series.name, "no data")
    }
    return (
      series.name, showsLastValue ? NumberText.fixed(series.y[last], decimals: decimals) : ""
    )
  }
}

/// The space around a plot, in figure points.
struct PanelMargins {
  var left = 0.0
  var right = 0.0
  var top = 0.0
  var bottom = 0.0

  /// Margins that serve all panels of a chart.
  init(_ panels: [LineChart.Panel], showsLastValues: Bool, plotHeight: Double) {
    for panel in panels {
      let title = panel.hasTitle ? Style.panelTitleSize * 1.45 : 0
      top = max(top, title + (panel.yLabel.isEmpty ? 0 : Style.labelSize * 1.3) + 12)
      bottom = max(bottom, Axis.numbersHeight + (panel.xLabel.isEmpty ? 0 : 18))
    }
    var widest = PanelMargins()
    for panel in panels {
      var own = PanelMargins()
      (own.top, own.bottom) = (top, bottom)
      own.fit(panel, showsLastValues: showsLastValues)
      widest.left = max(widest.left, own.left)
      widest.right = max(widest.right, own.right)
    }
    (left, right) = (widest.left, widest.right)
  }

  private init() {}

  /// Sets the left and right margin for one panel: its numbers and its direct labels.
  mutating func fit(_ panel: LineChart.Panel, showsLastValues: Bool) {
    let plot = Rect(x: 0, y: 0, width: 100, height: max(40, panel.leastHeight))
    let ticks = panel.yDomain.map { Axis.vertical($0, plot: plot).ticks }
    left = (ticks.map(Axis.widestLabel) ?? 0) * Style.widthReserve + 10
    let labels = panel.series.map { series in
      PanelLayout.text(
        panel.endLabel(series, showsLastValue: showsLastValues), ink: .text
      ).width
    }
    right = (labels.max() ?? 0) * Style.widthReserve + PanelLayout.labelGap
  }
}

/// A panel with its place on the page.
struct PanelLayout {
  /// From the right end of the plot to the direct labels, in figure points.
  static let labelGap = 12.0

  let frame: Rect
  let plot: Rect
  let x: Axis?
  let y: Axis?
  let colors: [String: Int]
  let showsLastValues: Bool

  init(
    _ panel: LineChart.Panel, frame: Rect, margins: PanelMargins, xDomain: ClosedRange<Double>?,
    colors: [String: Int], showsLastValues: Bool
  ) {
    let plot = Rect(
      x: frame.x + margins.left, y: frame.y + margins.top,
      width: max(60, frame.width - margins.left - margins.right),
      height: max(40, frame.height - margins.top - margins.bottom))
    let xs = panel.series.flatMap(\.drawableX)
    let isWhole = xs.allSatisfy { $0 == $0.rounded() }
    self.frame = frame
    self.plot = plot
    self.colors = colors
    self.showsLastValues = showsLastValues
    x = (xDomain ?? Domain.covering(xs)).map {
      Axis.horizontal($0, plot: plot, wholeNumbers: isWhole)
    }
    y = panel.yDomain.map { Axis.vertical($0, plot: plot) }
  }

  func draw(_ panel: LineChart.Panel, into canvas: inout Canvas) {
    drawNames(panel, into: &canvas)
    y?.drawRows(into: &canvas, plot: plot)
    canvas.line(
      from: Point(plot.x, plot.maxY), to: Point(plot.maxX, plot.maxY), Stroke(.axis, width: 1))
    guard let x, let y, panel.series.contains(where: { $0.drawableCount > 0 }) else {
      canvas.noData(in: plot)
      return
    }
    x.drawColumns(into: &canvas, plot: plot, grid: false)
    drawPlace(panel, x.scale, into: &canvas)
    for series in panel.series { drawBand(series, x.scale, y.scale, into: &canvas) }
    for series in panel.series { drawLine(series, x.scale, y.scale, into: &canvas) }
    drawRing(panel, x.scale, y.scale, into: &canvas)
    if panel.marksCuts { drawCuts(panel, x.scale, y.scale, into: &canvas) }
    drawEndLabels(panel, x.scale, y.scale, into: &canvas)
  }

  private func drawNames(_ panel: LineChart.Panel, into canvas: inout Canvas) {
    var top = frame.y
    if panel.hasTitle {
      canvas.text(
        Text(panel.title, size: Style.panelTitleSize, weight: .bold),
        at: Point(frame.x, top + Style.panelTitleSize))
      top += Style.panelTitleSize * 1.45
    }
    canvas.text(
      Text(panel.yLabel, size: Style.labelSize, ink: .muted),
      at: Point(frame.x, top + Style.labelSize))
    canvas.text(
      Text(panel.xLabel, size: Style.labelSize, ink: .muted, anchor: .end),
      at: Point(plot.maxX, plot.maxY + Axis.numbersHeight + 14))
  }

  func color(_ series: LineChart.Series) -> Int {
    series.color ?? colors[series.name] ?? 0
  }

  private func drawBand(
    _ series: LineChart.Series, _ x: Scale, _ y: Scale, into canvas: inout Canvas
  ) {
    guard let band = series.band else { return }
    func edge(_ values: [Double], _ index: Int) -> Point {
      Point(x(series.x[index]), max(plot.y, min(plot.maxY, y(values[index]))))
    }
    let runs = LinePieces.runs(series.x.count) { index in
      series.isDrawable(index) && Domain.isDrawable(band.lower[index])
        && Domain.isDrawable(band.upper[index])
    }
    for run in runs {
      let (upper, lower) = (run.map { edge(band.upper, $0) }, run.map { edge(band.lower, $0) })
      let ink = Ink.series(color(series))
      if run.count == 1 {
        canvas.line(from: upper[0], to: lower[0], Stroke(ink, width: 1.5))
      } else {
        canvas.add(.polygon(upper + lower.reversed(), Fill(ink, opacity: 0.18)))
      }
    }
  }

  private func drawLine(
    _ series: LineChart.Series, _ x: Scale, _ y: Scale, into canvas: inout Canvas
  ) {
    let ink = Ink.series(color(series))
    let stroke = Stroke(
      ink, width: series.x.count > 500 ? 1.25 : 2,
      dash: series.style == .dashed ? Dash(on: 5, off: 5) : nil)
    for run in LinePieces.runs(series.x.count, where: series.isDrawable) {
      let line = run.map { Point(x(series.x[$0]), y(series.y[$0])) }
      for piece in LinePieces.clipped(LinePieces.thinned(line), to: plot) {
        if piece.count == 1 {
          canvas.dot(piece[0], radius: 2.5, ink)
        } else {
          canvas.add(.path(piece, stroke))
        }
      }
    }
    if let last = series.y.indices.last(where: series.isDrawable) {
      let end = Point(x(series.x[last]), y(series.y[last]))
      if plot.contains(end) { canvas.dot(end, radius: 3.25, ink, ring: 0.75) }
    }
  }

  static func text(_ label: (String, String), ink: Ink) -> Text {
    let (name, value) = label
    let gap = name.isEmpty || value.isEmpty ? "" : "  "
    return Text(
      runs: [
        TextRun(name, ink: ink, weight: .bold), TextRun(gap + value, ink: ink),
      ], size: Style.labelSize)
  }

  private func drawEndLabels(
    _ panel: LineChart.Panel, _ x: Scale, _ y: Scale, into canvas: inout Canvas
  ) {
    let ends = panel.series.map { series in
      series.y.indices.last(where: series.isDrawable).map {
        Point(x(series.x[$0]), max(plot.y, min(plot.maxY, y(series.y[$0]))))
      }
    }
    let places = LabelStack.spread(
      ends.map { $0?.y ?? plot.maxY }, height: LineChart.Panel.labelHeight,
      within: (plot.y - 8)...(plot.maxY + 2))
    for (series, (end, place)) in zip(panel.series, zip(ends, places)) {
      let label = panel.endLabel(series, showsLastValue: showsLastValues)
      if label.0.isEmpty && label.1.isEmpty { continue }
      if let end, abs(end.y - place) > 4 || plot.maxX - end.x > 6 {
        drawLeader(from: end, to: place, Ink.series(color(series)), into: &canvas)
      }
      canvas.text(
        Self.text(label, ink: .seriesText(color(series))),
        at: Point(plot.maxX + Self.labelGap, place + Style.baselineShift(Style.labelSize)))
    }
  }

  /// From the end of a line to its label: dots across the plot, then a hair aslant in the margin.
  private func drawLeader(from end: Point, to y: Double, _ ink: Ink, into canvas: inout Canvas) {
    let corner = Point(plot.maxX + 3, end.y)
    if corner.x - end.x > 10 {
      canvas.line(
        from: Point(end.x + 8, end.y), to: corner,
        Stroke(ink, width: 1, opacity: 0.6, dash: Dash(on: 0.1, off: 5)))
    }
    canvas.line(
      from: Point(max(corner.x, end.x + 4.5), end.y), to: Point(plot.maxX + Self.labelGap - 2, y),
      Stroke(ink, width: 0.75, opacity: 0.6))
  }
}
