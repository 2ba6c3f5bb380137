// SPDX-License-Identifier: Apache-2.0

import Foundation
import PosteriorExamples
import Testing
import VariationalInference

@Suite("Examples of programs")
struct PosteriorExampleTests {
  private func fit(_ name: String) throws -> Posterior<ProgramDensity> {
    let example = try #require(PosteriorExample.all.first { $0.name == name })
    return try example.model.fit()
  }

  /// A mean within `error` true standard deviations, and the standard deviation within `ratio` of
  /// it.
  private func expect(
    _ value: DrawnValue, _ mean: Double, _ deviation: Double, error: Double = 0.15,
    ratio: Double = 0.1, _ what: Comment? = nil, at place: SourceLocation = #_sourceLocation
  ) {
    let (found, sd) = (value.mean, value.standardDeviation)
    #expect(
      (found - mean).magnitude <= error * deviation && (sd / deviation - 1).magnitude <= ratio,
      "\(what ?? ""): \(found), sd \(sd) where \(mean), sd \(deviation) are exact",
      sourceLocation: place)
  }

  @Test("every example has a name of its own, and a fit that may be used", arguments: 0..<7)
  func all(_ index: Int) throws {
    let examples = PosteriorExample.all
    #expect(examples.count == 7 && Set(examples.map(\.name)).count == 7)
    let posterior = try examples[index].model.fit()
    #expect(posterior.fit.verdict != .doNotUse, "\(posterior)")
    #expect(!examples[index].description.contains("\n"))
  }

  /// By quadrature over tau and, given it, the normal posterior of mu.
  @Test("eight schools: mu and tau are those of quadrature")
  func eightSchools() throws {
    let posterior = try fit("eight_schools")
    expect(posterior["mu"], 4.3968, 3.3177)
    expect(posterior["tau"], 3.5977, 3.2200)
  }

  /// A normal-inverse-gamma posterior; the heights less 65 sum to 0, so that X'X is diagonal.
  @Test("linear regression: moments and evidence are those of the closed form")
  func linearRegression() throws {
    let (x, y) = (womensHeights.numbers.map { $0 - 65 }, womensWeights.numbers)
    let prior = 1.0 / 10_000
    let precisions = [15 + prior, x.reduce(0) { $0 + $1 * $1 } + prior]
    let means = [
      y.reduce(0, +) / precisions[0], zip(x, y).reduce(0) { $0 + $1.0 * $1.1 } / precisions[1],
    ]
    let squares = y.reduce(0) { $0 + $1 * $1 }
    let explained = zip(precisions, means).reduce(0) { $0 + $1.0 * $1.1 * $1.1 }
    let (form, scale) = (2 + 7.5, 10 + (squares - explained) / 2)
    let variance = scale / (form - 1)
    let posterior = try fit("linear_regression")
    expect(posterior["variance"], variance, variance / (form - 2).squareRoot())
    for k in 0..<2 {
      expect(posterior["beta"][k], means[k], (variance / precisions[k]).squareRoot())
    }
    let determinants = log(prior * prior / (precisions[0] * precisions[1])) / 2
    let gammas = lgamma(form) - lgamma(2) + 2 * log(10) - form * log(scale)
    let evidence = determinants + gammas - 7.5 * log(2 * Double.pi)
    let found = posterior.fit.logEvidence
    #expect((found.mean - evidence).magnitude < 4 * found.standardError + 0.01, "\(found)")
  }

  @Test("logistic regression: moments are those of quadrature")
  func logisticRegression() throws {
    let (x, k) = (launchTemperatures.numbers.map { $0 - 70 }, ringDamage.numbers)
    let functions: [(Double, Double) -> Double] = [
      { a, _ in a }, { _, b in b }, { a, b in 1 / (1 + exp(39 * b - a)) },
    ]
    let exact = gridMoments(-6...4, -1...0.4, cells: 300, of: functions) { alpha, beta in
      zip(x, k).reduce(-alpha * alpha / 50 - beta * beta / 2) { sum, point in
        let logit = alpha + beta * point.0
        return sum + point.1 * logit - max(logit, 0) - log1p(exp(-logit.magnitude))
      }
    }
    let posterior = try fit("logistic_regression")
    // q is a Gaussian, the posterior skewed: its weighted draws are better than q.
    let weighted = posterior.fit.importanceDraws
    for (k, name) in ["alpha", "beta"].enumerated() {
      expect(posterior[name], exact[k].mean, exact[k].deviation, ratio: 0.15, "\(name)")
      let draws = weighted.points.slice(k..<k + 1, along: 1).scalars
      let mean = zip(draws, weighted.weights).reduce(0) { $0 + $1.0 * $1.1 }
      #expect((mean - exact[k].mean).magnitude < 0.1 * exact[k].deviation)
    }
    expect(posterior["damage at 31"], exact[2].mean, exact[2].deviation, ratio: 1)
  }

  @Test("state space: scales and last level are those of a Kalman filter and quadrature")
  func stateSpace() throws {
    let y = nileFlow.numbers
    func filter(_ logStep: Double, _ logError: Double) -> (log: Double, mean: Double, sd: Double) {
      let (step, error) = (exp(logStep), exp(logError))
      let (log, mean, variance) = kalmanFilter(
        y, step: step, error: error, start: (1000, 90_000))
      // Half-normal priors, and the Jacobians of both logarithms.
      let prior = -step * step / 20_000 - error * error / 80_000 + logStep + logError
      return (log + prior, mean, variance.squareRoot())
    }
    let functions: [(Double, Double) -> Double] = [
      { a, _ in exp(a) }, { _, b in exp(b) }, { filter($0, $1).mean },
    ]
    let exact = gridMoments(log(1)...log(200), log(80)...log(200), cells: 150, of: functions) {
      filter($0, $1).log
    }
    let posterior = try fit("state_space")
    expect(posterior["step"], exact[0].mean, exact[0].deviation)
    expect(posterior["error"], exact[1].mean, exact[1].deviation)
    let last = posterior["level in 1970"]
    #expect((last.mean - exact[2].mean).magnitude < 0.15 * last.standardDeviation)
  }

  /// k = 4 posterior standard deviations, of 10 numbers of seeds that are stated in the examples.
  @Test("simulated parameters are found")
  func simulated() throws {
    let mixture = try fit("mixture")
    let chain = try fit("hidden_markov")
    let process = try fit("gaussian_process")
    let pairs: [(DrawnValue, [Double])] = [
      (mixture["weights"], [1.0 / 3, 2.0 / 3]), (mixture["mu"], [-2, 1.5]),
      (mixture["sigma"], [0.8, 0.8]), (chain["stay"], [0.9, 0.8]), (chain["rate"], [3, 10]),
    ]
    for (value, truths) in pairs {
      for (k, truth) in truths.enumerated() {
        #expect((value.means[k] - truth).magnitude < 4 * value.standardDeviations[k])
      }
    }
    let f = process["f"]
    for (k, x) in [1.6, 3.1, 4.7].enumerated() {
      #expect((f.means[k] - sin(x)).magnitude < 4 * f.standardDeviations[k])
    }
    // Outside the data less is known.
    #expect(f.standardDeviations[3] > 2 * (f.standardDeviations[0...2].max() ?? 0))
  }
}
