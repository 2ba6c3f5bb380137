// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing
import VariationalInference

@Suite("Importance-weighted objective")
struct ImportanceWeightedObjectiveTests {
  private let autoencoder: VariationalAutoencoder<Double> = {
    var generator = SplitMix64(seed: 9)
    return VariationalAutoencoder(
      .init(data: 6, hidden: [5], latent: 2, activation: .tanh), using: &generator)
  }()
  private let x = Tensor<Double>.pseudoRandom([3, 6], .uniform(0...1), seed: 4)

  private func bound(
    _ parameters: [Tensor<Double>], samples: Int, _ gradient: ImportanceWeightedGradient
  ) -> Tensor<Double> {
    let model = autoencoder.replacingParameters(with: parameters)
    return model.importanceWeightedObjective(
      Batch(x), posterior: model.posterior(given: x),
      noise: .standardNormal([3, samples, 2], key: NoiseKey(seed: 8)), gradient: gradient
    ).bound
  }

  @Test("the reparameterised gradient is that of the bound at fixed noise", arguments: [1, 2, 7])
  func centralDifferences(_ samples: Int) {
    checkGradients(
      of: { bound($0, samples: samples, .reparameterised) }, at: autoencoder.parameters)
  }

  /// The names of a model's parameters and their gradients.
  private func gradients(_ samples: Int, _ gradient: ImportanceWeightedGradient) -> (
    encoder: [[Double]], decoder: [[Double]]
  ) {
    let result = valueWithGradients(at: autoencoder.parameters) {
      bound($0, samples: samples, gradient)
    }
    let encoder = autoencoder.encoder.parameters.count
    let all = result.gradients.map(\.scalars)
    return (Array(all[..<encoder]), Array(all[encoder...]))
  }

