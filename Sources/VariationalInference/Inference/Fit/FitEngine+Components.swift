// SPDX-License-Identifier: Apache-2.0

internal import Tensors

#if canImport(Glibc)
  internal import Glibc
#else
  internal import Darwin
#endif

// What is added to q after its first check.
extension FitEngine {
  /// A second component around the first, where p is wider than q says: a narrow peak on a wide
  /// base is two Gaussians.
  mutating func addWideComponent(_ state: inout State) {
    let report = state.check.report
    let widest = report.deviationRatios.max() ?? 1
    let isFar = report.outsideShare > 0.05
    guard isFar || widest > 1.2, state.mixture.count < 3 else { return }
    let main = state.mixture[0].gaussian
    let scale = isFar ? state.check.outside.scale : 3
    let wide = FactoredGaussian(mean: main.mean, factor: main.factor * scale)
    let rough = polish(wide, onlyRoughly: true)
    let ratios = zip(rough.gaussian.deviations, main.deviations).map { $0 / $1 }
    guard rough.bound > state.bound - Self.modeMargin, ratios.max() ?? 1 > 1.5 else { return }
    let widened = checked(
      known(state) + [polish(rough.gaussian)], after: state.convergence.steps)
    let (before, after) = (report, widened.check.report)
    guard after.relativeEffectiveSampleSize > before.relativeEffectiveSampleSize || isFar
    else { return }
    notes.append("q has a second, wider component around the first")
    state = widened
  }

  /// The components of q as results of a polish, to be joined by others.
  private func known(_ state: State) -> [Polish.Result] {
    state.mixture.map { part in
      Polish.Result(
        gaussian: part.gaussian, steps: 0, isConverged: state.convergence.isConverged,
        finiteShare: state.convergence.finiteShare, bound: state.bound + log(part.weight),
        lastMove: state.convergence.lastMove)
    }
  }

  /// Components for modes that searches from far outside q find, until they find none.
  mutating func addFarModes(_ state: inout State) {
    for round in 0..<Self.farRounds {
      let found = farModes(state, round: round)
      if found.isEmpty { return }
      state = checked(known(state) + found, after: state.convergence.steps)
      if round == 0 { notes.append("a search from far outside the first mode found another") }
    }
    state.convergence.leavesModes = true
  }

  private static let farRounds = 5

  private mutating func farModes(_ state: State, round: Int) -> [Polish.Result] {
    let means = density.values(at: Tensor(rows: state.mixture.map(\.gaussian.mean)))
    let highest = means.reduce(-Double.infinity) { $1.isFinite ? max($0, $1) : $0 }
    let places = FarSearch(density: density, noise: noise, round: round).run(
      state.mixture, check: state.check, highest: highest)
    var found: [Polish.Result] = []
    for place in places.prefix(6) where found.count < 4 {
      let laplace = LaplaceSearch(density: density).run(
        from: place, factor: state.mixture[0].gaussian.factor)
      let others = state.mixture.map(\.gaussian) + found.map(\.gaussian)
      guard laplace.isPositiveDefinite,
        others.allSatisfy({ isFurther(laplace.gaussian, beside: $0) })
      else { continue }
      let rough = polish(laplace.gaussian, onlyRoughly: true)
      guard rough.bound > state.bound - Self.modeMargin,
        others.allSatisfy({ isFurther(rough.gaussian, beside: $0) })
      else { continue }
      found.append(polish(rough.gaussian))
    }
    return found
  }

  /// Whether a Gaussian is one that q lacks: apart from another, or a needle within it.
  private func isFurther(_ new: FactoredGaussian, beside old: FactoredGaussian) -> Bool {
    areApart(old, new)
      || (new.distance(to: old.mean) > max(3, 0.3 * Double(n).squareRoot())
        && new.logDeterminant < old.logDeterminant - Double(n) * log(3))
  }
}
