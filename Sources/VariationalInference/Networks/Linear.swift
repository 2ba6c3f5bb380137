// SPDX-License-Identifier: Apache-2.0

/// y = W x + b, followed by an activation.
public struct Linear<Scalar: TensorScalar>: Parameterized {
  /// `[outputs, inputs]`.
  public var weight: Tensor<Scalar>
  /// `[outputs]`.
  public var bias: Tensor<Scalar>
  /// Applied to each output.
  public let activation: Activation

  /// Weights and biases drawn from U(-1/sqrt(inputs), 1/sqrt(inputs)), as `torch.nn.Linear` does.
  public init(
    inputs: Int, outputs: Int, activation: Activation = .identity,
    using generator: inout some RandomNumberGenerator
  ) {
    precondition(inputs > 0 && outputs > 0, "a linear layer from \(inputs) to \(outputs)")
    let bound = Scalar(1 / Double(inputs).squareRoot())
    let seed = generator.next()
    weight = .uniform([outputs, inputs], in: -bound..<bound, key: NoiseKey(seed: seed, 0))
    bias = .uniform([outputs], in: -bound..<bound, key: NoiseKey(seed: seed, 1))
    self.activation = activation
  }

  /// `[batch, inputs]` to `[batch, outputs]`.
  public func callAsFunction(_ x: Tensor<Scalar>) -> Tensor<Scalar> {
    x.linear(weight: weight, bias: bias, activation: activation)
  }

  /// `weight` and `bias`.
  public mutating func visitParameters(
    _ visit: (_ name: String, _ parameter: inout Tensor<Scalar>) throws -> Void
  ) rethrows {
    try visit("weight", &weight)
    try visit("bias", &bias)
  }
}
