// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing
import VariationalInference

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

@Suite("Annealed importance sampling")
struct AnnealedImportanceSamplingTests {
  typealias Start = AnnealedImportanceSampling.Start
  private static let count = 200

  /// Draws (x, z) of the joint density of a model with known posterior, and a q some way off.
  private struct Simulation {
    let model = KnownAmortization.independent.moved(shift: 0.3, varianceScale: 0.6)
    let x: Tensor<Double>
    let z: Tensor<Double>
    let logEvidence: [Double]

    init() {
      z = .standardNormal([count, 2], key: NoiseKey(seed: 81))
      x = model.likelihood(given: z).sample(
        noise: .standardNormal([count, 4], key: NoiseKey(seed: 82)))
      let (model, x) = (model, x)
      logEvidence = (0..<count).map { model.linear.logEvidence(of: x.slice($0..<$0 + 1).scalars) }
    }
  }

  private let simulation = Simulation()

  private func sandwich(
    _ settings: AnnealedImportanceSampling, threads: Int = 1
  ) throws -> BidirectionalBound {
    try settings.sandwich(
      of: simulation.model, Batch(simulation.x), exact: simulation.z,
      workers: WorkerPool(count: threads))
  }

  private func differences(_ bound: AnnealedBound) -> [Double] {
    pairs(bound.bound, simulation.logEvidence).map { $0 - $1 }
  }

  /// k = 4 standard errors over n = 200 examples, one chain each: E[w] = p(x) forwards and
  /// E[1 / w] = 1 / p(x) backwards, exactly, for any number of steps. From the prior, which is far
  /// wider than the posterior, 1 / w has no finite variance, and is not tested.
  @Test("weights are unbiased, whatever the path", arguments: Start.allCases, [1, 2, 8])
  func unbiased(_ start: Start, steps: Int) throws {
    for schedule in AnnealingSchedule.allCases {
      let result = try sandwich(
        .init(steps: steps, chains: 1, start: start, schedule: schedule, seed: 5))
      let forward = differences(result.lower).map { exp($0) }
      let reverse = differences(result.upper).map { exp(-$0) }
      let checks = [
        meanCheck("w / p(x)", of: forward, expected: 1),
        meanCheck("p(x) / w", of: reverse, expected: 1),
      ]
      for check in start == .prior ? Array(checks.prefix(1)) : checks {
        #expect(check.isWithin(4), "\(check)")
      }
    }
  }

  @Test("lower bound, log p(x), upper bound; both close in with T", arguments: Start.allCases)
  func closesIn(_ start: Start) throws {
    var gaps: [Estimate] = []
    for steps in [2, 8, 32] {
      let result = try sandwich(.init(steps: steps, chains: 2, start: start))
      let (lower, upper) = (
        Estimate(differences(result.lower)), Estimate(differences(result.upper))
      )
      #expect(lower.mean < 4 * lower.standardError && upper.mean > -4 * upper.standardError)
      gaps.append(Estimate(result.gap))
    }
    // As 1 / T once the path is followed well: by far more than half over 16 times the steps.
    let (first, last) = (gaps[0], gaps[2])
    #expect(last.mean + 4 * last.standardError < first.mean / 2, "\(gaps)")
    #expect(last.mean < gaps[1].mean && gaps[1].mean < first.mean, "\(gaps)")
  }

  /// With T = 1 there is no transition, so that its settings cannot matter.
  @Test("T = 1: importance sampling from the start")
  func oneStep() throws {
    let few = try sandwich(.init(steps: 1, chains: 9, start: .prior, leapfrogSteps: 1)).lower
    let many = try sandwich(.init(steps: 1, chains: 9, start: .prior, leapfrogSteps: 7)).lower
    #expect(few.bound == many.bound && few.acceptance.allSatisfy(\.isNaN))
    let model = KnownAmortization.independent
    let exact = try AnnealedImportanceSampling(steps: 1, chains: 3).lowerBound(
      of: model, Batch(simulation.x), workers: WorkerPool(count: 1))
    #expect(relativeError(exact.bound, simulation.logEvidence, scale: 1) < 1e-12)
    #expect(relativeError(exact.effectiveSampleSize, differences(exact).map { _ in 3 }) < 1e-12)
  }

