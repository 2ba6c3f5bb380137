// SPDX-License-Identifier: Apache-2.0

/// One of K categories, as a number k of 0 ..< K: the first is 0, not 1 as in Stan.
///
///     log p(k) = log p[k],   or l[k] - log of the sum over j of exp(l[j])
///
/// - Source: "Stan functions reference", categorical and categorical_logit.
public struct Categorical: Law {
  private let weights: CategoryWeights

  /// - Parameter probabilities: `[..., K]`, from 0 to 1, summing to 1 along the last axis. Those of
  ///   one observation each, `[N, K]`, meet N observations.
  public init(_ probabilities: Value) { weights = .probabilities(probabilities) }

  /// - Parameter logits: `[..., K]`, any numbers.
  public init(logits: Value) { weights = .logits(logits) }

  /// Whole numbers, which ``isDiscrete`` tells.
  public var support: Constraint { .real }
  /// That of the parameters without their last axis.
  public var shape: [Int] { Array(weights.shape.dropLast()) }
  /// Values have no gradient.
  public var isDiscrete: Bool { true }

  /// The formula above.
  public func logDensity(of x: Value) -> Value {
    switch weights {
    // Only logarithms of what was picked: another's may be that of 0.
    case .probabilities(let p): p.picked(x).log()
    case .logits(let l): l.logSoftmax().picked(x)
    }
  }

  /// Exact draws, with the parameters of each.
  public func draw(_ shape: [Int], from source: inout DrawSource) -> Value {
    if let fault = weights.probabilities.fault { return Value(fault: fault) }
    return source.categories(shape, weights.probabilities)
  }

  /// The first of the data that the law cannot give.
  public func fault(inData data: Value) -> String? {
    guard let count = weights.shape.last else { return "a number has no categories" }
    if let fault = weights.fault { return fault }
    return data.firstFault(of: "Categorical", Value(count)) {
      "a whole number of 0 ..< \($0)"
    } isGood: {
      $0 >= 0 && $0 < $1 && $0 == $0.rounded()
    }
  }
}

/// How often each of K categories came in n independent trials: vectors of K counts that sum to n.
///
///     log p(k) = log n! - sum over j of log k[j]! + sum over j of k[j] log p[j]
///
/// - Source: "Stan functions reference", multinomial and multinomial_logit.
public struct Multinomial: Law {
  private let trials: Value
  private let weights: CategoryWeights

  /// - Parameters:
  ///   - trials: n, which is data: a number, or one for each vector.
  ///   - probabilities: `[..., K]`, from 0 to 1, summing to 1 along the last axis.
  public init(_ trials: Value, _ probabilities: Value) {
    (self.trials, weights) = (trials, .probabilities(probabilities))
  }

  /// - Parameters:
  ///   - trials: n, which is data: a number, or one for each vector.
  ///   - logits: `[..., K]`, any numbers.
  public init(_ trials: Value, logits: Value) {
    (self.trials, weights) = (trials, .logits(logits))
  }

  /// Whole numbers, which ``isDiscrete`` tells.
  public var support: Constraint { .real }
  /// Vectors.
  public var eventRank: Int { 1 }
  /// That of the parameters together.
  public var shape: [Int] { Value.broadcastShape([trials.shape + [1], weights.shape]) }
  /// Values have no gradient.
  public var isDiscrete: Bool { true }

  /// The formula above.
  public func logDensity(of x: Value) -> Value {
    if weights.shape.isEmpty {
      return Value(fault: "probabilities that are a number, not a vector")
    }
    let factorials = x.map { ($0.detached + 1).logGamma() }
    let orders = trials.map { ($0.detached + 1).logGamma() } - factorials.sum(along: -1)
    switch weights {
    case .logits: return orders + (x * weights.logarithms).sum(along: -1)
    case .probabilities(let p):
      let each = Value.combine("a log-density", x, p) {
        LogDensities.binomial(successes: $0, failures: Tensor([0]), probability: $1)
      }
      return orders + each.sum(along: -1)
    }
  }

  /// Exact draws, with the parameters of each.
  public func draw(_ shape: [Int], from source: inout DrawSource) -> Value {
    let probabilities = weights.probabilities
    if let fault = probabilities.fault ?? trials.fault { return Value(fault: fault) }
    guard let size = shape.last else { return Value(fault: "a multinomial draw that is a number") }
    let draws = source.draws
    let vectors = Array(shape.dropLast()) + [draws]
    let p = probabilities.tensor.repeated(to: shape + [draws]).scalars
    let n = trials.tensor.repeated(to: vectors).scalars
    var counts = [Double](repeating: 0, count: shape.reduce(draws, *))
    for (vector, trials) in n.enumerated() {
      // The successes of each category among the trials that none before it took.
      let start = vector / draws * size * draws + vector % draws
      var (left, mass) = (trials, (0..<size).reduce(0.0) { $0 + p[start + $1 * draws] })
      for category in 0..<size - 1 {
        let place = start + category * draws
        let count = mass > 0 ? source.generator.binomial(left, min(p[place] / mass, 1)) : 0
        counts[place] = count
        left -= count
        mass -= p[place]
      }
      counts[start + (size - 1) * draws] = left
    }
    return Value(Tensor(counts, shape: shape + [draws]))
  }

  /// The first of the data that the law cannot give.
  public func fault(inData data: Value) -> String? {
    if let fault = support.fault(inData: data, isDiscrete: true, of: "Multinomial") { return fault }
    if let fault = weights.fault { return fault }
    guard !data.shape.isEmpty else { return nil }
    return data.sum(along: -1).firstFault(of: "Multinomial", trials) {
      "of \($0) trials in all"
    } isGood: {
      $0 == $1
    }
    .map { "the counts' sums: \($0)" }
  }
}
