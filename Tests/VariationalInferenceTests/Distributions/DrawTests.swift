// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing
import VariationalInference

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

@Suite("Laws of independent coordinates")
struct FactorizedTests {
  private static let (batch, draws, n) = (3, 3, 4)

  /// A law with parameters of a shape `[..., n]`.
  struct Law: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let make: @Sendable (_ shape: [Int]) -> any FactorizedDistribution<Double>

    static let all = [
      Law(testDescription: "Bernoulli") {
        IndependentBernoulli(logits: .pseudoRandom($0, .uniform(-4...4), seed: 1))
      },
      Law(testDescription: "diagonal Gaussian") {
        DiagonalGaussian(
          mean: .pseudoRandom($0, seed: 2), logVariance: .pseudoRandom($0, seed: 3))
      },
      Law(testDescription: "isotropic Gaussian") {
        IsotropicGaussian(mean: .pseudoRandom($0, seed: 4), logVariance: Tensor([-0.7]))
      },
    ]
  }

  private func value(_ shape: [Int]) -> Tensor<Double> {
    .pseudoRandom(shape, .uniform(0...1), seed: 9)
  }

  /// Sums of four terms: a few roundings of 1e-16.
  @Test("a log-density is the sum of those of the coordinates", arguments: Law.all)
  func sums(_ law: Law) {
    for (parameters, values) in [
      ([3, 4], [3, 4]), ([3, 5, 4], [3, 4]), ([3, 4], [3, 5, 4]), ([3, 5, 4], [3, 5, 4]),
      ([1, 4], [3, 4]), ([4], [3, 4]), ([1, 4], [3, 5, 4]),
    ] as [([Int], [Int])] {
      let (law, x) = (law.make(parameters), value(values))
      let (whole, each) = (law.logProbability(of: x), law.logProbabilities(of: x))
      let shape = parameters.count > values.count ? parameters : values
      #expect(
        each.shape == shape && whole.shape == Array(shape.dropLast()), "\(parameters) \(values)")
      #expect(
        relativeError(whole.scalars, each.sum(along: -1).scalars, scale: 1) < 1e-14,
        "\(parameters) \(values)")
    }
  }

  /// As many draws as examples: shapes that fit, but not in this order, would go unseen otherwise.
  @Test("values of several draws meet the parameters of their own example", arguments: Law.all)
  func examples(_ law: Law) throws {
    let (rows, draws) = ([Self.batch, Self.n], [Self.batch, Self.draws, Self.n])
    let x = value(draws)
    let found = law.make(rows).logProbability(of: x)
    let parameters = law.make(rows)
    for draw in 0..<Self.draws {
      let own = x.slice(draw..<draw + 1, along: 1).reshaped(to: rows)
      let column = found.slice(draw..<draw + 1, along: 1).scalars
      #expect(relativeError(column, parameters.logProbability(of: own).scalars, scale: 1) < 1e-14)
    }
    let (observed, several) = (value(rows), law.make(draws))
    let other = several.logProbability(of: observed).scalars
    let repeated = observed.reshaped(to: [Self.batch, 1, Self.n]).repeated(to: draws)
    #expect(relativeError(other, several.logProbability(of: repeated).scalars, scale: 1) < 1e-14)
  }

  @Test("gradients of the coordinates' log-densities are central differences")
  func gradients() {
    let (a, b, x) = (
      Tensor<Double>.pseudoRandom([2, 3], seed: 1), Tensor<Double>.pseudoRandom([2, 3], seed: 2),
      value([2, 3])
    )
    checkGradients(of: { IndependentBernoulli(logits: $0[0]).logProbabilities(of: x) }, at: [a])
    checkGradients(
      of: { DiagonalGaussian(mean: $0[0], logVariance: $0[1]).logProbabilities(of: $0[2]) },
      at: [a, b, x])
    checkGradients(
      of: { IsotropicGaussian(mean: $0[0], logVariance: $0[1]).logProbabilities(of: $0[2]) },
      at: [a, Tensor([0.4]), x])
    checkGradients(
      of: { IsotropicGaussian(mean: $0[0], logVariance: $0[1]).logProbability(of: $0[2]) },
      at: [a, Tensor([0.4]), x])
  }

  /// scipy.stats.norm.logpdf, SciPy 1.17.1: the laws of equal variances are one.
  @Test("the isotropic Gaussian is the diagonal one of equal variances")
  func isotropic() {
    let (mean, x) = (Tensor<Double>.pseudoRandom([3, 4], seed: 1), value([3, 4]))
    let one = IsotropicGaussian(mean: mean, logVariance: Tensor([-1.3]))
    let other = DiagonalGaussian(mean: mean, logVariance: Tensor(repeating: -1.3, shape: [3, 4]))
    #expect(
      relativeError(one.logProbability(of: x).scalars, other.logProbability(of: x).scalars) < 1e-14)
    #expect(one.mean.scalars == mean.scalars)
  }
}

