// SPDX-License-Identifier: Apache-2.0

internal import Tensors

/// From all that was measured to a verdict, in words.
struct Conclusion {
  let density: CountedDensity
  let noise: FitNoise
  let options: FitOptions
  let mixture: [WeightedGaussian]
  let check: ImportanceCheck
  let convergence: Fit.Convergence
  let walk: Walk.Result?
  let notes: [String]
  /// What was maximised, where that is not the ELBO.
  var objective: Fit.Estimate?
  /// What bends q, where it is no mixture of Gaussians, and its draws.
  var flow: (map: CouplingFlow<Double>, draws: Tensor<Double>)?
  /// Why the fit is not to be used, whatever the check says: what it cannot see.
  var refusal: (reason: String, advice: [String])?

  private var report: Fit.Check { check.report }

  /// The whole result.
  var fit: Fit {
    let walk = walkReport
    let (verdict, reasons) = judged(walk)
    return Fit(
      options: options, coordinateNames: density.names,
      components: mixture.map {
        Fit.Component(weight: $0.weight, mean: $0.gaussian.mean, factor: $0.gaussian.factor)
      },
      flow: flow?.map, elbo: check.elbo, objective: objective ?? check.elbo,
      logEvidence: check.logEvidence, verdict: verdict, reasons: reasons,
      advice: advice(verdict, walk), notes: notes, convergence: convergence, check: report,
      walk: walk,
      importanceDraws: Fit.Draws(points: check.points, weights: check.weights.normalized),
      importanceLogWeights: check.logWeights, draws: draws(verdict), surrogateDraws: drawsOfQ,
      course: density.course, counts: density.counts.filter { $0.gradients + $0.densities > 0 })
  }

  private var walkReport: Fit.Walk? {
    guard let walk else { return nil }
    let (means, deviations) = walk.draws.columnMoments()
    let weighted = check.points.columnMoments(weights: check.weights.normalized)
    return Fit.Walk(
      coordinateRHat: walk.coordinateRHat, rHat: walk.rHat, acceptance: walk.acceptance,
      divergentShare: walk.divergentShare, hasStuckChains: walk.hasStuckChains,
      rounds: walk.rounds,
      meanErrors: zip(walk.coordinateRHat, deviations).map { rHat, deviation in
        (max(rHat * rHat - 1, 0) / Double(Walk.chains)).squareRoot() * deviation
      },
      contradictsWeights: VerdictRules.contradicts(
        report, weighted: weighted, walked: (means, deviations)))
  }

  private func judged(_ walk: Fit.Walk?) -> (Verdict, [String]) {
    if let refusal { return (.doNotUse, [refusal.reason]) }
    let objections = VerdictRules.objections(to: report, convergence: convergence)
    let spread =
      "the log weights of q's draws differ by \(shown(report.logWeightDeviation)) nats (sd)"
    let size =
      "the importance weights are worth "
      + "\(VerdictRules.percent(report.relativeEffectiveSampleSize)) of their number"
    if objections.use.isEmpty {
      let misfits = objections.weighted.isEmpty ? quantityObjections : []
      return misfits.isEmpty ? (.use, [spread, size]) : (.useWeighted, misfits + [size])
    }
    if objections.weighted.isEmpty { return (.useWeighted, objections.use + [size]) }
    let own =
      objections.use.count > objections.weighted.count ? objections.use : objections.weighted
    guard let walk else {
      let missing =
        options.walks ? "no chain could start" : "no chains were allowed to correct q"
      return (.doNotUse, own + [missing])
    }
    let against = VerdictRules.objections(
      to: walk, report, convergence: convergence)
    if !against.isEmpty { return (.doNotUse, own + against) }
    return (
      .useWalked,
      own + ["\(Walk.chains) chains from q's draws agree: R-hat is \(shown(walk.rHat))"]
    )
  }

  /// What weights say against q on the parameters' own scale and of derived values: the tail of one may be
  /// all that the data say of it, and hardly move a coordinate.
  private var quantityObjections: [String] {
    guard flow == nil else { return [] }
    let model = density.density
    return VerdictRules.objections(
      quantities: model.quantityNames, ofQ: model.quantities(at: drawsOfQ).columnMoments(),
      weighted: model.quantities(at: check.points)
        .columnMoments(weights: check.weights.normalized))
  }

  /// The moments that are thought best: the walk's, else the weighted ones.
  private var bestMoments: (means: [Double], deviations: [Double]) {
    walk?.draws.columnMoments() ?? check.points.columnMoments(weights: check.weights.normalized)
  }

  private func advice(_ verdict: Verdict, _ walk: Fit.Walk?) -> [String] {
    if verdict == .use { return [] }
    if let refusal { return refusal.advice }
    let (means, deviations) = flow?.draws.columnMoments() ?? mixture.moments
    let best = bestMoments
    let misfits = means.indices.map { j -> (move: Double, ratio: Double, size: Double) in
      let move = (best.means[j] - means[j]) / deviations[j]
      let ratio = best.deviations[j] / deviations[j]
      return (move, ratio, max(move.magnitude, (max(ratio, 1 / ratio) - 1)))
    }
    let order = misfits.indices.sorted { misfits[$0].size > misfits[$1].size }
    let worst = order.prefix(3).filter { misfits[$0].size > 0.1 }.map { j in
      "`\(density.names[j])` (mean off by \(shown(misfits[j].move)) sd, "
        + "sd \(shown(misfits[j].ratio)) times q's)"
    }
    var advice: [String] = []
    if !worst.isEmpty {
      advice.append("q fits worst: \(worst.joined(separator: ", "))")
    }
    switch verdict {
    case .use: break
    case .useWeighted: advice.append("use the draws with their weights, not q alone")
    case .useWalked:
      advice.append("use the chains' draws: q leaves out what they found")
    case .doNotUse:
      if let first = order.first, !worst.isEmpty {
        advice.append(
          "if `\(density.names[first])` is the scale of a group, or one of a group, try the "
            + "group's other form, centred or non-centred")
      }
      if !options.walks { advice.append("allow walks") }
      if let widest = deviations.indices.max(by: { deviations[$0] < deviations[$1] }),
        deviations[widest] > 1e5
      {
        advice.append(
          "`\(density.names[widest])` has sd \(shown(deviations[widest])) under q: give it a "
            + "prior if it has none")
      }
      advice.append("give starts, stronger priors, or run NUTS from these draws")
    }
    return advice
  }

  private func draws(_ verdict: Verdict) -> Fit.Draws {
    if verdict == .useWeighted {
      return Fit.Draws(points: check.points, weights: check.weights.normalized)
    }
    if verdict == .useWalked, let walk { return Self.equallyWeighted(walk.draws) }
    return Self.equallyWeighted(drawsOfQ)
  }

  private var drawsOfQ: Tensor<Double> {
    if let flow { return flow.draws }
    let n = density.dimension
    let blocks = mixture.enumerated().map { index, part in
      let pairs = max(1, Int((part.weight * Double(options.draws) / 2).rounded()))
      return part.gaussian.points(noise.normal([pairs, n], .draws, index).withNegatives)
    }
    return .concatenated(blocks)
  }

  private static func equallyWeighted(_ points: Tensor<Double>) -> Fit.Draws {
    let count = points.shape[0]
    return Fit.Draws(
      points: points, weights: [Double](repeating: 1 / Double(count), count: count))
  }
}
