// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing
import VariationalInference

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// y[i] ~ N(theta, s^2) with theta ~ N(0, t^2): one latent variable for all examples, whose
/// posterior is known.
private struct SharedMean: JointDensity {
  let priorScale = 2.0
  let noiseScale = 0.5

  var reads: [FieldUse] { [FieldUse("y", .data, width: 1)] }
  var latents: [Latent] { [Latent("theta", .once)] }

  func logJoint(_ batch: Batch<Double>, _ z: LatentValues<Double>) -> LogJoint<Double> {
    let theta = z["theta"]
    let errors = (batch["y"] - theta) / noiseScale
    let constant = 0.5 * log(2 * .pi)
    return LogJoint(
      perExample: errors.squared().sum(along: 1) * -0.5 - (constant + log(noiseScale)),
      once: (theta / priorScale).squared() * -0.5 - (constant + log(priorScale)))
  }

  /// N(m, v) of theta, and log p(y).
  func exact(_ y: [Double]) -> (posterior: ExactGaussian, logEvidence: Double) {
    let (n, prior, noise) = (y.count, priorScale * priorScale, noiseScale * noiseScale)
    let precision = 1 / prior + Double(n) / noise
    let mean = y.reduce(0, +) / noise / precision
    let covariance = SmallMatrix(
      (0..<n * n).map { prior + ($0 % (n + 1) == 0 ? noise : 0) }, rows: n, columns: n)
    return (
      ExactGaussian(mean: [mean], covariance: SmallMatrix(diagonal: [1 / precision])),
      ExactGaussian(mean: [Double](repeating: 0, count: n), covariance: covariance)
        .logProbability(of: y)
    )
  }
}

/// Rates of counts: x[i] ~ Poisson(r[i]), r[i] > 0 of each example, r ~ Exponential(1): a positive
/// latent variable. p(r | x) = Gamma(x + 1, 2), p(x) = 2^-(x + 1).
private struct Rates: JointDensity {
  var reads: [FieldUse] { [FieldUse("count", .data, width: 1)] }
  var latents: [Latent] { [Latent("rate", support: .positive)] }

  func logJoint(_ batch: Batch<Double>, _ z: LatentValues<Double>) -> LogJoint<Double> {
    let rate = z["rate"]  // [batch], or [batch, draws]
    let x = batch["count"]  // [batch, 1]
    let counts = rate.rank == 1 ? x.reshaped(to: rate.shape) : x
    let factorials = Tensor(counts.scalars.map { lgamma($0 + 1) }, shape: counts.shape)
    return LogJoint(perExample: counts * rate.log() - rate * 2 - factorials)
  }
}

@Suite("Models with guides")
struct GuidedModelTests {
  private let y = (0..<130).map { 1.5 + sin(Double($0) * 12.9898) * 0.7 }

  private func data(_ count: Int) -> ArrayDataset {
    ArrayDataset(
      name: "y", columns: [DataColumn(DataField("y", shape: [1]), Array(y.prefix(count)))])
  }

  private typealias SharedFit = Guided<
    SharedMean, SharedGuide<NoOwnLatents<Double>, DiagonalFamily<Double>>
  >

  private func sharedFit() -> SharedFit {
    SharedMean().guided(by: SharedGuide(DiagonalFamily(), dimension: 1))
  }

  private func options(epochs: Int, batch: Int, rate: Double = 0.02) -> TrainingOptions {
    TrainingOptions(
      epochs: epochs, batchSize: batch, optimiser: Adam(learningRate: rate), seed: 3)
  }

