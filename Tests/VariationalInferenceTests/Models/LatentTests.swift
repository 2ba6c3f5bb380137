// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing
import VariationalInference

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

@Suite("Latent variables by name")
struct LatentTests {
  private let latents = [
    Latent("place", shape: [2]), Latent("scale", support: .positive),
    Latent("shares", shape: [2, 2], support: .interval(lower: -1, upper: 3)),
  ]

  @Test("coordinates side by side become values of each variable's shape, within its support")
  func values() {
    #expect(latents.dimension == 7 && latents.map(\.dimension) == [2, 1, 4])
    let u = Tensor<Double>.pseudoRandom([3, 7], seed: 1)
    let z = LatentValues(latents, at: u)
    #expect(
      z["place"].shape == [3, 2] && z["scale"].shape == [3] && z["shares"].shape == [3, 2, 2])
    #expect(z["place"].scalars == u.slice(0..<2, along: 1).scalars)
    let (scale, shares) = (u.slice(2..<3, along: 1), u.slice(3..<7, along: 1))
    #expect(z["scale"].scalars == scale.exp().scalars)
    #expect(relativeError(z["shares"].scalars, (shares.sigmoid() * 4 - 1).scalars) < 1e-15)
    // log exp(u) = u, and log (4 s (1 - s)).
    let slopes = (shares.sigmoid() * (1 - shares.sigmoid()) * 4).log().sum(along: 1)
    let expected = (scale.sum(along: 1) + slopes).scalars
    #expect(z.logJacobian?.shape == [3])
    #expect(relativeError(z.logJacobian?.scalars ?? [], expected, scale: 1) < 1e-14)
  }

  @Test("several draws of each example, and what there is once")
  func axes() {
    let u = Tensor<Double>.pseudoRandom([3, 5, 7], seed: 2)
    let several = LatentValues(latents, at: u)
    let rows = LatentValues(latents, at: u.reshaped(to: [15, 7]))
    for (name, shape) in [("place", [2]), ("scale", []), ("shares", [2, 2])] {
      #expect(several[name].shape == [3, 5] + shape)
      #expect(several[name].scalars == rows[name].scalars)
    }
    #expect(several.logJacobian?.shape == [3, 5])
    #expect(several.logJacobian?.scalars == rows.logJacobian?.scalars)
    let once = LatentValues(latents, at: u.reshaped(to: [15, 7]).slice(4..<5).reshaped(to: [7]))
    for (name, shape) in [("place", [2]), ("scale", []), ("shares", [2, 2])] {
      #expect(once[name].shape == shape)
      #expect(once[name].scalars == rows[name].slice(4..<5).scalars)
    }
    #expect(once.logJacobian?.shape == [])
  }

  @Test("where nothing is constrained there is no Jacobian")
  func unconstrained() {
    let u = Tensor<Double>.pseudoRandom([3, 2], seed: 1)
    #expect(LatentValues([latents[0]], at: u).logJacobian == nil)
  }

  @Test("a name that no variable has, and coordinates of another number, are refused")
  func refusal() async {
    await #expect(processExitsWith: .failure) {
      _ = LatentValues([Latent("z")], at: Tensor<Double>.zeros([2, 1]))["y"]
    }
    await #expect(processExitsWith: .failure) {
      _ = LatentValues([Latent("z", shape: [2])], at: Tensor<Double>.zeros([2, 1]))
    }
  }
}

/// k of n trials succeed, k ~ Binomial(n, p), p ~ U(0, 1): p(k) = 1 / (n + 1) for every k.
private struct Trials: JointDensity {
  let trials = 6.0
  var reads: [FieldUse] { [FieldUse("k", .data, width: 1)] }
  var latents: [Latent] { [Latent("p", support: .interval(lower: 0, upper: 1))] }

  func logJoint(_ batch: Batch<Double>, _ z: LatentValues<Double>) -> LogJoint<Double> {
    let (p, k) = (z["p"], batch["k"])
    let coefficients = k.scalars.map {
      lgamma(trials + 1) - lgamma($0 + 1) - lgamma(trials - $0 + 1)
    }
    return LogJoint(
      perExample: k * p.log() + (trials - k) * (1 - p).log()
        + Tensor(coefficients, shape: k.shape))
  }
}

