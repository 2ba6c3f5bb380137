// SPDX-License-Identifier: Apache-2.0

/// A stack of linear layers with an activation after each, named `fc1`, `fc2`, ...
public struct HiddenLayers<Scalar: TensorScalar>: Parameterized {
  /// The layers in the order of the data.
  public var layers: [Linear<Scalar>]

  /// Layers of these widths.
  ///
  /// - Parameters:
  ///   - inputs: The width of the data.
  ///   - widths: The outputs of each layer.
  ///   - activation: After each layer.
  ///   - generator: Draws the weights.
  public init(
    inputs: Int, widths: [Int], activation: Activation,
    using generator: inout some RandomNumberGenerator
  ) {
    layers = zip([inputs] + widths, widths).map { inputs, outputs in
      Linear(inputs: inputs, outputs: outputs, activation: activation, using: &generator)
    }
  }

  /// `[batch, inputs]` to `[batch, last width]`.
  public func callAsFunction(_ x: Tensor<Scalar>) -> Tensor<Scalar> {
    layers.reduce(x) { $1($0) }
  }

  /// `fc1.weight`, `fc1.bias`, `fc2.weight`, ...
  public mutating func visitParameters(
    _ visit: (_ name: String, _ parameter: inout Tensor<Scalar>) throws -> Void
  ) rethrows {
    for index in layers.indices {
      try layers[index].visitParameters { try visit("fc\(index + 1).\($0)", &$1) }
    }
  }
}
