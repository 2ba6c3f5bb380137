// SPDX-License-Identifier: Apache-2.0

/// The exact share of each pixel that lies inside a polygon.
///
/// Each edge adds its signed area to the pixels it crosses and its height to all pixels on its
/// right; running sums along the rows then give the coverage. No sampling: a half-covered pixel
/// is half covered. The polygon must not cross itself; its orientation does not matter.
/// Source: the accumulation buffer of R. Levien's font-rs, 2015.
package struct FillCoverage {
  /// Signed contributions, one column wider than the mask.
  private var sums: [Double]
  private let stride: Int
  private let mask: CoverageMask

  /// The coverage of a polygon whose corners are given in pixels.
  package static func mask(of polygon: [Point], picture: (width: Int, height: Int)) -> CoverageMask
  {
    let box = bounds(of: polygon)
    var fill = FillCoverage(
      CoverageMask(
        minX: box.x, minY: box.y, maxX: box.maxX, maxY: box.maxY, picture: picture))
    for (a, b) in zip(polygon, polygon.dropFirst() + polygon.prefix(1)) { fill.addEdge(a, b) }
    return fill.finished()
  }

  /// The smallest box around the points.
  static func bounds(of points: [Point]) -> Rect {
    guard let first = points.first else { return Rect(x: 0, y: 0, width: 0, height: 0) }
    var (minX, maxX, minY, maxY) = (first.x, first.x, first.y, first.y)
    for point in points {
      (minX, maxX) = (min(minX, point.x), max(maxX, point.x))
      (minY, maxY) = (min(minY, point.y), max(maxY, point.y))
    }
    return Rect(x: minX, y: minY, width: maxX - minX, height: maxY - minY)
  }

  private init(_ mask: CoverageMask) {
    self.mask = mask
    stride = mask.width + 2
    sums = [Double](repeating: 0, count: stride * mask.height)
  }

  private mutating func addEdge(_ start: Point, _ end: Point) {
    guard start.y != end.y else { return }
    let sign = start.y < end.y ? 1.0 : -1.0
    let (top, bottom) = start.y < end.y ? (start, end) : (end, start)
    let slope = (bottom.x - top.x) / (bottom.y - top.y)
    let (topY, bottomY) = (top.y - Double(mask.y), bottom.y - Double(mask.y))
    let firstRow = CoverageMask.clamped(topY.rounded(.down), 0, mask.height)
    let endRow = CoverageMask.clamped(bottomY.rounded(.up), 0, mask.height)
    guard firstRow < endRow else { return }
    for row in firstRow..<endRow {
      let from = max(topY, Double(row))
      let to = min(bottomY, Double(row + 1))
      let x0 = column(top.x + slope * (from - topY))
      let x1 = column(top.x + slope * (to - topY))
      addPiece(row: row, height: sign * (to - from), from: min(x0, x1), to: max(x0, x1))
    }
  }

  /// A position in the window's own columns, cut at its sides: what lies left of the window still
  /// covers everything to its right.
  private func column(_ x: Double) -> Double {
    max(0, min(Double(mask.width), x - Double(mask.x)))
  }

  /// One edge within one row: spreads `height` over the columns from `x0` to `x1`, and in each
  /// column counts only the part to the right of the edge.
  private mutating func addPiece(row: Int, height: Double, from x0: Double, to x1: Double) {
    let first = Int(x0)
    let last = max(first, Int(x1.rounded(.up)) - 1)
    let base = row * stride
    for column in first...last {
      let left = max(x0, Double(column))
      let right = min(x1, Double(column + 1))
      let share = x1 > x0 ? height * (right - left) / (x1 - x0) : height
      let coveredHere = share * (Double(column + 1) - (left + right) / 2)
      sums[base + column] += coveredHere
      sums[base + column + 1] += share - coveredHere
    }
  }

  private func finished() -> CoverageMask {
    var result = mask
    for row in 0..<mask.height {
      var sum = 0.0
      for column in 0..<mask.width {
        sum += sums[row * stride + column]
        // Sums of exact parts may leave 10⁻¹⁶ where nothing is covered.
        let coverage = min(1, abs(sum))
        result.values[row * mask.width + column] = coverage < 1e-9 ? 0 : coverage
      }
    }
    return result
  }
}
