// SPDX-License-Identifier: Apache-2.0

internal import Tensors

#if canImport(Glibc)
  internal import Glibc
#else
  internal import Darwin
#endif

/// Scaled gradient steps on KL(q || p) within N(m, S), S = diag(d)^2 + U U^T, at O(B D r) each.
///
/// Draws are z = m + d e1 + U e2. With the residual score r = grad log p(z) + S^-1 (z - m), which
/// is 0 for an exact fit and so has no noise there, the gradients of the ELBO are E[r], E[r e1] and
/// E[r e2^T], and the steps
///
///     m <- m + eta S E[r],   d <- d / sqrt(1 - eta d E[r e1]),   U <- U + eta / 2 S E[r e2^T]
///
/// Draws come in fours, with both signs of e1 and of e2, and e2 is regressed on, so that of a
/// quadratic log p the step of U has no noise either. U begins as small random numbers: along the
/// directions in which p is wider than q it grows by up to half at each step, along others it dies.
///
/// - Source: the family is that of Ong, Nott and Smith, "Gaussian variational approximation with a
///   factor covariance structure", J. Computational and Graphical Statistics 27 (2018),
///   arXiv:1701.03208; the residual that of Roeder, Wu and Duvenaud, NIPS 2017, arXiv:1703.09194.
struct LowRankPolish {
  let density: CountedDensity
  let noise: FitNoise
  let rank: Int

  private static let fewestFours = 16
  private static let stepsOfPhaseA = 150
  private static let stepsOfPhaseB = 40
  private static let tolerance = 0.03
  /// Of log p - log q, in nats, by errors of the variances.
  private static let deviationTolerance = 0.05
  private static let leastDamping = 1.0 / 64

  private struct State {
    var mean: [Double]
    var deviations: [Double]
    /// U^T, `[rank, D]`.
    var loadings: Tensor<Double>

    var factor: LowRankFactor { LowRankFactor(deviations: deviations, loadings: loadings) }
  }

  /// From independent coordinates to the optimum.
  func callAsFunction(_ start: FactoredGaussian) -> Polish.Result {
    let n = density.dimension
    density.beginRun()
    let random = noise.normal([rank, n], .lowRank, 0) * (1 / Double(n).squareRoot())
    var state = State(
      mean: start.mean, deviations: start.deviations,
      loadings: random * Tensor(start.deviations))
    var best: (bound: Double, error: Double, state: State)?
    var (damping, averaging, steps) = (1.0, 0, 0)
    var (lastMove, finiteShare, isConverged) = (Double.nan, 1.0, false)
    var bounds: [Double] = []
    while true {
      steps += 1
      guard let moments = moments(state, step: steps) else {
        finiteShare = 0
        break
      }
      finiteShare = moments.finiteShare
      density.record(
        Fit.Estimate(
          mean: moments.bound + Double(n) / 2 * log(2 * .pi), standardError: moments.error),
        step: steps)
      if let known = best, moments.bound < known.bound - 3 * (moments.error + known.error) - 1 {
        state = known.state
        damping /= 2
        best?.bound -= 1 + known.error
        if damping < Self.leastDamping { break }
        continue
      }
      if moments.bound > best?.bound ?? -.infinity {
        best = (moments.bound, moments.error, state)
      }
      bounds.append(moments.bound)
      if averaging == 0 {
        if Self.isFlat(bounds, moments.error) || steps >= Self.stepsOfPhaseA { averaging = 1 }
      } else {
        averaging += 1
      }
      let rate = damping * (averaging == 0 ? 1 : 2 / (Double(averaging) + 2))
      lastMove = rate * moments.move
      let isSmall =
        lastMove < Self.tolerance && rate * moments.change < 2 * Self.tolerance
        && rate * moments.deviation < Self.deviationTolerance
        && moments.moveError * (rate / (2 - rate)).squareRoot() < Self.tolerance
      state = moments.moved(state, rate: rate)
      if averaging >= 1, isSmall {
        isConverged = true
        break
      }
      if averaging >= Self.stepsOfPhaseB {
        isConverged = lastMove < 2 * Self.tolerance
        break
      }
    }
    return Polish.Result(
      gaussian: FactoredGaussian(mean: state.mean, lowRank: state.factor), steps: steps,
      isConverged: isConverged, finiteShare: finiteShare, bound: best?.bound ?? -.infinity,
      lastMove: lastMove)
  }

  /// Whether the last ten bounds are no better than those before.
  private static func isFlat(_ bounds: [Double], _ error: Double) -> Bool {
    guard bounds.count >= 20 else { return bounds.count >= 3 && error < 1e-8 }
    let (before, after) = (Array(bounds.suffix(20).prefix(10)), Array(bounds.suffix(10)))
    return after.mean < before.mean + max(0.05, 0.5 * error)
  }

