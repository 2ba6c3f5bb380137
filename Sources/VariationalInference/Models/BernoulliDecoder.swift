// SPDX-License-Identifier: Apache-2.0

/// A network that maps z to independent Bernoulli variables p(x | z): hidden layers, then a linear
/// map to the logits.
public struct BernoulliDecoder<Scalar: TensorScalar>: Parameterized {
  /// `fc1`, ...
  public var hidden: HiddenLayers<Scalar>
  /// The last layer, numbered after the hidden ones: `fc2` where there is one.
  public var logits: Linear<Scalar>

  /// A decoder of these sizes; its inputs are z and any conditions.
  public init(
    inputs: Int, hidden widths: [Int], outputs: Int, activation: Activation,
    using generator: inout some RandomNumberGenerator
  ) {
    hidden = HiddenLayers(
      inputs: inputs, widths: widths, activation: activation, using: &generator)
    logits = Linear(inputs: widths.last ?? inputs, outputs: outputs, using: &generator)
  }

  /// p(x | z) for each row of z, `[..., latent]`.
  public func likelihood(given z: Tensor<Scalar>) -> IndependentBernoulli<Scalar> {
    IndependentBernoulli(logits: logits(hidden(z)))
  }

  /// A copy whose output biases are the logits of the mean of each number of field "x", which is clamped
  /// to 0.001 ... 0.999: it begins by predicting the mean image instead of learning it first.
  ///
  /// - Parameter data: As many numbers in "x" as the decoder has outputs, all between 0 and 1. Images
  ///   count with their grey levels, however they are binarised.
  /// - Returns: The decoder with other biases in its last layer.
  /// - Source: Burda et al., arXiv:1509.00519, the code published with it (`get_train_bias_np`).
  public func withOutputBias(atMeanOf data: any Dataset) -> BernoulliDecoder {
    precondition(
      logits.bias?.shape == [data.field("x")?.width ?? 0],
      "output biases \(logits.bias?.shape ?? []) for the data '\(data.name)'")
    var copy = self
    let p = Tensor(data.meanOfX.map { min(max($0, 0.001), 0.999) })
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
