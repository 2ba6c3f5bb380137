// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing
import VariationalInference

@Suite("Fits by minibatches")
struct MinibatchFitTests {
  /// A logistic regression of simulated examples, a step sees 100 of them.
  private static func regression(_ size: Int, subset: Int = 100, coordinates: Int = 4) -> Model {
    let x = Tensor<Double>.standardNormal([size, coordinates], key: NoiseKey(seed: 3))
    let uniform = Tensor<Double>.uniform([size], in: 0..<1, key: NoiseKey(seed: 4)).scalars
    let slopes = (0..<coordinates).map { 0.5 - 0.4 * Double($0) }
    let linear = x.matrixProduct(Tensor(slopes, shape: [coordinates, 1])).scalars
    let y = zip(uniform, linear).map { $0 < 1 / (1 + exp(-$1)) ? 1.0 : 0 }
    let (columns, outcomes) = (Value(x.scalars, shape: [size, coordinates]), Value(y))
    return Model { z in
      let b = z.latent("b", Normal(0, 5), count: coordinates)
      z.plate(size: size, subset: subset) { rows in
        z.observe("y", Bernoulli(logits: columns[rows].times(b)), outcomes[rows])
      }
    }
  }

  /// Means over many subsets within 4 standard errors of what all examples give.
  @Test("densities and gradients by subsets are unbiased")
  func unbiased() throws {
    let density = try Self.regression(500, subset: 50).density(threads: WorkerPool(count: 1))
    let point = Tensor([0.3, -0.2, 0.1, 0.4], shape: [1, 4])
    let whole = density.logDensitiesWithGradients(at: point)
    let exact = whole.values.scalars + whole.gradients.scalars
    let count = 2000
    var (sums, squares) = ([Double](repeating: 0, count: 5), [Double](repeating: 0, count: 5))
    for step in 0..<count {
      let part = density.gradients(at: point, minibatch: Program.Minibatch(seed: 1, step: step))
      for (j, number) in (part.values.scalars + part.gradients.scalars).enumerated() {
        sums[j] += number
        squares[j] += number * number
      }
    }
    for j in 0..<5 {
      let mean = sums[j] / Double(count)
      let error = ((squares[j] / Double(count) - mean * mean) / Double(count)).squareRoot()
      #expect(error > 0 && (mean - exact[j]).magnitude < 4 * error, "\(j): \(mean) \(exact[j])")
    }
  }

  @Test("gradients by a subset have the same bits for any number of threads")
  func threads() throws {
    let points = Tensor<Double>.standardNormal([64, 4], key: NoiseKey(seed: 9))
    let results = try [1, 3].map { count in
      try Self.regression(20_000, subset: 4000).density(threads: WorkerPool(count: count))
        .gradients(at: points, minibatch: Program.Minibatch(seed: 1, step: 2))
    }
    #expect(results[0].values.scalars == results[1].values.scalars)
    #expect(results[0].gradients.scalars == results[1].gradients.scalars)
  }

  @Test("the mean of subsets is the density of the pilot")
  func pilot() throws {
    let density = try Self.regression(500).density(threads: WorkerPool(count: 1))
    let point = Tensor([0.3, -0.2, 0.1, 0.4], shape: [1, 4])
    let subsets = SubsetDensity(density: density, subsets: 2..<4, seed: 7)
    let parts = (2..<4).map {
      density.gradients(at: point, minibatch: Program.Minibatch(seed: 7, step: $0))
    }
    let both = subsets.logDensitiesWithGradients(at: point)
    #expect(
      relativeError(both.values.scalars, ((parts[0].values + parts[1].values) * 0.5).scalars)
        < 1e-14)
    #expect(
      relativeError(
        both.gradients.scalars, ((parts[0].gradients + parts[1].gradients) * 0.5).scalars) < 1e-14)
  }

  @Test("means within 0.1 sd of those by all data", arguments: [FitFamily.fullRank, .meanField])
  func regression(_ family: FitFamily) throws {
    let model = Self.regression(20_000)
    let whole = try model.fit(FitOptions(draws: 1000, walks: false)).fit
    let posterior = try model.fit(minibatches: MinibatchOptions(family: family, checkDraws: 400))
    let fit = posterior.fit
    let (means, deviations) = (whole.components[0].mean, whole.moments.standardDeviations)
    for j in means.indices {
      let error = (fit.components[0].mean[j] - means[j]) / deviations[j]
      #expect(error.magnitude < 0.1, "\(j): \(error)")
    }
    if family == .fullRank {
      #expect(fit.verdict == .use, "\(fit.reasons)")
      #expect(relativeError(fit.moments.standardDeviations, deviations) < 0.1)
    } else {
      #expect(fit.components[0].factor.scalars[4] == 0)
    }
    #expect(fit.convergence.isConverged && fit.walk == nil)
    let note = try #require(fit.notes.last)
    #expect(note.hasPrefix("stopped after \(fit.convergence.steps) steps: averages are known to"))
    #expect(note.contains("R-hat") && note.contains("+-"))
    // A row of 100 examples costs 1 / 200 of one of all.
    let steps = fit.counts.first { $0.stage == "minibatches" }?.gradients ?? 0
    #expect(steps < 17 * fit.convergence.steps + 100)
  }

  @Test("without controls the noise of subsets stays, and the fit says so or is right")
  func plain() throws {
    let model = Self.regression(20_000)
    let whole = try model.fit(FitOptions(draws: 1000, walks: false)).fit
    let fit = try model.fit(
      minibatches: MinibatchOptions(steps: 3000, controlVariates: false, checkDraws: 400)
    ).fit
    let deviations = whole.moments.standardDeviations
    let worst = whole.components[0].mean.indices.reduce(0.0) {
      max(
        $0,
        ((fit.moments.means[$1] - whole.components[0].mean[$1]) / deviations[$1]).magnitude)
    }
    #expect(fit.verdict == .doNotUse || worst < 0.3, "\(worst)")
  }

  @Test("a fit that was stopped early says why, and is not to be used")
  func early() throws {
    let fit = try Self.regression(20_000).fit(
      minibatches: MinibatchOptions(steps: 60, checkDraws: 100)
    ).fit
    #expect(fit.verdict == .doNotUse && !fit.convergence.isConverged)
    let note = try #require(fit.notes.last)
    #expect(
      note.hasPrefix("stopped after 60 steps: all that were allowed; the iterates were still"))
  }

  @Test("without a check there is no verdict to use q")
  func unchecked() throws {
    let posterior = try Self.regression(2000).fit(
      minibatches: MinibatchOptions(steps: 200, checkDraws: 0))
    #expect(posterior.fit.verdict == .doNotUse)
    #expect(posterior.fit.reasons[0].hasPrefix("q was not checked"))
    #expect(posterior.fit.densityEvaluations < 1000 && posterior.fit.advice.count == 1)
  }

  @Test("a model without subsets is told so")
  func noSubset() throws {
    let model = Model { z in
      let mu = z.latent("mu", Normal(0, 1))
      z.observe("y", Normal(mu, 1), [1.0, 2])
    }
    #expect(throws: ModelError.self) { try model.fit(minibatches: MinibatchOptions()) }
  }

  @Test("the same seed gives the same bits")
  func bits() throws {
    let model = Self.regression(2000)
    let options = MinibatchOptions(seed: 5, steps: 300, checkDraws: 100)
    let (first, second) = (
      try model.fit(minibatches: options), try model.fit(minibatches: options)
    )
    #expect(first.fit.components[0].mean == second.fit.components[0].mean)
    #expect(
      first.fit.components[0].factor.scalars == second.fit.components[0].factor.scalars)
  }
}
