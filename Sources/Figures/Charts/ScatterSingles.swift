// SPDX-License-Identifier: Apache-2.0

/// Small copies of a scatter chart at its right side, one for each class: its points before all
/// others, which are grey.
struct ScatterSingles {
  static let gap = 28.0
  private static let between = 12.0
  private static let titleHeight = Style.tickSize * 1.45
  private static let largest = 130.0
  /// More would be too small to be seen.
  private static let mostClasses = 40

  private let rows: Int
  private let columns: Int
  private let side: Double

  /// - Parameters:
  ///   - classes: How many there are.
  ///   - height: Of the chart, in figure points.
  init?(classes: Int, height: Double) {
    guard (2...Self.mostClasses).contains(classes) else { return nil }
    columns = classes <= 4 ? 1 : classes <= 12 ? 2 : classes <= 20 ? 3 : 5
    rows = (classes + columns - 1) / columns
    let step = (height - 40 + Self.between) / Double(rows)
    side = max(30, min(Self.largest, step - Self.titleHeight - Self.between))
  }

  /// With the gap at the left, in figure points.
  var width: Double {
    (Self.gap + Double(columns) * side + Double(columns - 1) * Self.between).rounded(.up)
  }

  /// Copies the classes of a cloud that lies in `plot`, one after the other, from the upper left corner.
  func draw(
    _ cloud: ScatterCloud, names: [(label: Int, name: String)], from plot: Rect,
    at corner: Point, into canvas: inout Canvas
  ) {
    let scale = side / max(plot.width, plot.height)
    let members = Dictionary(uniqueKeysWithValues: cloud.members.map { ($0.label, $0.points) })
    let all = thinned(cloud.points.map { Point(($0.x - plot.x) * scale, ($0.y - plot.y) * scale) })
    for (index, (label, name)) in names.enumerated() {
      // Column by column, so that neighbours stand one above the other.
      let (column, row) = (index / rows, index % rows)
      let place = Point(
        corner.x + Double(column) * (side + Self.between),
        corner.y + Double(row) * (side + Self.titleHeight + Self.between))
      let top = place.y + Self.titleHeight
      canvas.text(
        shortened(name, ink: .seriesText(label)),
        at: Point(place.x, place.y + Style.tickSize))
      canvas.add(
        .rectangle(
          Rect(x: place.x, y: top, width: plot.width * scale, height: plot.height * scale),
          Fill(.grid, opacity: 0.4)))
      canvas.add(
        .dots(
          all.map { Point(place.x + $0.x, top + $0.y) }, radius: 0.8, Fill(.axis, opacity: 0.3)))
      let own = thinned(
        (members[label] ?? []).map {
          Point(($0.x - plot.x) * scale, ($0.y - plot.y) * scale)
        })
      canvas.add(
        .dots(own.map { Point(place.x + $0.x, top + $0.y) }, radius: 1, Fill(.series(label))))
    }
  }

  /// One point of each small square: what is drawn over another looks the same.
  private func thinned(_ points: [Point], step: Double = 0.8) -> [Point] {
    struct Cell: Hashable { let x, y: Int }
    var seen: Set<Cell> = []
    return points.filter {
      seen.insert(
        Cell(x: Int(($0.x / step).rounded(.down)), y: Int(($0.y / step).rounded(.down)))
      ).inserted
    }
  }

  /// As much of a name as there is room for.
  private func shortened(_ name: String, ink: Ink) -> Text {
    func text(_ name: String) -> Text {
      Text(name, size: Style.tickSize, ink: ink, weight: .bold)
    }
    if text(name).width * Style.widthReserve <= side { return text(name) }
    var start = name
    while !start.isEmpty, text(start + "…").width * Style.widthReserve > side {
      start.removeLast()
    }
    return text(start + "…")
  }
}
