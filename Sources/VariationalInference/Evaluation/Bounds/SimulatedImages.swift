// SPDX-License-Identifier: Apache-2.0

internal import Tensors

/// Images drawn from a model with the latent variables that they were drawn from: for each image an
/// exact draw of its posterior.
public struct SimulatedImages: Sendable {
  /// Binary pixels, 0 or 255.
  public let images: ImageDataset
  /// `[count, latent]`.
  public let latent: Tensor<Float>
}

extension VariationalAutoencoder<Float> {
  /// Draws z ~ p(z), then x ~ p(x | z).
  ///
  /// - Parameters:
  ///   - count: The number of images.
  ///   - height: Rows of an image.
  ///   - width: Columns of an image; height x width is the number of data dimensions.
  ///   - seed: Decides the draws. Those of z are those of ``sample(count:seed:)``.
  /// - Returns: The images and what they were drawn from.
  public func simulate(count: Int, height: Int, width: Int, seed: UInt64 = 0) -> SimulatedImages {
    precondition(
      height * width == architecture.data,
      "images of \(height) x \(width) from a model of \(architecture.data) data dimensions")
    let z = priorDraws(count: count, seed: seed)
    let probabilities = decode(z)
    let pixels = (0..<count).flatMap { image -> [UInt8] in
      let uniforms = Tensor<Float>.uniform(
        [architecture.data], in: 0..<1,
        key: NoisePurpose.simulatedPixels.key(seed: seed, example: image))
      return zip(uniforms.scalars, probabilities.slice(image..<image + 1).scalars).map {
        $0 < $1 ? 255 : 0
      }
    }
    return SimulatedImages(
      images: ImageDataset(
        name: "simulated", split: "test", height: height, width: width, pixels: pixels),
      latent: z)
  }
}
