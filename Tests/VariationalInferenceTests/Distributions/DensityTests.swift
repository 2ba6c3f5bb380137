// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing
import VariationalInference

/// Literal digits by SciPy 1.17.1 (`scipy.stats.norm.logpdf`, `scipy.special.log_expit`), float64. Sums
/// of a few terms: 1e-14 relative is some fifty roundings.
@Suite("Densities")
struct DensityTests {
  private let mean = Tensor<Double>([0.5, -1.25, 2.0], shape: [1, 3])
  private let logVariance = Tensor<Double>([0.3, -0.7, 1.1], shape: [1, 3])
  private let z = Tensor<Double>([0.1, -2.0, 3.5], shape: [1, 3])

  private func agree(_ value: Tensor<Double>, _ digits: Double) -> Bool {
    value.shape == [1] && relativeError(value.scalars, [digits]) < 1e-14
  }

  @Test("diagonal Gaussian")
  func gaussian() {
    let q = DiagonalGaussian(mean: mean, logVariance: logVariance)
    #expect(agree(q.logProbability(of: z), -4.1069289754049665))
  }

  @Test("a narrow Gaussian's log-density is positive")
  func narrow() {
    let q = DiagonalGaussian<Double>(
      mean: .zeros([1, 3]), logVariance: Tensor(repeating: -20, shape: [1, 3]))
    let value = Tensor<Double>([1e-5, 0, 0], shape: [1, 3])
    #expect(agree(q.logProbability(of: value), 27.218926140615494))
  }

  @Test("standard normal, near and far")
  func standardNormal() {
    let prior = StandardNormal<Double>(dimension: 3)
    #expect(agree(prior.logProbability(of: z), -10.886815599614017))
    let far = Tensor<Double>([40, -30, 0], shape: [1, 3])
    #expect(agree(prior.logProbability(of: far), -1252.7568155996141))
  }

  @Test("Bernoulli, on bits, grey levels and extreme logits")
  func bernoulli() {
    let logits = Tensor<Double>([0.3, -2.5, 4.0, 0.0], shape: [1, 4])
    let p = IndependentBernoulli(logits: logits)
    #expect(agree(p.logProbability(of: Tensor([1, 0, 0, 1], shape: [1, 4])), -5.344542087238832))
    #expect(
      agree(p.logProbability(of: Tensor([0.25, 0.5, 1, 0], shape: [1, 4])), -2.819542087238832))
    let extreme = IndependentBernoulli<Double>(
      logits: Tensor([800, -800, 30, -30], shape: [1, 4]))
    // The last two lose 1e-13 nats each, less than half an ulp of the answer.
    #expect(agree(extreme.logProbability(of: Tensor([0, 1, 1, 0], shape: [1, 4])), -1600))
  }

  @Test("the mean of a Bernoulli variable is its probability")
  func bernoulliMean() {
    let p = IndependentBernoulli<Double>(logits: Tensor([0, 2, -2], shape: [1, 3])).mean.scalars
    // scipy.special.expit
    #expect(relativeError(p, [0.5, 0.8807970779778823, 0.11920292202211755]) < 1e-15)
  }

  @Test("the divergence from a standard normal")
  func divergence() throws {
    let q = DiagonalGaussian(mean: mean, logVariance: logVariance)
    let kl = try #require(q.kullbackLeiblerDivergence(to: StandardNormal<Double>(dimension: 3)))
    // numpy: 0.5 * sum(exp(v) + m * m - 1 - v)
    #expect(agree(kl, 3.4815550676569234))
    let wide = FullCovarianceGaussian(
      mean: mean, factor: SmallMatrix(diagonal: [1, 2, 3]).tensor.reshaped(to: [1, 3, 3]))
    #expect(q.kullbackLeiblerDivergence(to: wide) == nil, "no closed form is claimed here")
  }

  /// n = 2^16 draws of q, k = 4 standard errors of the sample.
  @Test("the divergence is the mean of log q - log p over draws of q")
  func monteCarlo() throws {
    let n = 1 << 16
    let q = DiagonalGaussian(
      mean: mean.repeated(to: [n, 3]), logVariance: logVariance.repeated(to: [n, 3]))
    let prior = StandardNormal<Double>(dimension: 3)
    let draws = q.sample(noise: .standardNormal([n, 3], key: NoiseKey(seed: 5)))
    let ratios = q.logProbability(of: draws) - prior.logProbability(of: draws)
    let kl = try #require(q.kullbackLeiblerDivergence(to: prior))
    let check = meanCheck("KL", of: ratios.scalars, expected: kl.scalars[0])
    #expect(check.isWithin(4), "\(check)")
  }

  /// n = 2^16 draws, k = 4: each coordinate's mean, and the mean of its squared deviation.
  @Test("draws have the mean and the variance of the distribution")
  func draws() {
    let n = 1 << 16
    let q = DiagonalGaussian(
      mean: mean.repeated(to: [n, 3]), logVariance: logVariance.repeated(to: [n, 3]))
    #expect(q.noiseDimension == 3)
    let draws = q.sample(noise: .standardNormal([n, 3], key: NoiseKey(seed: 6)))
    let variances = logVariance.exp().scalars
    for coordinate in 0..<3 {
      let sample = draws.slice(coordinate..<coordinate + 1, along: 1).scalars
      let centre = mean.scalars[coordinate]
      let first = meanCheck("mean \(coordinate)", of: sample, expected: centre)
      #expect(first.isWithin(4), "\(first)")
      let squares = sample.map { ($0 - centre) * ($0 - centre) }
      let second = meanCheck("variance \(coordinate)", of: squares, expected: variances[coordinate])
      #expect(second.isWithin(4), "\(second)")
    }
  }

  @Test("gradients of densities are central differences")
  func gradients() {
    checkGradients(
      of: { DiagonalGaussian(mean: $0[0], logVariance: $0[1]).logProbability(of: $0[2]) },
      at: [mean, logVariance, z])
    checkGradients(of: { StandardNormal(dimension: 3).logProbability(of: $0[0]) }, at: [z])
  }

  @Test("rows do not mix, and other shapes are refused")
  func rows() async {
    let batch = Tensor.concatenated([z, mean])
    let both = StandardNormal<Double>(dimension: 3).logProbability(of: batch).scalars
    let prior = StandardNormal<Double>(dimension: 3)
    #expect(both == prior.logProbability(of: z).scalars + prior.logProbability(of: mean).scalars)
    await #expect(processExitsWith: .failure) {
      _ = StandardNormal<Float>(dimension: 3).logProbability(of: .zeros([1, 2]))
    }
    await #expect(processExitsWith: .failure) {
      _ = DiagonalGaussian<Float>(mean: .zeros([1, 2]), logVariance: .zeros([1, 3]))
    }
  }
}
