// SPDX-License-Identifier: Apache-2.0

/// A numeric axis under or beside a plot: thin grid lines and quiet numbers, no box.
struct Axis {
  let scale: Scale
  let ticks: Ticks

  /// The height of the numbers under a horizontal axis, in figure points.
  static let numbersHeight = 20.0

  /// A horizontal axis from the left to the right edge of `plot`, a tick about every `spacing`
  /// figure points (nil: by the width), or fewer where the numbers are long.
  static func horizontal(
    _ domain: ClosedRange<Double>, plot: Rect, wholeNumbers: Bool = false,
    spacing: Double? = nil
  ) -> Axis {
    var count = max(2, spacing.map { Int(plot.width / $0) } ?? 3 + Int(plot.width / 160))
    var ticks = Ticks(in: domain, about: count, wholeNumbers: wholeNumbers)
    let first = ticks
    while count > 1, width(of: ticks) > plot.width {
      count -= 1
      ticks = Ticks(in: domain, about: count, wholeNumbers: wholeNumbers)
    }
    // One number is no scale.
    if ticks.integers.count < 2, first.integers.count > 2 { ticks = first.ends }
    return Axis(scale: Scale(domain, from: plot.x, to: plot.maxX), ticks: ticks)
  }

  /// A vertical axis from the bottom to the top edge of `plot`.
  static func vertical(
    _ domain: ClosedRange<Double>, plot: Rect, spacing: Double = 46
  ) -> Axis {
    let ticks = Ticks(in: domain, about: max(2, Int(plot.height / spacing)))
    return Axis(scale: Scale(domain, from: plot.maxY, to: plot.y), ticks: ticks)
  }

  /// The width of all numbers in a row with the least pleasant distance between them.
  private static func width(of ticks: Ticks) -> Double {
    let widest = widestLabel(ticks)
    return Double(ticks.integers.count) * (widest * Style.widthReserve + 14)
  }

  /// The widest number of an axis in figure points.
  static func widestLabel(_ ticks: Ticks) -> Double {
    ticks.labels.map { StrokeFont.width(of: $0, size: Style.tickSize) }.max() ?? 0
  }

  /// Horizontal grid lines with their numbers, if those are asked for, to the left of `plot`.
  func drawRows(into canvas: inout Canvas, plot: Rect, numbers: Bool = true) {
    for (value, label) in zip(ticks.values, ticks.labels) {
      let y = scale(value)
      canvas.line(
        from: Point(plot.x, y), to: Point(plot.maxX, y), Stroke(.grid, width: Style.gridWidth))
      guard numbers else { continue }
      canvas.text(
        Text(label, size: Style.tickSize, ink: .muted, anchor: .end),
        at: Point(plot.x - 8, y + Style.baselineShift(Style.tickSize)))
    }
  }

  /// Vertical grid lines (or short ticks) with their numbers, if those are asked for, under `plot`.
  func drawColumns(into canvas: inout Canvas, plot: Rect, grid: Bool, numbers: Bool = true) {
    for (value, label) in zip(ticks.values, ticks.labels) {
      let x = scale(value)
      canvas.line(
        from: Point(x, grid ? plot.y : plot.maxY), to: Point(x, plot.maxY + (grid ? 0 : 4)),
        Stroke(grid ? .grid : .axis, width: Style.gridWidth))
      guard numbers else { continue }
      canvas.text(
        Text(label, size: Style.tickSize, ink: .muted, anchor: .middle),
        at: Point(x, plot.maxY + 7 + StrokeFont.capHeight * Style.tickSize))
    }
  }
}
