// SPDX-License-Identifier: Apache-2.0

internal import Tensors

extension FitEngine {
  /// A Gaussian, a flow before it, and all that follows in the coordinates of the flow's noise.
  mutating func flow(layers: Int) throws -> Fit {
    let start = try fullRank()
    let base = start.gaussian
    var result: FlowTraining.Result?
    if n > 1 {
      density.begin("flow")
      result = FlowTraining(density: density, noise: noise, base: base, layers: layers).run()
    }
    let map = result?.map ?? FlowMap(base: base, steps: [])
    if map.steps.isEmpty {
      notes.append("the flow is no better than the Gaussian before it, and is left out")
    } else if let gain = result?.gain {
      notes.append(
        "the flow raises the ELBO by \(shown(gain.mean)) +- \(shown(gain.standardError)) nats")
    }
    let pulled = CountedDensity(
      TransformedDensity(density: density.density, map: map), progress: options.progress)
    var inner = FitEngine(pulled, options)
    pulled.begin("check")
    let standard = FactoredGaussian(
      mean: [Double](repeating: 0, count: n), factor: .identity(n))
    var isConverged = start.isConverged
    if let result, !map.steps.isEmpty { isConverged = result.isSettled }
    var state = inner.checked([
      Polish.Result(
        gaussian: standard, steps: start.steps + (result?.steps ?? 0), isConverged: isConverged,
        finiteShare: result?.finiteShare ?? start.finiteShare, bound: 0,
        lastMove: start.lastMove)
    ])
    try inner.refuseInfinite(state.check)
    let refusal = inner.missedModes(state)
    pulled.begin("walk")
    var walk = options.walks && refusal == nil && inner.needsWalk(state) ? inner.walked(state) : nil
    if let found = walk {
      let draws = map.points(found.draws)
      let columns = draws.transposed()
      walk?.draws = draws
      walk?.coordinateRHat = (0..<n).map {
        SplitRHat.plain(columns.row($0), chains: Walk.chains)
      }
    }
    let draws = map.points(
      noise.normal([options.draws / 2, n], .draws, 0).withNegatives)
    state.check.moveForward(map, own: draws)
    density.adopt(pulled, hasSameBound: true)
    return Conclusion(
      density: density, noise: noise, options: options,
      mixture: [WeightedGaussian(weight: 1, gaussian: base)], check: state.check,
      convergence: state.convergence, walk: walk, notes: notes, objective: nil,
      flow: (map.distribution, draws), refusal: refusal
    ).fit
  }
}

extension ImportanceCheck {
  /// From the coordinates of a flow's noise to those of the density.
  fileprivate mutating func moveForward(_ map: FlowMap, own draws: Tensor<Double>) {
    points = map.points(points)
    let (means, deviations) = points.columnMoments(weights: weights.normalized)
    let own = draws.columnMoments()
    report = Fit.Check(
      shape: report.shape, relativeEffectiveSampleSize: report.relativeEffectiveSampleSize,
      largestWeight: report.largestWeight,
      logWeightDeviation: report.logWeightDeviation, nonFiniteShare: report.nonFiniteShare,
      outsideShare: report.outsideShare,
      meanDifferences: means.indices.map {
        (means[$0] - own.means[$0]) / own.deviations[$0]
      },
      deviationRatios: means.indices.map { deviations[$0] / own.deviations[$0] })
  }
}
