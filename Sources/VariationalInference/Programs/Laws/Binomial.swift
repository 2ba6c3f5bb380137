// SPDX-License-Identifier: Apache-2.0

/// The number k of successes of n independent trials, each with probability p.
///
///     log p(k) = log(n! / (k! (n - k)!)) + k log p + (n - k) log(1 - p)
///
/// - Source: "Stan functions reference", binomial and binomial_logit.
public struct Binomial: Law {
  private let trials: Value
  private let odds: Odds

  /// - Parameters:
  ///   - trials: n, whole numbers from 0 on, which are data.
  ///   - probability: From 0 to 1.
  public init(_ trials: Value, _ probability: Value) {
    (self.trials, odds) = (trials, .probability(probability))
  }

  /// - Parameters:
  ///   - trials: n, whole numbers from 0 on, which are data.
  ///   - logits: log(p / (1 - p)), any numbers.
  public init(_ trials: Value, logits: Value) {
    (self.trials, odds) = (trials, .logits(logits))
  }

  /// Whole numbers, which ``isDiscrete`` tells.
  public var support: Constraint { .real }
  /// That of the parameters together.
  public var shape: [Int] { Value.broadcastShape([trials.shape, odds.shape]) }
  /// Values have no gradient.
  public var isDiscrete: Bool { true }

  /// The formula above.
  public func logDensity(of x: Value) -> Value {
    let orders = Value.combine("a count and a number of trials", trials, x) {
      LogDensities.logOrders(trials: $0.detached, successes: $1.detached)
    }
    return orders + odds.logDensity(successes: x, failures: trials - x)
  }

  /// Exact draws, with the parameters of each.
  public func draw(_ shape: [Int], from source: inout DrawSource) -> Value {
    source.numbers(shape, [trials, odds.probability]) { $1.binomial($0[0], $0[1]) }
  }

  /// The first of the data that the law cannot give.
  public func fault(inData data: Value) -> String? { countFault(data, upTo: trials, "Binomial") }
}

/// The number k of successes of n trials whose common probability is of the law Beta(alpha, beta).
///
///     log p(k) = log(n! / (k! (n - k)!)) + log B(k + alpha, n - k + beta) - log B(alpha, beta)
///
/// - Source: "Stan functions reference", beta_binomial.
public struct BetaBinomial: Law {
  private let trials: Value
  private let alpha: Value
  private let beta: Value

  /// - Parameters:
  ///   - trials: n, whole numbers from 0 on, which are data.
  ///   - alpha: Above 0.
  ///   - beta: Above 0.
  public init(_ trials: Value, _ alpha: Value, _ beta: Value) {
    (self.trials, self.alpha, self.beta) = (trials, alpha, beta)
  }

  /// Whole numbers, which ``isDiscrete`` tells.
  public var support: Constraint { .real }
  /// That of the parameters together.
  public var shape: [Int] { Value.broadcastShape([trials.shape, alpha.shape, beta.shape]) }
  /// Values have no gradient.
  public var isDiscrete: Bool { true }

  /// The formula above.
  public func logDensity(of x: Value) -> Value {
    .combine("a log-density", [x, trials - x, alpha, beta]) {
      LogDensities.betaBinomial(successes: $0[0], failures: $0[1], $0[2], $0[3])
    }
  }

  /// Exact draws, with the parameters of each.
  public func draw(_ shape: [Int], from source: inout DrawSource) -> Value {
    source.numbers(shape, [trials, alpha, beta]) { $1.binomial($0[0], $1.beta($0[1], $0[2])) }
  }

  /// The first of the data that the law cannot give.
  public func fault(inData data: Value) -> String? {
    countFault(data, upTo: trials, "BetaBinomial")
  }
}

/// The first count above its number of trials.
private func countFault(_ data: Value, upTo trials: Value, _ law: String) -> String? {
  data.firstFault(of: law, trials) {
    "a whole number from 0 to \($0)"
  } isGood: {
    $0 >= 0 && $0 <= $1 && $0 == $0.rounded()
  }
}

/// The number k of failures before the first success of independent trials of probability p.
///
///     log p(k) = log p + k log(1 - p),   mean (1 - p) / p
public struct Geometric: Law {
  private let odds: Odds

  /// - Parameter probability: Above 0, up to 1.
  public init(_ probability: Value) { odds = .probability(probability) }

  /// - Parameter logits: log(p / (1 - p)), any numbers.
  public init(logits: Value) { odds = .logits(logits) }

  /// Whole numbers, which ``isDiscrete`` tells.
  public var support: Constraint { .real }
  /// That of the parameters together.
  public var shape: [Int] { odds.shape }
  /// Values have no gradient.
  public var isDiscrete: Bool { true }

  /// The formula above.
  public func logDensity(of x: Value) -> Value { odds.logDensity(successes: 1, failures: x) }

  /// Exact draws, with the parameters of each.
  public func draw(_ shape: [Int], from source: inout DrawSource) -> Value {
    // A Poisson count whose rate is exponential of mean (1 - p) / p.
    source.numbers(shape, [odds.probability]) { $1.poisson($1.exponential() * (1 - $0[0]) / $0[0]) }
  }
}
