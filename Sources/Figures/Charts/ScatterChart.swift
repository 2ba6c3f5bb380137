// SPDX-License-Identifier: Apache-2.0

/// A cloud of points, coloured by class: the latent space in two dimensions.
///
/// Colours alone do not tell ten classes apart. So each class is named at its median, with a halo;
/// a line goes around its densest half; and beside the cloud each class is shown once more by
/// itself, before all others in grey. Points are drawn in the order given, the more transparent the
/// denser they lie, so that no class hides another; few points have shapes as well.
package struct ScatterChart: Figure {
  package var title: String
  package var subtitle: String
  package var caption: String
  package var xLabel: String
  package var yLabel: String
  package var x: [Double]
  package var y: [Double]
  /// The class of each point; empty for none. Negative: no class, drawn grey.
  package var classes: [Int]
  /// Names of the classes; without one a class is shown as its number.
  package var classNames: [String]
  /// Width and height of the whole body, in figure points.
  package var bodySize: Size
  /// Whether one unit is equally long on both axes: distances in a latent space mean something.
  package var hasEqualScales: Bool
  /// In figure points; nil chooses by the number of points.
  package var pointRadius: Double?

  package init(
    title: String = "", subtitle: String = "", caption: String = "", x: [Double], y: [Double],
    classes: [Int] = [], classNames: [String] = [], xLabel: String = "", yLabel: String = "",
    bodySize: Size = Size(width: 560, height: 560), hasEqualScales: Bool = true,
    pointRadius: Double? = nil
  ) {
    precondition(x.count == y.count, "a scatter chart got \(x.count) x and \(y.count) y values")
    precondition(
      classes.isEmpty || classes.count == x.count,
      "a scatter chart got \(x.count) points and \(classes.count) classes")
    self.title = title
    self.subtitle = subtitle
    self.caption = caption
    self.x = x
    self.y = y
    self.classes = classes
    self.classNames = classNames
    self.xLabel = xLabel
    self.yLabel = yLabel
    self.bodySize = bodySize
    self.hasEqualScales = hasEqualScales
    self.pointRadius = pointRadius
  }

  package var summary: String {
    let names = presentClasses.map(name(of:))
    return "Scatter chart of \(drawable.count) points"
      + (names.isEmpty ? "." : ", coloured by class: " + names.joined(separator: ", ") + ".")
  }

  /// How the marks of classes are to be read, in sentences; empty where there are none.
  package var reading: String {
    let counts = Dictionary(
      grouping: drawable.filter { classes.isEmpty ? false : classes[$0] >= 0 }
    ) {
      classes[$0]
    }.values.map(\.count)
    var sentences: [String] = []
    if counts.contains(where: { $0 >= ClassOutline.leastPoints }) {
      sentences.append(
        "A line goes around the half of a class that lies densest; its name stands at the median.")
    }
    if singles != nil {
      sentences.append("At the right each class by itself, before all others in grey.")
    }
    return sentences.joined(separator: " ")
  }

  /// The pictures of single classes; nil where there is one class or too many.
  private var singles: ScatterSingles? {
    ScatterSingles(classes: presentClasses.count, height: bodySize.height)
  }

  package var size: Size {
    let width = bodySize.width + (singles?.width ?? 0) + 2 * Style.margin
    let words = Words(of: self, width: width)
    return Size(
      width: width,
      height: (bodySize.height + words.headHeight + words.footHeight + 2 * Style.margin)
        .rounded(.up))
  }

  package func draw(into canvas: inout Canvas) {
    let words = Words(of: self, width: canvas.size.width)
    words.draw(into: &canvas)
    let body = words.body(of: canvas.size)
    let drawable = drawable
    guard let xs = Domain.covering(drawable.map { x[$0] }, padding: 0.04),
      let ys = Domain.covering(drawable.map { y[$0] }, padding: 0.04)
    else {
      canvas.noData(in: body)
      return
    }
    let main = Rect(x: body.x, y: body.y, width: bodySize.width, height: body.height)
    let plot = plot(in: main, ys)
    let (xDomain, yDomain) = hasEqualScales ? equalised(xs, ys, in: plot) : (xs, ys)
    let (xAxis, yAxis) = (
      Axis.horizontal(xDomain, plot: plot, spacing: 60),
      Axis.vertical(yDomain, plot: plot, spacing: 60)
    )
    drawAxes(xAxis, yAxis, plot: plot, body: body, into: &canvas)
    let cloud = ScatterCloud(
      points: drawable.map { Point(xAxis.scale(x[$0]), yAxis.scale(y[$0])) },
      classes: classes.isEmpty ? nil : drawable.map { classes[$0] }, plot: plot)
    cloud.drawPoints(radius: pointRadius, into: &canvas)
    cloud.drawOutlines(into: &canvas)
    drawClassNames(cloud, plot: plot, into: &canvas)
    singles?.draw(
      cloud, names: presentClasses.map { ($0, name(of: $0)) }, from: plot,
      at: Point(main.maxX + ScatterSingles.gap, plot.y), into: &canvas)
  }

  /// The points that have a place.
  private var drawable: [Int] {
    x.indices.filter { Domain.isDrawable(x[$0]) && Domain.isDrawable(y[$0]) }
  }

  private var presentClasses: [Int] { Set(classes.filter { $0 >= 0 }).sorted() }

  private func name(of label: Int) -> String {
    label < classNames.count ? classNames[label] : String(label)
  }

  private func plot(in body: Rect, _ ys: ClosedRange<Double>) -> Rect {
    let widest = Axis.widestLabel(Axis.vertical(ys, plot: body).ticks)
    let left = widest * Style.widthReserve + 10
    let top = yLabel.isEmpty ? 6 : Style.labelSize * 1.3 + 8
    let bottom = Axis.numbersHeight + (xLabel.isEmpty ? 0 : 18)
    return Rect(
      x: body.x + left, y: body.y + top, width: max(60, body.width - left),
      height: max(60, body.height - top - bottom))
  }

  /// Widens one of the two domains until a unit is as long on x as on y.
  private func equalised(
    _ xs: ClosedRange<Double>, _ ys: ClosedRange<Double>, in plot: Rect
  ) -> (ClosedRange<Double>, ClosedRange<Double>) {
    let unit = max(
      (xs.upperBound - xs.lowerBound) / plot.width, (ys.upperBound - ys.lowerBound) / plot.height)
    func widened(_ range: ClosedRange<Double>, _ length: Double) -> ClosedRange<Double> {
      let middle = range.lowerBound + (range.upperBound - range.lowerBound) / 2
      return (middle - unit * length / 2)...(middle + unit * length / 2)
    }
    return (widened(xs, plot.width), widened(ys, plot.height))
  }

  private func drawAxes(
    _ xAxis: Axis, _ yAxis: Axis, plot: Rect, body: Rect, into canvas: inout Canvas
  ) {
    yAxis.drawRows(into: &canvas, plot: plot)
    xAxis.drawColumns(into: &canvas, plot: plot, grid: true)
    canvas.text(
      Text(yLabel, size: Style.labelSize, ink: .muted), at: Point(body.x, body.y + Style.labelSize))
    canvas.text(
      Text(xLabel, size: Style.labelSize, ink: .muted, anchor: .end),
      at: Point(plot.maxX, plot.maxY + Axis.numbersHeight + 14))
  }

  /// Each name at the median of its class, moved only as far as another name demands.
  private func drawClassNames(_ cloud: ScatterCloud, plot: Rect, into canvas: inout Canvas) {
    let labels = cloud.members.map { label, points in
      let center = Point(median(points.map(\.x)), median(points.map(\.y)))
      let text = Text(
        name(of: label), size: 17, ink: .seriesText(label), weight: .bold, anchor: .middle,
        halo: true)
      return (text, Point(center.x, center.y + Style.baselineShift(17)))
    }
    let boxes = labels.map { text, place in text.bounds(at: place) }
    let moved = LabelStack.separate(boxes, within: plot)
    for ((text, place), (from, to)) in zip(labels, zip(boxes, moved)) {
      canvas.text(text, at: Point(place.x + to.x - from.x, place.y + to.y - from.y))
    }
  }

  private func median(_ values: [Double]) -> Double {
    let sorted = values.sorted()
    return sorted.isEmpty ? 0 : (sorted[sorted.count / 2] + sorted[(sorted.count - 1) / 2]) / 2
  }
}
