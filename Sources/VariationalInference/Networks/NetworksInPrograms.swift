// SPDX-License-Identifier: Apache-2.0

// Networks applied to vectors of a program, whose axis of draws takes the place of the batch.

extension Linear where Scalar == Double {
  /// A vector `[inputs]` of a program to `[outputs]`.
  public func callAsFunction(_ x: Value) -> Value {
    if x.fault == nil, x.shape != [weight.shape[1]] {
      return Value(
        fault:
          "a layer from \(weight.shape[1]) to \(weight.shape[0]) of a value of shape \(x.shape)")
    }
    return x.map { self($0.transposed()).transposed() }
  }
}

extension HiddenLayers where Scalar == Double {
  /// A vector `[inputs]` of a program to `[last width]`.
  public func callAsFunction(_ x: Value) -> Value { layers.reduce(x) { $1($0) } }
}
