// SPDX-License-Identifier: Apache-2.0

// A model of one's own: a Laplace likelihood with a learned scale in place of Bernoulli pixels.
// Trainer, bound and evaluation are those of the variational autoencoder, which is no more than
// such a composition itself.

import VariationalInference

/// Independent Laplace variables: -|x - mean| / scale - log(2 scale), summed over the pixels.
struct Laplace: Distribution {
  /// `[..., n]`.
  let mean: Tensor<Float>
  /// `[1]`: the logarithm of the one scale that all variables share.
  let logScale: Tensor<Float>

  /// `[...]`, in nats. The logarithm of a density: it may be positive.
  func logProbability(of value: Tensor<Float>) -> Tensor<Float> {
    let distance = (value.aligned(toRank: mean.rank) - mean).magnitude()
    return -(distance * (-logScale).exp() + logScale + 0.6931).sum(along: -1)
  }
}

/// p(x, z) = Laplace(x; decoder(z), scale) N(z; 0, I), and q(z | x) from an encoder.
struct LaplaceAutoencoder: Autoencoder {
  let latentDimension = 10
  var encoder: GaussianEncoder<Float>
  var decoder: HiddenLayers<Float>
  var output: Linear<Float>
  /// A parameter outside any layer. Adam moves it by at most about the learning rate per step, so
  /// it begins near a likely value: exp(-3) = 0.05.
  var logScale = Tensor<Float>([-3])

  init(pixels: Int, using generator: inout some RandomNumberGenerator) {
    encoder = GaussianEncoder(
      inputs: pixels, hidden: [200], latent: latentDimension, activation: .tanh, using: &generator)
    decoder = HiddenLayers(
      inputs: latentDimension, widths: [200], activation: .tanh, using: &generator)
    output = Linear(inputs: 200, outputs: pixels, using: &generator)
  }

  var prior: StandardNormal<Float> { StandardNormal(dimension: latentDimension) }

  func likelihood(given z: Tensor<Float>) -> Laplace {
    Laplace(mean: output(decoder(z)).sigmoid(), logScale: logScale)
  }

  func posterior(given x: Tensor<Float>) -> DiagonalGaussian<Float> { encoder.posterior(given: x) }

  /// What is learned, by name.
  mutating func visitParameters(
    _ visit: (_ name: String, _ parameter: inout Tensor<Float>) throws -> Void
  ) rethrows {
    try encoder.visitParameters { try visit("encoder.\($0)", &$1) }
    try decoder.visitParameters { try visit("decoder.\($0)", &$1) }
    try output.visitParameters { try visit("decoder.output.\($0)", &$1) }
    try visit("log_scale", &logScale)
  }
}

let workers = WorkerPool()
let train = ImageDataset.digits(.training, count: 10_000, workers: workers)
let test = ImageDataset.digits(.test, count: 2_000, workers: workers)
var generator = CounterGenerator(seed: 0, stream: 0)

let trainer = try Trainer(
  LaplaceAutoencoder(pixels: train.pixelsPerImage, using: &generator), data: train,
  options: TrainingOptions(epochs: 5), workers: workers)
while let step = try trainer.step() {
  if step.endsEpoch { print("epoch \(step.epoch + 1): ELBO \(step.epochSoFar.mean.elbo)") }
}

let trained = trainer.model
let bound = Estimate(try trained.evaluate(on: test, workers: workers).elbo)
print("test: ELBO \(bound.mean) ± \(bound.standardError) nats per image, a density: may be > 0")
print("learned scale: \(trained.logScale.exp().scalar) of the range from black to white")
