// SPDX-License-Identifier: Apache-2.0

/// A network that maps z to the mean of real-valued data with normal noise, whose variance is learned
/// and shared by all examples and coordinates: p(x | z) = N(x; mean(z), sigma^2 I).
public struct GaussianDecoder<Scalar: TensorScalar>: Parameterized {
  /// `fc1`, ...
  public var hidden: HiddenLayers<Scalar>
  /// The last layer, numbered after the hidden ones: `fc1` where there is none.
  public var mean: Linear<Scalar>
  /// `log_variance`, `[1]`: log sigma^2; 0 at first.
  public var logVariance: Tensor<Scalar>

  /// A decoder of these sizes; its inputs are z and any conditions.
  public init(
    inputs: Int, hidden widths: [Int], outputs: Int, activation: Activation,
    using generator: inout some RandomNumberGenerator
  ) {
    hidden = HiddenLayers(
      inputs: inputs, widths: widths, activation: activation, using: &generator)
    mean = Linear(inputs: widths.last ?? inputs, outputs: outputs, using: &generator)
    logVariance = .zeros([1])
  }

  /// p(x | z) for each row of z, `[..., latent]`.
  public func likelihood(given z: Tensor<Scalar>) -> IsotropicGaussian<Scalar> {
    IsotropicGaussian(mean: mean(hidden(z)), logVariance: logVariance)
  }

  /// `fc1.*`, `fc2.*`, ..., `log_variance`.
  public mutating func visitParameters(
    _ visit: (_ name: String, _ parameter: inout Tensor<Scalar>) throws -> Void
  ) rethrows {
    try hidden.visitParameters(visit)
    let number = hidden.layers.count + 1
    try mean.visitParameters { try visit("fc\(number).\($0)", &$1) }
    try visit("log_variance", &logVariance)
  }
}