@Suite("Draws by key")
struct KeyedDrawTests {
  private let n = 1 << 14
  private func keys(_ range: Range<Int>) -> [NoiseKey] { range.map { NoiseKey(seed: 7, $0) } }

  /// n = 16,384 draws, k = 4 standard errors: of a frequency sqrt(p (1 - p) / n).
  @Test("Bernoulli variables are 1 as often as their probabilities say")
  func bernoulli() {
    let logits = [-6, -1, 0, 0.5, 4]
    let x = IndependentBernoulli(logits: Tensor(logits, shape: [1, 5]).repeated(to: [n, 5])).draw(
      keys(0..<n))
    #expect(x.shape == [n, 5] && x.scalars.allSatisfy { $0 == 0 || $0 == 1 })
    for (column, logit) in logits.enumerated() {
      let p = 1 / (1 + exp(-logit))
      let check = StatisticalCheck(
        "\(logit)", observed: x.slice(column..<column + 1, along: 1).mean().scalar, expected: p,
        standardError: (p * (1 - p) / Double(n)).squareRoot())
      #expect(check.isWithin(4), "\(check)")
    }
    // Coordinates of a row do not share their numbers: a product of frequencies, to 4 errors.
    let both = (x.slice(2..<3, along: 1) * x.slice(3..<4, along: 1)).scalars
    let p = 0.5 / (1 + exp(-0.5))
    let check = meanCheck("both", of: both, expected: p)
    #expect(check.isWithin(4), "\(check)")
  }

  /// n draws of each coordinate, k = 4: mean and mean square of the deviation.
  @Test("isotropic Gaussians have their mean and variance")
  func isotropic() {
    let mean = Tensor<Double>([3, -100], shape: [1, 2]).repeated(to: [n, 2])
    let x = IsotropicGaussian(mean: mean, logVariance: Tensor([log(0.04)])).draw(keys(0..<n))
    #expect(x.shape == [n, 2])
    let columns = (0..<2).map { x.slice($0..<$0 + 1, along: 1).scalars }
    for (column, centre) in pairs(columns, [3.0, -100]) {
      let checks = standardNormalChecks(column.map { ($0 - centre) / 0.2 })
      for check in checks { #expect(check.isWithin(4), "\(check)") }
    }
    let independent = independenceCheck(
      "coordinates", columns[0].map { ($0 - 3) / 0.2 }, columns[1].map { ($0 + 100) / 0.2 })
    #expect(independent.isWithin(4), "\(independent)")
  }

  @Test("a row's draw depends on its key alone, and is off the tape")
  func ownKey() {
    func check(_ law: (_ rows: Tensor<Double>) -> any DrawableDistribution<Double>) {
      let parameters = Tensor<Double>.pseudoRandom([6, 5], seed: 3)
      let all = law(parameters).draw(keys(10..<16))
      let chosen = [4, 0, 4]
      let some = law(parameters.selectingRows(chosen)).draw(chosen.map { keys(10..<16)[$0] })
      #expect(some.scalars == all.selectingRows(chosen).scalars)
      #expect(law(parameters).draw(keys(10..<16)).scalars == all.scalars)
      #expect(law(parameters).draw(keys(11..<17)).scalars != all.scalars)
      let variable = Tape<Double>().variable(parameters)
      #expect(!law(variable).draw(keys(10..<16)).isTraced)
    }
    check { IndependentBernoulli(logits: $0) }
    check { IsotropicGaussian(mean: $0, logVariance: Tensor([0.2])) }
  }
}

/// Draws around 1000 with a standard deviation of 1e-3: `Float` has steps of 6e-5 there, so that
/// (z - mean) / sigma is wrong by up to 0.03 for a rounded z. What comes from the noise is not.
@Suite("log q from the noise")
struct LogProbabilityFromNoiseTests {
  private let batch = 2
  private let draws = 8
  private let n = 3