  @Test("both estimators have one value and one decoder gradient, but not one encoder gradient")
  func decoder() {
    let (one, two) = (gradients(4, .reparameterised), gradients(4, .doublyReparameterised))
    for (a, b) in pairs(one.decoder, two.decoder) { #expect(relativeError(a, b) < 1e-12) }
    #expect(one.encoder != two.encoder)
    let values = ImportanceWeightedGradient.allCases.map {
      bound(autoencoder.parameters, samples: 4, $0).scalars
    }
    #expect(values[0] == values[1])
  }

  @Test("L_1 is the ELBO of one draw with estimated KL, and L_K at least the ELBO of its draws")
  func oneSample() {
    let q = autoencoder.posterior(given: x)
    let noise = Tensor<Double>.standardNormal([3, 2], key: NoiseKey(seed: 8))
    let elbo = autoencoder.evidenceLowerBound(
      Batch(x), posterior: EstimatedKLGaussian(q), noise: noise)
    let one = autoencoder.importanceWeightedObjective(
      Batch(x), posterior: q, noise: noise.reshaped(to: [3, 1, 2]))
    #expect(relativeError(one.bound.scalars, elbo.elbo.scalars) < 1e-12)
    #expect(relativeError(one.evidenceLowerBound.kl.scalars, elbo.kl.scalars, scale: 1) < 1e-12)
    let five = autoencoder.importanceWeightedObjective(
      Batch(x), posterior: q, noise: .standardNormal([3, 5, 2], key: NoiseKey(seed: 8)))
    #expect(five.logWeights.shape == [3, 5])
    let means = five.logWeights.mean(along: 1).scalars
    #expect(relativeError(five.evidenceLowerBound.elbo.scalars, means) < 1e-12)
    for (bound, mean) in pairs(five.bound.scalars, means) { #expect(bound > mean) }
  }

  // MARK: A model with known posterior

  private let linear = KnownModel.independent
  private var observed: [Double] { linear.examples()[0] }

  /// A q that is not the posterior, repeated for `draws` estimates.
  private func guess(_ draws: Int) -> [Tensor<Double>] {
    [[0.3, -0.2], [-1.5, -1]].map { Tensor($0, shape: [1, 2]).repeated(to: [draws, 2]) }
  }

  /// The bound and its gradient at mean and log variance for each of many draws of all noise.
  private func estimates(
    _ draws: Int, samples: Int, _ gradient: ImportanceWeightedGradient, seed: UInt64
  ) -> (bounds: [Double], gradients: [[Double]]) {
    let x = Tensor(observed, shape: [1, observed.count]).repeated(to: [draws, observed.count])
    let noise = Tensor<Double>.standardNormal([draws, samples, 2], key: NoiseKey(seed: seed))
    let result = valueWithGradients(at: guess(draws)) {
      linear.importanceWeightedObjective(
        Batch(x), posterior: DiagonalGaussian(mean: $0[0], logVariance: $0[1]), noise: noise,
        gradient: gradient
      ).bound
    }
    let columns = result.gradients.flatMap { gradient in
      let transposed = gradient.transposed()
      return (0..<2).map { transposed.slice($0..<$0 + 1).scalars }
    }
    return (result.value.scalars, columns)
  }

  /// 20,000 draws, independent for the two estimators; four coordinates, K = 1, 2, 8: 12 checks at
  /// 4 standard errors of the difference.
  @Test("both gradients agree in expectation", arguments: [1, 2, 8])
  func expectation(_ samples: Int) {
    let n = 20_000
    let one = estimates(n, samples: samples, .reparameterised, seed: 1).gradients
    let two = estimates(n, samples: samples, .doublyReparameterised, seed: 2).gradients
    for (coordinate, (a, b)) in pairs(one, two).enumerated() {
      let check = meanCheck(
        "K = \(samples), coordinate \(coordinate)", of: pairs(a, b).map(-), expected: 0)
      #expect(check.isWithin(4), "\(check)")
    }
    // The means are not all zero for lack of anything to estimate.
    #expect(one.contains { Estimate($0).mean.magnitude > 20 * Estimate($0).standardError })
  }

  @Test("the doubly reparameterised gradient has the smaller variance", arguments: [8, 64])
  func variance(_ samples: Int) {
    let one = estimates(4000, samples: samples, .reparameterised, seed: 1).gradients
    let two = estimates(4000, samples: samples, .doublyReparameterised, seed: 2).gradients
    for (a, b) in pairs(one, two) {
      #expect(Estimate(b).standardError < 0.7 * Estimate(a).standardError)
    }
  }

  /// log w is constant in z there, so each draw's path derivative vanishes; the score part of the
  /// reparameterised gradient does not.
  @Test("at the posterior the doubly reparameterised gradient is zero for every draw")
  func posterior() {
    for x in linear.examples() {
      let exact = linear.exactPosterior(given: x)
      let parameters = [
        Tensor(exact.mean, shape: [1, 2]), Tensor(exact.covariance.diagonal, shape: [1, 2]).log(),
      ]
      for samples in [1, 3] {
        let results = ImportanceWeightedGradient.allCases.map { gradient in
          valueWithGradients(at: parameters) {
            linear.importanceWeightedObjective(
              Batch(Tensor(x, shape: [1, x.count])),
              posterior: DiagonalGaussian(mean: $0[0], logVariance: $0[1]),
              noise: .standardNormal([1, samples, 2], key: NoiseKey(seed: 3)), gradient: gradient
            )
            .bound
          }
        }
        #expect(relativeError(results[0].value.scalars, [linear.logEvidence(of: x)]) < 1e-9)
        let magnitudes = results.map { $0.gradients.flatMap(\.scalars).map(\.magnitude).max() ?? 0 }
        #expect(magnitudes[0] > 0.01)
        #expect(magnitudes[1] < 1e-9)
      }
    }
  }

  /// For K = 1 and q = N(m, exp(v)), z = m + exp(v / 2) e: the path derivative of log p(x, z) - log q(z)
  /// at m is d/dz, and at v is d/dz times (z - m) / 2.
  @Test("for K = 1 it is the path derivative of the ELBO")
  func pathDerivative() {
    let noise = Tensor<Double>.standardNormal([1, 2], key: NoiseKey(seed: 5))
    let x = Tensor(observed, shape: [1, observed.count])
    let (m, v) = (guess(1)[0], guess(1)[1])
    let z = m + (v * 0.5).exp() * noise
    let q = DiagonalGaussian(mean: m, logVariance: v)
    let slope = valueWithGradients(at: [z]) {
      linear.logDensity(Batch(x), at: $0[0]) - q.logProbability(of: $0[0])
    }.gradients[0]
    let found = valueWithGradients(at: [m, v]) {
      linear.importanceWeightedObjective(
        Batch(x), posterior: DiagonalGaussian(mean: $0[0], logVariance: $0[1]),
        noise: noise.reshaped(to: [1, 1, 2]), gradient: .doublyReparameterised
      ).bound
    }.gradients
    #expect(relativeError(found[0].scalars, slope.scalars) < 1e-12)
    #expect(relativeError(found[1].scalars, (slope * (z - m) * 0.5).scalars) < 1e-12)
  }

  /// Means over independent draws, 4 standard errors of a difference apart; then, with the bias of
  /// order Var w / (2 K E[w]^2) of the largest K below its standard error, log p(x) itself.
  @Test("L_K grows with K and reaches log p(x)")
  func tightens() {
    let truth = linear.logEvidence(of: observed)
    let means = [1, 4, 16, 64, 1024].enumerated().map { seed, samples in
      let draws = samples == 1024 ? 400 : 8000
      return Estimate(
        estimates(draws, samples: samples, .reparameterised, seed: UInt64(10 + seed)).bounds)
    }
    for (a, b) in zip(means, means.dropFirst()).prefix(3) {
      let error = (a.standardError * a.standardError + b.standardError * b.standardError)
        .squareRoot()
      #expect(b.mean - a.mean > 4 * error, "\(a) and \(b)")
      #expect(b.mean < truth)
    }
    let last = means[4]
    #expect((last.mean - truth).magnitude < 4 * last.standardError, "\(last), not \(truth)")
  }
}
