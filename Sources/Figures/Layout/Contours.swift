// SPDX-License-Identifier: Apache-2.0

/// Lines of equal height on a grid, by marching squares with heights between grid points
/// interpolated linearly.
///
/// - Source: Lorensen and Cline, "Marching cubes", SIGGRAPH 1987, in two dimensions.
package enum Contours {
  /// - Parameters:
  ///   - heights: Rows of equal y, one for each of `y`, each as long as `x`.
  ///   - x: Of the columns, ascending.
  ///   - y: Of the rows, ascending.
  ///   - level: The height of the lines.
  /// - Returns: Lines, closed ones with their first point again at the end. A line ends at the rim.
  package static func lines(
    _ heights: [[Double]], x: [Double], y: [Double], level: Double
  ) -> [[Point]] {
    precondition(
      heights.count == y.count && heights.allSatisfy { $0.count == x.count },
      "heights of \(heights.count) rows on a grid of \(x.count) by \(y.count)")
    var grid = Crossings(heights: heights, x: x, y: y, level: level)
    for row in 0..<max(y.count - 1, 0) {
      for column in 0..<max(x.count - 1, 0) { grid.addSquare(row, column) }
    }
    return grid.lines
  }

  /// A side of a square, by its lower or left grid point.
  private struct Side: Hashable {
    let row: Int
    let column: Int
    let isUpright: Bool
  }

  /// Which sides the lines cross, and which crossings a square joins.
  private struct Crossings {
    let heights: [[Double]]
    let x: [Double]
    let y: [Double]
    let level: Double
    private var neighbours: [Side: [Side]] = [:]
    private var order: [Side] = []

    init(heights: [[Double]], x: [Double], y: [Double], level: Double) {
      (self.heights, self.x, self.y, self.level) = (heights, x, y, level)
    }

    private func isAbove(_ row: Int, _ column: Int) -> Bool { heights[row][column] > level }

    mutating func addSquare(_ row: Int, _ column: Int) {
      let corners = [
        isAbove(row, column), isAbove(row, column + 1), isAbove(row + 1, column + 1),
        isAbove(row + 1, column),
      ]
      // In the order of the corners: each lies between one and the next.
      let sides = [
        Side(row: row, column: column, isUpright: false),
        Side(row: row, column: column + 1, isUpright: true),
        Side(row: row + 1, column: column, isUpright: false),
        Side(row: row, column: column, isUpright: true),
      ]
      let crossed = (0..<4).filter { corners[$0] != corners[($0 + 1) % 4] }
      if crossed.count == 2 { return join(sides[crossed[0]], sides[crossed[1]]) }
      guard crossed.count == 4 else { return }
      // A saddle: the middle decides which two corners are one area.
      let middle =
        (heights[row][column] + heights[row][column + 1] + heights[row + 1][column]
          + heights[row + 1][column + 1]) / 4
      let cutsFirst = corners[0] != (middle > level)
      join(sides[0], sides[cutsFirst ? 3 : 1])
      join(sides[2], sides[cutsFirst ? 1 : 3])
    }

    private mutating func join(_ a: Side, _ b: Side) {
      for side in [a, b] where neighbours[side] == nil { order.append(side) }
      neighbours[a, default: []].append(b)
      neighbours[b, default: []].append(a)
    }

    private func point(_ side: Side) -> Point {
      let (row, column) = (side.row, side.column)
      let (nextRow, nextColumn) = side.isUpright ? (row + 1, column) : (row, column + 1)
      let (a, b) = (heights[row][column], heights[nextRow][nextColumn])
      let t = (level - a) / (b - a)
      return Point(
        x[column] + t * (x[nextColumn] - x[column]), y[row] + t * (y[nextRow] - y[row]))
    }

    /// Chains of crossings: those with an end first, then closed ones.
    var lines: [[Point]] {
      var seen: Set<Side> = []
      let ends = order.filter { neighbours[$0]?.count == 1 }
      return (ends + order).compactMap { first in
        guard seen.insert(first).inserted else { return nil }
        var (chain, last) = ([first], first)
        while let next = neighbours[last]?.first(where: { !seen.contains($0) }) {
          seen.insert(next)
          chain.append(next)
          last = next
        }
        let isClosed = chain.count > 2 && neighbours[last]?.contains(first) == true
        return (isClosed ? chain + [first] : chain).map(point)
      }
    }
  }
}