  private func mean<Scalar: TensorScalar>(_ type: Scalar.Type) -> Tensor<Scalar> {
    Tensor(repeating: 1000, shape: [batch, n])
  }

  private func logVariance<Scalar: TensorScalar>(_ type: Scalar.Type) -> Tensor<Scalar> {
    Tensor(repeating: Scalar(2 * log(1e-3)), shape: [batch, n])
  }

  private func noise<Scalar: TensorScalar>(_ type: Scalar.Type) -> Tensor<Scalar> {
    Tensor<Float>.standardNormal([batch, draws, n], key: NoiseKey(seed: 3)).converted(to: type)
  }

  private func diagonal<Scalar: TensorScalar>(_ type: Scalar.Type) -> DiagonalGaussian<Scalar> {
    DiagonalGaussian(mean: mean(type), logVariance: logVariance(type))
  }

  private func full<Scalar: TensorScalar>(_ type: Scalar.Type) -> FullCovarianceGaussian<Scalar> {
    let family = FullCovarianceFamily<Scalar>()
    var parameters = family.parameters(at: diagonal(type))
    parameters.free[1] = Tensor<Float>.pseudoRandom([batch, n, n], .uniform(-0.4...0.4), seed: 5)
      .converted(to: type)
    return family.member(parameters)
  }

  private func flow<Scalar: TensorScalar>(_ type: Scalar.Type) -> CouplingFlow<Scalar> {
    let family = CouplingFlowFamily<Scalar>(steps: 2, hidden: 4, seed: 1)
    var parameters = family.parameters(at: full(type))
    parameters.free = parameters.free.enumerated().map { index, tensor in
      Tensor<Float>.pseudoRandom(tensor.shape, .uniform(-0.3...0.3), seed: UInt64(index))
        .converted(to: type)
    }
    return family.member(parameters)
  }

  /// log q is some 15 to 25 nats, of some ten terms: 1e-5 is 7 roundings of 2^-24 of 25.
  private func check(
    _ q: some ReparameterizedDistribution<Float>, _ exact: some ReparameterizedDistribution<Double>
  ) {
    let expected = exact.draw(noise: noise(Double.self)).logProbability.scalars
    let draw = q.draw(noise: noise(Float.self))
    func error(_ values: Tensor<Float>) -> Double {
      pairs(values.doubles, expected).map { ($0 - $1).magnitude }.max() ?? .infinity
    }
    #expect(draw.logProbability.shape == [batch, draws])
    #expect(error(draw.logProbability) < 1e-5)
    #expect(
      error(q.logProbabilityAlongPath(of: draw.value, noise: noise(Float.self))) < 1e-5)
    // The data can tell: from the rounded z it is another number.
    #expect(error(q.logProbability(of: draw.value)) > 1e-2)
    #expect(draw.value.scalars == q.sample(noise: noise(Float.self)).scalars)
  }

  @Test("a diagonal Gaussian's") func ofDiagonal() {
    check(diagonal(Float.self), diagonal(Double.self))
  }

  @Test("a Gaussian's of any covariance") func ofFull() {
    check(full(Float.self), full(Double.self))
  }

  @Test("a flow's") func ofFlow() { check(flow(Float.self), flow(Double.self)) }

  // MARK: What is made of it

  /// log p(x, z) = 0 for all z, so that every log weight is -log q(z).
  private struct Flat<Scalar: TensorScalar>: JointDensity {
    var reads: [FieldUse] { [FieldUse("x", .data)] }
    var latents: [Latent] { [Latent("z", shape: [3])] }

    func logJoint(_ batch: Batch<Scalar>, _ z: LatentValues<Scalar>) -> LogJoint<Scalar> {
      LogJoint(perExample: z["z"].sum(along: -1) * 0)
    }
  }

  private func batch<Scalar: TensorScalar>(_ type: Scalar.Type) -> Batch<Scalar> {
    Batch(.zeros([batch, 1]))
  }

