// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
  internal import Glibc
#else
  internal import Darwin
#endif

/// Where a quantity ends, as its draws tell.
package struct DrawnBounds: Equatable {
  package var lower: Double?
  package var upper: Double?

  /// 0 and 1 where no draw lies beyond; where many draws lie close to the least or the largest,
  /// that. A bound that is none does no harm: no mass is near it.
  ///
  /// - Parameters:
  ///   - draws: Those whose ends are looked at.
  ///   - others: Further draws of the same quantity, which may lie beyond.
  package init(_ draws: [Double], others: [Double] = []) {
    let sorted = draws.filter(\.isFinite).sorted()
    guard let least = sorted.first, let largest = sorted.last, least < largest else { return }
    let all = sorted + others.filter(\.isFinite)
    let (lowest, highest) = (all.min() ?? least, all.max() ?? largest)
    let near = DensityEstimate.bandwidth(sorted, nil)
    let many = Self.share * Double(sorted.count)
    if lowest >= 0 {
      lower = 0
    } else if lowest == least, Double(sorted.count { $0 < least + near }) > many {
      lower = least
    }
    if lowest >= 0, highest <= 1 {
      upper = 1
    } else if highest == largest, Double(sorted.count { $0 > largest - near }) > many {
      upper = largest
    }
  }

  package init() {}

  /// So many draws within a kernel's width of the last one are no tail.
  private static let share = 0.02

  /// The part of a range between the bounds.
  func clipped(_ range: ClosedRange<Double>) -> ClosedRange<Double> {
    let (low, high) = (
      max(range.lowerBound, lower ?? range.lowerBound),
      min(range.upperBound, upper ?? range.upperBound)
    )
    return low < high ? low...high : range
  }

  /// A draw and its mirror images at the bounds, whose kernels bring back what would leave them.
  func images(_ draw: Double) -> [Double] {
    [draw] + [lower, upper].compactMap { bound in bound.map { 2 * $0 - draw } }
  }
}

/// A density from weighted draws, by Gaussian kernels that are mirrored at bounds.
///
/// - Source: Silverman, "Density estimation for statistics and data analysis" (1986), sections 2.10
///   and 3.4.
package struct DensityEstimate {
  /// Equally spaced, from the lower to the upper end of the range.
  package let x: [Double]
  /// The density at each; none where all draws are the same.
  package let y: [Double]

  /// - Parameters:
  ///   - draws: Those that are not finite are left out.
  ///   - weights: Of the draws; nil for equal ones.
  ///   - range: Where the density is asked for; the mass outside is not in it.
  ///   - bounds: Beyond them the density is 0.
  ///   - bandwidth: The standard deviation of a kernel; nil for Silverman's rule.
  package init(
    _ draws: [Double], _ weights: [Double]? = nil, on range: ClosedRange<Double>,
    bounds: DrawnBounds = DrawnBounds(), bandwidth: Double? = nil
  ) {
    let kept = draws.indices.filter { draws[$0].isFinite && weights?[$0] != 0 }
    let values = kept.map { draws[$0] }
    let own = weights.map { all in kept.map { all[$0] } }
    let range = bounds.clipped(range)
    let step = (range.upperBound - range.lowerBound) / Double(Self.points - 1)
    let width = max(bandwidth ?? Self.bandwidth(values, own), step)
    let grid = (0..<Self.points).map { range.lowerBound + Double($0) * step }
    let total = own?.reduce(0, +) ?? Double(values.count)
    guard values.count > 1, step > 0, total > 0, values.contains(where: { $0 != values[0] }) else {
      (x, y) = (grid, [])
      return
    }
    var heights = [Double](repeating: 0, count: Self.points)
    let factor = 1 / (total * width * (2 * Double.pi).squareRoot())
    for (index, draw) in values.enumerated() {
      let weight = factor * (own?[index] ?? 1)
      for centre in bounds.images(draw) {
        for place in Self.places(grid, near: centre, Self.reach * width) {
          let distance = (grid[place] - centre) / width
          heights[place] += weight * exp(-distance * distance / 2)
        }
      }
    }
    (x, y) = (grid, heights)
  }

  /// The points of an equally spaced grid that are no further from a centre than `reach`.
  static func places(_ grid: [Double], near centre: Double, _ reach: Double) -> Range<Int> {
    let step = grid[1] - grid[0]
    let low = ((centre - reach - grid[0]) / step).rounded(.up)
    let high = ((centre + reach - grid[0]) / step).rounded(.down)
    guard high >= 0, low <= Double(grid.count - 1), low <= high else { return 0..<0 }
    return Int(max(low, 0))..<Int(min(high, Double(grid.count - 1))) + 1
  }

  private static let points = 256
  /// Where a kernel ends, in standard deviations.
  private static let reach = 5.0

  /// 1.06 min(sd, interquartile range / 1.34) n^(-1/5), n the effective number.
  static func bandwidth(_ draws: [Double], _ weights: [Double]?) -> Double {
    let scale = scale(draws, weights)
    return 1.06 * scale * pow(effectiveCount(draws, weights), -0.2)
  }

  /// min(sd, interquartile range / 1.34); the first where the second is 0.
  static func scale(_ draws: [Double], _ weights: [Double]?) -> Double {
    guard !draws.isEmpty else { return 0 }
    let deviation = WeightedMoments(draws, weights).standardDeviation
    let sorted = SortedDraws(draws, weights)
    let quartiles = (sorted.quantile(0.75) - sorted.quantile(0.25)) / 1.34
    return quartiles > 0 ? min(deviation, quartiles) : deviation
  }

  /// (sum w)^2 / sum w^2.
  static func effectiveCount(_ draws: [Double], _ weights: [Double]?) -> Double {
    guard let weights else { return Double(max(draws.count, 1)) }
    let (sum, squares) = weights.reduce((0, 0)) { ($0.0 + $1, $0.1 + $1 * $1) }
    return squares > 0 ? sum * sum / squares : 1
  }
}
