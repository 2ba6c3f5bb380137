// SPDX-License-Identifier: Apache-2.0

/// The share of each pixel covered by a round pen drawn along lines.
///
/// A pixel's coverage is that of a straight band at the distance of the nearest line, which is
/// exact for horizontal and vertical lines and within a few hundredths at other angles. Taking the
/// nearest line makes round joins and caps for free, and overlapping pieces never add up.
package enum StrokeCoverage {
  /// The coverage of a pen of `width` pixels along polylines given in pixels.
  package static func mask(
    of lines: [[Point]], width: Double, picture: (width: Int, height: Int)
  ) -> CoverageMask {
    let box = FillCoverage.bounds(of: lines.flatMap { $0 })
    let reach = width / 2 + 1
    var mask = CoverageMask(
      minX: box.x - reach, minY: box.y - reach, maxX: box.maxX + reach, maxY: box.maxY + reach,
      picture: picture)
    for line in lines {
      if line.count == 1 { add(line[0], line[0], radius: width / 2, to: &mask) }
      for (a, b) in zip(line, line.dropFirst()) { add(a, b, radius: width / 2, to: &mask) }
    }
    return mask
  }

  /// The overlap of a pixel-wide interval at distance `d` with a band of half-width `radius`.
  static func coverage(distance d: Double, radius: Double) -> Double {
    max(0, min(d + 0.5, radius) - max(d - 0.5, -radius))
  }

  private static func add(_ a: Point, _ b: Point, radius: Double, to mask: inout CoverageMask) {
    let reach = radius + 0.5
    let (dx, dy) = (b.x - a.x, b.y - a.y)
    let lengthSquared = dx * dx + dy * dy
    let top = CoverageMask.clamped(
      (min(a.y, b.y) - reach).rounded(.down), mask.y, mask.y + mask.height)
    let bottom = CoverageMask.clamped(
      (max(a.y, b.y) + reach).rounded(.up), mask.y, mask.y + mask.height)
    for row in top..<bottom {
      let py = Double(row) + 0.5
      let (t0, t1) = nearPart(of: dy, from: a.y, at: py, reach: reach)
      let (x0, x1) = (a.x + t0 * dx, a.x + t1 * dx)
      let left = CoverageMask.clamped(
        (min(x0, x1) - reach).rounded(.down), mask.x, mask.x + mask.width)
      let right = CoverageMask.clamped(
        (max(x0, x1) + reach).rounded(.up), mask.x, mask.x + mask.width)
      guard left < right else { continue }
      for column in left..<right {
        let (qx, qy) = (Double(column) + 0.5 - a.x, py - a.y)
        let t = lengthSquared > 0 ? max(0, min(1, (qx * dx + qy * dy) / lengthSquared)) : 0
        let (ex, ey) = (qx - t * dx, qy - t * dy)
        let value = coverage(distance: (ex * ex + ey * ey).squareRoot(), radius: radius)
        let index = (row - mask.y) * mask.width + column - mask.x
        if value > mask.values[index] { mask.values[index] = value }
      }
    }
  }

  /// The part of a segment, as fractions of its length, within `reach` rows of the row at `py`.
  /// Without it a long slanted line would cost its whole bounding box.
  private static func nearPart(
    of dy: Double, from y: Double, at py: Double, reach: Double
  ) -> (Double, Double) {
    guard dy != 0 else { return (0, 1) }
    let (t0, t1) = ((py - reach - y) / dy, (py + reach - y) / dy)
    return (max(0, min(1, min(t0, t1))), max(0, min(1, max(t0, t1))))
  }
}