  @Test(
    "importance weights, whatever their gradient", arguments: ImportanceWeightedGradient.allCases)
  func weights(_ gradient: ImportanceWeightedGradient) {
    let found = Flat<Float>().importanceWeightedObjective(
      batch(Float.self), posterior: diagonal(Float.self), noise: noise(Float.self),
      gradient: gradient)
    let expected = diagonal(Double.self).draw(noise: noise(Double.self)).logProbability
    let errors = pairs(found.logWeights.doubles, expected.scalars).map { ($0 + $1).magnitude }
    #expect(errors.count == 16 && errors.allSatisfy { $0 < 1e-5 }, "\(errors)")
  }

  @Test("the bound of one draw")
  func bound() {
    let one = noise(Double.self).slice(0..<1, along: 1).reshaped(to: [batch, n])
    let found = Flat<Float>().evidenceLowerBound(
      batch(Float.self), posterior: diagonal(Float.self), noise: one.converted(to: Float.self))
    let expected = diagonal(Double.self).draw(noise: one).logProbability
    let errors = pairs(found.elbo.doubles, expected.scalars).map { ($0 + $1).magnitude }
    #expect(errors.count == 2 && errors.allSatisfy { $0 < 1e-5 }, "\(errors)")
  }

  /// log q in Double at draws of `count` noise vectors of `Float` from a key, for one example.
  private func expected(_ key: NoiseKey, count: Int) -> Tensor<Double> {
    let noise = Tensor<Float>.standardNormal([1, count, n], key: key).converted(to: Double.self)
    let q = diagonal(Double.self)
    return DiagonalGaussian(mean: q.mean.slice(0..<1), logVariance: q.logVariance.slice(0..<1))
      .draw(noise: noise).logProbability
  }

  /// 3 is the purpose of the draws of an evaluation in their key, 43 that of the draws on which
  /// gaps are reported; the third counter is the block of 64 draws, or the round of at most 256.
  @Test("the bound of many draws, that of the gaps, and annealing")
  func evaluations() throws {
    let data = ArrayDataset(
      name: "none", columns: [DataColumn(DataField("x", shape: [1]), [0.0, 0])])
    let pool = WorkerPool(count: 1)
    let q = diagonal(Float.self)
    let model = Flat<Float>().guided(by: LocalGuide(DiagonalFamily(), at: q))
    let bound = try model.importanceWeightedBound(on: data, samples: 64, seed: 3, workers: pool)
    let bounds = (0..<2).map {
      (-expected(NoiseKey(seed: 3, $0, 0, 3), count: 64)).logMeanExp(along: 1).scalar
    }
    #expect(relativeError(bound.bound, bounds) < 1e-6)
    var options = GapOptions()
    (options.maximumSteps, options.stepsPerWindow, options.boundDraws) = (1, 1, 256)
    let gaps = try model.model.inferenceGaps(
      batch(Float.self), posterior: q, through: .diagonal, options: options, seed: 3,
      workers: pool)
    let means = (0..<2).map { -expected(NoiseKey(seed: 3, $0, 0, 43), count: 256).mean().scalar }
    #expect(relativeError(gaps.bound, means) < 1e-6)
    // 51 is the purpose of the draws that annealing begins at; with T = 1 it ends there.
    let annealed = try AnnealedImportanceSampling(steps: 1, chains: 24, seed: 3).lowerBound(
      of: model, batch(Float.self), workers: pool)
    let starts = (0..<2).map {
      (-expected(NoiseKey(seed: 3, $0, 0, 51), count: 24)).logMeanExp(along: 1).scalar
    }
    #expect(relativeError(annealed.bound, starts) < 1e-6)
  }

  /// For K = 1, d log w / d mean = -d log q / d z = e / sigma, which a rounded z gets wrong by 3 %.
  @Test("the doubly reparameterised gradient by the mean")
  func gradient() {
    let one = noise(Float.self).slice(0..<1, along: 1)
    let q = diagonal(Float.self)
    let found = valueWithGradients(at: [q.mean]) {
      Flat<Float>().importanceWeightedObjective(
        batch(Float.self), posterior: DiagonalGaussian(mean: $0[0], logVariance: q.logVariance),
        noise: one, gradient: .doublyReparameterised
      ).bound
    }.gradients[0]
    let expected = one.doubles.map { $0 / 1e-3 }
    // sigma is exp of a rounded -6.9: 7 x 2^-24 relative.
    #expect(relativeError(found.doubles, expected) < 1e-6)
  }
}
