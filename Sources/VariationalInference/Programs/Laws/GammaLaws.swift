// SPDX-License-Identifier: Apache-2.0

// The gamma law and its kin.

/// The gamma law of a positive number.
///
///     log p(x) = shape log rate - log gamma(shape) + (shape - 1) log x - rate x,  x > 0
///
/// At 0 the density is its limit: the rate where the shape is 1.
///
/// - Source: "Stan functions reference", gamma distribution.
public struct Gamma: Law {
  let form: Value
  let rate: Value

  /// - Parameters:
  ///   - shape: Above 0.
  ///   - rate: Above 0; the mean is shape / rate.
  public init(_ shape: Value, _ rate: Value) { (form, self.rate) = (shape, rate) }

  /// Numbers above 0.
  public var support: Constraint { .positive }
  /// That of the parameters together.
  public var shape: [Int] { Value.broadcastShape([form.shape, rate.shape]) }

  /// The formula above.
  public func logDensity(of x: Value) -> Value {
    .combine("a density", [x, form, rate]) {
      LogDensities.gamma($0[0], shape: $0[1], rate: $0[2])
    }
  }

  /// Exact draws, with the parameters of each.
  public func draw(_ shape: [Int], from source: inout DrawSource) -> Value {
    source.numbers(shape, [form]) { $1.gamma($0[0]) } / rate
  }

  /// The first number that the law cannot give.
  public func fault(inData data: Value) -> String? { data.faultBelowZero(of: "Gamma") }
}

/// The law of 1 / x for x of the gamma law.
///
///     log p(x) = shape log scale - log gamma(shape) - (shape + 1) log x - scale / x,  x > 0
///
/// - Source: "Stan functions reference", inverse gamma distribution.
public struct InverseGamma: Law {
  let form: Value
  let scale: Value

  /// - Parameters:
  ///   - shape: Above 0.
  ///   - scale: Above 0; the mean is scale / (shape - 1) where the shape is above 1.
  public init(_ shape: Value, _ scale: Value) { (form, self.scale) = (shape, scale) }

  /// Numbers above 0.
  public var support: Constraint { .positive }
  /// That of the parameters together.
  public var shape: [Int] { Value.broadcastShape([form.shape, scale.shape]) }

  /// The formula above.
  public func logDensity(of x: Value) -> Value {
    .combine("a density", [x, form, scale]) {
      LogDensities.inverseGamma($0[0], shape: $0[1], scale: $0[2])
    }
  }

  /// Exact draws, with the parameters of each.
  public func draw(_ shape: [Int], from source: inout DrawSource) -> Value {
    scale * (-source.numbers(shape, [form]) { $1.logGamma($0[0]) }).exp()
  }
}

/// The chi-squared law of a positive number: of a sum of squares of standard normal numbers.
///
///     log p(x) = (nu / 2 - 1) log x - x / 2 - log gamma(nu / 2) - nu / 2 log 2,  x > 0
///
/// At 0 the density is its limit: 1/2 where nu is 2.
///
/// - Source: "Stan functions reference", chi-square distribution.
public struct ChiSquared: Law {
  private let gamma: Gamma

  /// - Parameter degreesOfFreedom: nu, above 0, the mean.
  public init(_ degreesOfFreedom: Value) { gamma = Gamma(degreesOfFreedom / 2, 0.5) }

  /// Numbers above 0.
  public var support: Constraint { .positive }
  /// That of the parameters together.
  public var shape: [Int] { gamma.shape }

  /// The formula above.
  public func logDensity(of x: Value) -> Value { gamma.logDensity(of: x) }

  /// Exact draws, with the parameters of each.
  public func draw(_ shape: [Int], from source: inout DrawSource) -> Value {
    gamma.draw(shape, from: &source)
  }

  /// The first number that the law cannot give.
  public func fault(inData data: Value) -> String? { data.faultBelowZero(of: "ChiSquared") }
}

/// The beta law of a number between 0 and 1.
///
///     log p(x) = (a - 1) log x + (b - 1) log(1 - x) - log B(a, b),  0 < x < 1
///
/// At 0 and 1 the density is its limit.
///
/// - Source: "Stan functions reference", beta distribution and beta proportion distribution.
public struct Beta: Law {
  let a: Value
  let b: Value

  /// - Parameters:
  ///   - a: Above 0.
  ///   - b: Above 0; the mean is a / (a + b).
  public init(_ a: Value, _ b: Value) { (self.a, self.b) = (a, b) }

  /// The law of a = mean precision, b = (1 - mean) precision.
  ///
  /// - Parameters:
  ///   - mean: Between 0 and 1.
  ///   - precision: Above 0; the variance is mean (1 - mean) / (precision + 1).
  public init(mean: Value, precision: Value) {
    self.init(mean * precision, (1 - mean) * precision)
  }

  /// Numbers between 0 and 1.
  public var support: Constraint { .interval(0, 1) }
  /// That of the parameters together.
  public var shape: [Int] { Value.broadcastShape([a.shape, b.shape]) }

  /// The formula above.
  public func logDensity(of x: Value) -> Value {
    .combine("a density", [x, a, b]) { LogDensities.beta($0[0], $0[1], $0[2]) }
  }

  /// Exact draws, with the parameters of each.
  public func draw(_ shape: [Int], from source: inout DrawSource) -> Value {
    source.numbers(shape, [a, b]) { $1.beta($0[0], $0[1]) }
  }

  /// The first number that the law cannot give.
  public func fault(inData data: Value) -> String? {
    data.firstFault(of: "Beta", 0) { _ in
      "from 0 to 1"
    } isGood: { number, _ in
      number >= 0 && number <= 1
    }
  }
}
