// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing
import VariationalInference

/// Posteriors whose standard deviation, exp(-20) = 2e-9, is far below the spacing of `Float` at
/// their means, of the order 1: z = mean + sigma e is the mean, rounded. What depends on log q must
/// come from e.
@Suite("Posteriors narrower than Float")
struct NarrowPosteriorTests {
  private static let (pixels, latent, count) = (16, 6, 200)

  /// Encoder means of the order 1, and log-variances of -40 whatever x.
  private let model: VariationalAutoencoder<Float>
  private let images: ImageDataset

  init() {
    var generator = SplitMix64(seed: 3)
    var model = VariationalAutoencoder<Float>(
      .init(data: Self.pixels, hidden: [8], latent: Self.latent, activation: .tanh),
      using: &generator)
    let encoder = model.encoder
    model.encoder.mean.weight = encoder.mean.weight * 3
    model.encoder.logVariance.weight = encoder.logVariance.weight * 0
    model.encoder.logVariance.bias = Tensor(repeating: -40, shape: [Self.latent])
    self.model = model
    images = ImageDataset(
      name: "noise", split: "test", height: 4, width: 4,
      pixels: (0..<Self.count * Self.pixels).map { _ in
        UInt8.random(in: 0...255, using: &generator)
      })
  }

  private var exact: VariationalAutoencoder<Double> { .copy(of: model) }
  private let workers = WorkerPool(count: 2)

  /// log w = const + |e|^2 / 2 with 6 numbers e: its standard deviation is sqrt(3) for one draw.
  /// Draws are not the same in both types: k = 4 standard errors of the difference of two means over
  /// 200 examples. A rounded z would be off by E|e|^2 / 2 = 3 nats.
  @Test("importance sampling and annealing in Float are what they are in Double")
  func bounds() throws {
    for samples in [1, 8, 300] {
      let found = try model.importanceWeightedBound(on: images, samples: samples, workers: workers)
      let expected = try exact.importanceWeightedBound(
        on: images, samples: samples, workers: workers)
      check("IWAE-\(samples)", found.bound, expected.bound)
    }
    for (steps, chains) in [(1, 1), (1, 8), (6, 4)] {
      let settings = AnnealedImportanceSampling(steps: steps, chains: chains)
      let found = try settings.lowerBound(
        of: model, try model.batch(of: images, 0..<Self.count), workers: workers)
      let expected = try settings.lowerBound(
        of: exact, try exact.batch(of: images, 0..<Self.count), workers: workers)
      check("AIS, T = \(steps), C = \(chains)", found.bound, expected.bound)
      if steps > 1 { #expect(Estimate(found.acceptance).mean > 0.5) }
    }
  }

  private func check(_ name: String, _ found: [Double], _ expected: [Double]) {
    // log p(x, mean) is the same in both but for rounding, and its spread over images no error.
    let differences = pairs(found, expected).map { $0 - $1 }
    let check = meanCheck(name, of: differences, expected: 0)
    #expect(check.standardError < 0.5 && check.isWithin(4), "\(check)")
  }

  /// log p(z) of N(0, I) in two dimensions, the same for every x: log p(x) = 0.
  private struct Prior: JointDensity {
    var reads: [FieldUse] { [FieldUse("x", .data)] }
    var latents: [Latent] { [Latent("z", shape: [2])] }

    func logJoint(_ batch: Batch<Float>, _ z: LatentValues<Float>) -> LogJoint<Float> {
      LogJoint(perExample: StandardNormal(dimension: 2).logProbability(of: z["z"]))
    }
  }

  /// From log-variances of -40 the search must widen q to those of N(0, I): at best
  /// L[q*] = -|m|^2 / 2, where L[q] is 19.5 nats lower for each of two dimensions. The search may
  /// stop some hundredths short, and 1,000 draws have an error of 0.03.
  @Test("the search for the best q widens one whose z is rounded to its mean")
  func search() throws {
    let q = DiagonalGaussian<Float>(
      mean: Tensor([0.5, -0.25, 1, 0.1], shape: [2, 2]),
      logVariance: Tensor(repeating: -40, shape: [2, 2]))
    let gaps = try Prior().inferenceGaps(
      Batch(.zeros([2, 1])), posterior: q, through: .diagonal, workers: workers)
    let expected = [-0.15625, -0.505]
    for (found, best) in pairs(gaps.optimised[0].bound, expected) {
      #expect(found > best - 0.2 && found < best + 0.1, "\(found), at best \(best)")
    }
    #expect(gaps.bound.allSatisfy { $0 < -38 }, "\(gaps.bound)")
  }
}

@Suite("The noise of a draw")
struct InvertibleDistributionTests {
  private let noise = Tensor<Double>.pseudoRandom([3, 5, 4], seed: 1)

