// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing
import VariationalInference

@Suite("Hamiltonian Monte Carlo")
struct HamiltonianMonteCarloTests {
  /// A posterior with correlated coordinates of different width.
  private let model = LinearGaussianModel(
    weight: SmallMatrix([1.2, 0.3, -0.4, 2, 0.7, 1.1], rows: 3, columns: 2),
    offset: [0.1, -0.2, 0.3], noiseVariance: 0.5)
  private let x = [0.9, -1.4, 0.2]

  private func density(rows: Int) -> AnnealedDensity<Double> {
    let (model, x) = (model, Tensor(x, shape: [1, 3]).repeated(to: [rows, 3]))
    return AnnealedDensity { z in
      (model.prior.logProbability(of: z), model.likelihood(given: z).logProbability(of: x))
    }
  }

  /// There and back, through some 40 steps: the rounding of each, 1e-16, grows by no more than the
  /// motion is unstable, which within the step's limit it is not.
  @Test("leapfrog steps can be taken back")
  func reversible() {
    let density = density(rows: 7)
    let sampler = HamiltonianMonteCarlo(density: density, leapfrogSteps: 20)
    let z = Tensor<Double>.pseudoRandom([7, 2], seed: 51)
    let p = Tensor<Double>.pseudoRandom([7, 2], seed: 52)
    let step = Tensor<Double>.pseudoRandom([7, 2], .uniform(0.05...0.3), seed: 53)
    let start = density(at: z, beta: 0.7)
    let (end, momentum) = sampler.leapfrog(from: start, momentum: p, step: step, beta: 0.7)
    let (back, undone) = sampler.leapfrog(from: end, momentum: -momentum, step: step, beta: 0.7)
    #expect(relativeError(back.z.scalars, z.scalars, scale: 1) < 1e-9)
    #expect(relativeError((-undone).scalars, p.scalars, scale: 1) < 1e-9)
    #expect(relativeError(end.z.scalars, z.scalars, scale: 1) > 0.1, "it went nowhere")
  }

  /// k = 4 standard errors over 8,000 independent chains that start from the posterior itself, through
  /// three transitions with steps so long that about a third of the proposals is refused: accepting
  /// them all would widen the distribution.
  @Test("leaves the posterior as it is")
  func invariance() {
    let rows = 8000
    let (density, exact) = (density(rows: rows), model.exactPosterior(given: x))
    let q = FullGaussian(
      mean: Tensor(exact.mean, shape: [1, 2]).repeated(to: [rows, 2]),
      covariance: exact.covariance)
    var point = density(
      at: q.sample(noise: .standardNormal([rows, 2], key: NoiseKey(seed: 61))), beta: 1)
    let sampler = HamiltonianMonteCarlo(density: density, leapfrogSteps: 3)
    var accepted = 0.0
    for round in 1...3 {
      let noise = HamiltonianMonteCarlo<Double>.Noise(
        momentum: .standardNormal([rows, 2], key: NoiseKey(seed: 62, round)),
        acceptance: Tensor<Double>.uniform([rows], in: 0..<1, key: NoiseKey(seed: 63, round))
          .scalars
      )
      accepted += sampler.transition(
        &point, beta: 1, step: Tensor(repeating: 0.54, shape: [rows, 2]), noise: noise
      ).reduce(0, +)
    }
    let rate = accepted / Double(3 * rows)
    #expect(rate > 0.5 && rate < 0.9, "\(rate) accepted")
    let z = point.z.scalars
    let first = stride(from: 0, to: z.count, by: 2).map { z[$0] - exact.mean[0] }
    let second = stride(from: 1, to: z.count, by: 2).map { z[$0] - exact.mean[1] }
    let covariance = exact.covariance
    for check in [
      meanCheck("mean 1", of: first, expected: 0), meanCheck("mean 2", of: second, expected: 0),
      meanCheck("variance 1", of: first.map { $0 * $0 }, expected: covariance[0, 0]),
      meanCheck("variance 2", of: second.map { $0 * $0 }, expected: covariance[1, 1]),
      meanCheck("covariance", of: zip(first, second).map(*), expected: covariance[0, 1]),
    ] { #expect(check.isWithin(4), "\(check)") }
  }

  /// A step of 1e200 leads to infinity, and there to undefined numbers.
  @Test("a trajectory that leaves all bounds is refused")
  func divergence() {
    let density = density(rows: 2)
    let z = Tensor<Double>.pseudoRandom([2, 2], seed: 51)
    var point = density(at: z, beta: 1)
    let probabilities = HamiltonianMonteCarlo(density: density, leapfrogSteps: 4).transition(
      &point, beta: 1, step: Tensor([1e200, 1e200, 0.01, 0.01], shape: [2, 2]),
      noise: .init(momentum: .pseudoRandom([2, 2], seed: 52), acceptance: [0, 0]))
    #expect(probabilities[0] == 0 && probabilities[1] > 0.99)
    #expect(Array(point.z.scalars[..<2]) == Array(z.scalars[..<2]))
    #expect(Array(point.z.scalars[2...]) != Array(z.scalars[2...]))
  }
}
