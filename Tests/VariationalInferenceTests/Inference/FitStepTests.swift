// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing
import VariationalInference

@Suite("Steps of a fit")
struct FitStepTests {
  private func counted(_ density: HandWrittenDensity) -> CountedDensity {
    let counted = CountedDensity(density)
    counted.begin("test")
    return counted
  }

  private func rosenbrock() throws -> HandWrittenDensity {
    try KnownTarget.rows(2) { x, gradient in
      let (a, b) = (1 - x[0], x[1] - x[0] * x[0])
      gradient = [2 * a + 400 * x[0] * b, -200 * b]
      return -(a * a + 100 * b * b)
    }
  }

  private func path(_ density: CountedDensity, _ number: Int, from point: [Double]) -> DescentPath {
    let first = density.gradients(at: Tensor(point, shape: [1, point.count]))
    return DescentPath(
      number: number, point: point, value: first.values[0], gradient: first.gradients.scalars)
  }

  /// A search by the same rules in NumPy took 43 evaluations from there, the first included.
  @Test("L-BFGS on Rosenbrock's valley")
  func valley() throws {
    let density = counted(try rosenbrock())
    var paths = [path(density, 0, from: [-1.2, 1])]
    PathSearch.run(&paths, evaluate: density.gradients)
    #expect(paths[0].end == .converged)
    #expect(relativeError(paths[0].point, [1, 1]) < 1e-4, "\(paths[0].point)")
    #expect((42...44).contains(density.counts[0].gradients), "\(density.counts[0].gradients)")
  }

  @Test("searches side by side go as each would alone, to the bit")
  func sideBySide() throws {
    let density = counted(try rosenbrock())
    let starts = [[-1.2, 1], [0, 0], [2, -3]]
    var together = starts.enumerated().map { path(density, $0, from: $1) }
    PathSearch.run(&together, evaluate: density.gradients)
    for (index, start) in starts.enumerated() {
      var alone = [path(density, index, from: start)]
      PathSearch.run(&alone, evaluate: density.gradients)
      #expect(alone[0].point == together[index].point)
      #expect(alone[0].iteration == together[index].iteration)
    }
  }

  /// log p = -(x - m)^T A (x - m) / 2: the factor is one of A^-1.
  @Test("Newton's factor is that of the inverse Hessian")
  func newton() throws {
    let (a, b, c) = (2.0, 0.6, 0.5)
    let density = counted(
      try KnownTarget.rows(2) { x, gradient in
        let (u, v) = (x[0] - 1, x[1] + 2)
        gradient = [-(a * u + b * v), -(b * u + c * v)]
        return -(a * u * u + 2 * b * u * v + c * v * v) / 2
      })
    let start = path(density, 0, from: [5, 5])
    let result = LaplaceSearch(density: density).run(
      from: start.place, factor: Tensor([1, 0, 0, 1], shape: [2, 2]))
    #expect(result.isPositiveDefinite)
    #expect(relativeError(result.gaussian.mean, [1, -2]) < 1e-6)
    let factor = result.gaussian.factor
    let determinant = a * c - b * b
    let inverse = [c, -b, -b, a].map { $0 / determinant }
    #expect(
      relativeError(factor.matrixProduct(factor.transposed()).scalars, inverse) < 1e-6)
  }

  @Test("the polish stays at a normal posterior, and comes back to it in a few steps")
  func fixedPoint() throws {
    let density = counted(try KnownTarget.normal([1, -2], [0.5, 3]))
    let polish = Polish(density: density, noise: FitNoise(seed: 1), run: 1)
    let exact = FactoredGaussian(mean: [1, -2], factor: Tensor([0.5, 0, 0, 3], shape: [2, 2]))
    let kept = polish(exact)
    #expect(kept.isConverged && kept.steps == 1)
    #expect(relativeError(kept.gaussian.mean, exact.mean) < 1e-12)
    #expect(relativeError(kept.gaussian.factor.scalars, exact.factor.scalars) < 1e-12)
    // log |F| + E log p + D / 2 = log 1.5: the evidence less D/2 log 2 pi.
    #expect((kept.bound - log(1.5)).magnitude < 1e-9 || kept.bound < log(1.5) + 0.5)
    let off = FactoredGaussian(mean: [2, 0], factor: Tensor([1, 0, 1, 1], shape: [2, 2]))
    let found = polish(off)
    #expect(found.isConverged)
    // A search ends with a step below 0.03 sd, and below 6 % of a variance.
    for (j, deviation) in [0.5, 3.0].enumerated() {
      #expect((found.gaussian.mean[j] - exact.mean[j]).magnitude < 0.03 * deviation)
    }
    #expect(
      relativeError(found.gaussian.factor.scalars, exact.factor.scalars) < 0.03,
      "\(found.gaussian.factor)")
  }

  /// Numbers of the same formulas in NumPy, for the same weights; 2,500 weights, so that the tail
  /// has 150 of them however it is rounded.
  @Test("smoothed weights and their shape")
  func smoothedWeights() throws {
    let logWeights = (0..<2500).map { (index: Int) -> Double in
      let i = Double(index)
      return 2 * sin(i * 1.7) + 1.3 * cos(0.37 * i * i / 100) + 0.8 * log1p(Double(index % 97))
    }
    let weights = SmoothedWeights(logWeights: logWeights)
    let shape = try #require(weights.shape)
    #expect((shape - -0.22525630626036106).magnitude < 1e-6)
    #expect((weights.relativeEffectiveSampleSize - 0.2241082236640049).magnitude < 1e-7)
    #expect((weights.normalized[7] - 2.9347220387482117e-05).magnitude < 1e-11)
    #expect((weights.normalized[2418] - 0.005332501327190278).magnitude < 1e-9)
    #expect((weights.normalized[1162] - 0.001784622779388398).magnitude < 1e-9)
    let heavy = SmoothedWeights(
      logWeights: (0..<2500).map { -0.9 * log((Double($0) + 0.5) / 2500) })
    #expect((try #require(heavy.shape) - 0.8629530465386981).magnitude < 1e-6)
    #expect((heavy.relativeEffectiveSampleSize - 0.019542050033201534).magnitude < 1e-7)
  }

  @Test("weights that are all equal, or all 0")
  func degenerateWeights() {
    let equal = SmoothedWeights(logWeights: [Double](repeating: 700, count: 100))
    #expect(equal.shape == nil && equal.logMean == 700)
    #expect((equal.relativeEffectiveSampleSize - 1).magnitude < 1e-12)
    let none = SmoothedWeights(logWeights: [-.infinity, .nan])
    #expect(none.normalized == [0, 0] && none.relativeEffectiveSampleSize == 0)
    #expect(none.logMean == -.infinity)
  }

  /// Two chains of six: by the same formula in NumPy.
  @Test("split R-hat, plain and folded")
  func rHat() {
    let values: [Double] = [1, 2, 2, 4, 3, 3, 4, 7, 2, 5, 1, 6]
    #expect((SplitRHat.plain(values, chains: 2) - 1.7795130420052185).magnitude < 1e-12)
    #expect((SplitRHat.folded(values, chains: 2) - 1.509230856356236).magnitude < 1e-12)
  }
}
