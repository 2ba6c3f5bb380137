// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing
import VariationalInference

/// The mixture of the posteriors of some pseudo-inputs, with equal weights:
///
///     p(z) = 1/K sum over k of q(z | u[k])
///
/// - Source: Tomczak and Welling, "VAE with a VampPrior", AISTATS 2018, equation 9, arXiv:1705.07120.
private struct MixtureOfPosteriors: ReparameterizedDistribution {
  /// `[K, n]` each.
  let components: DiagonalGaussian<Float>

  func logProbability(of value: Tensor<Float>) -> Tensor<Float> {
    let (k, n) = (components.mean.shape[0], components.mean.shape[1])
    let rows = value.reshaped(to: value.shape.dropLast() + [1, n])
    let (mean, logVariance) = (components.mean, components.logVariance)
    let standardized = (rows - mean) * (logVariance * -0.5).exp()
    let densities = (standardized.squared() + logVariance).sum(along: -1) * -0.5
    precondition(densities.shape[densities.rank - 1] == k)
    return densities.logMeanExp(along: -1) - Float(n) * 0.91893853
  }

  // Which component a draw comes from is no function of normal noise: those of the first will do here.
  var noiseDimension: Int { components.mean.shape[1] }

  func draw(noise: Tensor<Float>) -> Draw<Float> {
    let first = DiagonalGaussian(
      mean: components.mean.slice(0..<1), logVariance: components.logVariance.slice(0..<1))
    let z = first.sample(noise: noise)
    return Draw(value: z, logProbability: logProbability(of: z))
  }

  func logProbabilityAlongPath(of z: Tensor<Float>, noise: Tensor<Float>) -> Tensor<Float> {
    logProbability(of: z)
  }
}

/// A variational autoencoder with 32 pseudo-inputs: rows that are none of the batch go through the
/// encoder's layers, as many of them as a shard may have.
private struct PseudoInputAutoencoder: Autoencoder {
  var encoder: GaussianEncoder<Float>
  var decoder: BernoulliDecoder<Float>
  var pseudoInputs = Tensor<Float>.pseudoRandom([32, 64], .uniform(0...1), seed: 91)
  let learnsPseudoInputs: Bool
  let latentDimension = 3

  init(learnsPseudoInputs: Bool) {
    self.learnsPseudoInputs = learnsPseudoInputs
    var generator = SplitMix64(seed: 92)
    encoder = GaussianEncoder(
      inputs: 64, hidden: [24], latent: 3, activation: .relu, using: &generator)
    decoder = BernoulliDecoder(
      inputs: 3, hidden: [24], outputs: 64, activation: .relu, using: &generator)
  }

  var prior: MixtureOfPosteriors {
    MixtureOfPosteriors(components: encoder.posterior(given: pseudoInputs))
  }

  func likelihood(given z: Tensor<Float>) -> IndependentBernoulli<Float> {
    decoder.likelihood(given: z)
  }

  func posterior(given x: Tensor<Float>) -> DiagonalGaussian<Float> {
    encoder.posterior(given: x)
  }

  mutating func visitParameters(
    _ visit: (_ name: String, _ parameter: inout Tensor<Float>) throws -> Void
  ) rethrows {
    try encoder.visitParameters { try visit("encoder.\($0)", &$1) }
    try decoder.visitParameters { try visit("decoder.\($0)", &$1) }
    if learnsPseudoInputs { try visit("pseudo_inputs", &pseudoInputs) }
  }
}

@Suite("Constant rows beside those of the batch")
struct PseudoInputTests {
  private let images = ImageDataset.bars(count: 160)

  private func trainer(
    _ batch: Int, threads: Int, learned: Bool
  ) throws -> Trainer<PseudoInputAutoencoder> {
    try Trainer(
      PseudoInputAutoencoder(learnsPseudoInputs: learned), data: images,
      options: TrainingOptions(
        epochs: 3, batchSize: batch, optimiser: Adam(learningRate: 1e-2), seed: 6),
      workers: WorkerPool(count: threads))
  }

  /// In version 0.1.0 at batch 32 the 32 constant rows passed for rows of the batch: other bits on two
  /// threads, and after a resumption.
  @Test("the same bits for 1, 2, 3 and 4 threads", arguments: [7, 32, 33, 128], [false, true])
  func threads(_ batch: Int, _ learned: Bool) throws {
    func bits(_ threads: Int) throws -> [[Float]] {
      let trainer = try trainer(batch, threads: threads, learned: learned)
      try finish(trainer)
      return trainer.model.parameters.map(\.scalars)
    }
    let one = try bits(1)
    for threads in 2...4 {
      let isSame = try bits(threads) == one
      #expect(isSame, "\(threads) threads, batch \(batch)")
    }
  }

  @Test(
    "a run taken up in the middle, with other threads, ends in the same bits",
    arguments: [7, 32, 33, 128], [false, true])
  func resume(_ batch: Int, _ learned: Bool) throws {
    let whole = try trainer(batch, threads: 2, learned: learned)
    try finish(whole)
    let first = try trainer(batch, threads: 3, learned: learned)
    for _ in 0..<first.batchesPerEpoch + 1 { _ = try first.step() }
    let second = try trainer(batch, threads: 1, learned: learned)
    second.restore(first.state)
    try finish(second)
    let isSame = second.model.parameters.map(\.scalars) == whole.model.parameters.map(\.scalars)
    #expect(isSame)
  }
}

@Suite("Numbers that are no numbers")
struct NotANumberTests {
  /// The weight of a pixel that is 0 in every image: a product may leave it out, so that no bound shows
  /// what it is.
  @Test("a parameter that becomes undefined is named at the step where it does", arguments: [1, 2])
  func hiddenWeight(_ threads: Int) throws {
    var generator = SplitMix64(seed: 3)
    var model = VariationalAutoencoder<Float>(
      .init(data: 64, hidden: [80], latent: 2), using: &generator)
    var weight = model.encoder.hidden.layers[0].weight.scalars
    weight[5] = .nan
    model.encoder.hidden.layers[0].weight = Tensor(weight, shape: [80, 64])
    let dark = ImageDataset(
      name: "dark", split: "train", height: 8, width: 8,
      pixels: (0..<64 * 64).map { $0 % 64 < 32 ? 0 : UInt8($0 % 251) })
    let trainer = try Trainer(
      model, data: dark, options: TrainingOptions(epochs: 1, batchSize: 64),
      workers: WorkerPool(count: threads))
    let error = try #require(throws: TrainingDivergence.self) { try finish(trainer) }
    #expect(error.step == 1)
    if error.terms.elbo.isFinite {
      #expect(error.parameter == "encoder.fc1.weight")
      #expect(error.description.contains("parameter encoder.fc1.weight"))
    }
  }
}
