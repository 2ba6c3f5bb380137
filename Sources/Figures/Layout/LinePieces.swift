// SPDX-License-Identifier: Apache-2.0

/// Makes drawable lines of raw numbers: gaps at missing values, clipping, thinning.
package enum LinePieces {
  /// The stretches of consecutive indices for which `isPresent` holds.
  package static func runs(_ count: Int, where isPresent: (Int) -> Bool) -> [Range<Int>] {
    var runs: [Range<Int>] = []
    var start: Int?
    for index in 0..<count {
      if isPresent(index) {
        start = start ?? index
      } else if let first = start {
        runs.append(first..<index)
        start = nil
      }
    }
    if let first = start { runs.append(first..<count) }
    return runs
  }

  /// The same line with at most four points per column of `column` figure points: the first, the
  /// lowest, the highest and the last of each. What is drawn looks the same; a line of a million
  /// points becomes one of a few thousand. A line that runs back in x is left alone.
  package static func thinned(_ line: [Point], column: Double = 0.5) -> [Point] {
    guard line.count > 2000, zip(line, line.dropFirst()).allSatisfy({ $0.x <= $1.x }) else {
      return line
    }
    var result: [Point] = []
    var first = 0
    while first < line.count {
      let bin = (line[first].x / column).rounded(.down)
      var last = first
      var lowest = first
      var highest = first
      while last + 1 < line.count, (line[last + 1].x / column).rounded(.down) == bin {
        last += 1
        if line[last].y < line[lowest].y { lowest = last }
        if line[last].y > line[highest].y { highest = last }
      }
      result += Set([first, lowest, highest, last]).sorted().map { line[$0] }
      first = last + 1
    }
    return result
  }

  /// The parts of a line inside a rectangle, cut exactly at its edges.
  package static func clipped(_ line: [Point], to rect: Rect) -> [[Point]] {
    guard line.count > 1 else { return line.filter { rect.contains($0) }.map { [$0] } }
    var pieces: [[Point]] = []
    var isOpen = false
    for (a, b) in zip(line, line.dropFirst()) {
      guard let (start, end) = cut(a, b, to: rect) else {
        isOpen = false
        continue
      }
      if isOpen { pieces[pieces.count - 1].append(end) } else { pieces.append([start, end]) }
      isOpen = end == b
    }
    return pieces
  }

  /// The part of a segment inside a rectangle (Liang and Barsky 1984), or nil.
  private static func cut(_ a: Point, _ b: Point, to rect: Rect) -> (Point, Point)? {
    let (dx, dy) = (b.x - a.x, b.y - a.y)
    var enter = 0.0
    var leave = 1.0
    // Each edge allows the t with t × rate <= room.
    let edges = [
      (-dx, a.x - rect.x), (dx, rect.maxX - a.x), (-dy, a.y - rect.y), (dy, rect.maxY - a.y),
    ]
    for (rate, room) in edges {
      if rate == 0, room < 0 { return nil }
      if rate < 0 { enter = max(enter, room / rate) }
      if rate > 0 { leave = min(leave, room / rate) }
    }
    guard enter <= leave else { return nil }
    let start = enter == 0 ? a : Point(a.x + enter * dx, a.y + enter * dy)
    let end = leave == 1 ? b : Point(a.x + leave * dx, a.y + leave * dy)
    return (start, end)
  }
}

extension Rect {
  /// Whether the point lies inside or on the edge.
  func contains(_ point: Point) -> Bool {
    point.x >= x && point.x <= maxX && point.y >= y && point.y <= maxY
  }
}
