// SPDX-License-Identifier: Apache-2.0

internal import CKernels

// Operands broadcast: `[batch, n] + [n]`, `[batch, 1] * [batch, n]`, and so on.
//
// The four operations have names here; `Operators.swift` gives them their signs.

extension Tensor {
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  static func adding(_ a: Tensor, _ b: Tensor) -> Tensor {
    recorded(ElboAdd, a, b) { ($0, $0) }
  }

  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  static func subtracting(_ a: Tensor, _ b: Tensor) -> Tensor {
    recorded(ElboSubtract, a, b) { ($0, -$0) }
  }

  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  static func multiplying(_ a: Tensor, _ b: Tensor) -> Tensor {
    let (x, y) = (a.detached, b.detached)
    return recorded(ElboMultiply, a, b) { ($0 * y, $0 * x) }
  }

  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  static func dividing(_ a: Tensor, _ b: Tensor) -> Tensor {
    let (x, y) = (a.detached, b.detached)
    return recorded(ElboDivide, a, b) { g in (g / y, -(g * x) / (y * y)) }
  }

  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  static func negating(_ a: Tensor) -> Tensor {
    let value = unary(ElboNegate, a)
    return operation(value: value, inputs: [a]) { [unary(ElboNegate, $0)] }
  }

  /// The element-wise larger value. Where both are equal the gradient goes to the first.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public static func maximum(_ a: Tensor, _ b: Tensor) -> Tensor {
    let (x, y) = (a.detached, b.detached)
    return recorded(ElboMaximum, a, b) { g in
      let first = g * .binary(ElboWhereGreaterOrEqual, x, y)
      return (first, g - first)
    }
  }

  /// The element-wise smaller value. Where both are equal the gradient goes to the first.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public static func minimum(_ a: Tensor, _ b: Tensor) -> Tensor {
    let (x, y) = (a.detached, b.detached)
    return recorded(ElboMinimum, a, b) { g in
      let first = g * .binary(ElboWhereGreaterOrEqual, y, x)
      return (first, g - first)
    }
  }

  /// Each element raised to a constant power.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func raised(to exponent: Scalar) -> Tensor {
    let x = detached
    let power = Tensor.binary(ElboPower, x, Tensor(exponent))
    return Tensor.operation(value: power, inputs: [self]) { g in
      [g * .binary(ElboPower, x, Tensor(exponent - 1)) * Tensor(exponent)]
    }
  }

  /// Records a binary operation. A gradient of the broadcast shape is summed to the operand's.
  private static func recorded(
    _ kernel: ElboBinary, _ a: Tensor, _ b: Tensor,
    gradients: @escaping (Tensor) -> (Tensor, Tensor)
  ) -> Tensor {
    let value = binary(kernel, a, b)
    if !a.isTraced, !b.isTraced { return value }
    let (shapeA, shapeB) = (a.isTraced ? a.shape : nil, b.isTraced ? b.shape : nil)
    return operation(value: value, inputs: [a, b]) { g in
      let (ga, gb) = gradients(g)
      return [shapeA.map { ga.summed(to: $0) }, shapeB.map { gb.summed(to: $0) }]
    }
  }
}
