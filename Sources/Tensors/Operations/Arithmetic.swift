// SPDX-License-Identifier: Apache-2.0

internal import CKernels

// Operands broadcast: `[batch, n] + [n]`, `[batch, 1] * [batch, n]`, and so on.

extension Tensor {
  /// The element-wise sum.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public static func + (a: Tensor, b: Tensor) -> Tensor {
    recorded(ElboAdd, a, b) { ($0, $0) }
  }

  /// The element-wise difference.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public static func - (a: Tensor, b: Tensor) -> Tensor {
    recorded(ElboSubtract, a, b) { ($0, -$0) }
  }

  /// The element-wise product.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public static func * (a: Tensor, b: Tensor) -> Tensor {
    let (x, y) = (a.detached, b.detached)
    return recorded(ElboMultiply, a, b) { ($0 * y, $0 * x) }
  }

  /// The element-wise quotient.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public static func / (a: Tensor, b: Tensor) -> Tensor {
    let (x, y) = (a.detached, b.detached)
    return recorded(ElboDivide, a, b) { g in (g / y, -(g * x) / (y * y)) }
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

  /// The negated elements.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public static prefix func - (a: Tensor) -> Tensor {
    let value = unary(ElboNegate, a)
    return operation(value: value, inputs: [a]) { [unary(ElboNegate, $0)] }
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

extension Tensor {
  /// Adds a constant.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public static func + (a: Tensor, b: Scalar) -> Tensor { a + Tensor(b) }
  /// Adds to a constant.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public static func + (a: Scalar, b: Tensor) -> Tensor { Tensor(a) + b }
  /// Subtracts a constant.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public static func - (a: Tensor, b: Scalar) -> Tensor { a - Tensor(b) }
  /// Subtracts from a constant.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public static func - (a: Scalar, b: Tensor) -> Tensor { Tensor(a) - b }
  /// Multiplies by a constant.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public static func * (a: Tensor, b: Scalar) -> Tensor { a * Tensor(b) }
  /// Multiplies a constant.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public static func * (a: Scalar, b: Tensor) -> Tensor { Tensor(a) * b }
  /// Divides by a constant.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public static func / (a: Tensor, b: Scalar) -> Tensor { a / Tensor(b) }
  /// Divides a constant.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public static func / (a: Scalar, b: Tensor) -> Tensor { Tensor(a) / b }
}
