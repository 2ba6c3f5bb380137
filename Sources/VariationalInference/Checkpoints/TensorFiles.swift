// SPDX-License-Identifier: Apache-2.0

internal import Formats
internal import Tensors

extension Safetensors {
  /// A tensor of the file, converted to `Scalar`.
  func tensor<Scalar: TensorScalar>(_ name: String) throws -> Tensors.Tensor<Scalar> {
    let (type, shape) = (try entry(name).type, try entry(name).shape)
    // Through Double where the file may hold more digits than a Float.
    if type == .f64 {
      return Tensors.Tensor(try doubles(name), shape: shape).converted(to: Scalar.self)
    }
    return Tensors.Tensor(try floats(name), shape: shape).converted(to: Scalar.self)
  }
}

extension Safetensors.Tensor {
  /// A tensor to write: F64 for `Double`, F32 for `Float`.
  init<Scalar: TensorScalar>(_ name: String, _ tensor: Tensors.Tensor<Scalar>) {
    if Scalar.self == Double.self {
      self.init(name: name, shape: tensor.shape, tensor.doubles)
    } else {
      self.init(name: name, shape: tensor.shape, tensor.converted(to: Float.self).scalars)
    }
  }
}
