// SPDX-License-Identifier: Apache-2.0

internal import Formats
internal import Tensors

#if canImport(Glibc)
  internal import Glibc
#else
  internal import Darwin
#endif

/// The importance-weighted and Renyi bounds as one: of K draws, with v_k = w_k^(1 - alpha) / sum,
///
///     L = log(mean of w^(1 - alpha)) / (1 - alpha),   dL = sum_k c_k (d log w_k / dz)^T dz_k
///
/// with c = alpha v + (1 - alpha) v^2, q's own parameters held in log w: the doubly reparameterised
/// gradient, in which alpha = 0 is the importance-weighted bound's and alpha = 1 the ELBO's.
///
/// - Source: Tucker, Lawson, Gu and Maddison, "Doubly reparameterized gradient estimators for Monte
///   Carlo objectives", ICLR 2019, arXiv:1810.04152, sections 4 and 8.
private struct PowerBound {
  let draws: Int
  let alpha: Double

  init(_ objective: FitObjective) {
    switch objective {
    case .elbo: (draws, alpha) = (1, 1)
    case .importanceWeighted(let count): (draws, alpha) = (count, 0)
    case .renyi(let order): (draws, alpha) = (16, order)
    }
  }

  /// The bound by one group of log weights, and the factor of each draw's gradient.
  func callAsFunction(_ logWeights: ArraySlice<Double>) -> (value: Double, factors: [Double]) {
    let power = 1 - alpha
    // Below, powers of w lose the digits that their mean has.
    if power.magnitude < 1e-6 {
      let count = Double(logWeights.count)
      return (logWeights.reduce(0, +) / count, logWeights.map { _ in 1 / count })
    }
    let terms = logWeights.map { power * $0 }
    let largest = terms.reduce(-Double.infinity) { max($0, $1) }
    guard largest.isFinite else { return (-.infinity, terms.map { _ in 0 }) }
    let weights = terms.map { exp($0 - largest) }
    let sum = weights.reduce(0, +)
    return (
      (largest + log(sum / Double(terms.count))) / power,
      weights.map { weight in
        let v = weight / sum
        return alpha * v + power * v * v
      }
    )
  }
}

/// log p - log q at m + F e, with the constants of N(m, F F^T).
private func logWeights(
  _ values: [Double], _ noise: Tensor<Double>, _ gaussian: FactoredGaussian
) -> [Double] {
  let peak = gaussian.logPeak
  return zip(values, noise.rowSquares).map { value, square in
    value.isFinite ? value + square / 2 - peak : -.infinity
  }
}

/// Adam on an objective from the ELBO's optimum, with averaged iterates.
///
/// Rates of 0.02, 0.005 and 0.002 sd; a rate ends when a window's objective is no better than the
/// one before beyond its noise. The iterates of the last rate are averaged.
struct ObjectiveAscent {
  let objective: FitObjective
  let isDiagonal: Bool
  let density: CountedDensity
  let noise: FitNoise

  private static let fewestDraws = 64
  private static let window = 50
  private static let mostWindows = 40
  private static let rates = [0.02, 0.005, 0.002]

  /// - Returns: The averaged Gaussian, and how it went, in a sentence.
  func run(from start: Polish.Result) -> (result: Polish.Result, note: String) {
    let bound = PowerBound(objective)
    let n = density.dimension
    let groups = max(4, (Self.fewestDraws + bound.draws - 1) / bound.draws)
    var ascent = GaussianAscent(start.gaussian, isDiagonal: isDiagonal)
    var average = AveragedGaussian()
    var (steps, stage, isSettled) = (0, 0, false)
    var windows: [Fit.Estimate] = []
    density.beginRun()
    while windows.count < Self.mostWindows, !isSettled {
      var (values, bounds) = ([Double](), [Double]())
      for _ in 0..<Self.window {
        steps += 1
        let noise = noise.normal([groups * bound.draws, n], .objective, steps)
        let gaussian = ascent.gaussian
        let evaluation = density.gradients(at: gaussian.points(noise))
        let weights = logWeights(
          evaluation.values.indices.map {
            evaluation.isFinite[$0] ? evaluation.values[$0] : -.infinity
          }, noise, gaussian)
        let parts = (0..<groups).map {
          bound(weights[$0 * bound.draws..<($0 + 1) * bound.draws])
        }
        let finite = parts.filter(\.value.isFinite)
        if finite.isEmpty { continue }
        values.append(finite.map(\.value).mean)
        bounds.append(weights.filter(\.isFinite).mean)
        // Draws with no density have the factor 0, but their gradient may be no number.
        let factors = zip(parts.flatMap(\.factors), evaluation.isFinite).map { $1 ? $0 : 0 }
        let rows = factors.indices.filter { factors[$0] != 0 }
        let e = noise.selectingRows(rows)
        let residuals =
          evaluation.gradients.selectingRows(rows)
          .matrixProduct(gaussian.factor) + e
        ascent.step(
          residuals: residuals.scalingRows(rows.map { factors[$0] / Double(finite.count) }),
          noise: e, rate: Self.rates[stage])
        if stage == Self.rates.count - 1 { average.add(ascent.gaussian) }
      }
      let error = values.standardDeviation / Double(max(values.count, 1)).squareRoot()
      if !bounds.isEmpty { density.record(bounds.estimate, step: steps) }
      windows.append(Fit.Estimate(mean: values.mean, standardError: error))
      guard windows.count > 1 else { continue }
      let (last, before) = (windows[windows.count - 1], windows[windows.count - 2])
      let margin =
        (last.standardError * last.standardError
        + before.standardError * before.standardError).squareRoot()
      if !(last.mean > before.mean + margin) {
        if stage < Self.rates.count - 1 { stage += 1 } else { isSettled = true }
      }
    }
    var result = start
    result.gaussian = average.gaussian ?? ascent.gaussian
    result.steps += steps
    result.isConverged = isSettled && average.count > 0
    let note =
      isSettled
      ? "\(steps.counted("step")) of Adam on the objective: the last \(Self.window) brought no gain"
      : "\(steps.counted("step")) of Adam on the objective, no more are allowed: it "
        + "was still rising"
    return (result, note)
  }
}

/// The value of an objective at a Gaussian, by draws that no step has seen.
struct ObjectiveValue {
  let objective: FitObjective
  let density: CountedDensity
  let noise: FitNoise

  private static let fewestGroups = 250
  private static let fewestDraws = 4000

  func callAsFunction(_ gaussian: FactoredGaussian) -> Fit.Estimate {
    let bound = PowerBound(objective)
    let groups = max(Self.fewestGroups, Self.fewestDraws / bound.draws)
    let noise = noise.normal(
      [groups * bound.draws, density.dimension], .objectiveValue, 0)
    let weights = logWeights(
      density.values(at: gaussian.points(noise)), noise, gaussian)
    let values = (0..<groups).map {
      bound(weights[$0 * bound.draws..<($0 + 1) * bound.draws]).value
    }.filter(\.isFinite)
    return Fit.Estimate(
      mean: values.mean,
      standardError: values.standardDeviation / Double(values.count).squareRoot())
  }
}
