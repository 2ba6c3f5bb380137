// SPDX-License-Identifier: Apache-2.0

/// y = W x + b, followed by an activation; b may be left out.
public struct Linear<Scalar: TensorScalar>: Parameterized {
  /// `[outputs, inputs]`.
  public var weight: Tensor<Scalar>
  /// `[outputs]`; nil for a layer without biases.
  public var bias: Tensor<Scalar>?
  /// Applied to each output.
  public let activation: Activation

  /// Weights and biases drawn from U(-1/sqrt(inputs), 1/sqrt(inputs)), as `torch.nn.Linear` does.
  ///
  /// - Parameters:
  ///   - inputs: The width of x, at least 1.
  ///   - outputs: The width of y, at least 1.
  ///   - hasBias: Whether there are biases. The weights are the same with and without.
  ///   - activation: After the linear map.
  ///   - generator: Draws the weights.
  public init(
    inputs: Int, outputs: Int, bias hasBias: Bool = true, activation: Activation = .identity,
    using generator: inout some RandomNumberGenerator
  ) {
    precondition(inputs > 0 && outputs > 0, "a linear layer from \(inputs) to \(outputs)")
    let bound = Scalar(1 / Double(inputs).squareRoot())
    let seed = generator.next()
    weight = .uniform([outputs, inputs], in: -bound..<bound, key: NoiseKey(seed: seed, 0))
    bias =
      hasBias ? .uniform([outputs], in: -bound..<bound, key: NoiseKey(seed: seed, 1)) : nil
    self.activation = activation
  }

  /// `[batch, inputs]` to `[batch, outputs]`.
  public func callAsFunction(_ x: Tensor<Scalar>) -> Tensor<Scalar> {
    x.linear(weight: weight, bias: bias, activation: activation)
  }

  /// `weight` and, where there is one, `bias`.
  public mutating func visitParameters(
    _ visit: (_ name: String, _ parameter: inout Tensor<Scalar>) throws -> Void
  ) rethrows {
    try visit("weight", &weight)
    if var bias {
      try visit("bias", &bias)
      self.bias = bias
    }
  }
}
