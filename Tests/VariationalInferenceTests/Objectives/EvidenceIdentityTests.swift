// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing
import VariationalInference

/// A model with known posterior.
struct KnownModel: Sendable, CustomTestStringConvertible {
  let name: String
  let model: any KnownPosterior
  var testDescription: String { name }

  static let all = [
    linearGaussian("one dimension", latent: 1, data: 1),
    linearGaussian("correlated posterior", latent: 3, data: 5),
    linearGaussian("more latent than data dimensions", latent: 4, data: 2),
    linearGaussian("little noise, so that log p(x) > 0", latent: 2, data: 6, noise: 1e-4),
    KnownModel(name: "independent posterior", model: independent),
    KnownModel(
      name: "conjugate normal, whose prior is not standard",
      model: ConjugateNormalModel(
        priorMean: 1.5, priorVariance: 0.3, noiseVariance: 2, observations: 7)),
  ]

  /// Columns at right angles: the posterior is itself a diagonal Gaussian.
  static let independent = LinearGaussianModel(
    weight: SmallMatrix([1, 2, 2, -1, 0.5, 1, 1, -0.5], rows: 4, columns: 2),
    offset: [0.1, -0.2, 0.3, 0], noiseVariance: 0.7)

  private static func linearGaussian(
    _ name: String, latent: Int, data: Int, noise: Double = 0.4
  ) -> KnownModel {
    let weight = Tensor<Double>.pseudoRandom([data, latent], seed: 71)
    return KnownModel(
      name: name,
      model: LinearGaussianModel(
        weight: SmallMatrix(weight.scalars, rows: data, columns: latent),
        offset: Tensor<Double>.pseudoRandom([data], seed: 72).scalars, noiseVariance: noise))
  }
}

extension KnownPosterior {
  /// Three examples that the model could have made: W z + b, moved a little.
  func examples() -> [[Double]] {
    let z = Tensor<Double>.pseudoRandom([3, latentDimension], seed: 73)
    let centre = (likelihood(given: z) as? DiagonalGaussian<Double>)?.mean ?? z
    let moved = centre + Tensor.pseudoRandom(centre.shape, .uniform(-0.02...0.02), seed: 74)
    return (0..<3).map { moved.slice($0..<$0 + 1).scalars }
  }

  /// E over the noise of the bound from one draw, `[1]`, exactly: log p(x | z), log p(z) and log q(z)
  /// are quadratic in the noise, and the mean over the 2 d points +-sqrt(d) e[j] is the expectation
  /// of every polynomial of degree 3 under N(0, I).
  func expectedBound<Posterior: ReparameterizedDistribution<Double>>(
    _ x: [Double], _ q: Posterior
  ) -> Tensor<Double> {
    let d = latentDimension
    let x = Tensor(x, shape: [1, x.count])
    let bounds = (0..<2 * d).map { point in
      var noise = [Double](repeating: 0, count: d)
      noise[point / 2] = Double(d).squareRoot() * (point % 2 == 0 ? 1 : -1)
      return evidenceLowerBound(
        Batch(x), posterior: q, noise: Tensor(noise, shape: [1, d])
      ).elbo
    }
    return Tensor.concatenated(bounds).mean(along: 0, keepingAxis: true)
  }
}

@Suite("log p(x) = ELBO(q) + KL(q(z | x) || p(z | x))")
struct EvidenceIdentityTests {
  /// Some q that is not the posterior.
  private func guess(_ latent: Int) -> (mean: Tensor<Double>, logVariance: Tensor<Double>) {
    (
      .pseudoRandom([1, latent], seed: 75), .pseudoRandom([1, latent], .uniform(-2...1), seed: 76)
    )
  }

  /// A few hundred roundings of 1e-16, amplified by at most 1 / noise variance = 1e4 where the bound
  /// is a difference of squares over that variance: below 1e-9 relative.
  private func agree(_ a: Double, _ b: Double) -> Bool { relativeError([a], [b], scale: 1) < 1e-9 }

