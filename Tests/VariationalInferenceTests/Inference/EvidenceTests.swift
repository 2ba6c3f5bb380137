// SPDX-License-Identifier: Apache-2.0

import Foundation
import PosteriorModels
import TestSupport
import Testing
import VariationalInference

@Suite("Evidence of fits")
struct EvidenceTests {
  @Test("conjugate models: bounds below, estimates at log p(x)", arguments: ConjugateModel.all)
  func conjugate(_ known: ConjugateModel) throws {
    let exact = known.logEvidence(known.data)
    let report = try known.model.fit().evidence()
    #expect(report.elbo.isBelow(exact))
    #expect(report.annealed.bound.isBelow(exact))
    #expect(report.importance.isNear(exact))
    #expect(report.annealed.estimate.isNear(exact))
    #expect(report.annealed.backwardEstimate.isNear(exact))
    #expect(report.annealed.estimate.standardError < 0.01)
    #expect(report.annealed.isReliable && report.annealed.isWithinTolerance)
    #expect(report.contradictions.isEmpty && !report.isUpToAConstant, "\(report)")
    #expect(report.best.value.mean >= max(report.elbo.mean, report.annealed.bound.mean))
    #expect(report.annealed.remainingDivergence.mean > -0.01)
  }

  @Test("few steps: the weights' mean is p(x) whatever the path, over many seeds")
  func unbiased() throws {
    let target = try KnownTarget.logGamma(2, mean: 0, variance: 1)
    let posterior = try target.density.posterior(FitOptions(walks: false))
    let runs = (0..<40).map { seed in
      posterior.annealedEvidence(AnnealingOptions(seed: UInt64(seed), chains: 100, steps: 3))
    }
    // The integral of exp(2 x - exp(x)) is 1.
    let weights = runs.flatMap { $0.logWeights.map { exp($0) } }
    let mean = weights.reduce(0, +) / Double(weights.count)
    let squares = weights.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    let error = squares.squareRoot() / Double(weights.count)
    #expect((mean - 1).magnitude < standardErrors * error, "\(mean) +- \(error)")
    #expect(error < 0.05)
    // So short a path leaves the bound far below.
    let bound = runs.reduce(0) { $0 + $1.bound.mean } / Double(runs.count)
    #expect(bound < -0.1 && bound > posterior.fit.elbo.mean, "\(bound)")
    #expect(runs.allSatisfy { !$0.isWithinTolerance && $0.estimate.mean > $0.bound.mean })
  }

  @Test("several components: each chain in its own coordinates")
  func mixtures() throws {
    for target in [
      try KnownTarget.mixtureTarget("", 3, [(0.9, -3, 1), (0.1, 3, 1)]),
      try KnownTarget.mixtureTarget("", 2, [(0.5, 0, 1), (0.5, 0, 3)]),
    ] {
      let posterior = try target.density.posterior()
      #expect(posterior.fit.components.count > 1)
      let exact = Double(target.density.dimension) / 2 * log(2 * .pi)
      let annealed = posterior.annealedEvidence()
      #expect(annealed.bound.isBelow(exact) && annealed.estimate.isNear(exact), "\(annealed)")
      #expect(annealed.estimate.standardError < 0.02)
    }
  }

  @Test("a density that ends: chains that begin outside have weight 0")
  func restricted() throws {
    // N(0, I) where the first coordinate is above -0.5: half of q's draws may be outside.
    let density = try KnownTarget.rows(2) { x, gradient in
      gradient = x.map { -$0 }
      return x[0] > -0.5 ? -(x[0] * x[0] + x[1] * x[1]) / 2 : -.infinity
    }
    let posterior = try density.posterior(FitOptions(walks: false))
    let annealed = posterior.annealedEvidence(AnnealingOptions(chains: 1024, steps: 32))
    let exact = log(2 * Double.pi) + log(erfc(-0.5 / 2.0.squareRoot()) / 2)
    #expect(annealed.logWeights.contains(-.infinity))
    #expect(annealed.bound.isBelow(exact) && annealed.estimate.isNear(exact), "\(annealed)")
  }

  @Test("eight schools, non-centred")
  func nonCentred() throws {
    let report = try eightSchools(.nonCentred).fit().evidence()
    #expect(report.annealed.estimate.isNear(eightSchoolsLogEvidence), "\(report)")
    #expect(report.importance.isNear(eightSchoolsLogEvidence), "\(report)")
    #expect(report.elbo.mean < eightSchoolsLogEvidence - 0.05)
    #expect(report.annealed.bound.isBelow(eightSchoolsLogEvidence))
    #expect(report.annealed.backwardEstimate.isNear(eightSchoolsLogEvidence), "\(report)")
    #expect(report.contradictions.isEmpty, "\(report)")
  }

