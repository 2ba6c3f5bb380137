// SPDX-License-Identifier: Apache-2.0

// Laws of all real numbers with a location and a scale.

/// Student's law of a number: a normal law whose variance is uncertain, with heavier tails.
///
///     log p(x) = log gamma((nu + 1) / 2) - log gamma(nu / 2) - log(nu pi) / 2 - log scale
///                - (nu + 1) / 2 log(1 + e^2 / nu),  e = (x - mean) / scale
///
/// - Source: "Stan functions reference", Student-t distribution.
public struct StudentT: Law {
  let degreesOfFreedom: Value
  let mean: Value
  let scale: Value

  /// - Parameters:
  ///   - degreesOfFreedom: nu, above 0.
  ///   - mean: Any number; the middle where nu <= 1, as there is no mean then.
  ///   - scale: Above 0.
  public init(_ degreesOfFreedom: Value, _ mean: Value, _ scale: Value) {
    (self.degreesOfFreedom, self.mean, self.scale) = (degreesOfFreedom, mean, scale)
  }

  /// All real numbers.
  public var support: Constraint { .real }
  /// That of the parameters together.
  public var shape: [Int] {
    Value.broadcastShape([degreesOfFreedom.shape, mean.shape, scale.shape])
  }

  /// The formula above.
  public func logDensity(of x: Value) -> Value {
    .combine("a density", [x, degreesOfFreedom, mean, scale]) {
      LogDensities.studentT($0[0], degreesOfFreedom: $0[1], mean: $0[2], scale: $0[3])
    }
  }

  /// Exact draws, with the parameters of each.
  public func draw(_ shape: [Int], from source: inout DrawSource) -> Value {
    mean + scale * source.numbers(shape, [degreesOfFreedom]) { $1.studentT($0[0]) }
  }
}

/// The Cauchy law of a number, so heavy-tailed that it has no mean.
///
///     log p(x) = -log(1 + e^2) - log scale - log pi,  e = (x - location) / scale
///
/// - Source: "Stan functions reference", Cauchy distribution.
public struct Cauchy: CumulativeLaw {
  let location: Value
  let scale: Value

  /// - Parameters:
  ///   - location: The median, any number.
  ///   - scale: Half the distance between the quartiles, above 0.
  public init(_ location: Value, _ scale: Value) { (self.location, self.scale) = (location, scale) }

  /// All real numbers.
  public var support: Constraint { .real }
  /// That of the parameters together.
  public var shape: [Int] { Value.broadcastShape([location.shape, scale.shape]) }

  /// The formula above.
  public func logDensity(of x: Value) -> Value {
    .combine("a density", [x, location, scale]) {
      LogDensities.cauchy($0[0], location: $0[1], scale: $0[2])
    }
  }

  /// log F(x).
  public func logCDF(of x: Value) -> Value { Self.logCDF((x - location) / scale) }
  /// log(1 - F(x)).
  public func logSurvival(of x: Value) -> Value { Self.logCDF((location - x) / scale) }

  /// 1/2 + arctan(e) / pi; beyond -1 and 1 the smaller tail is arctan(1 / |e|) / pi.
  private static func logCDF(_ e: Value) -> Value {
    let size = Value.maximum(e.magnitude(), 1)
    let tail = size.reciprocal().map { $0.arctangent() } / .pi
    let middle = Value.maximum(-1, .minimum(e, 1)).map { $0.arctangent() } / .pi + 0.5
    let upper = Value.choose(e, atLeast: 1, (-tail).logOnePlus(), middle.log())
    return .choose(-1, atLeast: e, tail.log(), upper)
  }

  /// 1 / tan(pi p) above the median, with the smaller tail's p; minus that below.
  public func quantile(_ logProbability: Value, _ logComplement: Value) -> Value {
    let tails = Tails(logProbability, logComplement)
    let angle = tails.logSmaller.exp() * Double.pi
    return location + scale * tails.side * (angle.cos() / angle.sin())
  }
}

/// The Laplace law of a number: exponential on both sides of its middle.
///
///     log p(x) = -|x - location| / scale - log(2 scale)
///
/// - Source: "Stan functions reference", double exponential distribution.
public struct Laplace: CumulativeLaw {
  let location: Value
  let scale: Value