  private func check(_ model: some KnownPosterior) {
    let (mean, logVariance) = guess(model.latentDimension)
    let q = DiagonalGaussian(mean: mean, logVariance: logVariance)
    let exactQ = ExactGaussian(
      mean: mean.scalars, covariance: SmallMatrix(diagonal: logVariance.exp().scalars))
    for x in model.examples() {
      let evidence = model.logEvidence(of: x)
      let gap = exactQ.kullbackLeiblerDivergence(to: model.exactPosterior(given: x))
      #expect(gap > 0)
      let bound = model.expectedBound(x, q).scalars[0]
      #expect(agree(bound + gap, evidence), "\(bound) + \(gap) is not \(evidence)")
      let estimated = model.expectedBound(x, EstimatedKLGaussian(q)).scalars[0]
      #expect(agree(estimated + gap, evidence), "\(estimated) + \(gap) is not \(evidence)")
    }
  }

  @Test(
    "for a q that is not the posterior, with closed and with estimated KL",
    arguments: KnownModel.all)
  func identity(_ known: KnownModel) { check(known.model) }

  private func checkPosterior(_ model: some KnownPosterior) {
    for x in model.examples() {
      let posterior = model.exactPosterior(given: x)
      let q = FullGaussian(
        mean: Tensor(posterior.mean, shape: [1, model.latentDimension]),
        covariance: posterior.covariance)
      for seed in 0..<5 {
        let noise = Tensor<Double>.standardNormal(
          [1, model.latentDimension], key: NoiseKey(seed: UInt64(seed)))
        let bound = model.evidenceLowerBound(
          Batch(Tensor(x, shape: [1, x.count])), posterior: q, noise: noise)
        #expect(agree(bound.elbo.scalars[0], model.logEvidence(of: x)))
      }
    }
  }

  /// log p(x, z) - log q(z) = log p(x) for every z: no draw makes a difference.
  @Test("at the posterior every single draw gives log p(x)", arguments: KnownModel.all)
  func gapZero(_ known: KnownModel) { checkPosterior(known.model) }

  @Test("log p(x) of a density may be positive")
  func positive() {
    let model = KnownModel.all[3].model
    #expect(model.examples().allSatisfy { model.logEvidence(of: $0) > 0 })
  }

  /// With residual r = x - b - W m, s^2 the noise and c = diag(W^T W):
  /// dELBO/dm = W^T r / s^2 - m and dELBO/dv = (1 - exp(v) (1 + c / s^2)) / 2.
  private func analyticGradient(
    _ model: LinearGaussianModel, _ x: [Double], _ m: [Double], _ v: [Double]
  ) -> [[Double]] {
    let residual = zip(zip(x, model.offset).map { $0 - $1 }, model.weight * m).map { $0 - $1 }
    let pull = (model.weight.transposed * residual).map { $0 / model.noiseVariance }
    let squares = (model.weight.transposed * model.weight).diagonal.map { $0 / model.noiseVariance }
    let variances = Tensor(v).exp().scalars
    return [
      zip(pull, m).map { $0 - $1 }, zip(variances, squares).map { (1 - $0 * (1 + $1)) / 2 },
    ]
  }

  @Test("the expected reparameterised gradient is the analytic one", arguments: [false, true])
  func gradient(_ estimatesKL: Bool) throws {
    for known in KnownModel.all.dropLast() {
      let model = try #require(known.model as? LinearGaussianModel)
      let (mean, logVariance) = guess(model.latentDimension)
      for x in model.examples() {
        let gradients = valueWithGradients(at: [mean, logVariance]) {
          let q = DiagonalGaussian(mean: $0[0], logVariance: $0[1])
          return estimatesKL
            ? model.expectedBound(x, EstimatedKLGaussian(q)) : model.expectedBound(x, q)
        }.gradients.map(\.scalars)
        let expected = analyticGradient(model, x, mean.scalars, logVariance.scalars)
        #expect(relativeError(gradients[0], expected[0], scale: 1) < 1e-9, "\(known.name)")
        #expect(relativeError(gradients[1], expected[1], scale: 1) < 1e-9, "\(known.name)")
      }
    }
  }