  @Test("the warm-up finds steps of which most, but not all, are accepted")
  func acceptance() throws {
    for start in Start.allCases {
      let rates = try AnnealedImportanceSampling(steps: 20, chains: 2, start: start).lowerBound(
        of: simulation.model, Batch(simulation.x), workers: WorkerPool(count: 1)
      ).acceptance
      #expect(Estimate(rates).mean > 0.7 && Estimate(rates).mean < 0.98, "\(Estimate(rates))")
    }
  }

  @Test("the same for any number of threads; anew for another seed")
  func threads() throws {
    let one = try sandwich(.init(steps: 3, chains: 5))
    let three = try sandwich(.init(steps: 3, chains: 5), threads: 3)
    #expect(one.lower.bound == three.lower.bound && one.upper.bound == three.upper.bound)
    #expect(one.lower.bound != (try sandwich(.init(steps: 3, chains: 5, seed: 1)).lower.bound))
    let alone = try AnnealedImportanceSampling(steps: 3, chains: 5).lowerBound(
      of: simulation.model, Batch(simulation.x), workers: WorkerPool(count: 2))
    #expect(alone.bound == one.lower.bound, "the upper bound changes nothing in the lower")
  }

  /// q is asked for draws three times: for its scale, for the start of the warm-up, and for that of
  /// the chains. Sequences that are one begin with the same numbers, however long they are.
  @Test("the draws that set the scale serve nothing else")
  func scaleDraws() throws {
    let recorder = RowRecorder()
    let model = ListeningModel(known: KnownAmortization.independent, recorder: recorder)
    _ = try AnnealedImportanceSampling(steps: 3, chains: 5).lowerBound(
      of: model, Batch(simulation.x.slice(0..<2)), workers: WorkerPool(count: 1))
    let sequences = recorder.take()
    #expect(sequences.map(\.count).sorted() == [2 * 4 * 2, 2 * 5 * 2, 2 * 64 * 2])
    #expect(Set(sequences.map { $0[0] }).count == 3)
  }

  @Test("stops when asked to")
  func stops() throws {
    #expect(throws: CancellationError.self) {
      _ = try AnnealedImportanceSampling(steps: 50, chains: 4).lowerBound(
        of: simulation.model, Batch(simulation.x), workers: WorkerPool(count: 2)
      ) { share in share < 0.1 }
    }
  }

  @Test("schedules run from 0 to 1 and grow", arguments: AnnealingSchedule.allCases)
  func schedule(_ schedule: AnnealingSchedule) {
    for steps in [1, 2, 7, 100] {
      let betas = schedule.inverseTemperatures(steps: steps)
      #expect(betas.count == steps + 1 && betas.first == 0 && betas.last == 1)
      #expect(zip(betas, betas.dropFirst()).allSatisfy { $0 < $1 })
    }
  }
}

@Suite("Annealed importance sampling without an encoder")
struct AnnealingFromThePriorTests {
  private let count = 200

  /// Draws (x, z) of a model's joint density.
  private func simulated(
    _ model: some KnownPosterior, likelihood: (Tensor<Double>) -> DiagonalGaussian<Double>
  ) -> (x: Tensor<Double>, z: Tensor<Double>, logEvidence: [Double]) {
    let z = model.prior.sample(
      noise: .standardNormal([count, model.latentDimension], key: NoiseKey(seed: 91)))
    let x = likelihood(z).sample(
      noise: .standardNormal([count, model.dataDimension], key: NoiseKey(seed: 92)))
    return (x, z, (0..<count).map { model.logEvidence(of: x.slice($0..<$0 + 1).scalars) })
  }

