// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing
import VariationalInference

/// An autoencoder whose prior is the mean of q(z | u) over 32 pseudo-inputs u: rows that are no rows of
/// the batch go through the encoder's layers, as many of them as a shard may have.
///
/// - Source: Tomczak and Welling, "VAE with a VampPrior", AISTATS 2018, equation 9.
private struct PseudoInputModel: GenerativeModel, AmortizedPosterior, Parameterized {
  var encoder: GaussianEncoder<Float>
  var decoder: BernoulliDecoder<Float>
  /// `[32, data]`.
  var pseudoInputs: Tensor<Float>
  let learnsPseudoInputs: Bool

  init(pixels: Int, learnsPseudoInputs: Bool) {
    var generator = SplitMix64(seed: 12)
    encoder = GaussianEncoder(
      inputs: pixels, hidden: [20], latent: 3, activation: .tanh, using: &generator)
    decoder = BernoulliDecoder(
      latent: 3, hidden: [20], outputs: pixels, activation: .relu, using: &generator)
    pseudoInputs = .pseudoRandom([32, pixels], .uniform(0...1), seed: 13)
    self.learnsPseudoInputs = learnsPseudoInputs
  }

  /// log p(z) = log 1/32 sum over k of N(z; mean[k], variance[k]).
  struct Prior: Distribution {
    let components: DiagonalGaussian<Float>

    func logProbability(of z: Tensor<Float>) -> Tensor<Float> {
      let apart = z.reshaped(to: [z.shape[0], 1, z.shape[1]]) - components.mean
      let logDensity =
        (apart.squared() * (-components.logVariance).exp() + components.logVariance) * -0.5
      return logDensity.sum(along: 2).logMeanExp(along: 1) - 0.918_938_5 * Float(z.shape[1])
    }
  }

  let latentDimension = 3
  var prior: Prior { Prior(components: encoder.posterior(given: pseudoInputs)) }
  func likelihood(given z: Tensor<Float>) -> Bernoulli<Float> { decoder.likelihood(given: z) }
  func posterior(given x: Tensor<Float>) -> DiagonalGaussian<Float> { encoder.posterior(given: x) }

  mutating func visitParameters(
    _ visit: (_ name: String, _ parameter: inout Tensor<Float>) throws -> Void
  ) rethrows {
    try encoder.visitParameters { try visit("encoder.\($0)", &$1) }
    try decoder.visitParameters { try visit("decoder.\($0)", &$1) }
    if learnsPseudoInputs { try visit("pseudo_inputs", &pseudoInputs) }
  }
}

@Suite("Training with rows that are not the batch's")
struct PseudoInputTests {
  private func trainer(_ batch: Int, threads: Int, learned: Bool) -> Trainer<PseudoInputModel> {
    let images = ImageDataset.bars(count: 130)
    return Trainer(
      PseudoInputModel(pixels: images.pixelsPerImage, learnsPseudoInputs: learned), data: images,
      options: TrainingOptions(epochs: 2, batchSize: batch, optimiser: Adam(learningRate: 1e-2)),
      workers: WorkerPool(count: threads))
  }

  private func parameters(_ trainer: Trainer<PseudoInputModel>) -> [[Float]] {
    trainer.model.parameters.map(\.scalars)
  }

  @Test(
    "the same bits for any number of threads, and when it goes on from a state with another number",
    arguments: [7, 32, 33, 128], [false, true])
  func bits(_ batch: Int, _ learned: Bool) throws {
    let one = trainer(batch, threads: 1, learned: learned)
    try finish(one)
    for threads in 2...4 {
      let whole = trainer(batch, threads: threads, learned: learned)
      try finish(whole)
      let isSame = parameters(whole) == parameters(one)
      #expect(isSame, "\(threads) threads")
      let half = trainer(batch, threads: threads, learned: learned)
      for _ in 0..<half.batchesPerEpoch + 1 { _ = try half.step() }
      let rest = trainer(batch, threads: 5 - threads, learned: learned)
      rest.restore(half.state)
      try finish(rest)
      let isSameResumed = parameters(rest) == parameters(one)
      #expect(isSameResumed, "\(threads) threads, then \(5 - threads)")
    }
  }
}