  @Test("at a diagonal posterior the expected gradient is zero, and the gap too")
  func stationary() {
    let model = KnownModel.independent
    for x in model.examples() {
      let posterior = model.exactPosterior(given: x)
      let mean = Tensor(posterior.mean, shape: [1, 2])
      let logVariance = Tensor(posterior.covariance.diagonal, shape: [1, 2]).log()
      let result = valueWithGradients(at: [mean, logVariance]) {
        model.expectedBound(x, DiagonalGaussian(mean: $0[0], logVariance: $0[1]))
      }
      #expect(agree(result.value.scalars[0], model.logEvidence(of: x)))
      #expect(result.gradients.allSatisfy { $0.scalars.allSatisfy { $0.magnitude < 1e-9 } })
    }
  }

  /// grad over the parameters of q of log p(x, z) - log q(z), with log q held still and z moving: the
  /// path derivative (Roeder et al. 2017, equation 6).
  private func pathDerivative(
    _ model: some KnownPosterior, _ x: [Double], _ q: [Tensor<Double>], noise: Tensor<Double>
  ) -> [Tensor<Double>] {
    let still = FullCovarianceGaussian(mean: q[0], factor: q[1])
    return valueWithGradients(at: q) {
      let z = FullCovarianceGaussian(mean: $0[0], factor: $0[1]).sample(noise: noise)
      return model.logDensity(Batch(Tensor(x, shape: [1, x.count])), at: z)
        - still.logProbability(of: z)
    }.gradients
  }

  private func checkPathDerivative(_ model: some KnownPosterior) {
    let n = model.latentDimension
    for x in model.examples() {
      let posterior = model.exactPosterior(given: x)
      let mean = Tensor(posterior.mean, shape: [1, n])
      let factor = Tensor(posterior.covariance.choleskyFactor.elements, shape: [1, n, n])
      for seed in 0..<5 {
        let noise = Tensor<Double>.standardNormal([1, n], key: NoiseKey(seed: UInt64(seed)))
        let gradients = pathDerivative(model, x, [mean, factor], noise: noise)
        // Forces of 1 / noise variance <= 1e4 on either side cancel: 1e4 x 1e-16 x a few hundred.
        #expect(gradients.allSatisfy { $0.scalars.allSatisfy { $0.magnitude < 1e-9 } })
        let moved = pathDerivative(model, x, [mean + 0.1, factor], noise: noise)
        #expect(moved[0].scalars.contains { $0.magnitude > 1e-3 })
      }
    }
  }

  @Test(
    "at the posterior the path derivative is zero for every draw, and elsewhere it is not",
    arguments: KnownModel.all)
  func pathDerivative(_ known: KnownModel) { checkPathDerivative(known.model) }

  /// A full covariance in the place of the diagonal one.
  private func checkFull(_ model: some KnownPosterior) {
    let n = model.latentDimension
    let mean = Tensor<Double>.pseudoRandom([1, n], seed: 75)
    let square = SmallMatrix(
      Tensor<Double>.pseudoRandom([n, n], seed: 77).scalars, rows: n, columns: n)
    let covariance =
      square * square.transposed + SmallMatrix(diagonal: [Double](repeating: 0.1, count: n))
    let q = FullCovarianceGaussian(
      mean: mean, factor: Tensor(covariance.choleskyFactor.elements, shape: [1, n, n]))
    let exactQ = ExactGaussian(mean: mean.scalars, covariance: covariance)
    for x in model.examples() {
      let gap = exactQ.kullbackLeiblerDivergence(to: model.exactPosterior(given: x))
      let bound = model.expectedBound(x, q).scalars[0]
      #expect(gap > 0 && agree(bound + gap, model.logEvidence(of: x)))
    }
  }

