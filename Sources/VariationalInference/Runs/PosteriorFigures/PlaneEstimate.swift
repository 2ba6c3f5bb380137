// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
  internal import Glibc
#else
  internal import Darwin
#endif

/// The density of two quantities from draws, by Gaussian kernels of the draws' own correlation that
/// are mirrored at bounds.
///
/// - Source: Silverman, "Density estimation for statistics and data analysis" (1986), section 4.2.
package struct PlaneEstimate {
  package let x: [Double]
  package let y: [Double]
  /// Rows of equal y.
  package let heights: [[Double]]

  private static let points = 64
  private static let reach = 4.0

  /// nil where a quantity does not vary within its range.
  ///
  /// - Parameters:
  ///   - a: Draws of the first quantity.
  ///   - b: Those of the second, in the same order.
  ///   - ranges: Where the density is asked for.
  ///   - bounds: Beyond them the density is 0.
  package init?(
    _ a: [Double], _ b: [Double], on ranges: (ClosedRange<Double>, ClosedRange<Double>),
    bounds: (DrawnBounds, DrawnBounds)
  ) {
    let (xs, ys) = (bounds.0.clipped(ranges.0), bounds.1.clipped(ranges.1))
    let inside = a.indices.filter { xs.contains(a[$0]) && ys.contains(b[$0]) }
    let (own, other) = (inside.map { a[$0] }, inside.map { b[$0] })
    guard inside.count > 10 else { return nil }
    let factor = pow(Double(inside.count), -1.0 / 6)
    let (width, height) = (
      factor * DensityEstimate.scale(own, nil), factor * DensityEstimate.scale(other, nil)
    )
    guard width > 0, height > 0 else { return nil }
    let correlation = min(max(correlation(own, other, nil), -0.98), 0.98)
    func grid(_ range: ClosedRange<Double>) -> [Double] {
      let step = (range.upperBound - range.lowerBound) / Double(Self.points - 1)
      return (0..<Self.points).map { range.lowerBound + Double($0) * step }
    }
    (x, y) = (grid(xs), grid(ys))
    var sums = [[Double]](
      repeating: [Double](repeating: 0, count: Self.points), count: Self.points)
    let scale = -0.5 / (1 - correlation * correlation)
    for index in a.indices where a[index].isFinite && b[index].isFinite {
      for (number, centre) in bounds.0.images(a[index]).enumerated() {
        let columns = DensityEstimate.places(x, near: centre, Self.reach * width)
        if columns.isEmpty { continue }
        for (otherNumber, otherCentre) in bounds.1.images(b[index]).enumerated() {
          // What is seen in one mirror leans to the other side.
          let sign = (number > 0) == (otherNumber > 0) ? 1.0 : -1.0
          for row in DensityEstimate.places(y, near: otherCentre, Self.reach * height) {
            let v = (y[row] - otherCentre) / height
            for column in columns {
              let u = (x[column] - centre) / width
              sums[row][column] += exp(scale * (u * u - 2 * sign * correlation * u * v + v * v))
            }
          }
        }
      }
    }
    heights = sums
  }

  /// The height above which a share of the mass lies.
  package func level(holding share: Double) -> Double {
    let sorted = heights.joined().sorted(by: >)
    let total = sorted.reduce(0, +)
    var reached = 0.0
    for height in sorted {
      reached += height
      if reached >= share * total { return height }
    }
    return 0
  }
}

/// Pearson's correlation of weighted draws; 0 where one does not vary.
func correlation(_ a: [Double], _ b: [Double], _ weights: [Double]?) -> Double {
  let (first, second) = (WeightedMoments(a, weights), WeightedMoments(b, weights))
  let scale = first.standardDeviation * second.standardDeviation
  guard scale > 0, scale.isFinite else { return 0 }
  var sum = 0.0
  for index in a.indices {
    let product = (a[index] - first.mean) * (b[index] - second.mean)
    sum += weights.map { $0[index] > 0 ? $0[index] * product : 0 } ?? product
  }
  return sum / scale / (weights == nil ? Double(max(a.count - 1, 1)) : 1)
}
