// SPDX-License-Identifier: Apache-2.0

internal import Figures

extension PredictivePart {
  private static let curves = 50
  private static let own = Fill(.text)
  private static let ownLine = Stroke(.text, width: 2.25)
  private static let ownBar = Fill(.axis, opacity: 0.45)
  private static let one = Stroke(.series(0), width: 0.9, opacity: 0.35)
  private static let wide = Stroke(.series(0), width: 1.5)
  private static let narrow = Stroke(.series(0), width: 4.5, opacity: 0.75)
  private static let median = Fill(.series(0))

  var key: [PanelChart.KeyEntry] {
    switch kind {
    case .counts:
      [
        PanelChart.KeyEntry("data", .area(Self.ownBar)),
        PanelChart.KeyEntry(
          "drawn anew: 5 % to 95 %, and the median", .line(Self.wide),
          .point(radius: 3.5, Self.median)),
      ]
    case .each:
      [
        PanelChart.KeyEntry("data", .point(radius: 3.5, Self.own)),
        PanelChart.KeyEntry("drawn anew: 5 % to 95 %", .line(Self.wide)),
        PanelChart.KeyEntry("25 % to 75 %", .line(Self.narrow)),
      ]
    case .densities:
      [
        PanelChart.KeyEntry("density of the data", .line(Self.ownLine)),
        PanelChart.KeyEntry(
          "of \(min(Self.curves, drawn.count)) data sets drawn anew",
          .line(Stroke(.series(0), width: 1.25, opacity: 0.7))),
      ]
    }
  }

  var panel: PanelChart.Panel {
    switch kind {
    case .counts(let range): countPanel(range)
    case .each: eachPanel
    case .densities: densityPanel
    }
  }

  private func countPanel(_ range: ClosedRange<Int>) -> PanelChart.Panel {
    func tally(_ values: [Double]) -> [Double] {
      var counts = [Double](repeating: 0, count: range.count)
      for value in values where value.magnitude < 1e9 && range.contains(Int(value)) {
        counts[Int(value) - range.lowerBound] += 1
      }
      return counts
    }
    let x = range.map(Double.init)
    let own = tally(observed)
    let others = drawn.map(tally)
    let columns = x.indices.map { place in SortedDraws(others.map { $0[place] }, nil) }
    let (low, median, high) = (
      columns.map { $0.quantile(0.05) }, columns.map { $0.quantile(0.5) },
      columns.map { $0.quantile(0.95) }
    )
    let top = (own + high).max() ?? 1
    return PanelChart.Panel(
      title: name, xLabel: "value", yLabel: "how often, of \(observed.count)",
      x: Double(range.lowerBound) - 0.6...Double(range.upperBound) + 0.6, y: 0...max(1.06 * top, 1),
      layers: [
        .bars(x: x, y: own, width: 0.7, Self.ownBar),
        .intervals(x: x, lower: low, upper: high, Self.wide),
        .points(x: x, y: median, radius: 3.5, Self.median),
      ], countsX: true)
  }

  private var eachPanel: PanelChart.Panel {
    let x = observed.indices.map { Double($0 + 1) }
    let columns = observed.indices.map { place in SortedDraws(drawn.map { $0[place] }, nil) }
    func quantiles(_ p: Double) -> [Double] { columns.map { $0.quantile(p) } }
    let (low, high) = (quantiles(0.05), quantiles(0.95))
    return PanelChart.Panel(
      title: name, xLabel: "observation", x: 0.4...Double(observed.count) + 0.6,
      y: Domain.covering(low + high + observed, padding: 0.05),
      layers: [
        .intervals(x: x, lower: low, upper: high, Self.wide),
        .intervals(x: x, lower: quantiles(0.25), upper: quantiles(0.75), Self.narrow),
        .points(x: x, y: observed, radius: 4.75, Fill(.paper)),
        .points(x: x, y: observed, radius: 3.5, Self.own),
      ], countsX: true)
  }

  private var densityPanel: PanelChart.Panel {
    let all = drawn.prefix(Self.curves).flatMap { $0 }
    let sorted = SortedDraws(all, nil)
    let bounds = DrawnBounds(observed, others: all)
    let width = DensityEstimate.bandwidth(observed, nil)
    let (least, largest) = (observed.min() ?? 0, observed.max() ?? 0)
    // Far draws of a law with heavy tails must not press the data together.
    let room = 0.3 * (largest - least)
    let ends = [
      least, largest, max(sorted.quantile(0.005), least - room),
      min(sorted.quantile(0.995), largest + room),
    ]
    guard let range = Domain.covering(ends, padding: 0.1), room > 0 else {
      return PanelChart.Panel(title: name, x: nil, y: nil, layers: [])
    }
    func curve(_ values: [Double]) -> DensityEstimate {
      DensityEstimate(values, on: range, bounds: bounds, bandwidth: width)
    }
    let own = curve(observed)
    let others = drawn.prefix(Self.curves).map(curve)
    let peak = own.y.max() ?? 1
    let highest = others.map { $0.y.max() ?? 0 }.max() ?? peak
    return PanelChart.Panel(
      title: name, xLabel: "value", x: bounds.clipped(range),
      y: 0...1.06 * max(peak, min(highest, 2.5 * peak)),
      layers: others.map { .line(x: $0.x, y: $0.y, Self.one) }
        + [.line(x: own.x, y: own.y, Self.ownLine)], numbers: .x, hasGrid: false)
  }
}
