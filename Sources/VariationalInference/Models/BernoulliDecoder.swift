// SPDX-License-Identifier: Apache-2.0

/// A network that maps z to independent Bernoulli variables p(x | z): hidden layers, then a linear
/// map to the logits.
public struct BernoulliDecoder<Scalar: TensorScalar>: Parameterized {
  /// `fc1`, ...
  public var hidden: HiddenLayers<Scalar>
  /// The last layer, numbered after the hidden ones: `fc2` where there is one.
  public var logits: Linear<Scalar>

  /// A decoder of these sizes.
  public init(
    latent: Int, hidden widths: [Int], outputs: Int, activation: Activation,
    using generator: inout some RandomNumberGenerator
  ) {
    hidden = HiddenLayers(
      inputs: latent, widths: widths, activation: activation, using: &generator)
    logits = Linear(inputs: widths.last ?? latent, outputs: outputs, using: &generator)
  }

  /// p(x | z) for each row of z, `[batch, latent]`.
  public func likelihood(given z: Tensor<Scalar>) -> Bernoulli<Scalar> {
    Bernoulli(logits: logits(hidden(z)))
  }

  /// A copy whose output biases are the logits of the mean of each pixel, which is clamped to
  /// 0.001 ... 0.999: it begins by predicting the mean image instead of learning it first.
  ///
  /// - Parameter data: As many pixels as the decoder has outputs.
  /// - Returns: The decoder with other biases in its last layer.
  /// - Source: Burda et al., arXiv:1509.00519, the code published with it (`get_train_bias_np`).
  public func withOutputBias(atMeanOf data: ImageDataset) -> BernoulliDecoder {
    precondition(
      logits.bias?.shape == [data.pixelsPerImage],
      "output biases \(logits.bias?.shape ?? []) for images of \(data.pixelsPerImage) pixels")
    var copy = self
    let p = Tensor(data.meanPixels.map { min(max($0, 0.001), 0.999) })
    copy.logits.bias = (p / (1 - p)).log().converted(to: Scalar.self)
    return copy
  }

  /// `fc1.*`, `fc2.*`, ...
  public mutating func visitParameters(
    _ visit: (_ name: String, _ parameter: inout Tensor<Scalar>) throws -> Void
  ) rethrows {
    try hidden.visitParameters(visit)
    let number = hidden.layers.count + 1
    try logits.visitParameters { try visit("fc\(number).\($0)", &$1) }
  }
}