  private struct Moments {
    let bound: Double
    let error: Double
    let finiteShare: Double
    /// Steps of full rate: of the mean, d E[r e1], and of U^T.
    let meanStep: [Double]
    let changes: [Double]
    let loadingStep: Tensor<Double>
    /// The longest step of a mean, and its standard error, in sd; the largest change of a variance.
    let move: Double
    let moveError: Double
    let change: Double
    /// sqrt(sum of changes^2 / 2): what log p - log q differs by, if it is by variances alone.
    let deviation: Double

    func moved(_ state: State, rate: Double) -> State {
      State(
        mean: state.mean.adding(rate, meanStep),
        deviations: zip(state.deviations, changes).map {
          $0 / min(max(1 - rate * $1, 0.5), 2).squareRoot()
        },
        loadings: state.loadings + loadingStep * (rate / 2))
    }
  }

  private func moments(_ state: State, step: Int) -> Moments? {
    let n = density.dimension
    let fours = max(Self.fewestFours, 2 * rank)
    let first = noise.normal([fours, n], .lowRank, step << 1)
    let second =
      rank == 0
      ? Tensor<Double>(shape: [fours, 0]) { _ in }
      : noise.orthogonalNormal(fours, dimension: rank, .lowRank, step << 1 | 1)
    let own = first * Tensor(state.deviations)
    let shared = rank == 0 ? own * 0 : second.matrixProduct(state.loadings)
    let offsets = Tensor.concatenated([own + shared, own * -1 - shared, own - shared, shared - own])
    let evaluation = density.gradients(at: offsets + Tensor(state.mean))
    let factor = state.factor
    let kept = (0..<fours).filter { row in
      (0..<4).allSatisfy { evaluation.isFinite[row + $0 * fours] }
    }
    guard kept.count >= max(4, fours / 4) else { return nil }
    let all = evaluation.gradients + factor.precisionTimes(offsets)
    let r = (0..<4).map { sign in
      all.slice(sign * fours..<(sign + 1) * fours).selectingRows(kept)
    }
    // log p less the variable part of log q: at an exact fit all are equal.
    let squares = factor.solved(offsets).rowSquares
    let values = kept.map { row in
      (0..<4).reduce(0.0) {
        $0 + evaluation.values[row + $1 * fours] + squares[row + $1 * fours] / 2
      } / 4
    }
    let count = Double(kept.count)
    let even = (r[0] + r[1] + r[2] + r[3]) * 0.25
    let steps = factor.covarianceTimes(even)
    let deviations = (0..<n).map { j in
      let columns = state.loadings.withScalars { u in
        (0..<rank).reduce(0.0) { $0 + u[$1 * n + j] * u[$1 * n + j] }
      }
      return (state.deviations[j] * state.deviations[j] + columns).squareRoot()
    }
    let (means, spreads) = steps.columnMoments()
    let e1 = first.selectingRows(kept)
    let ownOdd = (r[0] - r[1] + r[2] - r[3]) * 0.25
    let products = (ownOdd * e1).sum(along: 0).doubles
    let sizes = e1.squared().sum(along: 0).doubles
    let changes = (0..<n).map { state.deviations[$0] * products[$0] / sizes[$0] }
    var loadingStep = state.loadings
    if rank > 0 {
      let e2 = second.selectingRows(kept).transposed()
      let sharedOdd = (r[0] - r[1] - r[2] + r[3]) * 0.25
      let gram = e2.matrixProduct(e2.transposed()) + Tensor.identity(rank) * (1e-10 * count)
      guard let slope = gram.positiveDefiniteSolution(e2.matrixProduct(sharedOdd))
      else { return nil }
      loadingStep = Self.limited(factor.covarianceTimes(slope), factor)
    }
    let bound = values.mean + factor.logDeterminant
    guard bound.isFinite, means.allSatisfy(\.isFinite), loadingStep.firstNonFinite == nil
    else { return nil }
    let longest = max(1, 0.3 * Double(n).squareRoot())
    let length = factor.solved(Tensor(rows: [means])).rowSquares[0].squareRoot()
    let loadings = loadingStep / Tensor(deviations)
    return Moments(
      bound: bound, error: values.standardDeviation / count.squareRoot(),
      finiteShare: count / Double(fours),
      meanStep: means.map { length > longest ? $0 * longest / length : $0 }, changes: changes,
      loadingStep: loadingStep,
      move: zip(means, deviations).map { $0 / $1 }.largestMagnitude,
      moveError: zip(spreads, deviations).map { $0 / $1 }.largestMagnitude / count.squareRoot(),
      change: max(changes.largestMagnitude, loadings.doubles.largestMagnitude),
      deviation: (changes.dot(changes) / 2).squareRoot())
  }

  /// Rows no longer than 2 in the metric of q.
  private static func limited(_ rows: Tensor<Double>, _ factor: LowRankFactor) -> Tensor<Double> {
    rows.scalingRows(
      factor.solved(rows).rowSquares.map { $0 > 4 ? 2 / $0.squareRoot() : 1 })
  }
}
