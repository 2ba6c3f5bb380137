// SPDX-License-Identifier: Apache-2.0

/// Ascending vectors: independent numbers of a law in ascending order.
///
///     log p(x) = log n! + sum over k of log p_law(x[k])   for x[0] < x[1] < ... < x[n - 1]
///
/// Means of a mixture's components, say, which without an order could change places:
/// `latent("mu", Ordered(Normal(0, 2), count: 2))`.
///
/// A law whose parameters differ from element to element is taken as it stands, restricted to
/// ascending vectors: the sum above without log n!. This is not normalised, and an evidence is that
/// of the restricted product, not over the probability that its numbers ascend. (Stan leaves out
/// log n! as well.)
public struct Ordered: Law {
  private let law: any Law
  private let count: Int
  /// Whether the law is the same for all elements.
  private let isAlike: Bool

  /// n independent numbers of one law, in order.
  ///
  /// - Parameters:
  ///   - law: Of real or of positive numbers, with numbers as parameters.
  ///   - count: n.
  public init(_ law: some Law, count: Int) {
    (self.law, self.count, isAlike) = (law, count, law.shape.isEmpty)
  }

  /// - Parameter law: Of real or of positive numbers, whose parameters give the vector's length.
  public init(_ law: some Law) { self.init(law, count: law.shape.last ?? 1) }

  /// Ascending vectors, positive ones of a law of positive numbers.
  public var support: Constraint {
    if case .positive = law.support { .positiveOrdered } else { .ordered }
  }
  /// Vectors.
  public var eventRank: Int { 1 }
  /// A vector.
  public var shape: [Int] { Value.broadcastShape([law.shape, [count]]) }

  /// A sentence on a law that cannot be ordered; nil where it can.
  private var problem: String? {
    if law.eventRank > 0 || law.isDiscrete {
      return "Ordered is of laws of real or positive numbers"
    }
    switch law.support {
    case .real, .positive: return nil
    default:
      return "Ordered is of laws of real or of positive numbers, not of those between other bounds"
    }
  }

  /// Where its elements have one law; else it is the product of theirs, merely restricted.
  public var isNormalised: Bool { isAlike && law.isNormalised }

  /// The formula above.
  public func logDensity(of x: Value) -> Value {
    if let problem { return Value(fault: problem) }
    let each = law.logDensity(of: x)
    // A density that is the same along an axis stands for each element there.
    let all = each.shape == x.shape ? each : each + Value(.zeros(x.shape + [1]))
    let orders = isAlike ? (1...max(count, 1)).reduce(0.0) { $0 + logarithm(Double($1)) } : 0
    return all.sum(along: -1) + orders
  }

  /// Exact draws, with the parameters of each.
  public func draw(_ shape: [Int], from source: inout DrawSource) -> Value {
    if let problem { return Value(fault: problem) }
    if isAlike { return law.draw(shape, from: &source).spread(source.draws).sortedVectors }
    // Those that ascend, of many: the law restricted.
    let result = law.draw(shape, from: &source).spread(source.draws)
    var numbers = result.tensor.scalars
    var waiting = Set(result.descendingVectors)
    for _ in 0..<1000 where !waiting.isEmpty {
      let again = law.draw(shape, from: &source).spread(source.draws)
      let found = again.tensor.scalars
      for vector in waiting.subtracting(again.descendingVectors) {
        for place in again.places(ofVector: vector) { numbers[place] = found[place] }
        waiting.remove(vector)
      }
    }
    return waiting.isEmpty
      ? Value(Tensor(numbers, shape: result.tensor.shape))
      : Value(fault: "of 1000 vectors drawn for Ordered none was in ascending order")
  }

  /// The first of the data that the law cannot give.
  public func fault(inData data: Value) -> String? {
    data.descendingVectors.first.map { "vector \($0 / data.draws) does not ascend" }
      ?? law.fault(inData: data)
  }
}

extension Value {
  /// Where in the tensor the elements of a vector lie; vectors are counted by draw, then by row.
  fileprivate func places(ofVector vector: Int) -> [Int] {
    let size = shape.last ?? 1
    let start = vector / draws * size * draws + vector % draws
    return (0..<size).map { start + $0 * draws }
  }

  private var vectors: Range<Int> { 0..<tensor.count / max(shape.last ?? 1, 1) }

  /// The vectors along the last axis that do not ascend.
  fileprivate var descendingVectors: [Int] {
    let numbers = tensor.scalars
    return vectors.filter { vector in
      let places = places(ofVector: vector)
      return zip(places, places.dropFirst()).contains { !(numbers[$0] <= numbers[$1]) }
    }
  }

  /// The vectors along the last axis, each in ascending order.
  fileprivate var sortedVectors: Value {
    var numbers = tensor.scalars
    for vector in vectors {
      let places = places(ofVector: vector)
      for (place, number) in zip(places, places.map { numbers[$0] }.sorted()) {
        numbers[place] = number
      }
    }
    return Value(Tensor(numbers, shape: tensor.shape))
  }
}
