// SPDX-License-Identifier: Apache-2.0

// Laws of positive numbers whose F has a formula.

/// The exponential law of a number from 0 on.
///
///     log p(x) = log rate - rate x,  x >= 0
///
/// - Source: "Stan functions reference", exponential distribution.
public struct Exponential: CumulativeLaw {
  let rate: Value

  /// - Parameter rate: Above 0; the mean is 1 / rate.
  public init(_ rate: Value) { self.rate = rate }

  /// Numbers above 0.
  public var support: Constraint { .positive }
  /// That of the parameters together.
  public var shape: [Int] { rate.shape }

  /// The formula above.
  public func logDensity(of x: Value) -> Value {
    .combine("a density", [x, rate]) { LogDensities.exponential($0[0], rate: $0[1]) }
  }

  /// log F(x).
  public func logCDF(of x: Value) -> Value { logSurvival(of: x).logComplement() }
  /// log(1 - F(x)).
  public func logSurvival(of x: Value) -> Value { -(rate * Value.maximum(x, 0)) }

  /// The inverse of F.
  public func quantile(_ logProbability: Value, _ logComplement: Value) -> Value {
    -logComplement.exactBeside(logProbability) / rate
  }

  /// The first number that the law cannot give.
  public func fault(inData data: Value) -> String? { data.faultBelowZero(of: "Exponential") }
}

/// The Weibull law of a number from 0 on, as of a time to failure.
///
///     log p(x) = log shape - log x + l - exp(l),  l = shape log(x / scale),  x > 0
///
/// At 0 the density is its limit, 1 / scale where the shape is 1.
///
/// - Source: "Stan functions reference", Weibull distribution.
public struct Weibull: CumulativeLaw {
  let form: Value
  let scale: Value

  /// - Parameters:
  ///   - shape: Above 0; failures become more frequent with time where it is above 1.
  ///   - scale: Above 0.
  public init(_ shape: Value, _ scale: Value) { (form, self.scale) = (shape, scale) }

  /// Numbers above 0.
  public var support: Constraint { .positive }
  /// That of the parameters together.
  public var shape: [Int] { Value.broadcastShape([form.shape, scale.shape]) }

  /// The formula above.
  public func logDensity(of x: Value) -> Value {
    .combine("a density", [x, form, scale]) {
      LogDensities.weibull($0[0], shape: $0[1], scale: $0[2])
    }
  }

  /// log F(x).
  public func logCDF(of x: Value) -> Value { logSurvival(of: x).logComplement() }

  /// -(x / scale)^shape.
  public func logSurvival(of x: Value) -> Value {
    let power = (form * (x.positiveOrOne.log() - scale.log())).exp()
    return .choose(0, atLeast: x, 0, -power)
  }

  /// The inverse of F.
  public func quantile(_ logProbability: Value, _ logComplement: Value) -> Value {
    let power = -logComplement.exactBeside(logProbability)
    return scale * (power.log() / form).exp()
  }

  /// The first number that the law cannot give.
  public func fault(inData data: Value) -> String? { data.faultBelowZero(of: "Weibull") }
}

/// The Pareto law of a number from a minimum on: a power law.
///
///     log p(x) = log shape + shape log minimum - (shape + 1) log x,  x >= minimum
///
/// - Source: "Stan functions reference", Pareto distribution.
public struct Pareto: CumulativeLaw {
  let minimum: Value
  let form: Value

  /// - Parameters:
  ///   - minimum: Above 0.
  ///   - shape: Above 0; moments from this order on are infinite.
  public init(_ minimum: Value, _ shape: Value) { (self.minimum, form) = (minimum, shape) }

  /// Numbers above the minimum.
  public var support: Constraint { .above(minimum) }
  /// That of the parameters together.
  public var shape: [Int] { Value.broadcastShape([minimum.shape, form.shape]) }

  /// The formula above.
  public func logDensity(of x: Value) -> Value {
    .combine("a density", [x, minimum, form]) {
      LogDensities.pareto($0[0], minimum: $0[1], shape: $0[2])
    }
  }

  /// log F(x).
  public func logCDF(of x: Value) -> Value { logSurvival(of: x).logComplement() }

  /// -shape log(x / minimum).
  public func logSurvival(of x: Value) -> Value {
    let ratio = Value.choose(minimum, atLeast: x, 1, x / minimum)
    return -(form * ratio.log())
  }

  /// The inverse of F.
  public func quantile(_ logProbability: Value, _ logComplement: Value) -> Value {
    minimum * (-logComplement.exactBeside(logProbability) / form).exp()
  }
}

// MARK: - Values that are there

extension Value {
  /// What is wrong with data of a law of numbers from 0 on; nil where nothing is.
  func faultBelowZero(of law: String) -> String? {
    firstFault(of: law, 0) { _ in
      "from 0 on"
    } isGood: { number, _ in
      number >= 0
    }
  }
}
