// SPDX-License-Identifier: Apache-2.0

/// A ladder with its place on the page: names at the left, one axis, values beside the dots.
struct LadderLayout {
  private static let rungHeight = 38.0
  private static let topHeight = 26.0

  /// The height of a ladder with its axis, in figure points.
  static func height(rungs: Int) -> Double {
    topHeight + Double(max(1, rungs)) * rungHeight + Axis.numbersHeight + 20
  }

  private let chart: LadderChart
  private let body: Rect
  private let plot: Rect
  private let axis: Axis
  /// From the best lower to the best upper bound (or the value, if that is known instead), in
  /// figure points; an open side reaches the edge.
  private let room: ClosedRange<Double>?
  private let decimals: Int

  /// Nil if there is nothing to draw.
  init?(_ chart: LadderChart, body: Rect) {
    let drawable = chart.bounds.filter(\.isDrawable)
    let reach = drawable.flatMap { bound in
      [bound.estimate - bound.reach, bound.estimate + bound.reach]
    }
    guard let domain = Domain.covering(reach, padding: 0.08) else { return nil }
    let names = chart.bounds.map { Text($0.name, size: Style.labelSize, weight: .bold).width }
    let left = min(body.width * 0.4, max(names.max() ?? 0, 76) * Style.widthReserve + 18)
    // Labels of upper bounds stand on the right of the last tick.
    let right = drawable.contains { $0.kind != .lower } ? 96.0 : 0
    plot = Rect(
      x: body.x + left, y: body.y + Self.topHeight, width: body.width - left - right,
      height: Double(chart.bounds.count) * Self.rungHeight)
    let axis = Axis.horizontal(domain, plot: plot)
    self.chart = chart
    self.body = body
    self.axis = axis
    decimals = Self.decimals(drawable, axis)
    let lower = chart.bestLower.map { axis.scale($0) } ?? plot.x
    let upper = (chart.bestUpper ?? chart.value).map { axis.scale($0) } ?? plot.maxX
    let isBounded = chart.bestLower != nil || chart.bestUpper != nil
    room = isBounded && lower < upper ? lower...upper : nil
  }

  /// Decimals that show the smallest interval with two digits, between 1 and 4.
  private static func decimals(_ bounds: [LadderChart.Bound], _ axis: Axis) -> Int {
    guard let smallest = bounds.map(\.reach).filter({ $0 > 0 }).min() else {
      return max(1, axis.ticks.decimalsOfData)
    }
    return max(1, min(4, 1 - Decades.floorLog10(smallest)))
  }

  func draw(into canvas: inout Canvas) {
    drawRoom(into: &canvas)
    axis.drawColumns(into: &canvas, plot: plot, grid: true)
    canvas.text(
      Text(
        "\(chart.unit), ± two standard errors", size: Style.labelSize, ink: .muted, anchor: .end),
      at: Point(plot.maxX, plot.maxY + Axis.numbersHeight + 16))
    for (row, bound) in chart.bounds.enumerated() {
      let y = plot.y + (Double(row) + 0.5) * Self.rungHeight
      drawName(bound, y: y, into: &canvas)
      draw(bound, y: y, into: &canvas)
    }
  }

  private func color(_ kind: LadderChart.Kind) -> Int {
    switch kind {
    case .lower: 0
    case .upper: 1
    case .value: 2
    }
  }

  private func drawName(_ bound: LadderChart.Bound, y: Double, into canvas: inout Canvas) {
    let kind =
      switch bound.kind {
      case .lower: "lower bound"
      case .upper: "upper bound"
      case .value: "value"
      }
    canvas.text(
      Text(bound.name, size: Style.labelSize, weight: .bold), at: Point(body.x, y - 1))
    canvas.text(Text(kind, size: Style.tickSize - 0.5, ink: .muted), at: Point(body.x, y + 13))
  }

  private func draw(_ bound: LadderChart.Bound, y: Double, into canvas: inout Canvas) {
    guard bound.isDrawable else {
      canvas.text(
        Text("no data", size: Style.labelSize, ink: .muted),
        at: Point(plot.x + 8, y + Style.baselineShift(Style.labelSize)))
      return
    }
    let ink = Ink.series(color(bound.kind))
    let low = axis.scale(bound.estimate - bound.reach)
    let high = axis.scale(bound.estimate + bound.reach)
    if bound.reach > 0 {
      canvas.line(from: Point(low, y), to: Point(high, y), Stroke(ink, width: 3, opacity: 0.45))
    }
    let center = Point(axis.scale(bound.estimate), y)
    canvas.dot(center, radius: 4.5, ink)
    drawValue(bound, from: min(low, center.x - 5), to: max(high, center.x + 5), y, into: &canvas)
  }

  /// Writes the value to the right of the interval, or to its left where that keeps it inside the
  /// page or off the shaded room.
  private func drawValue(
    _ bound: LadderChart.Bound, from low: Double, to high: Double, _ y: Double,
    into canvas: inout Canvas
  ) {
    var text = valueText(bound)
    let width = text.width * Style.widthReserve + 8
    let fitsRight = high + width <= body.maxX
    let fitsLeft = low - width >= plot.x
    let clashes = room.map { high < $0.upperBound && high + width > $0.lowerBound } ?? false
    let isRight = fitsRight && !(clashes && fitsLeft) || !fitsLeft
    text.anchor = isRight ? .start : .end
    canvas.text(
      text,
      at: Point(isRight ? high + 8 : low - 8, y + Style.baselineShift(Style.labelSize)))
  }

  private func valueText(_ bound: LadderChart.Bound) -> Text {
    var runs = [
      TextRun(
        NumberText.fixed(bound.estimate, decimals: decimals), ink: .seriesText(color(bound.kind)),
        weight: .bold)
    ]
    if bound.standardError != 0 {
      let error = NumberText.fixed(2 * bound.standardError, decimals: decimals)
      runs.append(TextRun(" ± " + error, ink: .muted))
    }
    return Text(runs: runs, size: Style.labelSize)
  }

  /// Shades the interval between the best bounds and says how wide it is.
  private func drawRoom(into canvas: inout Canvas) {
    guard let room else { return }
    let (left, right) = (room.lowerBound, room.upperBound)
    canvas.add(
      .rectangle(
        Rect(x: left, y: plot.y - 4, width: right - left, height: plot.height + 4),
        Fill(.series(2), opacity: 0.16)))
    let text = Text(
      roomWords, size: Style.labelSize, ink: .seriesText(2), weight: .bold, anchor: .middle)
    let half = text.width * Style.widthReserve / 2
    let x = max(body.x + half, min(body.maxX - half, (left + right) / 2))
    canvas.text(text, at: Point(x, plot.y - 11))
  }

  private var roomWords: String {
    switch (chart.bestLower, chart.bestUpper ?? chart.value) {
    case (let lower?, let upper?):
      (chart.bestUpper == nil ? "gap " : "\(chart.quantity): best bounds ")
        + NumberText.fixed(upper - lower, decimals: decimals)
        + (chart.bestUpper == nil ? "" : " apart")
    case (let lower?, nil): "\(chart.quantity) ≥ \(NumberText.fixed(lower, decimals: decimals))"
    case (nil, let upper?): "\(chart.quantity) ≤ \(NumberText.fixed(upper, decimals: decimals))"
    case (nil, nil): ""
    }
  }
}