/// x ~ Exponential(rate r), r ~ Exponential(1): p(x) = 1 / (1 + x)^2.
private struct Waiting: JointDensity {
  var reads: [FieldUse] { [FieldUse("x", .data, width: 1)] }
  var latents: [Latent] { [Latent("r", support: .positive)] }

  func logJoint(_ batch: Batch<Double>, _ z: LatentValues<Double>) -> LogJoint<Double> {
    let rate = z["r"]
    return LogJoint(perExample: rate.log() - rate * (batch["x"] + 1))
  }
}

@Suite("Densities in unconstrained coordinates")
struct UnconstrainedDensityTests {
  /// log of the integral over u by the trapezoidal rule, which converges faster than any power of
  /// the step for functions that vanish so fast at both ends: here below exp(-30).
  private func logIntegral(
    _ model: some JointDensity<Double>, _ batch: Batch<Double>, from low: Double, to high: Double
  ) -> [Double] {
    let (points, count) = (4001, batch.count)
    let step = (high - low) / Double(points - 1)
    let u = Tensor<Double>(
      (0..<points).map { low + step * Double($0) }, shape: [1, points, 1])
    let density = model.logDensity(batch, at: u.repeated(to: [count, points, 1]))
    #expect(density.shape == [count, points])
    return (density.logSumExp(along: 1) + log(step)).scalars
  }

  @Test("log p(x, T(u)) + log |T'| integrates over u to log p(x): an interval")
  func interval() {
    let k = (0...6).map(Double.init)
    let found = logIntegral(
      Trials(), Batch(["k": Tensor(k, shape: [7, 1])]), from: -35, to: 35)
    #expect(relativeError(found, k.map { _ in -log(7.0) }) < 1e-10)
  }

  @Test("and positive numbers")
  func positive() {
    let x = [0.1, 1, 7.5]
    let found = logIntegral(
      Waiting(), Batch(["x": Tensor(x, shape: [3, 1])]), from: -35, to: 8)
    #expect(relativeError(found, x.map { -2 * log(1 + $0) }, scale: 1) < 1e-10)
  }

  @Test("a model that is not split has all of it in its cost, and no prior apart")
  func parts() {
    let batch = Batch(["x": Tensor<Double>([0.1, 3], shape: [2, 1])])
    let u = Tensor<Double>([0.4, -1], shape: [2, 1, 1])
    let cost = Waiting().reconstructionCost(batch, at: u, shared: nil)
    #expect(cost.once == nil && Waiting().logPrior(at: u) == nil)
    #expect(cost.perExample.scalars == Waiting().logDensity(batch, at: u).scalars.map { -$0 })
    #expect(
      Waiting().divergenceFromPrior(
        of: DiagonalGaussian(mean: .zeros([2, 1]), logVariance: .zeros([2, 1]))) == nil)
    #expect(Waiting().localReconstructionCost() == nil)
  }
}

// MARK: - Latent variables that there are once

/// x[i] ~ N(z[i], 1) with z[i] ~ N(0, 1), and t, which there is once. The density does not look at
/// t, so that what is not refused would be measured, and be wrong in silence.
private struct Offsets: JointDensity {
  let shares: Bool
  var reads: [FieldUse] { [FieldUse("x", .data, width: 1)] }
  var latents: [Latent] { [Latent("z", shape: [1])] + (shares ? [Latent("t", .once)] : []) }

  func logJoint(_ batch: Batch<Double>, _ z: LatentValues<Double>) -> LogJoint<Double> {
    let own = z["z"]
    let x = batch["x"].aligned(toRank: own.rank)
    return LogJoint(perExample: ((x - own).squared() + own.squared()).sum(along: -1) * -0.5)
  }
}

/// What asks for log p(x) of single examples, each for a process of its own.
private enum PerExampleMethod: CaseIterable {
  case bound, objective, importanceSampling, lowerBound, sandwich, gaps, training

