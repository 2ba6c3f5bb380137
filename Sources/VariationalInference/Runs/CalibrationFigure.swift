// SPDX-License-Identifier: Apache-2.0

package import Figures
internal import Formats

extension Calibration {
  private static let mostPanels = 24

  /// How the empirical distribution function of each quantity's ranks differs from the uniform one,
  /// the worst first, over simultaneous bands of 95 %: the narrower for one quantity by itself, the
  /// wider for all of them together.
  package var figure: BandGrid {
    let shown = quantities.filter { !$0.ranks.isEmpty }.enumerated()
      .sorted { ($0.element.pValue, $0.offset) < ($1.element.pValue, $1.offset) }
      .prefix(Self.mostPanels).map(\.element)
    let count = quantities.count
    let rest =
      shown.count < count && !shown.isEmpty
      ? " Shown are the \(shown.count) of \(count) quantities whose ranks are least uniform." : ""
    var cache: [Int: [BandGrid.Band]] = [:]
    return BandGrid(
      title: "Ranks of the truth in \(usableCount.counted("simulation"))",
      subtitle: conclusions.first ?? "",
      caption: "Empirical distribution function of the ranks less the uniform one. Inner band: "
        + "95 % of calibrated quantities stay in it throughout; outer band: all \(count) do with "
        + "95 %. Above 0 on the left and below on the right: too narrow; the other way: too wide; "
        + "above 0 throughout: too high; below: too low.\(rest)",
      panels: shown.map { quantity in
        let number = quantity.ranks.count
        let bands = cache[number] ?? Self.bands(number, quantities: count)
        cache[number] = bands
        return quantity.panel(bands)
      }, xLabel: "rank among the draws", yLabel: "difference")
  }

  /// For one quantity of so many ranks, and for all together.
  private static func bands(_ number: Int, quantities: Int) -> [BandGrid.Band] {
    let test = UniformityTest(count: number)
    let levels = quantities > 1 ? [Double(quantities), 1] : [1]
    return levels.map { parts in
      let bounds = test.bounds(test.gamma(holding: 1 - significance / parts))
      let edges = zip(test.places, bounds).compactMap { place, bound in
        bound.map { bound in
          (
            place, Double(bound.lowerBound) / Double(number) - place,
            Double(bound.upperBound) / Double(number) - place
          )
        }
      }
      return BandGrid.Band(
        x: [0] + edges.map(\.0) + [1], lower: [0] + edges.map(\.1) + [0],
        upper: [0] + edges.map(\.2) + [0])
    }
  }
}

extension Calibration.Quantity {
  /// Steps up by 1 / N at each rank, and down in between.
  fileprivate func panel(_ bands: [BandGrid.Band]) -> BandGrid.Panel {
    let count = Double(ranks.count)
    var (x, y) = ([0.0], [0.0])
    for (index, rank) in ranks.sorted().enumerated() {
      x += [rank, rank]
      y += [Double(index) / count - rank, Double(index + 1) / count - rank]
    }
    let p = "p \(Calibration.shown(p: adjustedPValue))"
    return BandGrid.Panel(
      title: name, note: shortDeviation.map { "\($0), \(p)" } ?? p, isMarked: isMiscalibrated,
      x: x + [1], y: y + [0], bands: bands)
  }
}
