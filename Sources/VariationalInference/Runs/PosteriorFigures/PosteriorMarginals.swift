// SPDX-License-Identifier: Apache-2.0

internal import Figures

extension Posterior {
  /// The density of each parameter and derived value: of the recommended draws, of q, of the prior.
  func marginals(_ elements: [PosteriorElement], subtitle: String) -> PanelChart? {
    if elements.isEmpty { return nil }
    let shown = MarginalChoice.places(elements.map(\.part)).map { elements[$0] }
    let colours = MarginalColours(usesSurrogate: usesSurrogate)
    let hasPrior = shown.contains { $0.prior != nil }
    let panels = shown.map { colours.panel($0) }
    var caption = caption(shown: shown, of: elements.count, hasPrior: hasPrior)
    if panels.contains(where: \.isCut) { caption += " Curves higher than a panel are cut off." }
    return PanelChart(
      title: "Marginal posterior densities", subtitle: subtitle,
      caption: caption, panels: panels, columns: min(4, max(1, shown.count)),
      key: colours.key(drawsWords, hasPrior: hasPrior),
      plotSize: shown.count == 1 ? Size(width: 420, height: 240) : Size(width: 165, height: 92))
  }

  private func caption(shown: [PosteriorElement], of count: Int, hasPrior: Bool) -> String {
    var sentences = ["Under a name: mean ± standard deviation."]
    if shown.count < count {
      sentences.append(
        "\(shown.count) of \(count) quantities: of long vectors some elements, at equal distances.")
    }
    sentences.append("Axes show 99 % of the draws, less of long tails, and some room.")
    if hasPrior {
      let isEverywhere = shown.allSatisfy { $0.prior != nil }
      sentences.append(
        "The prior is drawn as far as it reaches there"
          + (isEverywhere ? "." : ", where there are draws from it."))
    } else {
      sentences.append("The prior is not drawn: the model gives no draws from it.")
    }
    if shown.contains(where: { $0.bounds != DrawnBounds() }) {
      sentences.append("Densities are kernel estimates that end at bounds.")
    }
    return sentences.joined(separator: " ")
  }
}

/// Which elements have a panel.
package enum MarginalChoice {
  package static let most = 24
  private static let mostOfOne = 12

  /// All where they are few; else of each part so many that all parts have room, at equal
  /// distances.
  package static func places(_ parts: [String]) -> [Int] {
    if parts.count <= most { return Array(parts.indices) }
    var groups: [(name: String, places: [Int])] = []
    for (place, part) in parts.enumerated() {
      if groups.last?.name == part {
        groups[groups.count - 1].places.append(place)
      } else {
        groups.append((part, [place]))
      }
    }
    let limit = groups.count == 1 ? most : mostOfOne
    let share = (1...limit).last { limit in
      groups.reduce(0) { $0 + min($1.places.count, limit) } <= most
    }
    guard let share else { return Array(parts.indices.prefix(most)) }
    return groups.flatMap { spread($0.places, share) }
  }

  /// So many of some places at equal distances, the first and the last among them.
  static func spread(_ places: [Int], _ count: Int) -> [Int] {
    guard places.count > count else { return places }
    guard count > 1 else { return [places[0]] }
    return (0..<count).map { places[$0 * (places.count - 1) / (count - 1)] }
  }
}

/// What the marks of a marginal density look like.
struct MarginalColours {
  let usesSurrogate: Bool

  private static let draws = Stroke(.series(0), width: 1.5)
  private static let area = Fill(.series(0), opacity: 0.22)
  private static let surrogate = Stroke(.series(1), width: 1.75)
  private static let prior = Stroke(.axis, width: 1.5, dash: Dash(on: 3, off: 4.5))
  private static let mean = Stroke(.text, width: 1, opacity: 0.8)
  private static let interval = Stroke(.text, width: 2.5)

