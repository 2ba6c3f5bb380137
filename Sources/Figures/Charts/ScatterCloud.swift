// SPDX-License-Identifier: Apache-2.0

/// Points of a scatter chart on the page, with their classes.
struct ScatterCloud {
  let points: [Point]
  /// Of each point, negative for none; nil where there are no classes.
  let classes: [Int]?
  let plot: Rect

  /// The points of each class, in the order of the classes.
  var members: [(label: Int, points: [Point])] {
    guard let classes else { return [] }
    var members: [Int: [Point]] = [:]
    for (point, label) in zip(points, classes) where label >= 0 {
      members[label, default: []].append(point)
    }
    return members.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
  }

  private var radius: Double {
    switch points.count {
    case ..<200: 3.5
    case ..<1500: 2.5
    case ..<6000: 1.8
    default: 1.4
    }
  }

  /// Whether points are large enough that their shapes can be told apart.
  private var hasShapes: Bool { classes != nil && points.count < 1500 }

  func drawPoints(radius given: Double?, into canvas: inout Canvas) {
    let radius = given ?? radius
    let overlaps = Overlaps(points, radius: radius, plot: plot)
    for (index, point) in points.enumerated() {
      let label = classes?[index] ?? 0
      let fill = Fill(
        label < 0 ? .axis : .series(label), opacity: overlaps.opacity(at: point))
      canvas.add(
        hasShapes && label >= 0
          ? ScatterShape(label).mark(at: point, radius: radius, fill)
          : .circle(point, radius: radius, fill))
    }
  }

  /// A line around the densest half of each class.
  func drawOutlines(into canvas: inout Canvas) {
    let outlines = members.filter { $0.points.count >= ClassOutline.leastPoints }
      .map { ($0.label, ClassOutline.lines(around: $0.points, in: plot)) }
    for (_, lines) in outlines {
      for line in lines { canvas.add(.path(line, Stroke(.paper, width: 4, opacity: 0.75))) }
    }
    for (label, lines) in outlines {
      for line in lines { canvas.add(.path(line, Stroke(.seriesText(label), width: 1.75))) }
    }
  }
}

/// How many points cover a place, on average over a small square of the page.
private struct Overlaps {
  /// The side of a square, in figure points.
  private static let side = 10.0
  /// What the points of a place cover of it together, in the end.
  private static let covered = 0.82

  private let plot: Rect
  private let columns: Int
  private let rows: Int
  /// The mean number of discs over a place of each square.
  private var depth: [Double]

  init(_ points: [Point], radius: Double, plot: Rect) {
    self.plot = plot
    columns = max(1, Int((plot.width / Self.side).rounded(.up)))
    rows = max(1, Int((plot.height / Self.side).rounded(.up)))
    depth = [Double](repeating: 0, count: columns * rows)
    let share = Double.pi * radius * radius / (Self.side * Self.side)
    for point in points { depth[index(of: point)] += share }
  }

  private func index(of point: Point) -> Int {
    let column = Int(max(0, min(Double(columns - 1), (point.x - plot.x) / Self.side)))
    let row = Int(max(0, min(Double(rows - 1), (point.y - plot.y) / Self.side)))
    return row * columns + column
  }

  /// So that all discs over a place together cover it as a lone one does: 1 - (1 - a)^depth.
  func opacity(at point: Point) -> Double {
    let depth = max(1, depth[index(of: point)])
    var (low, high) = (0.0, Self.covered)
    for _ in 0..<12 {
      let middle = (low + high) / 2
      if 1 - power(1 - middle, depth) < Self.covered { low = middle } else { high = middle }
    }
    return max(0.12, (high * 20).rounded() / 20)
  }

  /// x to a power of at least 1, from whole powers and a straight line between them.
  private func power(_ x: Double, _ exponent: Double) -> Double {
    let whole = Int(exponent)
    let result = (0..<min(whole, 400)).reduce(1.0) { product, _ in product * x }
    return result * (1 - (exponent - Double(whole)) * (1 - x))
  }
}

/// Four shapes that can be told apart at a few figure points, of one area.
private enum ScatterShape: Int {
  case circle, square, triangle, diamond

  init(_ label: Int) {
    self = [.circle, .square, .triangle, .diamond][label % 4]
  }

  func mark(at center: Point, radius: Double, _ fill: Fill) -> Mark {
    func polygon(_ corners: [(Double, Double)]) -> Mark {
      .polygon(
        corners.map { Point(center.x + $0.0 * radius, center.y + $0.1 * radius) }, fill)
    }
    return switch self {
    case .circle: .circle(center, radius: radius, fill)
    case .square: polygon([(-0.89, -0.89), (0.89, -0.89), (0.89, 0.89), (-0.89, 0.89)])
    case .triangle: polygon([(0, -1.5), (1.32, 0.8), (-1.32, 0.8)])
    case .diamond: polygon([(0, -1.3), (1.3, 0), (0, 1.3), (-1.3, 0)])
    }
  }
}
