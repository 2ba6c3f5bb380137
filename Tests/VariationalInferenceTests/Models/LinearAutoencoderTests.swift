// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing
import VariationalInference

extension ImageDataset {
  /// Means over blocks of side x side pixels, as bytes.
  fileprivate func blockMeans(_ side: Int) -> ImageDataset {
    let (rows, columns) = (height / side, width / side)
    let reduced = (0..<count).flatMap { index -> [UInt8] in
      let pixels = Array(image(at: index))
      return (0..<rows * columns).map { place in
        let (row, column) = (place / columns * side, place % columns * side)
        let sum = (0..<side * side).reduce(0) {
          $0 + Int(pixels[(row + $1 / side) * width + column + $1 % side])
        }
        return UInt8((Double(sum) / Double(side * side)).rounded())
      }
    }
    return ImageDataset(
      name: name, split: split, height: rows, width: columns, pixels: reduced, labels: labels)
  }

  /// Grey levels between 0 and 1, `[count, pixels]`.
  fileprivate var greyLevels: Tensor<Double> {
    Tensor(pixels.map { Double($0) / 255 }, shape: [count, pixelsPerImage])
  }
}

@Suite("Linear autoencoder with normal likelihood")
struct LinearAutoencoderTests {
  private func model<Scalar>(
    _ type: Scalar.Type, data: Int, hidden: [Int] = [], latent: Int
  ) -> GaussianVariationalAutoencoder<Scalar> {
    var generator = SplitMix64(seed: 2)
    return GaussianVariationalAutoencoder(
      .init(data: data, hidden: hidden, latent: latent), using: &generator)
  }

  /// The ELBO without noise: E_q of the squared distance is |x - mean(m)|^2 + sum of t[j]^2 |w[j]|^2
  /// (Lucas et al. 2019, appendix C).
  private func exactBound(
    _ model: GaussianVariationalAutoencoder<Double>, _ x: Tensor<Double>
  ) -> Tensor<Double> {
    let q = model.posterior(given: x)
    let lengths = model.decoder.mean.weight.squared().sum(along: 0)
    let spread =
      (q.logVariance.exp() * lengths).sum(along: 1)
      * (-model.decoder.logVariance).exp() * 0.5
    let fit = model.likelihood(given: q.mean).logProbability(of: x)
    let kl = q.kullbackLeiblerDivergence(to: model.prior) ?? .zeros([0])
    return fit - spread - kl
  }

  private func maximum(_ x: Tensor<Double>, latent: Int) -> ProbabilisticPrincipalComponents {
    ProbabilisticPrincipalComponents(x, latent: latent)
  }

  /// Points of a plane in four dimensions: the eigenvalues that should be 0 are roundings, which
  /// mostly come out positive.
  @Test("data without variance outside the latent directions have no maximum")
  func flat() async {
    for seed in [1, 2, 3] as [UInt64] {
      let flat = Tensor<Double>.pseudoRandom([40, 2], seed: seed)
        .matrixProduct(.pseudoRandom([2, 4], seed: seed + 10))
      let variances = PrincipalComponents(flat).variances
      #expect(variances[2].magnitude < 1e-14 && variances[1] > 1e-3)
    }
    await #expect(processExitsWith: .failure) { flatMaximum(seed: 1) }
    await #expect(processExitsWith: .failure) { flatMaximum(seed: 2) }
    await #expect(processExitsWith: .failure) { flatMaximum(seed: 3) }
  }

  /// W from the eigenvectors; the mean of log p(x) by the exact Gaussian of TestSupport.
  @Test("the closed-form maximum is the likelihood of the model of Tipping and Bishop")
  func closedForm() {
    let x =
      Tensor<Double>.pseudoRandom([40, 4], seed: 1)
      * Tensor([2, 1, 0.5, 0.3], shape: [4])
    let best = maximum(x, latent: 2)
    let components = PrincipalComponents(x)
    let weight = (0..<4).flatMap { row in
      (0..<2).map {
        components.directions[$0][row] * (best.variances[$0] - best.noiseVariance).squareRoot()
      }
    }
    let model = LinearGaussianModel(
      weight: SmallMatrix(weight, rows: 4, columns: 2), offset: components.mean,
      noiseVariance: best.noiseVariance)
    let values = (0..<40).map { model.logEvidence(of: x.slice($0..<$0 + 1).scalars) }
    #expect(relativeError([best.meanLogLikelihood], [Estimate(values).mean]) < 1e-12)
  }

