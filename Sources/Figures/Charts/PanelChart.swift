// SPDX-License-Identifier: Apache-2.0

/// Small multiples: panels of one size in rows and columns, each with axes and layers of its own.
///
/// What a colour means is said once, in a key above the panels. A layer is drawn over those before
/// it, and cut where it leaves the panel. A panel without axes says its words instead.
package struct PanelChart: Figure {
  package var title: String
  package var subtitle: String
  package var caption: String
  /// Row by row; nil leaves a place empty.
  package var panels: [Panel?]
  package var columns: Int
  package var key: [KeyEntry]
  /// The extent of what lies between the axes of one panel, in figure points.
  package var plotSize: Size

  package init(
    title: String = "", subtitle: String = "", caption: String = "", panels: [Panel?],
    columns: Int, key: [KeyEntry] = [], plotSize: Size = Size(width: 170, height: 100)
  ) {
    precondition(columns > 0, "panels in \(columns) columns")
    self.title = title
    self.subtitle = subtitle
    self.caption = caption
    self.panels = panels
    self.columns = columns
    self.key = key
    self.plotSize = plotSize
  }

  package var summary: String {
    let names = panels.compactMap { $0?.title }.filter { !$0.isEmpty }
    let meanings = key.map(\.name).filter { !$0.isEmpty }
    return "\(panels.count { $0 != nil }) panels"
      + (names.isEmpty ? "" : ": " + names.joined(separator: ", "))
      + (meanings.isEmpty ? "." : "; with " + meanings.joined(separator: ", ") + ".")
  }

  package var size: Size {
    let grid = PanelGrid(self)
    let width = max(grid.size.width, Self.leastWidth) + 2 * Style.margin
    let words = Words(of: self, width: width)
    return Size(
      width: width.rounded(.up),
      height: (grid.size.height + words.headHeight + words.footHeight + 2 * Style.margin)
        .rounded(.up))
  }

  /// Below it a headline has no room.
  private static let leastWidth = 340.0

  package func draw(into canvas: inout Canvas) {
    let words = Words(of: self, width: canvas.size.width)
    words.draw(into: &canvas)
    let body = words.body(of: canvas.size)
    if panels.isEmpty { return canvas.noData(in: body) }
    PanelGrid(self).draw(in: body, into: &canvas)
  }
}

extension PanelChart {
  /// Layers that share two axes.
  package struct Panel: Sendable {
    package var title: String
    package var xLabel: String
    package var yLabel: String
    /// The part of each axis to show; where either is nil there is nothing to draw.
    package var x: ClosedRange<Double>?
    package var y: ClosedRange<Double>?
    package var layers: [Layer]
    /// Lines in the middle of the panel, the first in bold.
    package var words: [String]
    /// Which axes have numbers.
    package var numbers: Numbers
    /// Whether lines behind the data lead to the numbers.
    package var hasGrid: Bool
    /// Whether x counts: no numbers between whole ones.
    package var countsX: Bool

    package struct Numbers: OptionSet, Sendable {
      package let rawValue: Int
      package init(rawValue: Int) { self.rawValue = rawValue }
      package static let x = Numbers(rawValue: 1)
      package static let y = Numbers(rawValue: 2)
    }

    package init(
      title: String = "", xLabel: String = "", yLabel: String = "", x: ClosedRange<Double>?,
      y: ClosedRange<Double>?, layers: [Layer], numbers: Numbers = [.x, .y],
      hasGrid: Bool = true, countsX: Bool = false
    ) {
      (self.title, self.xLabel, self.yLabel) = (title, xLabel, yLabel)
      (self.x, self.y, self.layers) = (x, y, layers)
      (self.numbers, self.hasGrid, self.countsX, words) = (numbers, hasGrid, countsX, [])
    }

    /// Words in the place of a picture.
    package init(words: [String]) {
      self.init(x: nil, y: nil, layers: [], numbers: [])
      self.words = words
    }
  }

  /// One set of marks, in the units of the panel's axes.
  package enum Layer: Sendable {
    /// Between a line and y = 0.
    case area(x: [Double], y: [Double], Fill)
    case line(x: [Double], y: [Double], Stroke)
    case points(x: [Double], y: [Double], radius: Double, Fill)
    /// From y = 0, in the middle at x, `width` units of x wide.
    case bars(x: [Double], y: [Double], width: Double, Fill)
    /// Upright lines.
    case intervals(x: [Double], lower: [Double], upper: [Double], Stroke)
    /// An upright line from the bottom to the top of the panel.
    case upright(x: Double, Stroke)
  }

  /// What a kind of mark means.
  package struct KeyEntry: Sendable {
    package enum Mark: Sendable {
      case area(Fill)
      case line(Stroke)
      case point(radius: Double, Fill)
    }
    package var name: String
    package var marks: [Mark]

    package init(_ name: String, _ marks: Mark...) { (self.name, self.marks) = (name, marks) }
  }
}
