// SPDX-License-Identifier: Apache-2.0

internal import Tensors

extension AmortizedPosterior where Posterior == DiagonalGaussian<Scalar> {
  /// q(z | x) of the first images of a data set: means and log variances, `[count, latent]` each.
  ///
  /// - Parameters:
  ///   - data: Images with as many pixels as the model has data dimensions.
  ///   - binarization: How pixels become data.
  ///   - seed: Decides drawn pixels.
  ///   - workers: The threads to use.
  /// - Returns: The distribution of each image, in order.
  public func encode(
    _ data: ImageDataset, binarization: Binarization = .none, seed: UInt64 = 0, workers: WorkerPool
  ) -> DiagonalGaussian<Scalar> {
    let source = ExampleSource.evaluation(data, binarization, seed: seed)
    let blocks = ExampleBlocks(0..<data.count)
    let parts = workers.map(blocks.count) { block in
      self.posterior(given: source.pixels(blocks[block]))
    }
    return DiagonalGaussian(
      mean: .concatenated(parts.map(\.mean)), logVariance: .concatenated(parts.map(\.logVariance)))
  }
}

extension VariationalAutoencoder {
  /// The expected pixels of p(x | z) for each row of z, `[count, latent]`: `[count, data]`, 0 to 1.
  public func decode(_ z: Tensor<Scalar>) -> Tensor<Scalar> { likelihood(given: z).mean }

  /// The expected pixels of draws from the prior, `[count, data]`, 0 to 1.
  ///
  /// - Parameters:
  ///   - count: The number of draws.
  ///   - seed: Decides the draws; the first k of them do not depend on `count`.
  /// - Returns: `[count, data]`.
  public func sample(count: Int, seed: UInt64 = 0) -> Tensor<Scalar> {
    decode(priorDraws(count: count, seed: seed))
  }

  /// Draws of z from the prior, `[count, latent]`.
  func priorDraws(count: Int, seed: UInt64) -> Tensor<Scalar> {
    NoisePurpose.priorSample.noise(Array(0..<count), shape: [count, latentDimension], seed: seed)
  }
}

extension Tensor {
  /// Intensities from 0 to 1 as bytes from 0 to 255, rounded; what lies outside is clamped, what is
  /// not a number is 0.
  public var greyBytes: [UInt8] { doubles.map { $0 > 0 ? UInt8(min($0, 1) * 255 + 0.5) : 0 } }
}
