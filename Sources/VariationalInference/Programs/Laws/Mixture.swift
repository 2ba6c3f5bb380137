// SPDX-License-Identifier: Apache-2.0

/// A value of one of K laws, which of them being summed out:
///
///     log p(x) = log of the sum over k of w[k] p_k(x)
///
/// Each element of an array, or each vector, has a component of its own.
///
/// - Source: "Stan user's guide", chapter on finite mixtures.
public struct Mixture: Law {
  private enum Components: Sendable {
    case list([any Law])
    /// Along the last axis of the law's parameters.
    case axis(any Law)
  }

  private let weights: Value
  private let components: Components

  /// Laws of one kind of value, on one support.
  ///
  /// - Parameters:
  ///   - weights: `[..., K]`, positive and summing to 1: of a law of numbers the axes before the
  ///     last broadcast to those of the values.
  ///   - laws: The K components.
  public init(_ weights: Value, _ laws: [any Law]) {
    (self.weights, components) = (weights, .list(laws))
  }

  /// A law of numbers whose parameters have an axis of K components, the last:
  /// `Mixture(w, Normal(mu, sigma))` with mu of shape `[K]`, or `[N, K]` for N observations.
  ///
  /// - Parameters:
  ///   - weights: `[..., K]`, positive and summing to 1.
  ///   - law: Of numbers.
  public init(_ weights: Value, _ law: some Law) {
    (self.weights, components) = (weights, .axis(law))
  }

  private var first: (any Law)? {
    switch components {
    case .list(let laws): laws.first
    case .axis(let law): law
    }
  }

  /// That of the first law.
  public var support: Constraint { first?.support ?? .real }
  /// That of the laws.
  public var eventRank: Int { first?.eventRank ?? 0 }
  /// Where the laws are.
  public var isDiscrete: Bool { first?.isDiscrete ?? false }

  /// That of the parameters together.
  public var shape: [Int] {
    switch components {
    case .list(let laws):
      let event = [Int](repeating: 1, count: eventRank)
      return Value.broadcastShape([weights.shape.dropLast() + event] + laws.map(\.shape))
    case .axis(let law):
      return Array(Value.broadcastShape([weights.shape, law.shape]).dropLast())
    }
  }

  /// A sentence on parameters that make no mixture; nil where they do.
  private var problem: String? {
    let size: Int?
    switch components {
    case .list(let laws):
      size = laws.count
      if laws.contains(where: { $0.eventRank != eventRank || $0.isDiscrete != isDiscrete }) {
        return "a mixture of laws of different kinds of values"
      }
    case .axis(let law):
      size = law.shape.last
      if eventRank > 0 {
        return "a mixture along an axis is of laws of numbers; give it a list of laws"
      }
    }
    guard let size, size > 0, weights.shape.last == size else {
      return "weights of shape \(weights.shape) for a mixture of \(size ?? 0) laws"
    }
    return weights.fault
  }

  /// The formula above.
  public func logDensity(of x: Value) -> Value {
    if let problem { return Value(fault: problem) }
    switch components {
    case .axis(let law):
      return (weights.log() + law.logDensity(of: x.asColumn)).logSumExp(along: -1)
    case .list(let laws):
      let outer = Array(x.shape.dropLast(eventRank))
      let each = laws.map { law in
        // A density that is the same along an axis stands for each element there.
        let density = law.logDensity(of: x)
        return (density.shape == outer ? density : density + Value(.zeros(outer + [1]))).asColumn
      }
      return (weights.log() + .joined(each, along: outer.count)).logSumExp(along: -1)
    }
  }

  /// Exact draws, with the parameters of each.
  public func draw(_ shape: [Int], from source: inout DrawSource) -> Value {
    if let problem { return Value(fault: problem) }
    let outer = Array(shape.dropLast(eventRank))
    let chosen = source.categories(outer, weights)
    switch components {
    case .axis(let law):
      let size = law.shape.last ?? 1
      return law.draw(shape + [size], from: &source).picked(chosen)
    case .list(let laws):
      let drawn = laws.map { law in
        law.draw(shape, from: &source).spread(source.draws).reshaped(to: shape + [1])
      }
      // One choice for all elements of a vector or matrix.
      let event = [Int](repeating: 1, count: eventRank)
      let places = chosen.reshaped(to: outer + event) + Value(.zeros(shape + [1]))
      return Value.joined(drawn, along: shape.count).picked(places)
    }
  }

  /// The first of the data that the law cannot give.
  public func fault(inData data: Value) -> String? {
    if let fault = CategoryWeights.probabilities(weights).fault { return fault }
    return switch components {
    // Parameters have an axis more than data: of those alone that do not depend on it something is
    // known.
    case .axis(let law):
      support.fault(inData: data, isDiscrete: isDiscrete, of: "\(type(of: law))")
    // What one component cannot explain another may.
    case .list(let laws):
      laws.lazy.map { $0.fault(inData: data) }.contains(nil)
        ? nil : laws.first?.fault(inData: data)
    }
  }
}
