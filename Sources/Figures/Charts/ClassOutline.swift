// SPDX-License-Identifier: Apache-2.0

/// The part of the page on which the densest half of some points lies.
///
/// The density is a sum of Gaussians of one width, that of Scott's rule, on a grid; the line is
/// where it has the value that half of the points exceed (a highest-density region: Hyndman,
/// "Computing and graphing highest density regions", The American Statistician 50, 1996).
enum ClassOutline {
  /// Fewer have no density to speak of.
  static let leastPoints = 30
  private static let cells = 72

  static func lines(around points: [Point], in plot: Rect) -> [[Point]] {
    let count = Double(points.count)
    func deviation(_ values: [Double]) -> Double {
      let mean = values.reduce(0, +) / count
      return (values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / count).squareRoot()
    }
    // n^(-1/6) by square and cube roots, which are the same on all machines.
    let shrinking = 1 / cubeRoot(count.squareRoot())
    let widths = (
      max(deviation(points.map(\.x)) * shrinking, plot.width / Double(cells)),
      max(deviation(points.map(\.y)) * shrinking, plot.height / Double(cells))
    )
    let xs = (0...cells).map { plot.x + plot.width * Double($0) / Double(cells) }
    let ys = (0...cells).map { plot.y + plot.height * Double($0) / Double(cells) }
    let heights = density(points, xs, ys, widths)
    let level = points.map { at($0, heights, plot) }.sorted()[points.count / 2]
    guard level > 0 else { return [] }
    return Contours.lines(heights, x: xs, y: ys, level: level)
  }

  /// Sums of kernels at the points of the grid, each a product of one along x and one along y.
  private static func density(
    _ points: [Point], _ xs: [Double], _ ys: [Double], _ widths: (Double, Double)
  ) -> [[Double]] {
    var rows = [[Double]](repeating: [Double](repeating: 0, count: xs.count), count: ys.count)
    for point in points {
      let across = xs.map { kernel(($0 - point.x) / widths.0) }
      for (row, y) in ys.enumerated() {
        let along = kernel((y - point.y) / widths.1)
        guard along > 0 else { continue }
        for column in across.indices { rows[row][column] += along * across[column] }
      }
    }
    return rows
  }

  /// (1 - t² / 9)⁴ for |t| < 3: near the Gaussian exp(-t² / 2), and made of products alone.
  private static func kernel(_ t: Double) -> Double {
    let rest = 1 - t * t / 9
    return rest > 0 ? rest * rest * rest * rest : 0
  }

  /// The height over a point, by straight lines between the points of the grid.
  private static func at(_ point: Point, _ heights: [[Double]], _ plot: Rect) -> Double {
    func place(_ value: Double, _ start: Double, _ extent: Double) -> (Int, Double) {
      let position = max(0, min(1, (value - start) / extent)) * Double(cells)
      let cell = min(cells - 1, Int(position))
      return (cell, position - Double(cell))
    }
    let (column, u) = place(point.x, plot.x, plot.width)
    let (row, v) = place(point.y, plot.y, plot.height)
    let upper = heights[row][column] * (1 - u) + heights[row][column + 1] * u
    let lower = heights[row + 1][column] * (1 - u) + heights[row + 1][column + 1] * u
    return upper * (1 - v) + lower * v
  }

  private static func cubeRoot(_ value: Double) -> Double {
    var root = max(value, 1)
    for _ in 0..<80 { root -= (root - value / (root * root)) / 3 }
    return root
  }
}