  /// - Parameters:
  ///   - location: Any number.
  ///   - scale: Above 0; the standard deviation is sqrt(2) times this.
  public init(_ location: Value, _ scale: Value) { (self.location, self.scale) = (location, scale) }

  /// All real numbers.
  public var support: Constraint { .real }
  /// That of the parameters together.
  public var shape: [Int] { Value.broadcastShape([location.shape, scale.shape]) }

  /// The formula above.
  public func logDensity(of x: Value) -> Value {
    .combine("a density", [x, location, scale]) {
      LogDensities.laplace($0[0], location: $0[1], scale: $0[2])
    }
  }

  /// log F(x).
  public func logCDF(of x: Value) -> Value { Self.logCDF((x - location) / scale) }
  /// log(1 - F(x)).
  public func logSurvival(of x: Value) -> Value { Self.logCDF((location - x) / scale) }

  /// exp(e) / 2 below 0, 1 - exp(-e) / 2 above.
  private static func logCDF(_ e: Value) -> Value {
    // Not by |e|, whose gradient at 0 is 0.
    let (below, above) = (Value.minimum(e, 0) - logTwo, -Value.maximum(e, 0) - logTwo)
    return .choose(e, atLeast: 0, (-above.exp()).logOnePlus(), below)
  }

  /// The inverse of F.
  public func quantile(_ logProbability: Value, _ logComplement: Value) -> Value {
    let tails = Tails(logProbability, logComplement)
    return location - scale * tails.side * (tails.logSmaller + logTwo)
  }
}

/// The logistic law of a number, whose F is the logistic function.
///
///     log p(x) = -e - 2 log(1 + exp(-e)) - log scale,  e = (x - location) / scale
///
/// - Source: "Stan functions reference", logistic distribution.
public struct Logistic: CumulativeLaw {
  let location: Value
  let scale: Value

  /// - Parameters:
  ///   - location: Any number.
  ///   - scale: Above 0; the standard deviation is pi / sqrt(3) times this.
  public init(_ location: Value, _ scale: Value) { (self.location, self.scale) = (location, scale) }

  /// All real numbers.
  public var support: Constraint { .real }
  /// That of the parameters together.
  public var shape: [Int] { Value.broadcastShape([location.shape, scale.shape]) }

  /// The formula above.
  public func logDensity(of x: Value) -> Value {
    .combine("a density", [x, location, scale]) {
      LogDensities.logistic($0[0], location: $0[1], scale: $0[2])
    }
  }

  /// log F(x).
  public func logCDF(of x: Value) -> Value { -((location - x) / scale).softplus() }
  /// log(1 - F(x)).
  public func logSurvival(of x: Value) -> Value { -((x - location) / scale).softplus() }

  /// The inverse of F.
  public func quantile(_ logProbability: Value, _ logComplement: Value) -> Value {
    location + scale * (logProbability - logComplement)
  }
}

/// The Gumbel law of a number: that of the largest of many.
///
///     log p(x) = -e - exp(-e) - log scale,  e = (x - location) / scale
///
/// - Source: "Stan functions reference", Gumbel distribution.
public struct Gumbel: CumulativeLaw {
  let location: Value
  let scale: Value

  /// - Parameters:
  ///   - location: The mode, any number.
  ///   - scale: Above 0; the standard deviation is pi / sqrt(6) times this.
  public init(_ location: Value, _ scale: Value) { (self.location, self.scale) = (location, scale) }

  /// All real numbers.
  public var support: Constraint { .real }
  /// That of the parameters together.
  public var shape: [Int] { Value.broadcastShape([location.shape, scale.shape]) }

  /// The formula above.
  public func logDensity(of x: Value) -> Value {
    .combine("a density", [x, location, scale]) {
      LogDensities.gumbel($0[0], location: $0[1], scale: $0[2])
    }
  }

  /// log F(x).
  public func logCDF(of x: Value) -> Value { -((location - x) / scale).exp() }
  /// log(1 - F(x)).
  public func logSurvival(of x: Value) -> Value { logCDF(of: x).logComplement() }

  /// The inverse of F.
  public func quantile(_ logProbability: Value, _ logComplement: Value) -> Value {
    location - scale * (-logProbability.exactBeside(logComplement)).log()
  }
}