  func run(shares: Bool) throws {
    let (model, workers) = (Offsets(shares: shares), WorkerPool(count: 1))
    let data = ArrayDataset(
      name: "x", columns: [DataColumn(DataField("x", shape: [1]), [0.5, -1])])
    let batch = Batch(Tensor<Double>([0.5, -1], shape: [2, 1]))
    let q = DiagonalGaussian<Double>(mean: .zeros([2, 1]), logVariance: .zeros([2, 1]))
    let guide = SharedGuide(
      DiagonalFamily<Double>(), dimension: 1,
      beside: LocalGuide(DiagonalFamily(), dimension: 1, examples: 2))
    let pair = model.guided(by: guide)
    let annealing = AnnealedImportanceSampling(steps: 2, chains: 2)
    switch self {
    case .bound: _ = model.evidenceLowerBound(batch, posterior: q, noise: .zeros([2, 1]))
    case .objective:
      _ = model.importanceWeightedObjective(batch, posterior: q, noise: .zeros([2, 3, 1]))
    case .importanceSampling:
      _ = try pair.importanceWeightedBound(on: data, samples: 2, workers: workers)
    case .lowerBound: _ = try annealing.lowerBound(of: pair, batch, workers: workers)
    case .sandwich:
      _ = try annealing.sandwich(of: pair, batch, exact: .zeros([2, 1]), workers: workers)
    case .gaps:
      var options = GapOptions()
      (options.stepsPerWindow, options.maximumSteps) = (1, 1)
      _ = try model.inferenceGaps(
        batch, posterior: q, through: .diagonal, options: options, workers: workers)
    case .training:
      let trainer = try Trainer(
        pair, data: data,
        options: TrainingOptions(
          epochs: 1, objective: .importanceWeighted(samples: 2, gradient: .reparameterised)),
        workers: workers)
      _ = try trainer.step()
    }
  }
}

@Suite("Shared latent variables where log p(x) of one example is asked for")
struct RequiredOwnLatentsTests {
  @Test("without shared latent variables all of these measure")
  func own() throws {
    for method in PerExampleMethod.allCases { try method.run(shares: false) }
  }

  @Test("with some, none does")
  func shared() async {
    await #expect(processExitsWith: .failure) { try PerExampleMethod.bound.run(shares: true) }
    await #expect(processExitsWith: .failure) { try PerExampleMethod.objective.run(shares: true) }
    await #expect(processExitsWith: .failure) {
      try PerExampleMethod.importanceSampling.run(shares: true)
    }
    await #expect(processExitsWith: .failure) { try PerExampleMethod.lowerBound.run(shares: true) }
    await #expect(processExitsWith: .failure) { try PerExampleMethod.sandwich.run(shares: true) }
    await #expect(processExitsWith: .failure) { try PerExampleMethod.gaps.run(shares: true) }
    await #expect(processExitsWith: .failure) { try PerExampleMethod.training.run(shares: true) }
  }

  /// The ELBO of all data is there none the less: from a guide that has a posterior of what is
  /// shared.
  @Test("a guide without a posterior of what is shared is refused")
  func noPosterior() async throws {
    func evaluate(_ pair: some GuidedModel<Double>) throws -> Evaluation {
      try pair.evaluate(
        on: ArrayDataset(name: "x", columns: [DataColumn(DataField("x", shape: [1]), [0.5, -1])]),
        workers: WorkerPool(count: 1))
    }
    let own = LocalGuide(DiagonalFamily<Double>(), dimension: 1, examples: 2)
    let guide = SharedGuide(DiagonalFamily<Double>(), dimension: 1, beside: own)
    #expect(try evaluate(Offsets(shares: true).guided(by: guide)).once != nil)
    #expect(try evaluate(Offsets(shares: false).guided(by: own)).once == nil)
    await #expect(processExitsWith: .failure) {
      let pair = Offsets(shares: true).guided(
        by: LocalGuide(DiagonalFamily<Double>(), dimension: 1, examples: 2))
      let data = ArrayDataset(
        name: "x", columns: [DataColumn(DataField("x", shape: [1]), [0.5, -1])])
      _ = try pair.evaluate(on: data, workers: WorkerPool(count: 1))
    }
  }
}
