// SPDX-License-Identifier: Apache-2.0

/// A law of counts with more zeros: 0 for sure with probability pi, else a count of the law.
///
///     p(0) = pi + (1 - pi) p_law(0),   p(k) = (1 - pi) p_law(k) for k > 0
///
/// - Source: Lambert, "Zero-inflated Poisson regression", Technometrics 34 (1992),
///   doi:10.2307/1269547.
public struct ZeroInflated<Counts: Law>: Law {
  private let law: Counts
  private let zeroProbability: Value

  /// - Parameters:
  ///   - law: Of counts.
  ///   - zeroProbability: pi, from 0 to 1.
  public init(_ law: Counts, _ zeroProbability: Value) {
    (self.law, self.zeroProbability) = (law, zeroProbability)
  }

  /// That of the law.
  public var support: Constraint { law.support }
  /// That of the parameters together.
  public var shape: [Int] { Value.broadcastShape([law.shape, zeroProbability.shape]) }
  /// Values have no gradient.
  public var isDiscrete: Bool { true }

  /// The formula above.
  public func logDensity(of x: Value) -> Value {
    if law.eventRank > 0 {
      return Value(fault: "ZeroInflated is of laws of numbers, not of vectors")
    }
    // 1 where a count is 0.
    let isZero = Value(Tensor(x.tensor.scalars.map { $0 == 0 ? 1 : 0 }, shape: x.tensor.shape))
    let counted = (-zeroProbability).logOnePlus() + law.logDensity(of: x)
    // log(pi + exp(counted)) = counted + softplus(log pi - counted)
    return counted + isZero * (zeroProbability.log() - counted).softplus()
  }

  /// Exact draws, with the parameters of each.
  public func draw(_ shape: [Int], from source: inout DrawSource) -> Value {
    let counts = law.draw(shape, from: &source)
    return counts * source.numbers(shape, [zeroProbability]) { $1.uniform() < $0[0] ? 0 : 1 }
  }

  /// The first of the data that the law cannot give.
  public func fault(inData data: Value) -> String? { law.fault(inData: data) }
}
