// SPDX-License-Identifier: Apache-2.0

// The normal law and what is made of normal numbers.

/// The normal law N(mean, sd^2) of a number.
///
///     log p(x) = -((x - mean) / sd)^2 / 2 - log sd - log(2 pi) / 2
///
/// - Source: "Stan functions reference", normal distribution.
public struct Normal: CumulativeLaw {
  let mean: Value
  let standardDeviation: Value

  /// - Parameters:
  ///   - mean: Any number.
  ///   - standardDeviation: Above 0.
  public init(_ mean: Value, _ standardDeviation: Value) {
    (self.mean, self.standardDeviation) = (mean, standardDeviation)
  }

  /// All real numbers.
  public var support: Constraint { .real }
  /// That of the parameters together.
  public var shape: [Int] { Value.broadcastShape([mean.shape, standardDeviation.shape]) }

  /// The formula above.
  public func logDensity(of x: Value) -> Value {
    .combine("a density", [x, mean, standardDeviation]) {
      LogDensities.normal($0[0], mean: $0[1], standardDeviation: $0[2])
    }
  }

  /// Exact draws, with the parameters of each.
  public func draw(_ shape: [Int], from source: inout DrawSource) -> Value {
    mean + standardDeviation * source.standardNormal(shape)
  }

  /// By the formula that makes a draw of normal noise.
  public func transform(ofNoise noise: Value) -> Value? { mean + standardDeviation * noise }

  /// log F(x).
  public func logCDF(of x: Value) -> Value { ((x - mean) / standardDeviation).normalLogCDF() }
  /// log(1 - F(x)).
  public func logSurvival(of x: Value) -> Value { ((mean - x) / standardDeviation).normalLogCDF() }

  /// The inverse of F.
  public func quantile(_ logProbability: Value, _ logComplement: Value) -> Value {
    let tails = Tails(logProbability, logComplement)
    let z = tails.logSmaller.map { $0.normalQuantileOfLog() }
    return mean - standardDeviation * tails.side * z
  }
}

/// The law of a positive number whose logarithm is normal.
///
///     log p(x) = -((log x - mean) / sd)^2 / 2 - log x - log sd - log(2 pi) / 2,  x > 0
///
/// - Source: "Stan functions reference", lognormal distribution.
public struct LogNormal: CumulativeLaw {
  let mean: Value
  let standardDeviation: Value

  /// - Parameters:
  ///   - mean: Of log x, any number.
  ///   - standardDeviation: Of log x, above 0.
  public init(_ mean: Value, _ standardDeviation: Value) {
    (self.mean, self.standardDeviation) = (mean, standardDeviation)
  }

  /// Numbers above 0.
  public var support: Constraint { .positive }
  /// That of the parameters together.
  public var shape: [Int] { Value.broadcastShape([mean.shape, standardDeviation.shape]) }
  private var ofLog: Normal { Normal(mean, standardDeviation) }

  /// The formula above.
  public func logDensity(of x: Value) -> Value {
    .combine("a density", [x, mean, standardDeviation]) {
      LogDensities.logNormal($0[0], mean: $0[1], standardDeviation: $0[2])
    }
  }

  /// Exact draws, with the parameters of each.
  public func draw(_ shape: [Int], from source: inout DrawSource) -> Value {
    ofLog.draw(shape, from: &source).exp()
  }

  /// By the formula that makes a draw of normal noise.
  public func transform(ofNoise noise: Value) -> Value? {
    (mean + standardDeviation * noise).exp()
  }

  /// log F(x).
  public func logCDF(of x: Value) -> Value {
    let inside = ofLog.logCDF(of: x.positiveOrOne.log())
    return .choose(0, atLeast: x, Value(-Double.infinity), inside)
  }

  /// log(1 - F(x)).
  public func logSurvival(of x: Value) -> Value {
    .choose(0, atLeast: x, 0, ofLog.logSurvival(of: x.positiveOrOne.log()))
  }

  /// The inverse of F.
  public func quantile(_ logProbability: Value, _ logComplement: Value) -> Value {
    ofLog.quantile(logProbability, logComplement).exp()
  }
}

/// The skew normal law of a number.
///
///     log p(x) = log 2 - e^2 / 2 - log(2 pi) / 2 - log scale + log Phi(shape e),
///     e = (x - location) / scale
///
/// - Source: Azzalini, "A class of distributions which includes the normal ones", Scand. J. Stat.
///   12 (1985); "Stan functions reference", skew normal distribution.
public struct SkewNormal: Law {
  let location: Value
  let scale: Value
  let skewness: Value

  /// - Parameters:
  ///   - location: Any number; not the mean.
  ///   - scale: Above 0; not the standard deviation.
  ///   - shape: Above 0 for a longer tail to the right, below 0 to the left, 0 for the normal law.
  public init(_ location: Value, _ scale: Value, _ shape: Value) {
    (self.location, self.scale, skewness) = (location, scale, shape)
  }

  /// All real numbers.
  public var support: Constraint { .real }
  /// That of the parameters together.
  public var shape: [Int] {
    Value.broadcastShape([location.shape, scale.shape, skewness.shape])
  }

  /// The formula above.
  public func logDensity(of x: Value) -> Value {
    .combine("a density", [x, location, scale, skewness]) {
      LogDensities.skewNormal($0[0], location: $0[1], scale: $0[2], shape: $0[3])
    }
  }

  /// With d = shape / sqrt(1 + shape^2) and normal e1, e2, the number d |e1| + sqrt(1 - d^2) e2.
  public func draw(_ shape: [Int], from source: inout DrawSource) -> Value {
    let cosine = (skewness.squared() + 1).squareRoot().reciprocal()
    let e = skewness * source.standardNormal(shape).magnitude() + source.standardNormal(shape)
    return location + scale * cosine * e
  }
}

extension Value {
  /// Numbers above 0 as they are; 1, with no gradient, in place of others.
  var positiveOrOne: Value { .choose(0, atLeast: self, 1, self) }
}
