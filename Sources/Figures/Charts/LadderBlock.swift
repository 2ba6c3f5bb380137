// SPDX-License-Identifier: Apache-2.0

/// Rungs on one axis with their place on the page: names at the left, values beside the marks.
///
/// An estimate is a thin upright line with a pennant that points to the side on which the quantity
/// lies, its interval a band behind it: a mark must not cover what it says about itself.
struct LadderBlock {
  static let rungHeight = 38.0
  static let topHeight = 26.0
  /// Half the height of an interval's band.
  private static let halfBand = 6.0
  private static let pennant = Size(width: 7, height: 7)

  private let bounds: [LadderChart.Bound]
  private let quantity: String
  private let body: Rect
  let plot: Rect
  let axis: Axis
  /// From the best lower to the best upper bound (or the value, if that is known instead), in
  /// figure points; an open side reaches the edge.
  let room: ClosedRange<Double>?
  /// What is said of that room, above it.
  private let roomWords: String
  private let decimals: Int

  /// - Parameters:
  ///   - chart: All bounds.
  ///   - bounds: Those that get a rung.
  ///   - domain: The part of the axis that is shown.
  ///   - body: The place on the page.
  ///   - saysRoom: Whether words tell the room between the best bounds.
  init(
    _ chart: LadderChart, bounds: [LadderChart.Bound], domain: ClosedRange<Double>, body: Rect,
    saysRoom: Bool = true
  ) {
    let names = chart.bounds.map { Text($0.name, size: Style.labelSize, weight: .bold).width }
    let left = min(body.width * 0.4, max(names.max() ?? 0, 76) * Style.widthReserve + 18)
    // Labels of upper bounds stand on the right of the last tick.
    let right = chart.bounds.contains { $0.isDrawable && $0.kind != .lower } ? 96.0 : 0
    plot = Rect(
      x: body.x + left, y: body.y + Self.topHeight, width: body.width - left - right,
      height: Double(bounds.count) * Self.rungHeight)
    let axis = Axis.horizontal(domain, plot: plot)
    self.bounds = bounds
    self.body = body
    self.axis = axis
    quantity = chart.quantity
    let decimals = Self.decimals(chart.bounds.filter(\.isDrawable), axis)
    self.decimals = decimals
    let lower = chart.bestLower.map { axis.scale($0) } ?? plot.x
    let upper = (chart.bestUpper ?? chart.value).map { axis.scale($0) } ?? plot.maxX
    let isBounded = chart.bestLower != nil || chart.bestUpper != nil
    room = isBounded && lower < upper ? lower...upper : nil
    roomWords = saysRoom ? chart.roomWords(decimals: decimals) : ""
  }

  /// Decimals that show the smallest interval with two digits, between 1 and 4.
  private static func decimals(_ bounds: [LadderChart.Bound], _ axis: Axis) -> Int {
    guard let smallest = bounds.map(\.reach).filter({ $0 > 0 }).min() else {
      return max(1, axis.ticks.decimalsOfData)
    }
    return max(1, min(4, 1 - Decades.floorLog10(smallest)))
  }

  /// - Parameters:
  ///   - canvas: Gets the marks.
  ///   - unit: Words under the axis.
  func draw(into canvas: inout Canvas, unit: String) {
    drawRoom(into: &canvas)
    axis.drawColumns(into: &canvas, plot: plot, grid: true)
    canvas.text(
      Text(unit, size: Style.labelSize, ink: .muted, anchor: .end),
      at: Point(plot.maxX, plot.maxY + Axis.numbersHeight + 16))
    for (row, bound) in bounds.enumerated() {
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
    let center = axis.scale(bound.estimate)
    let low = max(plot.x, axis.scale(bound.estimate - bound.reach))
    let high = min(plot.maxX, axis.scale(bound.estimate + bound.reach))
    if bound.reach > 0 {
      canvas.add(
        .rectangle(
          Rect(x: low, y: y - Self.halfBand, width: high - low, height: 2 * Self.halfBand),
          Fill(ink, opacity: 0.38)))
    }
    let top = y - Self.halfBand - Self.pennant.height
    canvas.line(
      from: Point(center, top), to: Point(center, y + Self.halfBand + 2), Stroke(ink, width: 1.75))
    canvas.add(.polygon(pennant(bound.kind, Point(center, top)), Fill(ink)))
    drawValue(
      bound, from: min(low, center - Self.pennant.width),
      to: max(high, center + Self.pennant.width),
      y, into: &canvas)
  }

  /// Points to where the quantity lies, seen from a bound; a diamond for the quantity itself.
  private func pennant(_ kind: LadderChart.Kind, _ top: Point) -> [Point] {
    let (width, height) = (Self.pennant.width, Self.pennant.height)
    let middle = top.y + height / 2
    let tip: Double
    switch kind {
    case .lower: tip = width
    case .upper: tip = -width
    case .value:
      return [
        Point(top.x, top.y), Point(top.x + width / 2, middle), Point(top.x, top.y + height),
        Point(top.x - width / 2, middle),
      ]
    }
    return [top, Point(top.x + tip, middle), Point(top.x, top.y + height)]
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
    return Text(runs: runs, size: Style.labelSize, halo: true)
  }

  /// Shades the interval between the best bounds and says how wide it is.
  private func drawRoom(into canvas: inout Canvas) {
    guard let room else { return }
    let (left, right) = (room.lowerBound, room.upperBound)
    canvas.add(
      .rectangle(
        Rect(x: left, y: plot.y - 4, width: right - left, height: plot.height + 4),
        Fill(.series(2), opacity: 0.2)))
    let text = Text(
      roomWords, size: Style.labelSize, ink: .seriesText(2), weight: .bold, anchor: .middle)
    let half = text.width * Style.widthReserve / 2
    let x = max(body.x + half, min(body.maxX - half, (left + right) / 2))
    canvas.text(text, at: Point(x, plot.y - 11))
  }
}

extension LadderChart {
  fileprivate func roomWords(decimals: Int) -> String {
    switch (bestLower, bestUpper ?? value) {
    case (let lower?, let upper?):
      (bestUpper == nil ? "gap " : "\(quantity): best bounds ")
        + NumberText.fixed(upper - lower, decimals: decimals)
        + (bestUpper == nil ? "" : " apart")
    case (let lower?, nil): "\(quantity) ≥ \(NumberText.fixed(lower, decimals: decimals))"
    case (nil, let upper?): "\(quantity) ≤ \(NumberText.fixed(upper, decimals: decimals))"
    case (nil, nil): ""
    }
  }
}