  /// k = 4 standard errors over 400 chains for one x: E[w] = p(x), for any number of steps. (Over x
  /// drawn from the model the mean of w / p(x) is 1 for chains that begin at any density.)
  private func checkUnbiased(
    _ model: some KnownPosterior, likelihood: (Tensor<Double>) -> DiagonalGaussian<Double>
  ) throws {
    let simulated = simulated(model, likelihood: likelihood)
    for (start, steps) in [
      (AnnealedImportanceSampling.Start.prior, 1), (.prior, 8), (.posterior, 8),
    ] {
      for example in [0, 1] {
        let x = simulated.x.slice(example..<example + 1).repeated(to: [400, model.dataDimension])
        let result = try AnnealedImportanceSampling(
          steps: steps, chains: 1, start: start, seed: 5
        ).lowerBound(of: model.guidedByPrior, Batch(x), workers: WorkerPool(count: 2))
        let ratios = result.bound.map { exp($0 - simulated.logEvidence[example]) }
        let check = meanCheck("w / p(x), T = \(steps)", of: ratios, expected: 1)
        #expect(check.isWithin(4), "\(check)")
      }
    }
  }

  private let conjugate = ConjugateNormalModel(
    priorMean: 1.5, priorVariance: 0.3, noiseVariance: 2, observations: 7)

  @Test("weights are unbiased, whatever the prior")
  func unbiased() throws {
    let linear = KnownModel.independent
    try checkUnbiased(linear, likelihood: linear.likelihood(given:))
    try checkUnbiased(conjugate, likelihood: conjugate.likelihood(given:))
  }

  /// As for a path from an encoder's q: by far more than half over 16 times the steps.
  @Test("both bounds enclose log p(x), and close in with T")
  func closesIn() throws {
    let (x, z, logEvidence) = simulated(conjugate, likelihood: conjugate.likelihood(given:))
    var gaps: [Estimate] = []
    for steps in [2, 8, 32] {
      let result = try AnnealedImportanceSampling(steps: steps, chains: 2, start: .prior).sandwich(
        of: conjugate.guidedByPrior, Batch(x), exact: z, workers: WorkerPool(count: 2))
      let lower = Estimate(pairs(result.lower.bound, logEvidence).map { $0 - $1 })
      let upper = Estimate(pairs(result.upper.bound, logEvidence).map { $0 - $1 })
      #expect(lower.mean < 4 * lower.standardError && upper.mean > -4 * upper.standardError)
      gaps.append(Estimate(result.gap))
    }
    #expect(gaps[2].mean + 4 * gaps[2].standardError < gaps[0].mean / 2, "\(gaps)")
  }

  /// p(x, z) = N(x; z, 1) N(z; 0, 1), in one piece.
  private struct Whole: JointDensity {
    var reads: [FieldUse] { [FieldUse("x", .data, width: 1)] }
    var latents: [Latent] { [Latent("z", shape: [1])] }

    func logJoint(_ batch: Batch<Double>, _ z: LatentValues<Double>) -> LogJoint<Double> {
      let x = batch["x"].aligned(toRank: z["z"].rank)
      let squares = (x - z["z"]).squared() + z["z"].squared()
      return LogJoint(perExample: squares.sum(along: -1) * -0.5 - log(2 * Double.pi))
    }

    static func bound(_ start: AnnealedImportanceSampling.Start) throws -> AnnealedBound {
      let guide = LocalGuide(DiagonalFamily<Double>(), dimension: 1, examples: 1)
      return try AnnealedImportanceSampling(steps: 20, chains: 200, start: start).lowerBound(
        of: Whole().guided(by: guide), Batch(Tensor([0.7], shape: [1, 1])),
        workers: WorkerPool(count: 1))
    }
  }

  /// p(x) = N(x; 0, 2). With 200 chains even T = 1 would have a standard error below 0.1.
  @Test("a model that is not split has a path from its guide alone")
  func whole() async throws {
    let exact = -0.7 * 0.7 / 4 - 0.5 * log(4 * Double.pi)
    #expect((try Whole.bound(.posterior).bound[0] - exact).magnitude < 0.1)
    await #expect(processExitsWith: .failure) { _ = try Whole.bound(.prior) }
  }
}

/// A model whose q notes the noise of each call.
private struct ListeningModel: Autoencoder {
  let known: KnownAmortization
  let recorder: RowRecorder

