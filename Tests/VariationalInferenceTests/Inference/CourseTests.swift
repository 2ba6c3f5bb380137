// SPDX-License-Identifier: Apache-2.0

import Testing
import VariationalInference

@Suite("The course of a fit")
struct CourseTests {
  /// Coins and a normal, whose posterior is nearly normal.
  private static let model = Model { z in
    let p = z.latent("p", Beta(2, 2))
    let mu = z.latent("mu", Normal(0, 3))
    z.observe("heads", Bernoulli(p), (0..<60).map { $0 % 3 == 0 ? 1.0 : 0 })
    z.observe("y", Normal(mu, 1), [0.3, 1.1, -0.4, 0.9])
  }

  @Test("a normal posterior: the first step has the evidence without error")
  func normal() throws {
    let fit = try KnownTarget.normal([0, 1, 2], [1, 2, 3]).fit()
    let point = try #require(fit.course.first)
    #expect(fit.course.count == 1 && point.step == 1 && point.run == 1 && point.stage == "polish")
    #expect((point.elbo.mean - fit.elbo.mean).magnitude < 1e-6)
    #expect(point.elbo.standardError < 1e-6)
  }

  @Test("the last ELBO is that of the fit, within five errors of both and the last step")
  func lastPoint() throws {
    for seed in 0..<4 as Range<UInt64> {
      let fit = try Self.model.density().fit(FitOptions(seed: seed))
      let last = try #require(fit.course.last)
      let error =
        (last.elbo.standardError * last.elbo.standardError
        + fit.elbo.standardError * fit.elbo.standardError).squareRoot()
      #expect(fit.components.count == 1)
      // The last point is of q before the last step, which may still gain some thousandths.
      #expect((last.elbo.mean - fit.elbo.mean).magnitude < 5 * error + 0.01, "seed \(seed)")
      // Log p - log q hardly differs from draw to draw: the error must say so.
      #expect(last.elbo.standardError < 0.1)
    }
  }

  @Test("steps count up in each run, gradients over all of them")
  func order() throws {
    let fit = try KnownTarget.mixture(2, [(0.4, -4, 0.7), (0.6, 4, 1)]).fit()
    let course = fit.course
    #expect(course.count >= 2 && Set(course.map(\.run)).count > 1)
    for (point, next) in zip(course, course.dropFirst()) {
      #expect(point.gradientEvaluations < next.gradientEvaluations)
      #expect(next.run >= point.run)
      #expect(next.run == point.run ? next.step > point.step : next.step == 1)
    }
    #expect((course.last?.gradientEvaluations ?? .max) <= fit.gradientEvaluations)
    let stages = Set(fit.counts.map(\.stage))
    #expect(course.allSatisfy { stages.contains($0.stage) })
  }

  @Test(
    "families that take steps have a course that ends at their ELBO",
    arguments: [FitFamily.meanField, .lowRank(1), .flow(layers: 2)])
  func families(_ family: FitFamily) throws {
    let fit = try Self.model.density().fit(FitOptions(seed: 1, family: family))
    // Searches for other modes come last; they are no part of q.
    let own = fit.course.last { $0.stage != "far modes" }
    let last = try #require(own)
    let error =
      (last.elbo.standardError * last.elbo.standardError
      + fit.elbo.standardError * fit.elbo.standardError).squareRoot()
    // A window of Adam's steps is of many q, some hundredths of a nat apart.
    #expect((last.elbo.mean - fit.elbo.mean).magnitude < 5 * error + 0.03)
  }

  @Test("where no steps are taken there is no course")
  func none() throws {
    let fit = try Self.model.density().fit(FitOptions(family: .laplace))
    #expect(fit.course.isEmpty)
  }
}
