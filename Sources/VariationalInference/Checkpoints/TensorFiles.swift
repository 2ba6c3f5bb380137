// SPDX-License-Identifier: Apache-2.0

internal import Formats
internal import Tensors

extension Safetensors {
  /// A tensor of the file, converted to `Scalar`.
  func tensor<Scalar: TensorScalar>(_ name: String) throws -> Tensors.Tensor<Scalar> {
    let shape = try entry(name).shape
    if Scalar.self == Double.self {
      return Tensors.Tensor(try doubles(name).map { Scalar($0) }, shape: shape)
    }
    return Tensors.Tensor(try floats(name).map { Scalar($0) }, shape: shape)
  }
}

extension Safetensors.Tensor {
  /// A tensor to write: F64 for `Double`, F32 for `Float`.
  init<Scalar: TensorScalar>(_ name: String, _ tensor: Tensors.Tensor<Scalar>) {
    if Scalar.self == Double.self {
      self.init(name: name, shape: tensor.shape, tensor.scalars.map { Double($0) })
    } else {
      self.init(name: name, shape: tensor.shape, tensor.scalars.map { Float($0) })
    }
  }
}
