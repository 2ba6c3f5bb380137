// SPDX-License-Identifier: Apache-2.0

/// The page under construction: collects marks, in figure points, in the order of drawing.
package struct Canvas: Sendable {
  package let size: Size
  package private(set) var marks: [Mark] = []

  package init(size: Size) {
    self.size = size
  }

  package mutating func add(_ mark: Mark) {
    marks.append(mark)
  }

  package mutating func line(from start: Point, to end: Point, _ stroke: Stroke) {
    add(.path([start, end], stroke))
  }

  package mutating func text(_ text: Text, at point: Point) {
    guard text.runs.contains(where: { !$0.string.isEmpty }) else { return }
    add(.text(text, at: point))
  }

  /// Says in the middle of a plot that there is nothing to plot.
  mutating func noData(in plot: Rect) {
    text(
      Text("no data", size: Style.labelSize, ink: .muted, anchor: .middle),
      at: Point(plot.midX, plot.midY))
  }

  /// Draws a disc with a thin ring of paper around it, so that it stays apart from what it covers.
  package mutating func dot(_ center: Point, radius: Double, _ ink: Ink, ring: Double = 1.25) {
    add(.circle(center, radius: radius + ring, Fill(.paper)))
    add(.circle(center, radius: radius, Fill(ink)))
  }
}
