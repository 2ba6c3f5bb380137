// SPDX-License-Identifier: Apache-2.0

/// 1 with probability p, else 0.
///
///     log p(x) = x log p + (1 - x) log(1 - p)
///
/// By the logit l = log(p / (1 - p)) it is exact also where p is nearly 0 or 1.
///
/// - Source: "Stan functions reference", bernoulli and bernoulli_logit.
public struct Bernoulli: Law {
  private let odds: Odds

  /// - Parameter probability: From 0 to 1.
  public init(_ probability: Value) { odds = .probability(probability) }

  /// - Parameter logits: Any numbers.
  public init(logits: Value) { odds = .logits(logits) }

  /// Whole numbers, which ``isDiscrete`` tells.
  public var support: Constraint { .real }
  /// That of the parameters together.
  public var shape: [Int] { odds.shape }
  /// Values have no gradient.
  public var isDiscrete: Bool { true }

  /// The formula above.
  public func logDensity(of x: Value) -> Value {
    switch odds {
    case .probability: odds.logDensity(successes: x, failures: 1 - x)
    case .logits(let l):
      .combine("a log-density", x, l) { LogDensities.bernoulli($0, logits: $1) }
    }
  }

  /// Exact draws, with the parameters of each.
  public func draw(_ shape: [Int], from source: inout DrawSource) -> Value {
    source.numbers(shape, [odds.probability]) { $1.uniform() < $0[0] ? 1 : 0 }
  }

  /// The first of the data that the law cannot give.
  public func fault(inData data: Value) -> String? {
    data.firstFault(of: "Bernoulli", 1) { _ in
      "0 or 1"
    } isGood: { x, _ in
      x == 0 || x == 1
    }
  }
}