  @Test("for a q with any covariance", arguments: KnownModel.all)
  func fullCovariance(_ known: KnownModel) { checkFull(known.model) }

  /// z is one of four components, as a row of zeros with a one. Every expectation is a sum.
  @Test("for a mixture, by enumeration")
  func mixture() {
    let model = MixtureModel()
    let x = Tensor<Double>([0.7], shape: [1, 1]).repeated(to: [4, 1])
    let z = SmallMatrix(diagonal: [1, 1, 1, 1]).tensor
    let logJoint = model.logDensity(Batch(x), at: z)
    let evidence = logJoint.logSumExp(along: 0).scalar
    let posterior = (logJoint - evidence).exp().scalars
    for q in [[0.25, 0.25, 0.25, 0.25], [0.7, 0.1, 0.1, 0.1], [1e-6, 0.5, 0.3, 0.2 - 1e-6]] {
      let logQ = Tensor(q).log().scalars
      let bound = (0..<4).reduce(0) { $0 + q[$1] * (logJoint.scalars[$1] - logQ[$1]) }
      let gap = (0..<4).reduce(0) {
        $0 + q[$1] * (logQ[$1] - Tensor(posterior).log().scalars[$1])
      }
      #expect(gap > 0 && agree(bound + gap, evidence))
    }
    let atPosterior = (0..<4).reduce(0) {
      $0 + posterior[$1] * (logJoint.scalars[$1] - Tensor(posterior).log().scalars[$1])
    }
    #expect(agree(atPosterior, evidence))
    #expect(agree(evidence, model.evidence(of: 0.7)))
  }

  @Test("the log joint is log p(x | z) + log p(z)")
  func logJoint() {
    let model = KnownModel.independent
    let z = Tensor<Double>.pseudoRandom([3, 2])
    let x = Tensor<Double>.pseudoRandom([3, 4])
    let sum = model.likelihood(given: z).logProbability(of: x) + model.prior.logProbability(of: z)
    #expect(model.logDensity(Batch(x), at: z).scalars == sum.scalars)
    let values = LatentValues(model.latents, at: z)
    #expect(model.logJoint(Batch(x), values).perExample.scalars == sum.scalars)
  }
}

/// p(z = k) = w[k], p(x | z = k) = N(x; c[k], s[k]^2), z as a row of zeros with a one.
private struct MixtureModel: JointDensity {
  let weights = [0.1, 0.4, 0.3, 0.2]
  let centres = [-2.0, 0, 0.5, 3]
  let deviations = [0.5, 1, 0.2, 2]

  var reads: [FieldUse] { [FieldUse("x", .data, width: 1)] }
  var latents: [Latent] { [Latent("z", shape: [4])] }

  func logJoint(_ batch: Batch<Double>, _ z: LatentValues<Double>) -> LogJoint<Double> {
    let component = z["z"]
    let prior = (component * Tensor(weights).log()).sum(along: 1)
    let likelihood = DiagonalGaussian(
      mean: (component * Tensor(centres)).sum(along: 1, keepingAxis: true),
      logVariance: (component * Tensor(deviations).log() * 2).sum(along: 1, keepingAxis: true))
    return LogJoint(perExample: likelihood.logProbability(of: batch["x"]) + prior)
  }

  /// log of the sum of the components' densities, each by the exact Gaussian.
  func evidence(of x: Double) -> Double {
    let densities = (0..<4).map { k in
      Tensor(
        ExactGaussian(
          mean: [centres[k]], covariance: SmallMatrix(diagonal: [deviations[k] * deviations[k]])
        ).logProbability(of: [x])
      ).exp().scalar * weights[k]
    }
    return Tensor(densities.reduce(0, +)).log().scalar
  }
}
