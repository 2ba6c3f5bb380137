// SPDX-License-Identifier: Apache-2.0

internal import CKernels

// Operands broadcast: `[batch, n] + [n]`, `[batch, 1] * [batch, n]`, and so on.
//
// The four operations have names here; `Operators.swift` gives them their signs.
//
// With g the gradient of the result, below stand those of a and b before they are summed over the
// axes along which either was repeated.

extension Tensor {
  /// a + b: g and g.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  static func adding(_ a: Tensor, _ b: Tensor) -> Tensor {
    recorded(ElboAdd, a, b) { g, _ in (g, g) }
  }

  /// a - b: g and -g.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  static func subtracting(_ a: Tensor, _ b: Tensor) -> Tensor {
    recorded(ElboSubtract, a, b) { g, _ in (g, -g) }
  }

  /// a b: g b and g a.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  static func multiplying(_ a: Tensor, _ b: Tensor) -> Tensor {
    let (x, y) = (a.detached, b.detached)
    return recorded(ElboMultiply, a, b) { g, _ in (g * y, g * x) }
  }

  /// a / b: g / b and -g (a / b) / b.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  static func dividing(_ a: Tensor, _ b: Tensor) -> Tensor {
    let y = b.detached
    // d(x / y) / dy = -(x / y) / y: y squared would leave the range of the numbers.
    return recorded(ElboDivide, a, b) { g, quotient in (g / y, -(g * (quotient / y))) }
  }

  /// -a: -g.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  static func negating(_ a: Tensor) -> Tensor {
    let value = unary(ElboNegate, a)
    return operation(value: value, inputs: [a]) { [unary(ElboNegate, $0)] }
  }

  /// The element-wise larger value. Not-a-number counts as larger than any number.
  ///
  /// The gradient goes to the operand that was taken, to the first where both are equal.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public static func maximum(_ a: Tensor, _ b: Tensor) -> Tensor {
    recordedChoice(ElboMaximum, a, b)
  }

  /// The element-wise smaller value. Not-a-number counts as smaller than any number.
  ///
  /// The gradient goes to the operand that was taken, to the first where both are equal.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public static func minimum(_ a: Tensor, _ b: Tensor) -> Tensor {
    recordedChoice(ElboMinimum, a, b)
  }

  /// Each element raised to a constant power e, with the gradient e x^(e - 1): 0 for e = 0.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func raised(to exponent: Scalar) -> Tensor {
    let x = detached
    let power = Tensor.binary(ElboPower, x, Tensor(exponent))
    return Tensor.operation(value: power, inputs: [self]) { g in
      // Not 0 x^-1, which at x = 0 would be 0 times infinity.
      if exponent == 0 { return [.zeros(x.shape)] }
      return [g * .binary(ElboPower, x, Tensor(exponent - 1)) * Tensor(exponent)]
    }
  }

  /// A binary operation whose result is one of the operands.
  private static func recordedChoice(
    _ kernel: ElboBinary, _ a: Tensor, _ b: Tensor, name: String = #function
  ) -> Tensor {
    let x = a.detached
    return recorded(kernel, a, b, name: name) { g, taken in
      // Chosen, not multiplied by 0: g may be infinite where the other operand was taken.
      let isFirst = Tensor.binary(ElboWhereTaken, taken, x)
      return (.binary(ElboKeepWhere, g, isFirst), .binary(ElboDropWhere, g, isFirst))
    }
  }

  /// Records a binary operation. `gradients` maps the gradient of the result, and the result, to
  /// gradients of the broadcast shape, which are then summed to the operands'.
  private static func recorded(
    _ kernel: ElboBinary, _ a: Tensor, _ b: Tensor, name: String = #function,
    gradients: @escaping (_ g: Tensor, _ result: Tensor) -> (Tensor, Tensor)
  ) -> Tensor {
    let value = binary(kernel, a, b)
    if !a.isTraced, !b.isTraced { return value }
    // Shapes, not tensors: the tape keeps no operand alive but those that `gradients` needs.
    let (shapeA, shapeB) = (a.isTraced ? a.shape : nil, b.isTraced ? b.shape : nil)
    return operation(value: value, inputs: [a, b], name: name) { g in
      let (ga, gb) = gradients(g, value)
      return [shapeA.map { ga.summed(to: $0) }, shapeB.map { gb.summed(to: $0) }]
    }
  }
}
