// SPDX-License-Identifier: Apache-2.0

internal import Figures

extension Posterior {
  /// Parameters against each other: draws as points, contours of q, correlations.
  func pairs(_ elements: [PosteriorElement], subtitle: String, seed: UInt64) -> PanelChart? {
    let choice = PairChoice(elements)
    guard choice.shown.count > 1 else { return nil }
    let matrix = PairMatrix(
      elements: choice.shown, usesSurrogate: usesSurrogate,
      rows: SystematicSampling.rows(
        PairMatrix.points, weights: fit.draws.weights, seed: seed))
    return PanelChart(
      title: "Pairs of parameters", subtitle: subtitle,
      caption: choice.words
        + (draws.weights == nil ? "" : "Points are taken by their weights. ")
        + "Contours are of kernel estimates. Numbers are correlations"
        + (usesSurrogate ? "." : ", below them those of q.")
        + " Axes show 99 % of the draws, less of long tails.",
      panels: matrix.panels, columns: choice.shown.count,
      key: [
        PanelChart.KeyEntry(
          usesSurrogate ? "draws of \(drawsWords)" : drawsWords,
          .point(radius: 2.5, Fill(.series(0), opacity: 0.8))),
        PanelChart.KeyEntry("50 % and 90 % of q", .line(PairMatrix.contour)),
      ],
      plotSize: choice.shown.count > 3
        ? Size(width: 130, height: 110) : Size(width: 190, height: 160))
  }
}

/// The parameters that are shown against each other.
struct PairChoice {
  let shown: [PosteriorElement]
  /// How they were chosen; empty where all are shown.
  let words: String

  static let most = 5
  /// Of one vector, where there are others.
  private static let mostOfOne = 2
  /// Correlations of more are too many to look through.
  private static let mostCandidates = 200

  init(_ elements: [PosteriorElement]) {
    let varying = elements.filter(\.varies)
    let parameters = varying.filter(\.isParameter)
    let all = parameters.count > 1 ? parameters : varying
    guard all.count > Self.most else {
      (shown, words) = (all, "")
      return
    }
    let candidates = Array(all.prefix(Self.mostCandidates))
    let correlations = Self.correlations(candidates)
    let scores = Self.scores(candidates, correlations)
    let order = candidates.indices.sorted { (scores[$0], $1) > (scores[$1], $0) }
    var (chosen, counts) = ([Int](), [String: Int]())
    // What is a function of one that is shown says nothing new.
    func isNew(_ place: Int) -> Bool {
      !chosen.contains { $0 == place || correlations[$0][place].magnitude > Self.same }
    }
    for mostOfOne in [Self.mostOfOne, .max] {
      for place in order where chosen.count < Self.most && isNew(place) {
        if counts[candidates[place].part, default: 0] < mostOfOne {
          counts[candidates[place].part, default: 0] += 1
          chosen.append(place)
        }
      }
    }
    shown = chosen.sorted().map { candidates[$0] }
    let among = all.count > candidates.count ? "the first \(candidates.count) of " : ""
    words =
      "The \(shown.count) of \(among)\(all.count) parameters that are most correlated with another "
      + "or most skewed, at most two of a vector where there are others. "
  }

  /// Correlations beyond this are equalities.
  private static let same = 0.999

  /// Of each with each.
  private static func correlations(_ elements: [PosteriorElement]) -> [[Double]] {
    var all = [[Double]](
      repeating: [Double](repeating: 1, count: elements.count), count: elements.count)
    for i in elements.indices {
      for j in 0..<i {
        all[i][j] = correlation(elements[i].draws, elements[j].draws, elements[i].weights)
        all[j][i] = all[i][j]
      }
    }
    return all
  }

  /// The largest correlation with another, equalities left out, or half the skewness where that is
  /// larger.
  private static func scores(
    _ elements: [PosteriorElement], _ correlations: [[Double]]
  ) -> [Double] {
    elements.indices.map { place in
      let others = correlations[place].map(\.magnitude).filter { $0 <= same }
      return max(others.max() ?? 0, min(1, elements[place].skewness.magnitude / 2))
    }
  }
}

extension PosteriorElement {
  /// E[(x - mean)^3] / sd^3.
  fileprivate var skewness: Double {
    let (mean, deviation) = (moments.mean, moments.standardDeviation)
    let cubes = draws.map { draw -> Double in
      let distance = (draw - mean) / deviation
      return distance * distance * distance
    }
    return WeightedMoments(cubes, weights).mean
  }
}

/// Points below the diagonal, densities on it, correlations above.
struct PairMatrix {
  let elements: [PosteriorElement]
  let usesSurrogate: Bool
  /// The draws that are shown as points.
  let rows: [Int]

  static let points = 700
  static let contour = Stroke(.series(1), width: 1.5)

  var panels: [PanelChart.Panel?] {
    elements.indices.flatMap { row in elements.indices.map { panel(row, $0) } }
  }

  private func panel(_ row: Int, _ column: Int) -> PanelChart.Panel {
    let (first, second) = (elements[column], elements[row])
    if row == column {
      var panel = MarginalColours(usesSurrogate: usesSurrogate).panel(first, isDetailed: false)
      panel.numbers = row == elements.count - 1 ? .x : []
      return panel
    }
    if row < column { return PanelChart.Panel(words: correlations(first, second)) }
    var numbers: PanelChart.Panel.Numbers = []
    if row == elements.count - 1 { numbers.insert(.x) }
    if column == 0 { numbers.insert(.y) }
    return PanelChart.Panel(
      x: first.range, y: second.range, layers: layers(first, second), numbers: numbers)
  }

  private func correlations(_ a: PosteriorElement, _ b: PosteriorElement) -> [String] {
    let own = NumberText.fixed(correlation(a.draws, b.draws, a.weights), decimals: 2)
    if usesSurrogate { return [own] }
    return [own, "q " + NumberText.fixed(correlation(a.surrogate, b.surrogate, nil), decimals: 2)]
  }

  private func layers(_ a: PosteriorElement, _ b: PosteriorElement) -> [PanelChart.Layer] {
    guard let x = a.range, let y = b.range else { return [] }
    let points = PanelChart.Layer.points(
      x: rows.map { a.draws[$0] }, y: rows.map { b.draws[$0] }, radius: 1.5,
      Fill(.series(0), opacity: 0.45))
    // q may lie beside the draws: what of it falls in is drawn.
    guard
      let plane = PlaneEstimate(
        a.surrogate, b.surrogate, on: (x, y), bounds: (a.bounds, b.bounds))
    else { return [points] }
    let lines = [0.5, 0.9].flatMap { share in
      Contours.lines(
        plane.heights, x: plane.x, y: plane.y, level: plane.level(holding: share))
    }
    return [points]
      + lines.map { line in
        .line(x: line.map(\.x), y: line.map(\.y), Self.contour)
      }
  }
}
