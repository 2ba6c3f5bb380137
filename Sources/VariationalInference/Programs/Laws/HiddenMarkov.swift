// SPDX-License-Identifier: Apache-2.0

/// Sequences whose observations depend on a hidden state, one of K, that follows a Markov chain;
/// the states are summed out by the forward recursion:
///
///     p(x) = sum over z of p(z[0]) p(x[0] | z[0])
///                          times the product over t > 0 of p(z[t] | z[t-1]) p(x[t] | z[t])
///
/// For T observations it takes T K^2 exponentials a draw, and as many again for the gradient.
///
/// - Source: Rabiner, "A tutorial on hidden Markov models", Proc. IEEE 77 (1989),
///   doi:10.1109/5.18626; "Stan functions reference", hmm_marginal.
public struct HiddenMarkov: Law {
  private enum Emissions: Sendable {
    case law(any Law)
    case densities(@Sendable (Value) -> Value)
  }

  private let initial: Value
  private let transition: Value
  private let emissions: Emissions
  /// One axis more than an observation has.
  public let eventRank: Int

  /// Sequences `[T]` of numbers.
  ///
  /// - Parameters:
  ///   - initial: The first state's probabilities, `[K]`.
  ///   - transition: `[K, K]`: row i has the probabilities of the states after state i, and sums to
  ///     1.
  ///   - emissions: A law of numbers whose parameters have the states as their last axis, `[K]`;
  ///     with `[T, K]` they differ from time to time.
  public init(initial: Value, transition: Value, emissions: some Law) {
    self.init(initial, transition, .law(emissions), eventRank: 1)
  }

  /// Sequences of what a closure knows the density of; there are no draws of them.
  ///
  /// - Parameters:
  ///   - initial: The first state's probabilities, `[K]`.
  ///   - transition: `[K, K]`: row i has the probabilities of the states after state i, and sums to
  ///     1.
  ///   - observationRank: The number of axes of one observation: 0 for sequences `[T]` of numbers,
  ///     1 for `[T, d]` of vectors.
  ///   - logDensities: Of a whole sequence: each observation's log-density in each state, `[T, K]`.
  public init(
    initial: Value, transition: Value, observationRank: Int = 0,
    logDensities: @escaping @Sendable (_ sequence: Value) -> Value
  ) {
    self.init(initial, transition, .densities(logDensities), eventRank: 1 + observationRank)
  }

  private init(_ initial: Value, _ transition: Value, _ emissions: Emissions, eventRank: Int) {
    (self.initial, self.transition, self.emissions) = (initial, transition, emissions)
    self.eventRank = eventRank
  }

  /// That of the emissions.
  public var support: Constraint {
    if case .law(let law) = emissions { law.support } else { .real }
  }

  /// Any length, but where the emissions have one.
  public var shape: [Int] {
    let ones = [Int](repeating: 1, count: eventRank)
    guard case .law(let law) = emissions, law.shape.count > 1 else { return ones }
    return Array(law.shape.dropLast())
  }

  /// Where the emissions are.
  public var isDiscrete: Bool {
    if case .law(let law) = emissions { law.isDiscrete } else { false }
  }

  /// A sentence on parameters that make no chain; nil where they do.
  private var problem: String? {
    if let fault = initial.fault ?? transition.fault { return fault }
    let states = initial.shape.first ?? 0
    return initial.shape.count == 1 && transition.shape == [states, states]
      ? nil
      : "a hidden Markov model with initial probabilities of shape \(initial.shape) and "
        + "transitions of shape \(transition.shape), not [K] and [K, K]"
  }

  /// The formula above.
  public func logDensity(of x: Value) -> Value {
    if let problem { return Value(fault: problem) }
    guard x.shape.count >= eventRank, x.count > 0 else {
      return Value(fault: "a sequence of shape \(x.shape)")
    }
    let (outer, sequence) = (Array(x.shape.dropLast(eventRank)), Array(x.shape.suffix(eventRank)))
    let count = outer.reduce(1, *)
    let all = x.reshaped(to: [count] + sequence)
    let (start, change) = (initial.logOfProbability, transition.logOfProbability)
    let each = (0..<count).map { index -> Value in
      let emission = emissionDensities(all[index])
      if emission.fault != nil { return emission }
      let wanted = [sequence[0], initial.count]
      if emission.shape != wanted {
        return Value(fault: "log-densities of emissions of shape \(emission.shape), not \(wanted)")
      }
      return Value(
        .hiddenMarkovLogLikelihood(
          initial: start.tensor, transition: change.tensor, emission: emission.tensor))
    }
    return Value.stack(each).reshaped(to: outer)
  }

  private func emissionDensities(_ x: Value) -> Value {
    switch emissions {
    case .densities(let f): return f(x)
    case .law(let law):
      let density = law.logDensity(of: x.asColumn)
      let wanted = [x.count, initial.count]
      // Of a law that is the same in all states, or at all times.
      return density.shape == wanted ? density : density + Value(.zeros(wanted + [1]))
    }
  }

  /// Exact draws, with the parameters of each.
  public func draw(_ shape: [Int], from source: inout DrawSource) -> Value {
    if let problem { return Value(fault: problem) }
    guard case .law(let law) = emissions else {
      return Value(
        fault: "a hidden Markov model of log-densities has no draws; give it a law of emissions")
    }
    let (outer, length) = (Array(shape.dropLast()), shape[shape.count - 1])
    var states = [source.categories(outer, initial)]
    for _ in 1..<max(length, 1) {
      // Each row of the transitions is that of the state before.
      let rows = transition.transposed()
      let next = (0..<initial.count).map { rows[$0].picked(states[states.count - 1]).asColumn }
      states.append(source.categories(outer, .joined(next, along: outer.count)))
    }
    let path = Value.joined(states.map(\.asColumn), along: outer.count)
    return law.draw(shape + [initial.count], from: &source).picked(path)
  }

  /// The first of the data that the law cannot give.
  public func fault(inData data: Value) -> String? {
    guard case .law(let law) = emissions else { return nil }
    return support.fault(inData: data, isDiscrete: law.isDiscrete, of: "\(type(of: law))")
  }
}

extension Value {
  /// The logarithm of a probability, whose gradient is 0 where nothing flows back, also from p = 0.
  fileprivate var logOfProbability: Value {
    map { p in
      let x = p.detached
      return .broadcastOperation(value: x.log(), inputs: [p]) { g, _ in
        [g / .maximum(x, Tensor(Double.leastNormalMagnitude))]
      }
    }
  }
}