  func key(_ draws: String, hasPrior: Bool) -> [PanelChart.KeyEntry] {
    var key = [PanelChart.KeyEntry(draws, .area(Self.area), .line(Self.draws))]
    if !usesSurrogate { key.append(PanelChart.KeyEntry("q", .line(Self.surrogate))) }
    if hasPrior { key.append(PanelChart.KeyEntry("prior", .line(Self.prior))) }
    key.append(
      PanelChart.KeyEntry(
        "5 % to 95 %, and the median", .line(Self.interval), .point(radius: 4.5, Fill(.paper)),
        .point(radius: 3.25, Fill(.text))))
    key.append(PanelChart.KeyEntry("mean", .line(Self.mean)))
    return key
  }

  /// The density of one quantity, with an interval under it.
  func panel(_ element: PosteriorElement, isDetailed: Bool = true) -> PanelChart.Panel {
    guard element.varies, let range = element.range else {
      var panel = PanelChart.Panel(
        words: [NumberText.significant(element.moments.mean, digits: 4), "in all draws"])
      panel.title = element.name
      return panel
    }
    func estimate(_ draws: [Double], _ weights: [Double]? = nil) -> DensityEstimate {
      DensityEstimate(draws, weights, on: range, bounds: element.bounds)
    }
    let own = estimate(element.draws, element.weights)
    let peak = own.y.max() ?? 1
    var layers: [PanelChart.Layer] = []
    var top = peak
    if isDetailed, let prior = element.prior.map({ estimate($0) }) {
      layers.append(.line(x: prior.x, y: prior.y, Self.prior))
      // A prior that is narrower than the posterior is rare; it may be cut.
      top = max(top, min(prior.y.max() ?? 0, 1.5 * peak))
    }
    layers.append(.area(x: own.x, y: own.y, Self.area))
    layers.append(.line(x: own.x, y: own.y, Self.draws))
    if !usesSurrogate {
      let other = estimate(element.surrogate)
      layers.append(.line(x: other.x, y: other.y, Self.surrogate))
      top = max(top, min(other.y.max() ?? 0, 2.5 * peak))
    }
    if isDetailed { layers += marks(element, peak: top) }
    return PanelChart.Panel(
      title: element.name, yLabel: isDetailed ? Self.words(element.moments) : "", x: range,
      y: (isDetailed ? -0.13 * top : 0)...1.06 * top, layers: layers, numbers: .x,
      hasGrid: false)
  }

  private func marks(_ element: PosteriorElement, peak: Double) -> [PanelChart.Layer] {
    let (low, median, high) = element.quantiles
    let y = -0.065 * peak
    return [
      .line(x: [element.moments.mean, element.moments.mean], y: [0, 1.06 * peak], Self.mean),
      .line(x: [low, high], y: [y, y], Self.interval),
      .points(x: [median], y: [y], radius: 4.5, Fill(.paper)),
      .points(x: [median], y: [y], radius: 3.25, Fill(.text)),
    ]
  }

  /// Mean and standard deviation, to two or three digits of the second; with a power of ten where
  /// they are very large or small.
  static func words(_ moments: WeightedMoments) -> String {
    let (mean, deviation) = (moments.mean, moments.standardDeviation)
    let largest = max(mean.magnitude, deviation)
    guard deviation > 0, largest.isFinite else { return NumberText.significant(mean, digits: 4) }
    let power = Decades.floorLog10(largest)
    let isPlain = power < 6 && power > -4
    let unit = isPlain ? 0 : power
    func scaled(_ value: Double) -> Double { Decades.scale(value, by: -unit) }
    let decimals = max(0, 1 - Decades.floorLog10(scaled(deviation) / 2))
    let words =
      NumberText.fixed(scaled(mean), decimals: decimals) + " ± "
      + NumberText.fixed(scaled(deviation), decimals: decimals)
    return isPlain ? words : "(\(words))" + NumberText.timesTen(to: power)
  }
}

extension PanelChart.Panel {
  /// Whether a line is higher than the panel.
  fileprivate var isCut: Bool {
    layers.contains { layer in
      guard case .line(_, let heights, _) = layer, let y else { return false }
      return heights.contains { $0 > y.upperBound }
    }
  }
}
