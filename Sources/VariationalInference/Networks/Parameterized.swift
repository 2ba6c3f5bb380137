// SPDX-License-Identifier: Apache-2.0

/// A value with named parameters: a layer, a network, a model.
///
/// A conforming type lists its parameters in one function, ``visitParameters(_:)``. The names are
/// the keys of a checkpoint; the order is that of gradients and optimiser state.
public protocol Parameterized<Scalar>: Sendable {
  /// The type of number.
  associatedtype Scalar: TensorScalar

  /// Shows each parameter with its name; `visit` may replace it by one of the same shape.
  mutating func visitParameters(
    _ visit: (_ name: String, _ parameter: inout Tensor<Scalar>) throws -> Void
  ) rethrows
}

extension Parameterized {
  /// The parameters in order, by name.
  public var namedParameters: [(name: String, value: Tensor<Scalar>)] {
    var (copy, list) = (self, [(name: String, value: Tensor<Scalar>)]())
    copy.visitParameters { list.append(($0, $1)) }
    return list
  }

  /// The parameters in order.
  public var parameters: [Tensor<Scalar>] { namedParameters.map(\.value) }

  /// The number of scalar parameters.
  public var parameterCount: Int { parameters.reduce(0) { $0 + $1.count } }

  /// A copy with each parameter replaced by `transform` of its name and value.
  public func mappingParameters(
    _ transform: (String, Tensor<Scalar>) throws -> Tensor<Scalar>
  ) rethrows -> Self {
    var copy = self
    try copy.visitParameters { $1 = try transform($0, $1) }
    return copy
  }

  /// A copy with these parameters, in order: how a model moves onto a tape.
  ///
  /// - Precondition: One tensor per parameter, of its shape.
  public func replacingParameters(with tensors: [Tensor<Scalar>]) -> Self {
    var rest = tensors[...]
    let copy = mappingParameters { name, old in
      guard let new = rest.popFirst() else { preconditionFailure("no value for \(name)") }
      precondition(
        new.shape == old.shape, "\(name) has shape \(old.shape), not \(new.shape)")
      return new
    }
    precondition(rest.isEmpty, "\(rest.count) tensors more than there are parameters")
    return copy
  }
}
