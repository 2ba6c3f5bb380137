// SPDX-License-Identifier: Apache-2.0

/// One bar per named quantity, e.g. the KL divergence of each latent dimension.
package struct BarChart: Figure {
  /// A quantity with its name.
  package struct Bar: Sendable {
    package var name: String
    package var value: Double
    /// Where the error bar begins and ends; nil for none.
    package var interval: ClosedRange<Double>?
    /// Whether it is one to compare with, and so drawn grey.
    package var isGrey: Bool

    package init(
      _ name: String, _ value: Double, interval: ClosedRange<Double>?, isGrey: Bool = false
    ) {
      self.name = name
      self.value = value
      self.interval = interval
      self.isGrey = isGrey
    }

    /// A quantity with an error bar of half the length `error`; nil for none.
    package init(_ name: String, _ value: Double, error: Double? = nil) {
      let reach = error.map { (value - $0, value + $0) }
      self.init(
        name, value,
        interval: reach.flatMap { $0 < $1 && $0.isFinite && $1.isFinite ? $0...$1 : nil })
    }
  }

  package enum Orientation: Sendable {
    case horizontal
    case vertical
  }

  package enum Order: Sendable {
    case given
    case ascending
    case descending
  }

  /// A line across all bars.
  package struct Threshold: Sendable {
    package var value: Double
    package var label: String
    /// Whether bars that do not reach it are drawn grey.
    package var greysShorter: Bool

    package init(_ value: Double, label: String, greysShorter: Bool = true) {
      self.value = value
      self.label = label
      self.greysShorter = greysShorter
    }
  }

  package var title: String
  package var subtitle: String
  package var caption: String
  package var bars: [Bar]
  /// What the length of a bar means, with its unit.
  package var valueLabel: String
  /// What the names are, e.g. `latent dimension`.
  package var nameLabel: String
  package var orientation: Orientation
  package var order: Order
  package var threshold: Threshold?
  /// Whether the value is written at the end of each bar; nil when there is room.
  package var showsValues: Bool?
  /// Width and height of the body, in figure points; nil chooses by the number of bars.
  package var bodySize: Size?

  package init(
    title: String = "", subtitle: String = "", caption: String = "", bars: [Bar],
    valueLabel: String, nameLabel: String = "", orientation: Orientation = .horizontal,
    order: Order = .given, threshold: Threshold? = nil, showsValues: Bool? = nil,
    bodySize: Size? = nil
  ) {
    self.title = title
    self.subtitle = subtitle
    self.caption = caption
    self.bars = bars
    self.valueLabel = valueLabel
    self.nameLabel = nameLabel
    self.orientation = orientation
    self.order = order
    self.threshold = threshold
    self.showsValues = showsValues
    self.bodySize = bodySize
  }

  package var summary: String {
    "Bar chart of \(bars.count) values (\(valueLabel))"
      + (threshold.map { ", threshold \($0.label)" } ?? "") + "."
  }

  /// Of many bars each is narrower instead, in figure points.
  private static let mostHeight = 1600.0

  package var size: Size {
    let natural =
      orientation == .horizontal
      ? Size(width: 560, height: min(Double(max(1, bars.count)) * 22, Self.mostHeight) + 70)
      : Size(width: 680, height: 320)
    let body = bodySize ?? natural
    let width = body.width + 2 * Style.margin
    let words = Words(of: self, width: width)
    return Size(
      width: width,
      height: (body.height + words.headHeight + words.footHeight + 2 * Style.margin).rounded(.up))
  }

  package func draw(into canvas: inout Canvas) {
    let words = Words(of: self, width: canvas.size.width)
    words.draw(into: &canvas)
    let body = words.body(of: canvas.size)
    guard let domain else {
      canvas.noData(in: body)
      return
    }
    switch orientation {
    case .horizontal:
      HorizontalBars(chart: self, bars: ordered, domain: domain, body: body).draw(into: &canvas)
    case .vertical:
      VerticalBars(chart: self, bars: ordered, domain: domain, body: body).draw(into: &canvas)
    }
  }

  /// The bars in the order of drawing; missing values stay last.
  private var ordered: [Bar] {
    guard order != .given else { return bars }
    let sign = order == .ascending ? 1.0 : -1.0
    return bars.enumerated().sorted { a, b in
      func key(_ bar: Bar) -> Double { bar.value.isNaN ? .infinity : sign * bar.value }
      return (key(a.element), a.offset) < (key(b.element), b.offset)
    }.map(\.element)
  }

  /// From zero to the longest bar with its error; bars always start at zero.
  private var domain: ClosedRange<Double>? {
    let values = bars.filter { Domain.isDrawable($0.value) }.flatMap { bar in
      [bar.value] + (bar.interval.map { [$0.lowerBound, $0.upperBound] } ?? [])
    }
    guard !values.isEmpty else { return nil }
    if values.allSatisfy({ $0 == 0 }), threshold == nil { return 0...1 }
    let range = Domain.covering(values + [0] + (threshold.map { [$0.value] } ?? []))
    return range.map { range in
      let air = 0.05 * (range.upperBound - range.lowerBound)
      let bottom = range.lowerBound < 0 ? range.lowerBound - air : 0
      let top = range.upperBound > 0 ? range.upperBound + air : 0
      return bottom < top ? bottom...top : 0...1
    }
  }

  /// The colour of a bar: grey where it is meant to be, or does not reach the threshold.
  func fill(_ bar: Bar) -> Fill {
    let isShort = threshold.map { $0.greysShorter && bar.value < $0.value } ?? false
    return bar.isGrey || isShort ? Fill(.axis, opacity: 0.5) : Fill(.series(0))
  }

  /// A value as text; a small one keeps a digit rather than read as zero.
  func label(_ bar: Bar, decimals: Int) -> String {
    let isTiny = bar.value != 0 && bar.value.magnitude * Decades.power(decimals) < 0.5
    return isTiny
      ? NumberText.significant(bar.value, digits: 1)
      : NumberText.fixed(bar.value, decimals: decimals)
  }
}