  /// Some roundings of 1e-16, through the inverse of each step of a flow.
  private func check(_ q: some InvertibleDistribution<Double>) {
    let found = q.noise(of: q.sample(noise: noise))
    #expect(found.shape == noise.shape && relativeError(found.scalars, noise.scalars) < 1e-13)
    let one = noise.slice(2..<3, along: 1).reshaped(to: [3, 4])
    #expect(relativeError(q.noise(of: q.sample(noise: one)).scalars, one.scalars) < 1e-13)
  }

  @Test("is found again")
  func inverse() {
    let diagonal = DiagonalGaussian<Double>(
      mean: .pseudoRandom([3, 4], seed: 2), logVariance: .pseudoRandom([3, 4], seed: 3))
    check(diagonal)
    check(
      DiagonalGaussian<Double>(
        mean: .pseudoRandom([4], seed: 2), logVariance: .pseudoRandom([4], seed: 3)))
    check(StandardNormal<Double>(dimension: 4))
    let family = FullCovarianceFamily<Double>()
    var parameters = family.parameters(at: diagonal)
    parameters.free[1] = .pseudoRandom([3, 4, 4], .uniform(-0.4...0.4), seed: 4)
    let full = family.member(parameters)
    check(full)
    let flows = CouplingFlowFamily<Double>(seed: 1)
    var networks = flows.parameters(at: full)
    networks.free = networks.free.map { .pseudoRandom($0.shape, .uniform(-0.3...0.3), seed: 5) }
    check(flows.member(networks))
  }
}

@Suite("Examples that are not finite")
struct UndefinedExampleTests {
  /// The fourth example of a batch that begins at number 10 is number 13.
  @Test("annealing and gaps name the example", arguments: [Double.nan, .infinity])
  func named(value: Double) throws {
    let model = KnownAmortization.independent
    var x = Tensor<Double>.pseudoRandom([5, 4], seed: 1).scalars
    x[3 * 4 + 2] = value
    let batch = Batch(["x": Tensor(x, shape: [5, 4])], examples: Array(10..<15))
    let workers = WorkerPool(count: 1)
    let settings = AnnealedImportanceSampling(steps: 2, chains: 2)
    func expectNamed(_ work: () throws -> Void) {
      let error = #expect(throws: DatasetError.self) { try work() }
      guard case .notFiniteInBatch("x", 13, let found) = error else {
        return #expect(Bool(false), "\(String(describing: error))")
      }
      #expect(found.isNaN == value.isNaN && !found.isFinite)
    }
    expectNamed { _ = try settings.lowerBound(of: model, batch, workers: workers) }
    expectNamed {
      _ = try settings.sandwich(of: model, batch, exact: .zeros([5, 2]), workers: workers)
    }
    var options = GapOptions()
    (options.maximumSteps, options.stepsPerWindow, options.boundDraws) = (1, 1, 4)
    let q = DiagonalGaussian<Double>(mean: .zeros([5, 2]), logVariance: .zeros([5, 2]))
    expectNamed {
      _ = try model.inferenceGaps(
        batch, posterior: q, through: .diagonal, options: options, workers: workers)
    }
  }
}
