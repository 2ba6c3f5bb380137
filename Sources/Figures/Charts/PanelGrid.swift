// SPDX-License-Identifier: Apache-2.0

/// Where the panels of a ``PanelChart`` lie, and how they are drawn.
struct PanelGrid {
  private let chart: PanelChart
  /// Around each plot: its numbers and words.
  private let left: Double
  private let right: Double
  private let top: Double
  private let bottom: Double
  /// Whether a line above a plot is that of labels, though the panel have none.
  private let hasLabels: Bool

  private static let gap = 12.0
  private static let titleHeight = Style.panelTitleSize * 1.45
  private static let keyHeight = Style.labelSize * 1.7
  private static let swatchWidth = 20.0

  init(_ chart: PanelChart) {
    self.chart = chart
    let panels = chart.panels.compactMap { $0 }
    let plot = Rect(x: 0, y: 0, width: chart.plotSize.width, height: chart.plotSize.height)
    func widest(_ axes: [Axis?]) -> Double {
      axes.compactMap { $0.map { Axis.widestLabel($0.ticks) * Style.widthReserve } }.max() ?? 0
    }
    let halfNumber =
      widest(panels.filter { $0.numbers.contains(.x) }.map { Self.xAxis($0, plot) }) / 2
    let numbers = widest(panels.filter { $0.numbers.contains(.y) }.map { Self.yAxis($0, plot) })
    left = max(numbers > 0 ? numbers + 10 : 0, halfNumber)
    right = halfNumber
    let hasTitle = panels.contains { !$0.title.isEmpty }
    hasLabels = panels.contains { !$0.yLabel.isEmpty }
    top = (hasTitle ? Self.titleHeight : 0) + (hasLabels ? Style.labelSize * 1.3 : 0) + 8
    bottom =
      (panels.contains { $0.numbers.contains(.x) } ? Axis.numbersHeight : 4)
      + (panels.contains { !$0.xLabel.isEmpty } ? 18 : 0)
  }

  /// Numbers stand along the rim alone where only panels there have them.
  private var isTight: Bool {
    chart.panels.enumerated().allSatisfy { index, panel in
      guard let panel else { return true }
      return (index % chart.columns == 0 || !panel.numbers.contains(.y))
        && (index + chart.columns >= chart.panels.count || !panel.numbers.contains(.x))
    }
  }

  private var rows: Int { (chart.panels.count + chart.columns - 1) / chart.columns }
  private var usedColumns: Int { min(chart.columns, max(chart.panels.count, 1)) }

  /// From one plot to the next.
  private var step: Size {
    let plot = chart.plotSize
    return isTight
      ? Size(width: plot.width + max(Self.gap, 2 * right - 4), height: plot.height + top + 4)
      : Size(
        width: plot.width + left + right + Self.gap, height: plot.height + top + bottom + 6)
  }

  private var panelsWidth: Double {
    left + Double(usedColumns - 1) * step.width + chart.plotSize.width + right
  }

  /// The key and all panels.
  var size: Size {
    Size(
      width: panelsWidth,
      height: keyHeight(panelsWidth) + top + Double(rows - 1) * step.height
        + chart.plotSize.height + bottom)
  }

  func draw(in body: Rect, into canvas: inout Canvas) {
    drawKey(in: body, into: &canvas)
    let start = Point(body.x + left, body.y + keyHeight(panelsWidth) + top)
    for (index, panel) in chart.panels.enumerated() {
      guard let panel else { continue }
      let (row, column) = (index / chart.columns, index % chart.columns)
      let plot = Rect(
        x: start.x + Double(column) * step.width, y: start.y + Double(row) * step.height,
        width: chart.plotSize.width, height: chart.plotSize.height)
      draw(panel, plot, into: &canvas)
    }
  }

  private static func xAxis(_ panel: PanelChart.Panel, _ plot: Rect) -> Axis? {
    panel.x.map { Axis.horizontal($0, plot: plot, wholeNumbers: panel.countsX) }
  }

  private static func yAxis(_ panel: PanelChart.Panel, _ plot: Rect) -> Axis? {
    panel.y.map { Axis.vertical($0, plot: plot, spacing: max(32, plot.height / 6)) }
  }
}

// MARK: - The key

extension PanelGrid {
  private func width(_ entry: PanelChart.KeyEntry) -> Double {
    Self.swatchWidth + 6 + Text(entry.name, size: Style.labelSize).width * Style.widthReserve + 18
  }

  /// The place of each entry, row by row.
  private func keyPlaces(_ room: Double) -> [(x: Double, row: Int)] {
    var (x, row) = (0.0, 0)
    return chart.key.map { entry in
      let own = width(entry)
      if x > 0, x + own > room { (x, row) = (0, row + 1) }
      defer { x += own }
      return (x, row)
    }
  }

  private func keyHeight(_ room: Double) -> Double {
    keyPlaces(room).last.map { Double($0.row + 1) * Self.keyHeight + 4 } ?? 0
  }

  private func drawKey(in body: Rect, into canvas: inout Canvas) {
    for (entry, place) in zip(chart.key, keyPlaces(panelsWidth)) {
      let left = body.x + place.x
      let y = body.y + Double(place.row) * Self.keyHeight + Style.labelSize / 2
      let end = left + Self.swatchWidth
      for mark in entry.marks {
        switch mark {
        case .area(let fill):
          canvas.add(
            .rectangle(Rect(x: left, y: y - 5, width: Self.swatchWidth, height: 10), fill))
        case .line(let stroke):
          canvas.line(from: Point(left, y), to: Point(end, y), stroke)
        case .point(let radius, let fill):
          canvas.add(.circle(Point(left + Self.swatchWidth / 2, y), radius: radius, fill))
        }
      }
      canvas.text(
        Text(entry.name, size: Style.labelSize, ink: .muted),
        at: Point(end + 6, y + Style.baselineShift(Style.labelSize)))
    }
  }
}

