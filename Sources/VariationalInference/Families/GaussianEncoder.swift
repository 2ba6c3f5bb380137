// SPDX-License-Identifier: Apache-2.0

/// A network that maps x to a diagonal Gaussian q(z | x): hidden layers, then a linear map to the
/// mean and one to the logarithm of the variance (Kingma and Welling 2014, appendix C.2).
public struct GaussianEncoder<Scalar: TensorScalar>: Parameterized {
  /// `fc1`, `fc2`, ...
  public var hidden: HiddenLayers<Scalar>
  /// `fc_mu`.
  public var mean: Linear<Scalar>
  /// `fc_logvar`.
  public var logVariance: Linear<Scalar>

  /// An encoder of these sizes.
  public init(
    inputs: Int, hidden widths: [Int], latent: Int, activation: Activation,
    using generator: inout some RandomNumberGenerator
  ) {
    hidden = HiddenLayers(
      inputs: inputs, widths: widths, activation: activation, using: &generator)
    let last = widths.last ?? inputs
    mean = Linear(inputs: last, outputs: latent, using: &generator)
    logVariance = Linear(inputs: last, outputs: latent, using: &generator)
  }

  /// q(z | x) of each row of x, `[batch, inputs]`: mean and log sigma^2, `[batch, latent]` each.
  /// The logarithm may be any number, so the variance needs no constraint.
  public func posterior(given x: Tensor<Scalar>) -> DiagonalGaussian<Scalar> {
    let h = hidden(x)
    return DiagonalGaussian(mean: mean(h), logVariance: logVariance(h))
  }

  /// The hidden layers', then `fc_mu.*`, then `fc_logvar.*`.
  public mutating func visitParameters(
    _ visit: (_ name: String, _ parameter: inout Tensor<Scalar>) throws -> Void
  ) rethrows {
    try hidden.visitParameters(visit)
    try mean.visitParameters { try visit("fc_mu.\($0)", &$1) }
    try logVariance.visitParameters { try visit("fc_logvar.\($0)", &$1) }
  }
}
