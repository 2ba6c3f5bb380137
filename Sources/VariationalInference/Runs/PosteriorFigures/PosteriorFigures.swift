// SPDX-License-Identifier: Apache-2.0

package import Figures
internal import Tensors

extension Posterior {
  /// The pictures of a fit: `marginals`, `pairs`, `elbo` and `predictive`, those left out for which
  /// there is nothing to draw.
  ///
  /// - Parameters:
  ///   - subtitle: One line under each headline: what was fitted to what.
  ///   - predictions: Of ``predictions(draws:seed:)``; none for no predictive check.
  ///   - prior: Draws from the prior by the name of an element; empty for the density's own.
  ///   - seed: Of draws from the prior, and of those that are shown as points.
  /// - Returns: Names for files, and the pictures.
  package func figures(
    subtitle: String = "", predictions: [Prediction] = [], prior: [String: [Double]] = [:],
    seed: UInt64 = 0
  ) -> [(name: String, figure: any Figure)] {
    let elements = elements(prior: prior, priorSeed: seed)
    let all: [(String, (any Figure)?)] = [
      ("marginals", marginals(elements, subtitle: subtitle)),
      ("pairs", pairs(elements, subtitle: subtitle, seed: seed)),
      ("elbo", course(subtitle: subtitle)),
      ("predictive", PredictiveCheck(predictions).figure(subtitle: subtitle)),
    ]
    return all.compactMap { name, figure in figure.map { (name, $0) } }
  }

  /// Data drawn anew from draws that the verdict recommends, taken by their weights.
  ///
  /// - Parameters:
  ///   - draws: How many.
  ///   - seed: The same seed gives the same draws.
  /// - Returns: One for each part of the data; none where the density knows no data.
  /// - Throws: ``ModelError`` where they cannot be drawn.
  public func predictions(draws: Int, seed: UInt64 = 0) throws -> [Prediction] {
    precondition(draws > 0, "\(draws) draws")
    let rows = SystematicSampling.rows(draws, weights: fit.draws.weights, seed: seed)
    return try density.predictions(at: fit.draws.points.selectingRows(rows), seed: seed)
  }
}

/// One number of a posterior in all its draws.
struct PosteriorElement {
  let name: String
  /// What it is an element of.
  let part: String
  let isParameter: Bool
  /// What the verdict recommends.
  let draws: [Double]
  let weights: [Double]?
  /// Draws of q.
  let surrogate: [Double]
  /// Draws from the prior, the finite ones; nil where there are none.
  let prior: [Double]?
  let bounds: DrawnBounds
  /// The part of the axis to show: 99 % of the draws, less of long tails, with some room.
  let range: ClosedRange<Double>?
  let quantiles: (low: Double, median: Double, high: Double)
  let moments: WeightedMoments

  init(
    name: String, part: String, isParameter: Bool, draws: [Double], weights: [Double]?,
    surrogate: [Double], prior: [Double]?
  ) {
    (self.name, self.part, self.isParameter) = (name, part, isParameter)
    (self.draws, self.weights, self.surrogate, self.prior) = (draws, weights, surrogate, prior)
    let bounds = DrawnBounds(draws + surrogate, others: prior ?? [])
    let sorted = SortedDraws(draws, weights)
    moments = WeightedMoments(draws, weights)
    quantiles = (sorted.quantile(0.05), sorted.quantile(0.5), sorted.quantile(0.95))
    // A tail that is longer than the interval itself would press the rest together.
    let reach = quantiles.high - quantiles.low
    let low = max(sorted.quantile(0.005), quantiles.low - reach)
    let high = min(sorted.quantile(0.995), quantiles.high + reach)
    range = Domain.covering([low, high], padding: 0.12).map(bounds.clipped)
    self.bounds = bounds
  }

  /// Whether there is a density to draw.
  var varies: Bool {
    range != nil && moments.standardDeviation > 1e-12 * moments.mean.magnitude
      && moments.standardDeviation.isFinite
  }
}

extension Posterior {
  /// Parameters and derived values, element by element.
  ///
  /// - Parameters:
  ///   - given: Draws from the prior by an element's name; empty for the density's own.
  ///   - priorSeed: Of the density's own draws.
  /// - Returns: Each element with its draws.
  func elements(prior given: [String: [Double]], priorSeed: UInt64) -> [PosteriorElement] {
    let parameters = Set(density.parameterNames)
    let points =
      given.isEmpty ? density.priorDraws(fit.surrogateDraws.shape[0], seed: priorSeed) : nil
    let prior = points.map { density.quantities(at: $0).transposed() }
    var place = 0
    return draws.names.flatMap { part -> [PosteriorElement] in
      let (own, other) = (draws[part], surrogate[part])
      return ElementNames.of(part, own.shape).enumerated().map { index, name in
        defer { place += 1 }
        let column = (given[name] ?? prior?.slice(place..<place + 1).scalars)?.filter(\.isFinite)
        return PosteriorElement(
          name: name, part: part, isParameter: parameters.contains(name), draws: own.draws[index],
          weights: draws.weights, surrogate: other.draws[index],
          prior: column.flatMap { $0.count > 1 ? $0 : nil })
      }
    }
  }

  /// Whether the recommended draws are q's own.
  var usesSurrogate: Bool { fit.verdict == .use || fit.verdict == .doNotUse }

  /// What the recommended draws are.
  var drawsWords: String {
    switch fit.verdict {
    case .use: "q (recommended)"
    case .useWeighted: "weighted draws (recommended)"
    case .useWalked: "draws of the chains (recommended)"
    case .doNotUse: "q (not to be used)"
    }
  }
}
