// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing
import VariationalInference

@Suite("Fit")
struct FitTests {
  /// What the fit's draws say of a target: the largest error of a mean in true deviations, and the
  /// smallest and largest ratio of a deviation to the true one.
  private func errors(
    _ fit: Fit, _ target: KnownTarget
  ) -> (mean: Double, ratios: ClosedRange<Double>) {
    let n = target.density.dimension
    let all = fit.draws.points.scalars
    let rows = fit.draws.weights.indices.map {
      target.quantities(Array(all[$0 * n..<($0 + 1) * n]))
    }
    var (worst, least, most) = (0.0, Double.infinity, 0.0)
    for j in target.means.indices {
      let mean = zip(rows, fit.draws.weights).reduce(0) { $0 + $1.1 * $1.0[j] }
      let variance = zip(rows, fit.draws.weights).reduce(0) {
        $0 + $1.1 * ($1.0[j] - mean) * ($1.0[j] - mean)
      }
      let ratio = variance.squareRoot() / target.deviations[j]
      worst = max(worst, (mean - target.means[j]).magnitude / target.deviations[j])
      (least, most) = (min(least, ratio), max(most, ratio))
    }
    return (worst, least...most)
  }

  @Test("a normal posterior: one step, exact moments, the ELBO is the evidence")
  func normal() throws {
    let (means, deviations) = ((0..<6).map(Double.init), (1...6).map(Double.init))
    let fit = try KnownTarget.normal(means, deviations).fit()
    #expect(fit.verdict == .use && fit.convergence.steps == 1 && fit.convergence.isConverged)
    let component = try #require(fit.components.first)
    #expect(fit.components.count == 1 && component.weight == 1)
    #expect(relativeError(component.mean, means) < 1e-7)
    let covariance = component.factor.matrixProduct(component.factor.transposed())
    let exact = SmallMatrix(diagonal: deviations.map { $0 * $0 }).elements
    #expect(relativeError(covariance.scalars, exact) < 1e-6)
    // log of the integral: D/2 log 2 pi + sum log sd.
    let evidence = 3 * log(2 * Double.pi) + deviations.reduce(0) { $0 + log($1) }
    #expect((fit.elbo.mean - evidence).magnitude < 1e-9 && fit.elbo.standardError < 1e-9)
    #expect((fit.logEvidence.mean - evidence).magnitude < 4 * fit.logEvidence.standardError + 1e-3)
    #expect(fit.check.logWeightDeviation < 1e-9 && fit.walk == nil && fit.advice == [])
    #expect(fit.notes == ["one mode found from 8 starts"])
    #expect(fit.gradientEvaluations < 500, "\(fit.counts)")
    #expect(fit.draws.points.shape == [4000, 6])
  }

  /// The rule of the verdicts: none to use anything beside a mean wrong by more than 0.3 sd, or an
  /// sd outside 0.7 to 1.4 of the true one.
  @Test("no verdict is dishonest", arguments: try KnownTarget.all(), [UInt64(100), 101])
  func honest(_ target: KnownTarget, _ seed: UInt64) throws {
    let fit = try target.density.fit(FitOptions(seed: seed))
    if fit.verdict == .doNotUse { return }
    let (mean, ratios) = errors(fit, target)
    #expect(mean <= 0.3, "\(fit.verdict) \(fit.reasons)")
    #expect((0.7...1.4).contains(ratios.lowerBound), "\(fit.verdict) \(fit.reasons)")
    #expect((0.7...1.4).contains(ratios.upperBound), "\(fit.verdict) \(fit.reasons)")
  }

  @Test(
    "what can be fitted is",
    arguments: [
      (try KnownTarget.correlated(), Verdict.use), (try .studentT(5), .useWeighted),
      (try .mixtureTarget("two modes", 5, [(0.5, -5, 1), (0.5, 5, 1)]), .use),
      (try .mixtureTarget("one side", 5, [(0.5, 6, 1), (0.5, 14, 1)]), .use),
      (try .mixtureTarget("narrow peak", 5, [(0.5, 0, 0.01), (0.5, 0, 1)]), .use),
      (try .eightSchools(centred: false), .useWalked), (try .banana(0.5, 2), .useWalked),
      (try .funnel(3), .doNotUse),
    ])
  func verdicts(_ target: KnownTarget, _ verdict: Verdict) throws {
    let fit = try target.density.fit()
    #expect(fit.verdict == verdict, "\(fit.reasons)")
    #expect(!fit.reasons.isEmpty && (verdict == .use) == fit.advice.isEmpty)
    let total = fit.draws.weights.reduce(0, +)
    #expect((total - 1).magnitude < 1e-9)
  }

  @Test("the same seed gives the same bits, another seed others")
  func repeated() throws {
    let density = try KnownTarget.eightSchools(centred: false).density
    let (a, b) = (try density.fit(FitOptions(seed: 3)), try density.fit(FitOptions(seed: 3)))
    #expect(a.draws.points.scalars == b.draws.points.scalars)
    #expect(a.importanceLogWeights == b.importanceLogWeights && a.reasons == b.reasons)
    #expect(a.elbo.mean == b.elbo.mean && a.gradientEvaluations == b.gradientEvaluations)
    let c = try density.fit(FitOptions(seed: 4))
    #expect(a.elbo.mean != c.elbo.mean)
  }

  @Test("without walks, what q does not fit is not to be used")
  func withoutWalks() throws {
    let density = try KnownTarget.banana(0.5, 2).density
    let fit = try density.fit(FitOptions(walks: false))
    #expect(fit.verdict == .doNotUse && fit.walk == nil)
    #expect(fit.reasons.contains { $0.contains("no chains were allowed") }, "\(fit.reasons)")
  }

  @Test("the worst coordinate is named")
  func advice() throws {
    let fit = try KnownTarget.eightSchools(centred: true).density.fit()
    #expect(fit.advice.contains { $0.contains("`log_tau`") }, "\(fit.advice)")
  }

  /// Log p is finite only where no drawn start lies.
  @Test("a start of the user's is searched from")
  func ownStart() throws {
    let density = try KnownTarget.rows(2) { x, gradient in
      guard x[0] > 25 else { return -.infinity }
      gradient = [30 - x[0], -x[1]]
      return -((x[0] - 30) * (x[0] - 30) + x[1] * x[1]) / 2
    }
    #expect(throws: FitError.self) { try density.fit() }
    let fit = try density.fit(FitOptions(starts: [[28, 1]]))
    #expect(fit.verdict == .use)
    #expect((try #require(fit.components.first).mean[0] - 30).magnitude < 1e-6)
    #expect(fit.notes.contains("4 of 4 drawn starts found no finite density"), "\(fit.notes)")
  }

  @Test("places where log p is not finite are no error")
  func holes() throws {
    // A quarter of the plane is missing, where the posterior has next to nothing.
    let density = try KnownTarget.rows(2) { x, gradient in
      if x[0] < -4 && x[1] < -4 { return .nan }
      gradient = [1 - x[0], 1 - x[1]]
      return -((x[0] - 1) * (x[0] - 1) + (x[1] - 1) * (x[1] - 1)) / 2
    }
    let fit = try density.fit()
    #expect(fit.verdict == .use, "\(fit.reasons)")
  }
}
