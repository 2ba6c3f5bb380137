// SPDX-License-Identifier: Apache-2.0

/// The part of an axis on which the end of a course can be read, where its start lies far away.
///
/// The rule: the range of all lines over the later half of x, and on each side where the earlier
/// half goes beyond it at most ``reach`` times as much again. So the later half takes a third of
/// the axis or more, however far away the course began. Where that leaves out less than a fifth of
/// the whole range, nothing is left out.
package enum CourseRange {
  /// How far the axis goes beyond the later half, in lengths of its range.
  package static let reach = 2.0
  /// A later half that hardly moves counts as at least this share of the whole range.
  private static let leastShare = 1.0 / 60
  /// Less than this share of the whole range is not cut off.
  private static let leastCut = 0.2

  /// - Parameter lines: On one axis.
  /// - Returns: The part to show, with some air; nil where there is nothing to draw.
  package static func of(_ lines: [LineChart.Series]) -> ClosedRange<Double>? {
    let xs = Set(lines.flatMap(\.drawableX)).sorted()
    guard let whole = extent(lines, from: -.infinity), let last = xs.indices.last else {
      return nil
    }
    let half = xs[max(0, min(xs.count / 2, last - 1))]
    let span = whole.upperBound - whole.lowerBound
    guard let later = extent(lines, from: half), span > 0 else {
      return Domain.covering([whole.lowerBound, whole.upperBound], padding: padding)
    }
    let room = reach * max(later.upperBound - later.lowerBound, leastShare * span)
    let lower = max(whole.lowerBound, later.lowerBound - room)
    let upper = min(whole.upperBound, later.upperBound + room)
    let isWhole = upper - lower > (1 - leastCut) * span
    return Domain.covering(
      isWhole ? [whole.lowerBound, whole.upperBound] : [lower, upper], padding: padding)
  }

  private static let padding = 0.06

  /// The heights that lines and bands reach from some x on.
  private static func extent(
    _ lines: [LineChart.Series], from start: Double
  ) -> ClosedRange<Double>? {
    var range: ClosedRange<Double>?
    for line in lines {
      for index in line.x.indices where line.x[index] >= start && line.isDrawable(index) {
        let edges = line.band.map { [$0.lower[index], $0.upper[index]] } ?? []
        for value in [line.y[index]] + edges where Domain.isDrawable(value) {
          let known = range ?? value...value
          range = min(known.lowerBound, value)...max(known.upperBound, value)
        }
      }
    }
    return range
  }
}