// MARK: - A panel

extension PanelGrid {
  private func draw(_ panel: PanelChart.Panel, _ plot: Rect, into canvas: inout Canvas) {
    var baseline = plot.y - 8
    canvas.text(
      fitting(panel.yLabel, size: Style.labelSize, ink: .muted), at: Point(plot.x, baseline))
    if hasLabels { baseline -= Style.labelSize * 1.3 }
    canvas.text(
      fitting(panel.title, size: Style.panelTitleSize, weight: .bold), at: Point(plot.x, baseline))
    if !panel.words.isEmpty { return drawWords(panel.words, plot, into: &canvas) }
    guard let x = Self.xAxis(panel, plot), let y = Self.yAxis(panel, plot), !panel.layers.isEmpty
    else { return canvas.noData(in: plot) }
    if panel.hasGrid {
      y.drawRows(into: &canvas, plot: plot, numbers: panel.numbers.contains(.y))
    }
    // A little lower, so that numbers at the corner do not touch.
    let lower = Rect(x: plot.x, y: plot.y, width: plot.width, height: plot.height + 1)
    x.drawColumns(
      into: &canvas, plot: lower, grid: panel.hasGrid && !panel.countsX,
      numbers: panel.numbers.contains(.x))
    for layer in panel.layers { draw(layer, x.scale, y.scale, plot, into: &canvas) }
    canvas.line(
      from: Point(plot.x, plot.maxY), to: Point(plot.maxX, plot.maxY), Stroke(.axis, width: 1))
    canvas.text(
      Text(panel.xLabel, size: Style.labelSize, ink: .muted, anchor: .end),
      at: Point(plot.maxX, plot.maxY + Axis.numbersHeight + 14))
  }

  /// As much of a name as a panel has room for.
  private func fitting(
    _ name: String, size: Double, ink: Ink = .text, weight: Weight = .regular
  ) -> Text {
    func text(_ name: String) -> Text { Text(name, size: size, ink: ink, weight: weight) }
    let room = step.width - Self.gap
    if text(name).width * Style.widthReserve <= room { return text(name) }
    var start = name
    while !start.isEmpty, text(start + "…").width * Style.widthReserve > room {
      start.removeLast()
    }
    return text(start + "…")
  }

  private func drawWords(_ words: [String], _ plot: Rect, into canvas: inout Canvas) {
    let lines = words.enumerated().map { index, line in
      Text(
        line, size: index == 0 ? 17 : Style.labelSize, ink: index == 0 ? .text : .muted,
        weight: index == 0 ? .bold : .regular, anchor: .middle)
    }
    let height = lines.reduce(0) { $0 + $1.size * Style.leading }
    var y = plot.midY - height / 2
    for line in lines {
      y += line.size * Style.leading
      canvas.text(line, at: Point(plot.midX, y - line.size * 0.3))
    }
  }

  private func draw(
    _ layer: PanelChart.Layer, _ x: Scale, _ y: Scale, _ plot: Rect, into canvas: inout Canvas
  ) {
    func height(_ value: Double) -> Double { min(max(y(value), plot.y), plot.maxY) }
    switch layer {
    case .area(let xs, let ys, let fill):
      for run in drawable(xs, ys) where run.count > 1 {
        let line = run.map { Point(x(xs[$0]), height(ys[$0])) }
        let (first, last) = (line[0].x, line[line.count - 1].x)
        canvas.add(.polygon([Point(first, height(0))] + line + [Point(last, height(0))], fill))
      }
    case .line(let xs, let ys, let stroke):
      for run in drawable(xs, ys) {
        let line = run.map { Point(x(xs[$0]), y(ys[$0])) }
        for piece in LinePieces.clipped(LinePieces.thinned(line), to: plot) where piece.count > 1 {
          canvas.add(.path(piece, stroke))
        }
      }
    case .points(let xs, let ys, let radius, let fill):
      for index in drawable(xs, ys).joined() {
        let point = Point(x(xs[index]), y(ys[index]))
        if plot.contains(point) { canvas.add(.circle(point, radius: radius, fill)) }
      }
    case .bars(let xs, let ys, let width, let fill):
      for index in drawable(xs, ys).joined() where x.domain.contains(xs[index]) {
        let (low, high) = (x(xs[index] - width / 2), x(xs[index] + width / 2))
        let (top, bottom) = (height(max(ys[index], 0)), height(min(ys[index], 0)))
        canvas.add(
          .rectangle(
            Rect(x: low, y: top, width: high - low, height: bottom - top), fill))
      }
    case .intervals(let xs, let lower, let upper, let stroke):
      for index in drawable(xs, lower).joined()
      where x.domain.contains(xs[index]) && Domain.isDrawable(upper[index]) {
        let place = x(xs[index])
        canvas.line(
          from: Point(place, height(lower[index])), to: Point(place, height(upper[index])), stroke)
      }
    case .upright(let value, let stroke):
      if x.domain.contains(value) {
        canvas.line(from: Point(x(value), plot.y), to: Point(x(value), plot.maxY), stroke)
      }
    }
  }

  /// The stretches where both numbers can be drawn.
  private func drawable(_ x: [Double], _ y: [Double]) -> [Range<Int>] {
    LinePieces.runs(min(x.count, y.count)) {
      Domain.isDrawable(x[$0]) && Domain.isDrawable(y[$0])
    }
  }
}
