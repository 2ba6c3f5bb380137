// SPDX-License-Identifier: Apache-2.0

/// The part of a step that a bar fills, the rest being white space.
private let barShare = 0.7

/// Bars from left to right, names at the left.
struct HorizontalBars {
  let chart: BarChart
  let bars: [BarChart.Bar]
  let plot: Rect
  let axis: Axis
  private let body: Rect

  init(chart: BarChart, bars: [BarChart.Bar], domain: ClosedRange<Double>, body: Rect) {
    self.chart = chart
    self.bars = bars
    self.body = body
    let names = bars.map { Text($0.name, size: Style.labelSize).width }.max() ?? 0
    let left = min(body.width / 2, names * Style.widthReserve + 10)
    let top = chart.threshold == nil && chart.nameLabel.isEmpty ? 4 : 22.0
    let values = chart.showsValues ?? true ? 46.0 : 0
    plot = Rect(
      x: body.x + left, y: body.y + top, width: max(60, body.width - left - values),
      height: max(20, body.height - top - Axis.numbersHeight - 18))
    axis = Axis.horizontal(domain, plot: plot)
  }

  private var step: Double { plot.height / Double(max(1, bars.count)) }

  func draw(into canvas: inout Canvas) {
    axis.drawColumns(into: &canvas, plot: plot, grid: true)
    canvas.text(
      Text(chart.valueLabel, size: Style.labelSize, ink: .muted, anchor: .end),
      at: Point(plot.maxX, plot.maxY + Axis.numbersHeight + 14))
    canvas.text(
      Text(chart.nameLabel, size: Style.labelSize, ink: .muted),
      at: Point(body.x, body.y + Style.labelSize))
    for (row, bar) in bars.enumerated() { draw(bar, row, into: &canvas) }
    let zero = axis.scale(0)
    canvas.line(from: Point(zero, plot.y), to: Point(zero, plot.maxY), Stroke(.axis, width: 1))
    drawThreshold(into: &canvas)
  }

  private func draw(_ bar: BarChart.Bar, _ row: Int, into canvas: inout Canvas) {
    let middle = plot.y + (Double(row) + 0.5) * step
    let baseline = middle + Style.baselineShift(Style.labelSize)
    if row % Int((12.5 / step).rounded(.up)) == 0 {
      canvas.text(
        Text(bar.name, size: Style.labelSize, anchor: .end), at: Point(plot.x - 8, baseline))
    }
    guard Domain.isDrawable(bar.value) else {
      canvas.text(
        Text(NumberText.fixed(bar.value, decimals: 0), size: Style.tickSize, ink: .muted),
        at: Point(axis.scale(0) + 6, baseline))
      return
    }
    let (zero, end) = (axis.scale(0), axis.scale(bar.value))
    canvas.add(
      .rectangle(
        Rect(
          x: min(zero, end), y: middle - step * barShare / 2, width: abs(end - zero),
          height: step * barShare), chart.fill(bar)))
    let reach = drawError(bar, middle, into: &canvas)
    if chart.showsValues ?? true, step > 12.5 {
      let text = Text(
        chart.label(bar, decimals: axis.ticks.decimalsOfData), size: Style.tickSize,
        ink: .muted, anchor: bar.value < 0 ? .end : .start)
      canvas.text(text, at: Point(place(of: text, from: reach), baseline))
    }
  }

  /// Where a value is written: beside its bar, or beyond the threshold's line, which would cross it.
  private func place(of text: Text, from reach: Double) -> Double {
    let sign = text.anchor == .end ? -1.0 : 1.0
    let beside = reach + sign * 6
    guard let line = chart.threshold.map({ axis.scale($0.value) }) else { return beside }
    let end = beside + sign * text.width * Style.widthReserve
    let isCrossed = min(beside, end) < line + 2 && max(beside, end) > line - 2
    return isCrossed ? line + sign * 6 : beside
  }

  /// Returns the far end of the bar with its error, in figure points.
  private func drawError(
    _ bar: BarChart.Bar, _ y: Double, into canvas: inout Canvas
  ) -> Double {
    guard let interval = bar.interval else { return axis.scale(bar.value) }
    let (low, high) = (axis.scale(interval.lowerBound), axis.scale(interval.upperBound))
    canvas.line(from: Point(low, y), to: Point(high, y), Stroke(.text, width: 1.25, opacity: 0.8))
    return bar.value < 0 ? low : high
  }

  private func drawThreshold(into canvas: inout Canvas) {
    guard let threshold = chart.threshold, Domain.isDrawable(threshold.value) else { return }
    let x = axis.scale(threshold.value)
    canvas.line(
      from: Point(x, plot.y - 4), to: Point(x, plot.maxY),
      Stroke(.text, width: 1, dash: Dash(on: 2.5, off: 3.5)))
    let text = Text(threshold.label, size: Style.tickSize, ink: .text)
    let left = max(body.x, min(x - 2, body.maxX - text.width * Style.widthReserve))
    canvas.text(text, at: Point(left, plot.y - 9))
  }
}

