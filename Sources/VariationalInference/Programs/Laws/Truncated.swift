// SPDX-License-Identifier: Apache-2.0

/// A law restricted to a part of the real line.
///
///     log p(x) = log p_law(x) - log(F(upper) - F(lower)),  lower <= x <= upper
///
/// The probability of the part is a difference of log F or of log(1 - F), whichever is smaller, so
/// the part may lie far out in a tail. Bounds may be latent variables.
///
/// - Source: "Stan reference manual", truncated distributions; "Stan functions reference".
public struct Truncated<Base: CumulativeLaw>: CumulativeLaw {
  let law: Base
  let lower: Value?
  let upper: Value?

  /// - Parameters:
  ///   - law: The whole law.
  ///   - lower: Where the part begins; nil where the law does.
  ///   - upper: Where the part ends, above `lower`; nil where the law does.
  public init(_ law: Base, from lower: Value? = nil, to upper: Value? = nil) {
    (self.law, self.lower, self.upper) = (law, lower, upper)
  }

  /// That of the parameters together.
  public var shape: [Int] {
    Value.broadcastShape([law.shape] + [lower, upper].compactMap { $0?.shape })
  }

  /// The part of the law's support between the bounds.
  public var support: Constraint {
    let (first, last) = law.support.bounds
    let from = Self.both(lower, first, Value.maximum)
    let to = Self.both(upper, last, Value.minimum)
    switch (from, to) {
    case (let from?, let to?): return .interval(from, to)
    case (let from?, nil): return .above(from)
    case (nil, let to?): return .below(to)
    case (nil, nil): return .real
    }
  }

  private static func both(
    _ a: Value?, _ b: Value?, _ choice: (Value, Value) -> Value
  ) -> Value? {
    if let a, let b { return choice(a, b) }
    return a ?? b
  }

  /// The formula above.
  public func logDensity(of x: Value) -> Value {
    let each = law.logDensity(of: x) - logMass(from: lower, to: upper)
    let values = [each, x, lower, upper].compactMap { $0 }
    return .combine("a density between bounds", values) { tensors in
      guard
        let isInside = LogDensities.isBetween(x.tensor, lower?.tensor, upper?.tensor)
      else { return tensors[0] }
      return .choose(isInside, tensors[0], Tensor(-.infinity))
    }
  }

  /// log(F(b) - F(a)); nil is the end of the law.
  private func logMass(from a: Value?, to b: Value?) -> Value {
    switch (a, b) {
    case (nil, nil): return 0
    case (let a?, nil): return law.logSurvival(of: a)
    case (nil, let b?): return law.logCDF(of: b)
    case (let a?, let b?):
      // The tail that `a` is in: of a part beyond the median both log F are near 0.
      let (below, above) = (law.logCDF(of: a), law.logSurvival(of: a))
      let larger = Value.choose(below, atLeast: above, above, law.logCDF(of: b))
      let smaller = Value.choose(below, atLeast: above, law.logSurvival(of: b), below)
      // Of a part before the support both are -infinity: then the difference is taken as 0.
      let least = Value(-Double.greatestFiniteMagnitude)
      let difference = Value.choose(larger, atLeast: least, smaller - larger, 0)
      return larger + difference.logComplement()
    }
  }

  /// log((F(x) - F(lower)) / (F(upper) - F(lower))).
  public func logCDF(of x: Value) -> Value {
    logMass(from: lower, to: clamped(x)) - logMass(from: lower, to: upper)
  }

  /// log((F(upper) - F(x)) / (F(upper) - F(lower))).
  public func logSurvival(of x: Value) -> Value {
    logMass(from: clamped(x), to: upper) - logMass(from: lower, to: upper)
  }

  /// With m = F(upper) - F(lower), the whole law's quantile of F(lower) + p m, whose complement is
  /// 1 - F(upper) + (1 - p) m.
  public func quantile(_ logProbability: Value, _ logComplement: Value) -> Value {
    let logMass = logMass(from: lower, to: upper)
    let (below, above) = (logProbability + logMass, logComplement + logMass)
    let x = law.quantile(
      lower.map { .logSum(law.logCDF(of: $0), below) } ?? below,
      upper.map { .logSum(law.logSurvival(of: $0), above) } ?? above)
    // Rounding may have left the part.
    return clamped(x)
  }

  private func clamped(_ x: Value) -> Value {
    let x = lower.map { Value.maximum(x, $0) } ?? x
    return upper.map { Value.minimum(x, $0) } ?? x
  }

  /// What the whole law says; bounds may differ from draw to draw.
  public func fault(inData data: Value) -> String? { law.fault(inData: data) }
}

extension Constraint {
  /// The ends of an interval of numbers, nil where it has none.
  fileprivate var bounds: (lower: Value?, upper: Value?) {
    switch self {
    case .positive: (0, nil)
    case .above(let lower): (lower, nil)
    case .below(let upper): (nil, upper)
    case .interval(let lower, let upper): (lower, upper)
    default: (nil, nil)
    }
  }
}
