// SPDX-License-Identifier: Apache-2.0

// Laws of magnitudes: of |x| for x of a law around 0. Usual priors of scales.

/// The law of the magnitude of a normal number around 0.
///
///     log p(x) = log 2 - (x / sd)^2 / 2 - log sd - log(2 pi) / 2,  x >= 0
///
/// - Source: "Stan functions reference", normal distribution, with the truncation's log 2.
public struct HalfNormal: Law {
  let standardDeviation: Value

  /// - Parameter standardDeviation: Of the whole normal law, above 0.
  public init(_ standardDeviation: Value) { self.standardDeviation = standardDeviation }

  /// Numbers above 0.
  public var support: Constraint { .positive }
  /// That of the parameters together.
  public var shape: [Int] { standardDeviation.shape }

  /// The formula above.
  public func logDensity(of x: Value) -> Value {
    .combine("a density", [x, standardDeviation]) {
      LogDensities.halfNormal($0[0], standardDeviation: $0[1])
    }
  }

  /// Exact draws, with the parameters of each.
  public func draw(_ shape: [Int], from source: inout DrawSource) -> Value {
    standardDeviation * source.standardNormal(shape).magnitude()
  }

  /// The first number that the law cannot give.
  public func fault(inData data: Value) -> String? { data.faultBelowZero(of: "HalfNormal") }
}

/// The law of the magnitude of a Cauchy number around 0.
///
///     log p(x) = log 2 - log(1 + (x / scale)^2) - log scale - log pi,  x >= 0
///
/// - Source: Gelman, "Prior distributions for variance parameters in hierarchical models", Bayesian
///   Analysis 1 (2006), doi:10.1214/06-BA117A.
public struct HalfCauchy: Law {
  let scale: Value

  /// - Parameter scale: The median, above 0.
  public init(_ scale: Value) { self.scale = scale }

  /// Numbers above 0.
  public var support: Constraint { .positive }
  /// That of the parameters together.
  public var shape: [Int] { scale.shape }

  /// The formula above.
  public func logDensity(of x: Value) -> Value {
    .combine("a density", [x, scale]) { LogDensities.halfCauchy($0[0], scale: $0[1]) }
  }

  /// Exact draws, with the parameters of each.
  public func draw(_ shape: [Int], from source: inout DrawSource) -> Value {
    Cauchy(0, scale).draw(shape, from: &source).magnitude()
  }

  /// The first number that the law cannot give.
  public func fault(inData data: Value) -> String? { data.faultBelowZero(of: "HalfCauchy") }
}

/// The law of the magnitude of a number of Student's law around 0.
///
///     log p(x) = log 2 + log StudentT(x; nu, 0, scale),  x >= 0
///
/// - Source: Gelman, "Prior distributions for variance parameters in hierarchical models", Bayesian
///   Analysis 1 (2006), doi:10.1214/06-BA117A.
public struct HalfStudentT: Law {
  let degreesOfFreedom: Value
  let scale: Value

  /// - Parameters:
  ///   - degreesOfFreedom: nu, above 0.
  ///   - scale: Of the whole law, above 0.
  public init(_ degreesOfFreedom: Value, _ scale: Value) {
    (self.degreesOfFreedom, self.scale) = (degreesOfFreedom, scale)
  }

  /// Numbers above 0.
  public var support: Constraint { .positive }
  /// That of the parameters together.
  public var shape: [Int] { Value.broadcastShape([degreesOfFreedom.shape, scale.shape]) }

  /// The formula above.
  public func logDensity(of x: Value) -> Value {
    .combine("a density", [x, degreesOfFreedom, scale]) {
      LogDensities.halfStudentT($0[0], degreesOfFreedom: $0[1], scale: $0[2])
    }
  }

  /// Exact draws, with the parameters of each.
  public func draw(_ shape: [Int], from source: inout DrawSource) -> Value {
    StudentT(degreesOfFreedom, 0, scale).draw(shape, from: &source).magnitude()
  }

  /// The first number that the law cannot give.
  public func fault(inData data: Value) -> String? { data.faultBelowZero(of: "HalfStudentT") }
}