  @Test("the bound's expectation is that without noise; gradients are central differences")
  func bound() {
    let model = model(Double.self, data: 3, latent: 2)
    let x = Tensor<Double>.pseudoRandom([2, 3], seed: 3)
    let draws = 20_000
    let noise = Tensor<Double>.standardNormal([2 * draws, 2], key: NoiseKey(seed: 5))
    let rows = x.reshaped(to: [2, 1, 3]).repeated(to: [2, draws, 3]).reshaped(to: [2 * draws, 3])
    let bounds = model.evidenceLowerBound(
      Batch(rows), posterior: model.posterior(given: rows), noise: noise
    ).elbo.scalars
    for (row, exact) in exactBound(model, x).scalars.enumerated() {
      // k = 4, n = 20,000.
      let check = meanCheck(
        "bound", of: Array(bounds[row * draws..<(row + 1) * draws]), expected: exact)
      #expect(check.isWithin(4), "\(check)")
    }
    checkGradients(
      of: { parameters in
        let model = model.replacingParameters(with: parameters)
        return model.evidenceLowerBound(
          Batch(x), posterior: model.posterior(given: x), noise: noise.slice(0..<2)
        ).elbo
      }, at: model.parameters)
  }

  @Test("the names of the parameters, with hidden layers and without")
  func names() {
    #expect(
      model(Float.self, data: 4, latent: 2).namedParameters.map(\.name) == [
        "encoder.fc_mu.weight", "encoder.fc_mu.bias", "encoder.fc_logvar.weight",
        "encoder.fc_logvar.bias", "decoder.fc1.weight", "decoder.fc1.bias", "decoder.log_variance",
      ])
    let deep = model(Float.self, data: 4, hidden: [3], latent: 2)
    #expect(
      deep.namedParameters.map(\.name).suffix(2) == ["decoder.fc2.bias", "decoder.log_variance"])
  }

  /// Built-in digits of 7 x 7 block means, 600 images, 2 dimensions of z. No q and no decoder give a
  /// bound above the closed form, so the bound without noise must lie below it at any time. How near
  /// it comes is measured by what the last dimension is worth, 2.6 nats: 2 % of that, 0.05 nats, is
  /// allowed for what Adam leaves after 1,000 steps, the slowest of which is turning W and the encoder
  /// into the principal axes.
  @Test("trained by the trainer, it reaches the maximum of probabilistic principal components")
  func reaches() throws {
    let images = ImageDataset.digits(
      .training, count: 600, seed: 1, workers: WorkerPool(count: 1)
    ).blockMeans(4)
    let x = images.greyLevels
    let best = maximum(x, latent: 2).meanLogLikelihood
    let worth = best - maximum(x, latent: 1).meanLogLikelihood
    var trained = model(Double.self, data: 49, latent: 2)
    for (rate, batch) in [(2e-2, 100), (2e-3, 200), (2e-4, 600)] {
      let options = TrainingOptions(
        epochs: batch == 600 ? 50 : 100, batchSize: batch, optimiser: Adam(learningRate: rate),
        seed: 3)
      let trainer = try Trainer(trained, data: images, options: options)
      try finish(trainer)
      trained = trainer.model
      #expect(exactBound(trained, x).mean().scalar < best)
    }
    let reached = exactBound(trained, x).mean().scalar
    #expect(best - reached < 0.02 * worth, "\(reached) of \(best)")
  }
}

/// For a process of its own.
private func flatMaximum(seed: UInt64) {
  let flat = Tensor<Double>.pseudoRandom([40, 2], seed: seed)
    .matrixProduct(.pseudoRandom([2, 4], seed: seed + 10))
  _ = ProbabilisticPrincipalComponents(flat, latent: 2)
}
