// SPDX-License-Identifier: Apache-2.0

/// What a panel of lines says beside them: where they leave it, and a place on x.
extension PanelLayout {
  /// An upright line over the whole plot, its name above.
  func drawPlace(_ panel: LineChart.Panel, _ x: Scale, into canvas: inout Canvas) {
    guard let mark = panel.mark, x.domain.contains(mark.x) else { return }
    let place = x(mark.x)
    canvas.line(
      from: Point(place, plot.y), to: Point(place, plot.maxY),
      Stroke(.muted, width: 1, dash: Dash(on: 0.1, off: 4)))
    let text = Text(mark.label, size: Style.tickSize, ink: .muted, anchor: .middle)
    let half = text.width * Style.widthReserve / 2
    let middle = max(plot.x + half, min(plot.maxX + Self.labelGap - half, place))
    canvas.text(text, at: Point(middle, plot.y - 2))
  }

  /// A ring around the point of one line at that place.
  func drawRing(
    _ panel: LineChart.Panel, _ x: Scale, _ y: Scale, into canvas: inout Canvas
  ) {
    guard let mark = panel.mark,
      let series = panel.series.first(where: { $0.name == mark.series }),
      let index = series.x.indices.first(where: { series.x[$0] == mark.x && series.isDrawable($0) })
    else { return }
    let point = Point(x(mark.x), y(series.y[index]))
    guard plot.contains(point) else { return }
    canvas.add(.circle(point, radius: 5.5, Fill(.text)))
    canvas.add(.circle(point, radius: 4.25, Fill(.paper)))
    canvas.add(.circle(point, radius: 2.75, Fill(.series(color(series)))))
  }

  /// Where lines leave the plot, arrows; and how far they go, in words at the right end of that
  /// side, far from a start at the left.
  func drawCuts(
    _ panel: LineChart.Panel, _ x: Scale, _ y: Scale, into canvas: inout Canvas
  ) {
    for isBelow in [true, false] {
      let cuts = panel.series.compactMap { series in
        Cut(series, beyond: y.domain, isBelow: isBelow).map { (series, $0) }
      }
      for (row, (series, cut)) in cuts.enumerated() {
        let color = color(series)
        for place in cut.crossings(series) {
          drawArrow(at: x(place), isBelow: isBelow, Ink.series(color), into: &canvas)
        }
        let step = Style.tickSize * 1.4 * Double(isBelow ? cuts.count - 1 - row : row)
        let baseline =
          isBelow ? plot.maxY - 7 - step : plot.y + 5 + StrokeFont.ascent * Style.tickSize + step
        canvas.text(
          Text(
            "\(series.name) \(cut.words) \(NumberText.fixed(cut.value, decimals: panel.decimals))",
            size: Style.tickSize, ink: .seriesText(color), anchor: .end, halo: true),
          at: Point(plot.maxX - 4, baseline))
      }
    }
  }

  private func drawArrow(
    at x: Double, isBelow: Bool, _ ink: Ink, into canvas: inout Canvas
  ) {
    let (tip, base) = isBelow ? (plot.maxY - 1, plot.maxY - 9) : (plot.y + 1, plot.y + 9)
    canvas.add(
      .polygon([Point(x - 4.5, base), Point(x + 4.5, base), Point(x, tip)], Fill(ink)))
  }
}

/// The points of a line on one side of the part shown.
private struct Cut {
  /// The farthest of them.
  let value: Double
  /// What the line does there.
  let words: String
  private let edge: Double
  private let isBelow: Bool

  /// Nil where there are none.
  init?(_ series: LineChart.Series, beyond domain: ClosedRange<Double>, isBelow: Bool) {
    let drawable = series.x.indices.filter(series.isDrawable)
    func height(_ index: Int) -> Double { isBelow ? -series.y[index] : series.y[index] }
    edge = isBelow ? domain.lowerBound : domain.upperBound
    let outside = drawable.filter {
      height($0) > (isBelow ? -domain.lowerBound : domain.upperBound)
    }
    guard let farthest = outside.max(by: { height($0) < height($1) }) else { return nil }
    self.isBelow = isBelow
    value = series.y[farthest]
    words =
      farthest == drawable.first
      ? "starts at" : "reaches, at \(NumberText.fixed(series.x[farthest], decimals: 0)),"
  }

  /// Where the line crosses the edge, along x.
  func crossings(_ series: LineChart.Series) -> [Double] {
    zip(series.x.indices, series.x.indices.dropFirst()).compactMap { (a: Int, b: Int) -> Double? in
      guard series.isDrawable(a), series.isDrawable(b) else { return nil }
      let (ya, yb) = (series.y[a], series.y[b])
      let isOut = (isBelow ? ya < edge : ya > edge, isBelow ? yb < edge : yb > edge)
      guard isOut.0 != isOut.1 else { return nil }
      return series.x[a] + (edge - ya) / (yb - ya) * (series.x[b] - series.x[a])
    }
  }
}