/// Bars from the bottom up, names under them: for many narrow bars.
struct VerticalBars {
  let chart: BarChart
  let bars: [BarChart.Bar]
  let plot: Rect
  let axis: Axis
  private let body: Rect

  init(chart: BarChart, bars: [BarChart.Bar], domain: ClosedRange<Double>, body: Rect) {
    self.chart = chart
    self.bars = bars
    self.body = body
    let top = chart.valueLabel.isEmpty ? 8 : Style.labelSize * 1.3 + 10
    let bottom = Axis.numbersHeight + (chart.nameLabel.isEmpty ? 0 : 18)
    let rough = Rect(x: 0, y: 0, width: body.width, height: max(40, body.height - top - bottom))
    let left = Axis.widestLabel(Axis.vertical(domain, plot: rough).ticks) * Style.widthReserve + 10
    let label = chart.threshold.map { Text($0.label, size: Style.tickSize).width } ?? 0
    let right = label > 0 ? label * Style.widthReserve + 8 : 0
    plot = Rect(
      x: body.x + left, y: body.y + top, width: max(60, body.width - left - right),
      height: rough.height)
    axis = Axis.vertical(domain, plot: plot)
  }

  private var step: Double { plot.width / Double(max(1, bars.count)) }

  func draw(into canvas: inout Canvas) {
    axis.drawRows(into: &canvas, plot: plot)
    canvas.text(
      Text(chart.valueLabel, size: Style.labelSize, ink: .muted),
      at: Point(body.x, body.y + Style.labelSize))
    canvas.text(
      Text(chart.nameLabel, size: Style.labelSize, ink: .muted, anchor: .end),
      at: Point(plot.maxX, plot.maxY + Axis.numbersHeight + 14))
    for (column, bar) in bars.enumerated() { draw(bar, column, into: &canvas) }
    let zero = axis.scale(0)
    canvas.line(from: Point(plot.x, zero), to: Point(plot.maxX, zero), Stroke(.axis, width: 1))
    drawThreshold(into: &canvas)
  }

  /// Every how many bars a name fits.
  private var nameStride: Int {
    let widest = bars.map { Text($0.name, size: Style.tickSize).width }.max() ?? 0
    return max(1, Int(((widest * Style.widthReserve + 6) / step).rounded(.up)))
  }

  private func draw(_ bar: BarChart.Bar, _ column: Int, into canvas: inout Canvas) {
    let middle = plot.x + (Double(column) + 0.5) * step
    if column % nameStride == 0 {
      canvas.text(
        Text(bar.name, size: Style.tickSize, ink: .muted, anchor: .middle),
        at: Point(middle, plot.maxY + 7 + StrokeFont.capHeight * Style.tickSize))
    }
    guard Domain.isDrawable(bar.value) else { return }
    let (zero, end) = (axis.scale(0), axis.scale(bar.value))
    let width = max(step * barShare, step - 6)
    canvas.add(
      .rectangle(
        Rect(x: middle - width / 2, y: min(zero, end), width: width, height: abs(end - zero)),
        chart.fill(bar)))
    if let interval = bar.interval, step > 4 {
      canvas.line(
        from: Point(middle, axis.scale(interval.lowerBound)),
        to: Point(middle, axis.scale(interval.upperBound)),
        Stroke(.text, width: 1.25, opacity: 0.8))
    }
    drawValue(bar, middle, into: &canvas)
  }

  private func drawValue(_ bar: BarChart.Bar, _ x: Double, into canvas: inout Canvas) {
    let text = Text(
      chart.label(bar, decimals: axis.ticks.decimalsOfData), size: Style.tickSize,
      ink: .muted, anchor: .middle)
    let fits = text.width * Style.widthReserve + 4 < step
    guard chart.showsValues ?? fits else { return }
    let y =
      bar.value < 0
      ? axis.scale(bar.interval?.lowerBound ?? bar.value) + 6
        + StrokeFont.capHeight * Style.tickSize
      : axis.scale(bar.interval?.upperBound ?? bar.value) - 6
    canvas.text(text, at: Point(x, y))
  }

  private func drawThreshold(into canvas: inout Canvas) {
    guard let threshold = chart.threshold, Domain.isDrawable(threshold.value) else { return }
    let y = axis.scale(threshold.value)
    canvas.line(
      from: Point(plot.x, y), to: Point(plot.maxX, y),
      Stroke(.text, width: 1, dash: Dash(on: 2.5, off: 3.5)))
    canvas.text(
      Text(threshold.label, size: Style.tickSize),
      at: Point(plot.maxX + 8, y + Style.baselineShift(Style.tickSize)))
  }
}
