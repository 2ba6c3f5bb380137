// SPDX-License-Identifier: Apache-2.0

// Laws of numbers between two bounds; the beta law is with the gamma law's kin.

/// The uniform law of a number between two bounds.
///
///     log p(x) = -log(upper - lower),  lower <= x <= upper
///
/// - Source: "Stan functions reference", uniform distribution.
public struct Uniform: CumulativeLaw {
  let lower: Value
  let upper: Value

  /// - Parameters:
  ///   - lower: Any number.
  ///   - upper: Above `lower`.
  public init(_ lower: Value, _ upper: Value) { (self.lower, self.upper) = (lower, upper) }

  /// Numbers between the bounds.
  public var support: Constraint { .interval(lower, upper) }
  /// That of the parameters together.
  public var shape: [Int] { Value.broadcastShape([lower.shape, upper.shape]) }

  /// The formula above.
  public func logDensity(of x: Value) -> Value {
    .combine("a density", [x, lower, upper]) {
      LogDensities.uniform($0[0], lower: $0[1], upper: $0[2])
    }
  }

  /// log F(x).
  public func logCDF(of x: Value) -> Value { logShare(x - lower) }
  /// log(1 - F(x)).
  public func logSurvival(of x: Value) -> Value { logShare(upper - x) }

  /// log of a length over the whole one: 0 from there on, -infinity for none.
  private func logShare(_ length: Value) -> Value {
    let width = upper - lower
    let part = Value.choose(0, atLeast: length, width, length)
    let share = Value.choose(length, atLeast: width, 0, part.log() - width.log())
    return .choose(0, atLeast: length, Value(-Double.infinity), share)
  }

  /// The inverse of F.
  public func quantile(_ logProbability: Value, _ logComplement: Value) -> Value {
    let tails = Tails(logProbability, logComplement)
    let nearest = Value.choose(tails.side, atLeast: 0, upper, lower)
    return nearest - tails.side * tails.logSmaller.exp() * (upper - lower)
  }
}

/// The von Mises law of an angle: normal numbers on a circle.
///
///     log p(x) = concentration cos(x - location) - log(2 pi I0(concentration)),  -pi <= x <= pi
///
/// - Source: "Stan functions reference", von Mises distribution.
public struct VonMises: Law {
  let location: Value
  let concentration: Value

  /// - Parameters:
  ///   - location: The mean direction in radians, any number.
  ///   - concentration: From 0 on; for a large one the law is nearly normal with variance
  ///     1 / concentration.
  public init(_ location: Value, _ concentration: Value) {
    (self.location, self.concentration) = (location, concentration)
  }

  /// Angles between -pi and pi.
  public var support: Constraint { .interval(Value(-Double.pi), Value(Double.pi)) }
  /// That of the parameters together.
  public var shape: [Int] { Value.broadcastShape([location.shape, concentration.shape]) }

  /// The formula above.
  public func logDensity(of x: Value) -> Value {
    .combine("a density", [x, location, concentration]) {
      LogDensities.vonMises($0[0], location: $0[1], concentration: $0[2])
    }
  }

  /// Exact draws, with the parameters of each.
  public func draw(_ shape: [Int], from source: inout DrawSource) -> Value {
    source.numbers(shape, [location, concentration]) { parameters, generator in
      let angle = parameters[0] + generator.vonMises(parameters[1])
      return angle.remainder(dividingBy: 2 * .pi)
    }
  }

  /// The first number that the law cannot give.
  public func fault(inData data: Value) -> String? {
    data.firstFault(of: "VonMises", 0) { _ in
      "an angle from -pi to pi"
    } isGood: { number, _ in
      number.magnitude <= .pi
    }
  }
}
