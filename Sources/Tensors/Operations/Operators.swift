// SPDX-License-Identifier: Apache-2.0

// Ordinary formulas must type-check at once, in users' code too. With generic operators alone the
// compiler asks of every number in a formula which type it could be: a line with five numbers,
// `(z / 5).squared() * -0.5 - 1.6 - 0.918 + (z / 5).squared() * -0.5`, took it 5 s, and longer ones
// it gave up. Two things cure this, and both are needed (`make compile-time` watches them):
//
// - Each operator stands here for `Float`, for `Double`, and for generic code. Where an operator of
//   known types fits, the compiler looks no further. They call a function with a name: an operator
//   that used its own sign would call itself.
// - A number can be a tensor, so that `(1 - scale) * x + scale * y - 2 * scale`, with a variable that
//   is no tensor, has few ways to be read.
//
// Generic code has no such help: there, name the parts of a formula with more than three numbers.

// MARK: - Numbers as tensors

extension Tensor: ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral {
  /// A scalar: a tensor of shape `[]`.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public init(integerLiteral value: Scalar.IntegerLiteralType) {
    self.init(Scalar(integerLiteral: value))
  }

  /// A scalar: a tensor of shape `[]`.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public init(floatLiteral value: Scalar.FloatLiteralType) {
    self.init(Scalar(floatLiteral: value))
  }
}

// MARK: - Float

extension Tensor where Scalar == Float {
  /// The element-wise sum.
  public static func + (a: Tensor, b: Tensor) -> Tensor { adding(a, b) }
  /// Adds a constant.
  public static func + (a: Tensor, b: Float) -> Tensor { adding(a, Tensor(b)) }
  /// Adds to a constant.
  public static func + (a: Float, b: Tensor) -> Tensor { adding(Tensor(a), b) }

  /// The element-wise difference.
  public static func - (a: Tensor, b: Tensor) -> Tensor { subtracting(a, b) }
  /// Subtracts a constant.
  public static func - (a: Tensor, b: Float) -> Tensor { subtracting(a, Tensor(b)) }
  /// Subtracts from a constant.
  public static func - (a: Float, b: Tensor) -> Tensor { subtracting(Tensor(a), b) }

  /// The element-wise product.
  public static func * (a: Tensor, b: Tensor) -> Tensor { multiplying(a, b) }
  /// Multiplies by a constant.
  public static func * (a: Tensor, b: Float) -> Tensor { multiplying(a, Tensor(b)) }
  /// Multiplies a constant.
  public static func * (a: Float, b: Tensor) -> Tensor { multiplying(Tensor(a), b) }

  /// The element-wise quotient.
  public static func / (a: Tensor, b: Tensor) -> Tensor { dividing(a, b) }
  /// Divides by a constant.
  public static func / (a: Tensor, b: Float) -> Tensor { dividing(a, Tensor(b)) }
  /// Divides a constant.
  public static func / (a: Float, b: Tensor) -> Tensor { dividing(Tensor(a), b) }

  /// The negated elements.
  public static prefix func - (a: Tensor) -> Tensor { negating(a) }
}

// MARK: - Double

extension Tensor where Scalar == Double {
  /// The element-wise sum.
  public static func + (a: Tensor, b: Tensor) -> Tensor { adding(a, b) }
  /// Adds a constant.
  public static func + (a: Tensor, b: Double) -> Tensor { adding(a, Tensor(b)) }
  /// Adds to a constant.
  public static func + (a: Double, b: Tensor) -> Tensor { adding(Tensor(a), b) }

  /// The element-wise difference.
  public static func - (a: Tensor, b: Tensor) -> Tensor { subtracting(a, b) }
  /// Subtracts a constant.
  public static func - (a: Tensor, b: Double) -> Tensor { subtracting(a, Tensor(b)) }
  /// Subtracts from a constant.
  public static func - (a: Double, b: Tensor) -> Tensor { subtracting(Tensor(a), b) }

  /// The element-wise product.
  public static func * (a: Tensor, b: Tensor) -> Tensor { multiplying(a, b) }
  /// Multiplies by a constant.
  public static func * (a: Tensor, b: Double) -> Tensor { multiplying(a, Tensor(b)) }
  /// Multiplies a constant.
  public static func * (a: Double, b: Tensor) -> Tensor { multiplying(Tensor(a), b) }

  /// The element-wise quotient.
  public static func / (a: Tensor, b: Tensor) -> Tensor { dividing(a, b) }
  /// Divides by a constant.
  public static func / (a: Tensor, b: Double) -> Tensor { dividing(a, Tensor(b)) }
  /// Divides a constant.
  public static func / (a: Double, b: Tensor) -> Tensor { dividing(Tensor(a), b) }

  /// The negated elements.
  public static prefix func - (a: Tensor) -> Tensor { negating(a) }
}

// MARK: - Generic code

extension Tensor {
  /// The element-wise sum.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public static func + (a: Tensor, b: Tensor) -> Tensor { adding(a, b) }
  /// Adds a constant.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public static func + (a: Tensor, b: Scalar) -> Tensor { adding(a, Tensor(b)) }
  /// Adds to a constant.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public static func + (a: Scalar, b: Tensor) -> Tensor { adding(Tensor(a), b) }

  /// The element-wise difference.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public static func - (a: Tensor, b: Tensor) -> Tensor { subtracting(a, b) }
  /// Subtracts a constant.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public static func - (a: Tensor, b: Scalar) -> Tensor { subtracting(a, Tensor(b)) }
  /// Subtracts from a constant.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public static func - (a: Scalar, b: Tensor) -> Tensor { subtracting(Tensor(a), b) }

  /// The element-wise product.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public static func * (a: Tensor, b: Tensor) -> Tensor { multiplying(a, b) }
  /// Multiplies by a constant.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public static func * (a: Tensor, b: Scalar) -> Tensor { multiplying(a, Tensor(b)) }
  /// Multiplies a constant.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public static func * (a: Scalar, b: Tensor) -> Tensor { multiplying(Tensor(a), b) }

  /// The element-wise quotient.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public static func / (a: Tensor, b: Tensor) -> Tensor { dividing(a, b) }
  /// Divides by a constant.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public static func / (a: Tensor, b: Scalar) -> Tensor { dividing(a, Tensor(b)) }
  /// Divides a constant.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public static func / (a: Scalar, b: Tensor) -> Tensor { dividing(Tensor(a), b) }

  /// The negated elements.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public static prefix func - (a: Tensor) -> Tensor { negating(a) }
}