  var prior: StandardNormal<Double> { known.prior }
  var latentDimension: Int { known.latentDimension }

  func likelihood(given z: Tensor<Double>) -> DiagonalGaussian<Double> {
    known.likelihood(given: z)
  }

  func posterior(given x: Tensor<Double>) -> Listening {
    Listening(base: known.posterior(given: x), recorder: recorder)
  }

  mutating func visitParameters(
    _ visit: (_ name: String, _ parameter: inout Tensor<Double>) throws -> Void
  ) rethrows {}

  struct Listening: ReparameterizedDistribution {
    let base: EstimatedKLGaussian
    let recorder: RowRecorder

    var noiseDimension: Int { base.noiseDimension }

    func logProbability(of value: Tensor<Double>) -> Tensor<Double> {
      base.logProbability(of: value)
    }

    func draw(noise: Tensor<Double>) -> Draw<Double> {
      recorder.note(noise.scalars, width: noise.count)
      return base.draw(noise: noise)
    }

    func logProbabilityAlongPath(
      of z: Tensor<Double>, noise: Tensor<Double>
    ) -> Tensor<Double> {
      base.logProbabilityAlongPath(of: z, noise: noise)
    }

    func kullbackLeiblerDivergence(to prior: some Distribution<Double>) -> Tensor<Double>? {
      base.kullbackLeiblerDivergence(to: prior)
    }
  }
}

@Suite("Bounds against quadrature")
struct QuadratureTests {
  private static let pixels = 64

  /// A decoder of two latent dimensions, trained for a moment on bars.
  private let model: VariationalAutoencoder<Float>

  init() throws {
    var generator = SplitMix64(seed: 11)
    let model = VariationalAutoencoder<Float>(
      .init(data: Self.pixels, hidden: [32], latent: 2, activation: .tanh), using: &generator)
    let trainer = try Trainer(
      model, data: ImageDataset.bars(count: 2000).binarized(.dynamic),
      options: TrainingOptions(epochs: 8), workers: WorkerPool(count: 1))
    try finish(trainer)
    self.model = trainer.model
  }

  private func truth(_ x: Tensor<Float>, spacing: Double) -> [Double] {
    VariationalAutoencoder<Double>.copy(of: model).logEvidenceByQuadrature(
      of: x.converted(to: Double.self), spacing: spacing, halfWidth: 6,
      workers: WorkerPool(count: 1))
  }

  /// k = 4 standard errors over 40 simulated images.
  @Test("a trained decoder: lower bounds below log p(x), upper bounds above")
  func sandwich() throws {
    let workers = WorkerPool(count: 1)
    let field = DataField("x", shape: [8, 8, 1], kind: .binary)
    let simulated = model.simulate(count: 40, as: field, seed: 2)
    let batch = try model.batch(of: simulated.data, 0..<40)
    let x = batch["x"]
    let (coarse, exact) = (truth(x, spacing: 0.1), truth(x, spacing: 0.05))
    #expect(relativeError(coarse, exact, scale: 1) < 1e-6, "the quadrature has not converged")
    func check(_ bound: [Double], isUpper: Bool = false) -> Double {
      let difference = Estimate(pairs(bound, exact).map { $0 - $1 })
      let sign = isUpper ? -1.0 : 1
      #expect(sign * difference.mean < 4 * difference.standardError, "\(difference)")
      return difference.mean.magnitude
    }
    let elbo = check(try model.evaluate(on: simulated.data, workers: workers).elbo)
    let iwae = try [10, 1000].map { samples in
      check(
        try model.importanceWeightedBound(
          on: simulated.data, samples: samples, workers: workers
        ).bound)
    }
    let ais = try AnnealedImportanceSampling(steps: 30, chains: 8).sandwich(
      of: model, batch, exact: simulated.latent, workers: workers)
    #expect(elbo > iwae[0] && iwae[0] > iwae[1])
    let (below, above) = (check(ais.lower.bound), check(ais.upper.bound, isUpper: true))
    #expect(below < elbo / 4 && above < elbo / 4, "\(below) below, \(above) above, ELBO \(elbo)")
  }
}