  /// The gradient of the ELBO by mean and scale vanishes at the exact posterior alone: 2,000 steps
  /// end near it, and the bound, which is flat there, is the evidence to second order. It is
  /// log p(y) - KL in expectation: k = 4 standard errors over 200 draws of theta.
  @Test(
    "a latent variable that all examples share is found, and counted once", arguments: [7, 130])
  func sharedLatent(_ batch: Int) throws {
    let (data, model) = (data(130), sharedFit())
    let exact = model.model.exact(y)
    var options = options(epochs: batch == 130 ? 2000 : 120, batch: batch)
    // A short memory: the first gradients of the scale are some hundred times the last.
    options.optimiser = Adam(beta2: 0.9)
    options.learningRateSchedule = .stages([
      .init(epochs: options.epochs / 2, learningRate: 0.03),
      .init(epochs: options.epochs / 4, learningRate: 0.003),
      .init(epochs: options.epochs / 4, learningRate: 0.0003),
    ])
    let trainer = try Trainer(model, data: data, options: options, workers: WorkerPool(count: 2))
    try finish(trainer)
    let trained = trainer.model
    let q = try #require(trained.guide.sharedPosterior as? DiagonalGaussian<Double>)
    let (mean, sd) = (exact.posterior.mean[0], exact.posterior.covariance.diagonal[0].squareRoot())
    #expect((q.mean.scalar - mean).magnitude < 0.1 * sd)
    #expect((exp(q.logVariance.scalar / 2) / sd - 1).magnitude < 0.1)
    let kl = ExactGaussian(
      mean: q.mean.scalars, covariance: SmallMatrix(diagonal: q.logVariance.exp().scalars)
    ).kullbackLeiblerDivergence(to: exact.posterior)
    #expect(kl < 0.02)
    // One draw of theta: sum of log p(y | theta) + log p(theta) - log q(theta).
    let bounds = try (0..<200 as Range<UInt64>).map { seed in
      let result = try trained.evaluate(on: data, seed: seed, workers: WorkerPool(count: 2))
      return result.elbo.reduce(0, +) - (try #require(result.once))
    }
    let check = meanCheck("bound", of: bounds, expected: exact.logEvidence - kl)
    #expect(check.isWithin(4) && check.standardError < 0.05, "\(check)")
  }

  @Test(
    "the same bits for 1 to 4 threads, whatever the batch, with a shared latent variable",
    arguments: [7, 32, 33, 128])
  func threads(_ batch: Int) throws {
    func bits(_ threads: Int) throws -> [[Double]] {
      let trainer = try Trainer(
        sharedFit(), data: data(130), options: options(epochs: 3, batch: batch),
        workers: WorkerPool(count: threads))
      try finish(trainer)
      return trainer.model.parameters.map(\.scalars)
    }
    let one = try bits(1)
    for threads in 2...4 { #expect(try bits(threads) == one, "\(threads) threads") }
  }

  @Test("a run taken up in the middle ends in the same bits", arguments: [7, 32, 33, 128])
  func resume(_ batch: Int) throws {
    let options = options(epochs: 4, batch: batch)
    let whole = try Trainer(
      sharedFit(), data: data(130), options: options, workers: WorkerPool(count: 2))
    try finish(whole)
    let first = try Trainer(sharedFit(), data: data(130), options: options)
    for _ in 0..<first.batchesPerEpoch + 1 { _ = try first.step() }
    let second = try Trainer(
      sharedFit(), data: data(130), options: options, workers: WorkerPool(count: 3))
    second.restore(first.state)
    try finish(second)
    #expect(second.model.parameters.map(\.scalars) == whole.model.parameters.map(\.scalars))
    #expect(try second.step() == nil)
  }

  /// At q = N(log of the mean, ...) of log r no closed form holds; importance sampling with 4,000
  /// draws has an error of some 0.01 here, and log p(x) = -(x + 1) log 2.
  @Test("a positive latent variable of each example, with its Jacobian")
  func positive() throws {
    let counts = [0, 1, 2, 5, 9]
    let data = ArrayDataset(
      name: "counts", columns: [DataColumn(DataField("count", shape: [1], kind: .count), counts)])
    // q(log r): near the Gamma posterior's mean and relative width.
    let start = DiagonalGaussian<Double>(
      mean: Tensor(counts.map { log(Double($0 + 1) / 2) }, shape: [5, 1]),
      logVariance: Tensor(counts.map { log(1 / Double($0 + 1)) }, shape: [5, 1]))
    let model = Rates().guided(by: LocalGuide(DiagonalFamily(), at: start))
    let truth = counts.map { -Double($0 + 1) * log(2.0) }
    let pool = WorkerPool(count: 2)
    let bound = try model.importanceWeightedBound(on: data, samples: 4000, workers: pool)
    for (found, exact) in pairs(bound.bound, truth) { #expect((found - exact).magnitude < 0.05) }
    let elbo = try model.evaluate(
      on: data, objective: .importanceWeighted(samples: 50, gradient: .reparameterised),
      workers: pool)
    #expect(elbo.importanceWeighted?.count == 5)
    // Annealing from q meets the same evidence.
    let annealed = try AnnealedImportanceSampling(steps: 50, chains: 64).lowerBound(
      of: model, model.batch(of: data, 0..<5), workers: pool)
    for (found, exact) in pairs(annealed.bound, truth) { #expect((found - exact).magnitude < 0.1) }
    // The best posterior of each example in growing families is no worse than the one it began
    // from.
    let batch = try model.batch(of: data, 0..<5)
    let gaps = try model.model.inferenceGaps(
      batch, posterior: model.guide.posterior(given: batch), through: .fullCovariance, workers: pool
    )
    for (best, exact) in pairs(gaps.optimised[0].bound, truth) { #expect(best < exact + 0.05) }
  }

  @Test("a local guide is trained, one row of parameters for each example")
  func localGuide() throws {
    let counts = (0..<40).map { $0 % 7 }
    let data = ArrayDataset(
      name: "counts", columns: [DataColumn(DataField("count", shape: [1], kind: .count), counts)])
    let model = Rates().guided(by: LocalGuide(DiagonalFamily<Double>(), dimension: 1, examples: 40))
    let pool = WorkerPool(count: 2)
    func bits(_ threads: Int) throws -> ([[Double]], Double) {
      let trainer = try Trainer(
        model, data: data, options: options(epochs: 150, batch: 33, rate: 0.03),
        workers: WorkerPool(count: threads))
      try finish(trainer)
      let bound = try trainer.model.importanceWeightedBound(on: data, samples: 200, workers: pool)
      return (trainer.model.parameters.map(\.scalars), Estimate(bound.bound).mean)
    }
    let (one, bound) = try bits(1)
    #expect(try bits(3).0 == one)
    let truth = counts.map { -Double($0 + 1) * log(2.0) }.reduce(0, +) / 40
    #expect((bound - truth).magnitude < 0.05, "\(bound) for \(truth)")
  }

  @Test("amortised guides of every family reach the bound of the encoder's own kind")
  func amortised() throws {
    let model = KnownModel.independent
    let x = Tensor<Double>(model.examples().flatMap { $0 }, shape: [model.examples().count, 4])
    let data = ArrayDataset(
      name: "x", columns: [DataColumn(DataField("x", shape: [4]), x.scalars)])
    let exact = Estimate(model.examples().map { model.logEvidence(of: $0) }).mean
    func bound(_ family: some GuideFamily<Double>) throws -> Double {
      var generator = SplitMix64(seed: 3)
      let guide = AmortizedGuide(
        family, dimension: 2, reads: [FieldUse("x", .data, width: 4)], hidden: [16],
        activation: .tanh, using: &generator)
      let trainer = try Trainer(
        model.guided(by: guide), data: data,
        options: TrainingOptions(
          epochs: 1500, batchSize: 64, optimiser: Adam(learningRate: 5e-3), seed: 1),
        workers: WorkerPool(count: 2))
      try finish(trainer)
      let evaluation = try trainer.model.importanceWeightedBound(
        on: data, samples: 2000, workers: WorkerPool(count: 2))
      return Estimate(evaluation.bound).mean
    }
    for found in [
      try bound(DiagonalFamily<Double>()), try bound(FullCovarianceFamily<Double>()),
      try bound(CouplingFlowFamily<Double>(steps: 2, hidden: 8, seed: 1)),
    ] { #expect((found - exact).magnitude < 0.02, "\(found) for \(exact)") }
  }

  @Test("a weight counts an example as often, and a mask leaves numbers out")
  func weightsAndMasks() throws {
    var generator = SplitMix64(seed: 4)
    let fields = AutoencoderFields(weight: "w", mask: "seen")
    let model = GaussianVariationalAutoencoder<Double>(
      .init(data: 3, hidden: [4], latent: 2, activation: .tanh, fields: fields), using: &generator)
    let plain = GaussianVariationalAutoencoder<Double>(
      .init(data: 3, hidden: [4], latent: 2, activation: .tanh), using: &generator
    ).replacingParameters(with: model.parameters)
    func data(_ x: [Double], weight: [Double], seen: [Double]) -> ArrayDataset {
      ArrayDataset(
        name: "rows",
        columns: [
          DataColumn(DataField("x", shape: [3]), x), DataColumn(DataField("w"), weight),
          DataColumn(DataField("seen", shape: [3], kind: .binary), seen),
        ])
    }
    let pool = WorkerPool(count: 1)
    let x = [1.0, -0.5, 0.25, 2, 0, -1]
    let all = [Double](repeating: 1, count: 6)
    let base = try plain.evaluate(
      on: data(x, weight: [1, 1], seen: all), workers: pool)
    let weighted = try model.evaluate(on: data(x, weight: [2, 0.5], seen: all), workers: pool)
    #expect(relativeError(weighted.elbo, base.elbo) < 1e-12, "a bound is that of the example")
    // What is maximised counts the examples: one of weight 0 has no say in a step, one of weight 1 has.
    func trained(_ last: Double, weight: Double) throws -> [[Double]] {
      let data = data(x.dropLast() + [last], weight: [1, weight], seen: all)
      let trainer = try Trainer(
        model, data: data, options: TrainingOptions(epochs: 1, optimiser: Adam(epsilon: 1)))
      _ = try trainer.step()
      return trainer.model.parameters.map(\.scalars)
    }
    #expect(try trained(-1, weight: 0) == trained(0.5, weight: 0))
    #expect(try trained(-1, weight: 1) != trained(0.5, weight: 1))
    #expect(try trained(-1, weight: 1) != trained(-1, weight: 2))
    // A missing number has no say, whatever stands in its place, and costs nothing.
    let seen: [Double] = [1, 0, 1, 1, 1, 1]
    let masked = try model.evaluate(on: data(x, weight: [1, 1], seen: seen), workers: pool)
    var strange = x
    strange[1] = .nan
    let other = try model.evaluate(on: data(strange, weight: [1, 1], seen: seen), workers: pool)
    #expect(other.elbo == masked.elbo && masked.elbo[0].isFinite)
    #expect(relativeError([masked.elbo[1]], [base.elbo[1]]) < 1e-12)
    #expect(masked.reconstruction[0] != base.reconstruction[0])
  }

  /// With rectified units and 300 draws the likelihood near a point is asked. Log weights of three
  /// terms of the order 1.
  @Test("a mask leaves numbers out of the bound of many draws, too")
  func maskOfManyDraws() throws {
    var generator = SplitMix64(seed: 4)
    let model = VariationalAutoencoder<Double>(
      .init(data: 3, hidden: [24], latent: 2, fields: AutoencoderFields(mask: "seen")),
      using: &generator)
    let plain = VariationalAutoencoder<Double>(
      .init(data: 3, hidden: [24], latent: 2), using: &generator
    ).replacingParameters(with: model.parameters)
    #expect(model.localReconstructionCost() != nil)
    func bound(
      _ model: VariationalAutoencoder<Double>, _ x: [Double], seen: [Double]
    ) throws -> [Double] {
      let data = ArrayDataset(
        name: "rows",
        columns: [
          DataColumn(DataField("x", shape: [3]), x),
          DataColumn(DataField("seen", shape: [3], kind: .binary), seen),
        ])
      return try model.importanceWeightedBound(
        on: data, samples: 300, seed: 2, workers: WorkerPool(count: 1)
      ).bound
    }
    let (x, all) = ([1.0, 0, 1, 0, 0, 1], [Double](repeating: 1, count: 6))
    let whole = try bound(plain, x, seen: all)
    #expect(relativeError(try bound(model, x, seen: all), whole) < 1e-13)
    let (seen, strange) = ([1.0, 0, 1, 1, 1, 1], [1, .nan, 1, 0, 0, 1])
    let masked = try bound(model, x, seen: seen)
    #expect(try bound(model, strange, seen: seen) == masked && masked[0].isFinite)
    // The pixel alone is worth about log 2.
    #expect(masked[0] > whole[0] + 0.3 && relativeError([masked[1]], [whole[1]]) < 1e-13)
  }
}