  @Test("eight schools, centred: bounds hold where q leaves out the neck of the funnel")
  func centred() throws {
    let posterior = try eightSchools(.centred).fit()
    let report = posterior.evidence(AnnealingOptions(gradients: 600_000))
    #expect(report.elbo.isBelow(eightSchoolsLogEvidence))
    #expect(report.annealed.bound.isBelow(eightSchoolsLogEvidence), "\(report)")
    #expect(report.annealed.bound.mean > report.elbo.mean + 0.3, "\(report)")
    #expect(report.best.name == "annealing")
    #expect(report.annealed.estimate.mean > eightSchoolsLogEvidence - 0.6, "\(report)")
    if posterior.fit.verdict == .doNotUse {
      #expect(report.conclusions[0].hasPrefix("log p(x) is at least"), "\(report)")
    }
  }

  @Test("what contradicts, and what does not")
  func contradictions() {
    func kinds(
      _ elbo: Double = -3, _ importance: Double = -2.5, _ bound: Double = -2.6,
      _ estimate: Double = -2.5, _ backward: Double = -2.5, width: Double = 0
    ) -> [EvidenceReport.Contradiction.Kind] {
      func number(_ mean: Double) -> Fit.Estimate { Fit.Estimate(mean, error: 0.1) }
      return EvidenceReport.contradictions(
        elbo: number(elbo), importance: number(importance), bound: number(bound),
        estimate: number(estimate), backward: number(backward), simulatedWidth: number(width)
      ).map(\.kind)
    }
    #expect(kinds().isEmpty)
    // 3 standard errors of a difference are 0.424.
    #expect(kinds(-3, -2.5, -2.5, -2.1, -2.1).isEmpty)
    #expect(kinds(-2.2, -2.65, -2.5) == [.importanceBelowELBO])
    #expect(kinds(-2.1, -2.5, -2.6, -2.6) == [.boundAboveEstimate])
    #expect(kinds(-3, -3, -2.5, -2.5) == [.boundAboveEstimate])
    #expect(kinds(-3, -3, -2.6, -2.5) == [.estimatesDiffer])
    #expect(kinds(-3, -2, -2.6, -2.5) == [.estimatesDiffer])
    #expect(kinds(-3, -2.5, -2.6, -2.5, -2) == [.directionsDiffer])
    #expect(kinds(-3, -2.5, -2.6, -2.5, -3) == [.directionsDiffer])
    #expect(kinds(width: -0.29).isEmpty && kinds(width: 5).isEmpty)
    #expect(kinds(width: -0.31) == [.lowerAboveUpper])
  }

  @Test("the same bits for any number of threads, and each time")
  func sameBits() throws {
    let known = ConjugateModel.all[1]
    let options = AnnealingOptions(seed: 7, steps: 20)
    let runs = try [1, 1, 3].map { count in
      try known.model.density(threads: WorkerPool(count: count)).posterior()
        .annealedEvidence(options).logWeights.map(\.bitPattern)
    }
    #expect(runs[0] == runs[1] && runs[0] == runs[2])
    let other = try known.model.fit().annealedEvidence(AnnealingOptions(seed: 8, steps: 20))
    #expect(runs[0] != other.logWeights.map(\.bitPattern))
  }
}

@Suite("Evidence of posteriordb's regressions")
struct PosteriorDBEvidenceTests {
  private static let folder = "posteriordb"

  /// With flat priors, by quadrature about the mode.
  @Test(
    "logistic regressions", .enabled(if: SharedData.holds(folder), "no shared/posteriordb"),
    arguments: [
      ("nes_logit_data-nes_logit_model", -782.29581), ("wells_data-wells_dist100_model", -2041.904),
    ])
  func logistic(_ name: String, _ exact: Double) throws {
    let reference = try #require(ReferencePosterior.all.first { $0.name == name })
    let model = try reference.model(in: SharedData.path(Self.folder))
    let report = try model.fit().evidence()
    #expect(report.elbo.mean <= exact + standardErrors * report.elbo.standardError + 1e-3)
    #expect((report.annealed.estimate.mean - exact).magnitude < 3e-3, "\(report)")
    #expect(report.importance.isNear(exact, 4), "\(report)")
    #expect(report.isUpToAConstant)
  }
}
