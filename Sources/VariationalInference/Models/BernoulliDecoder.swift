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

  /// `fc1.*`, `fc2.*`, ...
  public mutating func visitParameters(
    _ visit: (_ name: String, _ parameter: inout Tensor<Scalar>) throws -> Void
  ) rethrows {
    try hidden.visitParameters(visit)
    let number = hidden.layers.count + 1
    try logits.visitParameters { try visit("fc\(number).\($0)", &$1) }
  }
}
