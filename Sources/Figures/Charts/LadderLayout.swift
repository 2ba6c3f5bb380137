// SPDX-License-Identifier: Apache-2.0

/// A ladder with its place on the page; where the best bounds are too close to be told apart on its
/// axis, the part around them once more below it, enlarged.
struct LadderLayout {
  /// Bounds that are nearer on the page than this, in figure points, are enlarged.
  private static let leastRoom = 24.0
  /// What is less than so many times larger is not worth a second axis.
  private static let leastEnlargement = 4.0
  private static let gap = 16.0

  private let chart: LadderChart
  private let main: LadderBlock
  private let enlarged: LadderBlock?

  /// The height of a ladder with its axis, in figure points.
  static func height(of chart: LadderChart) -> Double {
    let layout = LadderLayout(
      chart, body: Rect(x: 0, y: 0, width: chart.bodyWidth, height: 0))
    return layout.map { $0.bottom + Axis.numbersHeight + 20 } ?? height(rungs: 0)
  }

  private static func height(rungs: Int) -> Double {
    LadderBlock.topHeight + Double(max(1, rungs)) * LadderBlock.rungHeight + Axis.numbersHeight + 20
  }

  /// Nil if there is nothing to draw.
  init?(_ chart: LadderChart, body: Rect) {
    guard let domain = Self.domain(chart.bounds.filter(\.isDrawable), padding: 0.08) else {
      return nil
    }
    let main = LadderBlock(chart, bounds: chart.bounds, domain: domain, body: body)
    self.chart = chart
    self.main = main
    let top = main.plot.maxY + Axis.numbersHeight + Self.gap
    enlarged = Self.close(chart, on: main.axis, of: domain).map { bounds, domain in
      LadderBlock(
        chart, bounds: bounds, domain: domain,
        body: Rect(x: body.x, y: top, width: body.width, height: 0), saysRoom: false)
    }
  }

  /// The estimates with their intervals, and some air.
  private static func domain(
    _ bounds: [LadderChart.Bound], padding: Double
  ) -> ClosedRange<Double>? {
    Domain.covering(
      bounds.flatMap { [$0.estimate - $0.reach, $0.estimate + $0.reach] }, padding: padding)
  }

  /// The bounds to be enlarged, and the part of the axis that they take; nil where the best bounds
  /// stand apart as it is.
  private static func close(
    _ chart: LadderChart, on axis: Axis, of domain: ClosedRange<Double>
  ) -> ([LadderChart.Bound], ClosedRange<Double>)? {
    guard let lower = chart.bestLower, let upper = chart.bestUpper ?? chart.value, lower != upper,
      abs(axis.scale(upper) - axis.scale(lower)) < leastRoom
    else { return nil }
    let best = chart.bounds.filter {
      $0.isDrawable && ($0.estimate == lower || $0.estimate == upper)
    }
    guard let part = Self.domain(best, padding: 0.3),
      leastEnlargement * (part.upperBound - part.lowerBound) <= domain.upperBound
        - domain.lowerBound
    else { return nil }
    return (chart.bounds.filter { $0.isDrawable && part.contains($0.estimate) }, part)
  }

  /// The lower edge of the last plot.
  private var bottom: Double { (enlarged ?? main).plot.maxY }

  func draw(into canvas: inout Canvas) {
    let unit = "\(chart.unit), ± two standard errors"
    guard let enlarged else { return main.draw(into: &canvas, unit: unit) }
    drawFan(from: main, to: enlarged, into: &canvas)
    main.draw(into: &canvas, unit: "")
    enlarged.draw(into: &canvas, unit: unit)
    let (all, part) = (main.axis.scale.domain, enlarged.axis.scale.domain)
    let times = (all.upperBound - all.lowerBound) / (part.upperBound - part.lowerBound)
    canvas.text(
      Text(
        "the same, \(NumberText.significant(times, digits: 2)) times enlarged",
        size: Style.labelSize, ink: .muted, halo: true),
      at: Point(enlarged.plot.x, enlarged.plot.y - 11))
  }

  /// Shows which part of the upper axis the lower one is.
  private func drawFan(
    from main: LadderBlock, to enlarged: LadderBlock, into canvas: inout Canvas
  ) {
    let part = enlarged.axis.scale.domain
    let (left, right) = (main.axis.scale(part.lowerBound), main.axis.scale(part.upperBound))
    let (top, bottom) = (main.plot.maxY, enlarged.plot.y)
    canvas.add(
      .polygon(
        [
          Point(left, top), Point(right, top), Point(enlarged.plot.maxX, bottom),
          Point(enlarged.plot.x, bottom),
        ], Fill(.axis, opacity: 0.14)))
    canvas.add(.rectangle(enlarged.plot, Fill(.axis, opacity: 0.07)))
  }
}
