// SPDX-License-Identifier: Apache-2.0

internal import Tensors

#if canImport(Glibc)
  internal import Glibc
#else
  internal import Darwin
#endif

/// Natural-gradient steps on KL(q || p) in the coordinates of q = N(m, F F^T).
///
/// With z = m + F e and the residual score r = F^T grad log p(z) + e, which is 0 for an exact fit,
/// the step is
///
///     m <- m + F Lambda^-1 eta E[r],   F <- F Lambda^-1/2,   Lambda = I - eta E[r e^T]
///
/// E[r e^T] is a regression of the odd part of r on e, which is exact for a quadratic log p as soon
/// as there are D draws. First steps are full (phase A); then eta = 2 / (k + 2), which averages the
/// noise of the draws away (phase B).
///
/// - Source: Lin, Khan and Schmidt, "Handling the positive-definite constraint in the Bayesian
///   learning rule", ICML 2020; Opper and Archambeau, "The variational Gaussian approximation
///   revisited", Neural Computation 21 (2009).
package struct Polish {
  let density: CountedDensity
  let noise: FitNoise
  /// Names the sequences of random numbers of this run.
  let run: Int
  /// Whether coordinates stay independent under q.
  var isDiagonal = false

  package init(density: CountedDensity, noise: FitNoise, run: Int) {
    (self.density, self.noise, self.run) = (density, noise, run)
  }

  private static let fewestPairs = 32
  private static let mostPairs = 256
  private static let stepsOfPhaseA = 25
  private static let stepsOfPhaseB = 12
  /// What a step must be smaller than, in standard deviations of a coordinate.
  private static let tolerance = 0.03
  private static let mostRetreats = 8
  private static let mostShrinkings = 10

  /// What came out.
  package struct Result {
    package var gaussian: FactoredGaussian
    package var steps = 0
    /// Whether the last steps were within the tolerance.
    package var isConverged = false
    /// The share of pairs of draws at which log p was finite, at the last step.
    var finiteShare = 1.0
    /// The best ELBO met, less D/2 log 2 pi.
    package var bound = -Double.infinity
    /// How far the last step moved a mean, at most, and how uncertain that is, in sd.
    var lastMove = Double.nan
  }

  /// A state that was the best so far.
  private struct Best {
    var bound: Double
    var error: Double
    let gaussian: FactoredGaussian
  }

  /// Polishes a Gaussian.
  ///
  /// - Parameters:
  ///   - start: Where to begin.
  ///   - onlyRoughly: Ends with phase A, before the step that would begin phase B.
  /// - Returns: The Gaussian, and how the steps ended.
  package func callAsFunction(
    _ start: FactoredGaussian, onlyRoughly: Bool = false
  ) -> Result {
    let n = density.dimension
    density.beginRun()
    var result = Result(gaussian: start)
    var pairs = max(Self.fewestPairs, n)
    var (damping, retreats, shrinkings, averaging) = (1.0, 0, 0, 0)
    var best: Best?
    var bounds: [(value: Double, error: Double)] = []
    while true {
      result.steps += 1
      let step = PolishStep(
        result.gaussian, density: density,
        half: noise.orthogonalNormal(pairs, dimension: n, .polish, run << 12 | result.steps),
        isDiagonal: isDiagonal)
      result.finiteShare = step.finiteShare
      guard let step = step.moments else {
        result.gaussian = FactoredGaussian(
          mean: result.gaussian.mean, factor: result.gaussian.factor * 0.5)
        shrinkings += 1
        if shrinkings > Self.mostShrinkings { break }
        continue
      }
      density.record(step.elbo, step: result.steps)
      if let known = best, step.bound < known.bound - 3 * step.boundError - 3 * known.error - 1 {
        result.gaussian = known.gaussian
        damping = max(damping / 2, 1.0 / 16)
        best?.bound -= 1 + known.error
        retreats += 1
        if retreats > Self.mostRetreats { break }
        continue
      }
      if step.bound > best?.bound ?? -.infinity {
        best = Best(bound: step.bound, error: step.boundError, gaussian: result.gaussian)
      }
      var rate = damping
      if averaging == 0 {
        bounds.append((step.bound, step.boundError))
        let isNear =
          (step.move < 0.1 + 3 * step.moveError && step.change < 0.3 + 2 * step.moveError)
          || Self.isFlat(bounds)
        let isLate = result.steps >= Self.stepsOfPhaseA
        if onlyRoughly, isNear || isLate {
          result.isConverged = isNear
          break
        }
        if isNear || isLate {
          averaging = 1
          let isExact =
            step.moveError <= 0.3 * Self.tolerance && step.move <= Self.tolerance
            && step.change <= 0.1
          rate = isNear && isExact ? 1 : 0.67
        }
      } else {
        averaging += 1
        rate = 2 / (Double(averaging) + 2)
      }
      let uncertainty = step.moveError * (rate / (2 - rate)).squareRoot()
      if [4, 6, 8].contains(averaging), uncertainty > Self.tolerance,
        2 * pairs <= max(Self.mostPairs, n)
      {
        pairs *= 2
      }
      result.gaussian = step.moved(result.gaussian, rate: rate)
      result.lastMove = rate * step.move
      if averaging >= 1, rate * step.move < Self.tolerance, uncertainty < Self.tolerance,
        rate * step.change < 2 * Self.tolerance
      {
        result.isConverged = true
        break
      }
      if averaging >= Self.stepsOfPhaseB
        || (averaging >= 5 && !isDiagonal && step.logWeightDeviation > 0.8)
      {
        result.isConverged = rate * step.move < 2 * Self.tolerance
        break
      }
    }
    result.bound = best?.bound ?? -.infinity
    if !onlyRoughly, let best { keepBetter(best, &result) }
    return result
  }

  /// The best state instead of the last, where the last is clearly worse.
  private func keepBetter(_ best: Best, _ result: inout Result) {
    let n = density.dimension
    let last = density.bounds([result.gaussian], pairs: 16) { _ in
      noise.normal([16, n], .finalBounds, run)
    }[0]
    if !(last > best.bound - 2 - 3 * best.error - 0.05 * Double(n)) {
      result.gaussian = best.gaussian
      result.isConverged = false
    }
  }

  /// Whether the last three of more than five bounds bring nothing.
  private static func isFlat(_ bounds: [(value: Double, error: Double)]) -> Bool {
    guard bounds.count > 5, let last = bounds.last else { return false }
    let before = bounds.dropLast(3).reduce(-Double.infinity) { max($0, $1.value) }
    let after = bounds.suffix(3).reduce(-Double.infinity) { max($0, $1.value) }
    return after < before + 2 * last.error + 0.05
  }
}
