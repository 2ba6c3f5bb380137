// SPDX-License-Identifier: Apache-2.0

/// A law of real numbers whose probability below a number, F(x), has a formula, and its inverse
/// too: it can be cut to a part of the real line by ``Truncated``.
///
/// All is in logarithms, and both tails are there, so that a cut far out loses no digits: log F(x)
/// says all about small x, log(1 - F(x)) all about large x.
public protocol CumulativeLaw: Law {
  /// log F(x), element by element: -infinity below the support.
  func logCDF(of x: Value) -> Value

  /// log(1 - F(x)), element by element: -infinity above the support.
  func logSurvival(of x: Value) -> Value

  /// The x with F(x) = p.
  ///
  /// - Parameters:
  ///   - logProbability: log p.
  ///   - logComplement: log(1 - p).
  /// - Returns: x, of the shape of p and the parameters together.
  func quantile(_ logProbability: Value, _ logComplement: Value) -> Value
}

extension CumulativeLaw {
  /// The quantile of a uniform number.
  public func draw(_ shape: [Int], from source: inout DrawSource) -> Value {
    let u = source.uniform(shape)
    return quantile(u.log(), (1 - u).log())
  }

  /// The quantile of Phi(noise), which is uniform.
  public func transform(ofNoise noise: Value) -> Value? {
    quantile(noise.normalLogCDF(), (-noise).normalLogCDF())
  }
}

// MARK: - What formulas of both tails share

extension Value {
  /// The elements of `first` where a is at least b, those of `second` elsewhere.
  static func choose(
    _ a: Value, atLeast b: Value, _ first: Value, _ second: Value
  ) -> Value {
    combine("a choice", [a, b, first, second]) { .choose(.isAtLeast($0[0], $0[1]), $0[2], $0[3]) }
  }

  /// log of the standard normal law's Phi.
  func normalLogCDF() -> Value { map { $0.normalLogCDF() } }

  /// log(1 - exp(x)) for x <= 0: -infinity at 0, with no gradient there.
  func logComplement() -> Value {
    let edge = Value(-Double.leastNonzeroMagnitude)
    let isBelow = Value.choose(edge, atLeast: self, self, -1)
    let inside = isBelow.map { $0.logOneMinusExp() }
    return .choose(edge, atLeast: self, inside, Value(-Double.infinity))
  }

  /// log(exp(a) + exp(b)), of which one at least is finite.
  static func logSum(_ a: Value, _ b: Value) -> Value {
    let larger = maximum(a, b)
    return larger + (minimum(a, b) - larger).exp().logOnePlus()
  }

  /// A logarithm of a probability, from that of its complement where this is the smaller one: near
  /// 0 it has lost its digits.
  func exactBeside(_ complement: Value) -> Value {
    .choose(self, atLeast: complement, complement.logComplement(), self)
  }
}

/// Two complementary probabilities p and 1 - p as the smaller one, and the half in which it is.
struct Tails {
  /// The logarithm of the smaller one.
  let logSmaller: Value
  /// 1 where 1 - p is the smaller one, else -1.
  let side: Value

  init(_ logProbability: Value, _ logComplement: Value) {
    logSmaller = .minimum(logProbability, logComplement)
    side = .choose(logProbability, atLeast: logComplement, 1, -1)
  }
}
