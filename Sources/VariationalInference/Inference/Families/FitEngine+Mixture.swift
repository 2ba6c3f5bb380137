// SPDX-License-Identifier: Apache-2.0

internal import Tensors

#if canImport(Glibc)
  internal import Glibc
#else
  internal import Darwin
#endif

// Gaussians moved by importance weights.
extension FitEngine {
  private static let rounds = 12
  /// So much of a score is worth a round.
  private static let leastGain = 0.01
  /// log p - log q of draws of q that differ by less, in nats, need no further component.
  private static let goodDeviation = 0.15
  private static let mostAxes = 8

  /// Begins with the modes found; splits a Gaussian along its worst axis while there are fewer than
  /// asked for and the weights get better.
  mutating func mixture(_ most: Int) throws -> Fit {
    var (state, _) = try found()
    density.begin("mixture")
    if state.mixture.count > most {
      state = rechecked(Array(state.mixture.prefix(most)).normalized, as: state)
    }
    improve(&state)
    while state.mixture.count < most,
      state.check.report.logWeightDeviation > Self.goodDeviation
    {
      var candidate = rechecked(split(state), as: state)
      improve(&candidate)
      if !(score(candidate) > score(state) + Self.leastGain) { break }
      state = candidate
    }
    try refuseInfinite(state.check)
    notes.append(
      "the mixture has \(state.mixture.count) of \(most) components; more were no better")
    return concluded(state)
  }

  /// What the verdict looks at: the worth of the weights of all draws, which sees what q leaves
  /// out, less what those of q differ by.
  private func score(_ state: State) -> Double {
    let report = state.check.report
    return report.relativeEffectiveSampleSize - 0.5 * min(report.logWeightDeviation, 1)
  }

  private mutating func rechecked(_ mixture: [WeightedGaussian], as state: State) -> State {
    var next = state
    next.mixture = mixture.normalized
    next.check = check(next.mixture)
    return next
  }

  /// Rounds of Cappé et al.'s update, as long as each improves the weights of fresh draws.
  private mutating func improve(_ state: inout State) {
    for _ in 0..<Self.rounds {
      let next = rechecked(updated(state), as: state)
      if !(score(next) > score(state) + Self.leastGain) { return }
      state = next
    }
  }

  private func updated(_ state: State) -> [WeightedGaussian] {
    updated(state.mixture, state.check.points, state.check.weights.normalized).mixture
  }

  /// With the posterior probability rho_k(z) of a component at each draw of the check and its
  /// weight w, a component's weight becomes sum w rho_k, its mean and covariance those of the draws
  /// by w rho_k; the covariance is drawn towards the old one as by D + 10 draws.
  ///
  /// - Returns: The mixture, and sum w log q of the one before.
  private func updated(
    _ mixture: [WeightedGaussian], _ points: Tensor<Double>, _ weights: [Double]
  ) -> (mixture: [WeightedGaussian], logDensity: Double) {
    let n = self.n
    let whitened = mixture.map { $0.gaussian.whitened(points) }
    let terms = zip(mixture, whitened).map { part, x in
      x.rowSquares.map { log(part.weight) - part.gaussian.logDeterminant - $0 / 2 }
    }
    let totals = weights.indices.map { row in logSumExp(terms.indices) { terms[$0][row] } }
    let moved = mixture.indices.map { k -> WeightedGaussian in
      let shares = weights.indices.map { weights[$0] * exp(terms[k][$0] - totals[$0]) }
      let mass = shares.reduce(0, +)
      let old = mixture[k]
      guard mass > 1e-6 else { return WeightedGaussian(weight: 1e-6, gaussian: old.gaussian) }
      let own = shares.map { $0 / mass }
      let count = 1 / own.reduce(0) { $0 + $1 * $1 }
      let (mean, _) = whitened[k].columnMoments(weights: own)
      let centred = whitened[k] - Tensor(mean)
      let scatter = centred.scalingRows(own).transposed().matrixProduct(centred)
      let prior = Double(n) + 10
      let pooled = (scatter * count + Tensor.identity(n) * prior) * (1 / (count + prior))
      guard let factor = pooled.choleskyFactor() else { return old }
      let gaussian = FactoredGaussian(
        mean: old.gaussian.mean.adding(1, old.gaussian.factor.times(mean)),
        factor: old.gaussian.factor.matrixProduct(factor))
      return WeightedGaussian(weight: mass, gaussian: gaussian)
    }
    return (moved, zip(weights, totals).reduce(0) { $0 + $1.0 * $1.1 })
  }

  /// Two for the heaviest, at both sides of its mean along one of its axes: of a few, the one after
  /// which some updates on the same draws describe them best.
  private func split(_ state: State) -> [WeightedGaussian] {
    let (part, rest) = (state.mixture[0], state.mixture.dropFirst())
    let gaussian = part.gaussian
    let (points, weights) = (state.check.points, state.check.weights.normalized)
    let ratios = state.check.report.deviationRatios
    let axes = (0..<n).sorted { (ratios[$0], $1) > (ratios[$1], $0) }.prefix(Self.mostAxes)
    var best: (logDensity: Double, mixture: [WeightedGaussian])?
    for axis in axes {
      let column = gaussian.factor.times((0..<n).map { $0 == axis ? 1 : 0 })
      var mixture = [-0.8, 0.8].map { side in
        WeightedGaussian(
          weight: part.weight / 2,
          gaussian: FactoredGaussian(
            mean: gaussian.mean.adding(side, column), factor: gaussian.factor))
      }
      mixture += rest
      var logDensity = 0.0
      for _ in 0..<4 { (mixture, logDensity) = updated(mixture, points, weights) }
      if logDensity > best?.logDensity ?? -.infinity { best = (logDensity, mixture) }
    }
    return best?.mixture ?? state.mixture
  }
}
