// SPDX-License-Identifier: Apache-2.0

// Operators on concrete types, those on a plain number beside those on two values: with generic ones the
// type checker would take seconds for an ordinary formula. Those on a number are disfavoured, as
// `numbers.reduce(0, +)` would otherwise be ambiguous wherever this library is imported.

extension Value {
  /// The sum, element by element.
  public static func + (a: Value, b: Value) -> Value { combine("a sum", a, b) { $0 + $1 } }
  /// The difference, element by element.
  public static func - (a: Value, b: Value) -> Value { combine("a difference", a, b) { $0 - $1 } }
  /// The product, element by element.
  public static func * (a: Value, b: Value) -> Value { combine("a product", a, b) { $0 * $1 } }
  /// The quotient, element by element.
  public static func / (a: Value, b: Value) -> Value { combine("a quotient", a, b) { $0 / $1 } }
  /// The negative.
  public static prefix func - (a: Value) -> Value { a.map { -$0 } }

  /// The sum, element by element.
  @_disfavoredOverload
  public static func + (a: Value, b: Double) -> Value { a.map { $0 + b } }
  /// The difference, element by element.
  @_disfavoredOverload
  public static func - (a: Value, b: Double) -> Value { a.map { $0 - b } }
  /// The product, element by element.
  @_disfavoredOverload
  public static func * (a: Value, b: Double) -> Value { a.map { $0 * b } }
  /// The quotient, element by element.
  @_disfavoredOverload
  public static func / (a: Value, b: Double) -> Value { a.map { $0 / b } }
  /// The sum, element by element.
  @_disfavoredOverload
  public static func + (a: Double, b: Value) -> Value { b.map { a + $0 } }
  /// The difference, element by element.
  @_disfavoredOverload
  public static func - (a: Double, b: Value) -> Value { b.map { a - $0 } }
  /// The product, element by element.
  @_disfavoredOverload
  public static func * (a: Double, b: Value) -> Value { b.map { a * $0 } }
  /// The quotient, element by element.
  @_disfavoredOverload
  public static func / (a: Double, b: Value) -> Value { b.map { a / $0 } }

  /// Adds to a value.
  public static func += (a: inout Value, b: Value) { a = a + b }
  /// Subtracts from a value.
  public static func -= (a: inout Value, b: Value) { a = a - b }
  /// Multiplies a value.
  public static func *= (a: inout Value, b: Value) { a = a * b }
  /// Divides a value.
  public static func /= (a: inout Value, b: Value) { a = a / b }
}

// MARK: - Functions, element by element

extension Value {
  /// The natural exponential.
  public func exp() -> Value { map { $0.exp() } }
  /// The natural logarithm.
  public func log() -> Value { map { $0.log() } }
  /// log(1 + x), exact also for small x.
  public func logOnePlus() -> Value { map { $0.logOnePlus() } }
  /// exp(x) - 1, exact also for small x.
  public func expMinusOne() -> Value { map { $0.expMinusOne() } }
  /// The square.
  public func squared() -> Value { map { $0.squared() } }
  /// The square root.
  public func squareRoot() -> Value { map { $0.squareRoot() } }
  /// 1 / x.
  public func reciprocal() -> Value { map { $0.reciprocal() } }
  /// The magnitude |x|; its gradient at 0 is 0.
  public func magnitude() -> Value { map { $0.magnitude() } }
  /// The logistic function 1 / (1 + exp(-x)).
  public func sigmoid() -> Value { map { $0.sigmoid() } }
  /// log(1 + exp(x)), without overflow.
  public func softplus() -> Value { map { $0.softplus() } }
  /// The hyperbolic tangent.
  public func tanh() -> Value { map { $0.tanh() } }
  /// The sine, of radians.
  public func sin() -> Value { map { $0.sin() } }
  /// The cosine, of radians.
  public func cos() -> Value { map { $0.cos() } }
  /// x^exponent for a constant exponent.
  public func raised(to exponent: Double) -> Value { map { $0.raised(to: exponent) } }
  /// x^exponent = exp(exponent log x), for x > 0. A literal is a constant exponent, as above.
  @_disfavoredOverload
  public func raised(to exponent: Value) -> Value { (log() * exponent).exp() }

  /// The larger of two values; the gradient goes to the one that was taken.
  public static func maximum(_ a: Value, _ b: Value) -> Value {
    combine("the larger", a, b) { .maximum($0, $1) }
  }
  /// The smaller of two values; the gradient goes to the one that was taken.
  public static func minimum(_ a: Value, _ b: Value) -> Value {
    combine("the smaller", a, b) { .minimum($0, $1) }
  }
}
