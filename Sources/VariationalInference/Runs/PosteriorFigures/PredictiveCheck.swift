// SPDX-License-Identifier: Apache-2.0

package import Figures
internal import Tensors

/// The data beside data drawn anew from the posterior.
///
/// - Source: Gelman, Meng and Stern, "Posterior predictive assessment of model fitness via realized
///   discrepancies", Statistica Sinica 6 (1996); Gabry et al., "Visualization in Bayesian
///   workflow", J. Royal Statistical Society A 182 (2019), arXiv:1709.01449.
package struct PredictiveCheck {
  package let parts: [PredictivePart]

  private static let mostParts = 6

  package init(_ predictions: [Prediction]) {
    parts = predictions.compactMap(PredictivePart.init)
  }

  package func figure(subtitle: String) -> PanelChart? {
    if parts.isEmpty { return nil }
    let shown = parts.prefix(Self.mostParts)
    var key: [PanelChart.KeyEntry] = []
    for part in shown {
      for entry in part.key where !key.contains(where: { $0.name == entry.name }) {
        key.append(entry)
      }
    }
    return PanelChart(
      title: "Posterior predictive check", subtitle: subtitle, caption: caption(Array(shown)),
      panels: shown.map(\.panel), columns: shown.count == 1 ? 1 : 2, key: key,
      plotSize: shown.count == 1
        ? Size(width: 560, height: 280) : Size(width: 320, height: 190))
  }

  private func caption(_ shown: [PredictivePart]) -> String {
    var sentences = shown.map(\.valueWords)
    sentences.append(
      "p: the share of data sets drawn anew whose mean, or standard deviation, is larger than that "
        + "of the data (equal ones count half); near 0 or 1 the model misses it.")
    if parts.count > shown.count {
      sentences.append("\(shown.count) of \(parts.count) parts of the data are shown.")
    }
    return sentences.joined(separator: " ")
  }
}

/// One part of the data.
package struct PredictivePart {
  package let name: String
  let observed: [Double]
  /// Data sets drawn anew, those that are finite.
  let drawn: [[Double]]
  /// P(T(drawn anew) > T(observed)) for the mean.
  package let meanValue: Double
  /// The same for the standard deviation; nil for one number.
  package let deviationValue: Double?
  let kind: Kind

  enum Kind {
    /// Whole numbers between these.
    case counts(ClosedRange<Int>)
    case each
    case densities
  }

  private static let mostOfEach = 30
  private static let mostCounts = 40

  /// nil where no data set drawn anew is finite.
  init?(_ prediction: Prediction) {
    let (rows, width) = (prediction.drawn.shape[0], prediction.observed.count)
    let numbers = prediction.drawn.scalars
    drawn = (0..<rows).map { Array(numbers[$0 * width..<($0 + 1) * width]) }
      .filter { $0.allSatisfy(\.isFinite) }
    if drawn.isEmpty || width == 0 { return nil }
    (name, observed) = (prediction.name, prediction.observed)
    let own = WeightedMoments(observed, nil)
    let others = drawn.map { WeightedMoments($0, nil) }
    meanValue = Self.share(others.map(\.mean), above: own.mean)
    deviationValue =
      width > 1
      ? Self.share(others.map(\.standardDeviation), above: own.standardDeviation) : nil
    if let counts = Self.counts(observed, drawn) {
      kind = .counts(counts)
    } else {
      kind = width <= Self.mostOfEach ? .each : .densities
    }
  }

  /// The share of numbers above another; equal ones count half, also those whose last digits
  /// differ.
  static func share(_ values: [Double], above value: Double) -> Double {
    let slack = 1e-9 * value.magnitude
    return values.reduce(0) { sum, other in
      sum + ((other - value).magnitude <= slack ? 0.5 : other > value ? 1 : 0)
    } / Double(values.count)
  }

  /// The whole numbers to show; nil where some are not whole, or they are too many.
  private static func counts(_ observed: [Double], _ drawn: [[Double]]) -> ClosedRange<Int>? {
    let all = drawn.flatMap { $0 }
    guard (observed + all).allSatisfy({ $0 == $0.rounded() && $0.magnitude < 1e9 }) else {
      return nil
    }
    let sorted = SortedDraws(all, nil)
    let ends = observed + [sorted.quantile(0.001), sorted.quantile(0.999)]
    let (low, high) = (ends.min() ?? 0, ends.max() ?? 0)
    guard high - low < Double(mostCounts) else { return nil }
    return Int(low.rounded(.down))...Int(high.rounded(.up))
  }

  /// Both p-values.
  var valueWords: String {
    func words(_ value: Double) -> String { NumberText.fixed(value, decimals: 2) }
    let deviation = deviationValue.map { ", of the standard deviation \(words($0))" } ?? ""
    return "\(name): p of the mean \(words(meanValue))\(deviation)."
  }
}
