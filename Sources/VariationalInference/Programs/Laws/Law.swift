// SPDX-License-Identifier: Apache-2.0

/// A probability law of a program: where its values lie, their log-density, draws of them.
///
/// Parameters are values, and may differ from draw to draw. A law of numbers (``eventRank`` 0) describes
/// each element of an array by itself, its parameters broadcast over it; a law of vectors or matrices
/// describes whole ones, and arrays of them have further axes before.
///
/// Order and meaning of parameters are those of Stan: `Normal(mean, sd)`, `Gamma(shape, rate)`,
/// `StudentT(degreesOfFreedom, mean, scale)`. Densities are normalised, also where a law is restricted
/// to a part of the real line.
///
/// - Source: "Stan functions reference", parts on bounded and unbounded distributions.
public protocol Law: Sendable {
  /// Where one value lies.
  var support: Constraint { get }

  /// The number of axes of one value: 0 for a number, 1 for a vector, 2 for a matrix.
  var eventRank: Int { get }

  /// The shape that the parameters give a draw: `[]` where one number is described.
  var shape: [Int] { get }

  /// Whether values are whole numbers, or categories: without a gradient.
  var isDiscrete: Bool { get }

  /// Whether the density integrates to 1. Where a prior's does not, the evidence of a model with it is known
  /// up to a constant only.
  var isNormalised: Bool { get }

  /// log p(x): of each element for a law of numbers, else of each vector or matrix.
  ///
  /// - Parameter x: Of ``shape``, or with axes before it.
  /// - Returns: A value of x's shape less the last ``eventRank`` axes, in nats; or of a shape that
  ///   broadcasts to it where the density is the same along an axis.
  func logDensity(of x: Value) -> Value

  /// log p(x) of all elements together, a number. The default sums ``logDensity(of:)``.
  func totalLogDensity(of x: Value) -> Value

  /// Independent draws.
  ///
  /// - Parameters:
  ///   - shape: That of the result: ``shape``, or with axes before it.
  ///   - source: Where random numbers come from, and how many draws are made.
  /// - Returns: A value with as many draws as the source makes.
  func draw(_ shape: [Int], from source: inout DrawSource) -> Value

  /// A draw as a function of independent standard normal noise of its shape, for the non-centred form;
  /// nil where the law has none.
  func transform(ofNoise noise: Value) -> Value?

  /// What is wrong with observed data that no parameters could explain, as one sentence; nil where
  /// nothing is. The default asks the support.
  func fault(inData data: Value) -> String?
}

extension Law {
  /// Numbers.
  public var eventRank: Int { 0 }
  /// Real numbers are.
  public var isDiscrete: Bool { false }
  /// Densities do.
  public var isNormalised: Bool { true }
  /// None.
  public func transform(ofNoise noise: Value) -> Value? { nil }

  /// The sum, with what is the same along an axis counted as often as it stands for.
  public func totalLogDensity(of x: Value) -> Value {
    let each = logDensity(of: x)
    if each.fault != nil { return each }
    let whole = Value.broadcastShape([Array(x.shape.dropLast(eventRank)), each.shape])
    let times = Double(whole.reduce(1, *)) / Double(max(each.count, 1))
    return times == 1 ? each.sum() : each.sum() * times
  }

  /// The first number outside the support.
  public func fault(inData data: Value) -> String? {
    support.fault(inData: data, isDiscrete: isDiscrete, of: "\(Self.self)")
  }
}

/// Random numbers for draws of a law.
public struct DrawSource {
  /// The number of draws, the last axis of what is drawn.
  let draws: Int
  var generator: CounterGenerator

  /// - Parameters:
  ///   - draws: How many draws of everything.
  ///   - seed: One for a whole run of a program.
  ///   - statement: The number of the statement that draws.
  init(draws: Int, seed: UInt64, statement: Int) {
    self.draws = draws
    generator = CounterGenerator(
      seed: seed, stream: GeneratorPurpose.programDraws.stream(UInt64(statement)))
  }

  /// Independent standard normal numbers.
  public mutating func standardNormal(_ shape: [Int]) -> Value {
    Value(.standardNormal(shape + [draws], key: NoiseKey(seed: generator.next())))
  }

  /// Independent numbers uniform between 0 and 1, both excluded.
  public mutating func uniform(_ shape: [Int]) -> Value {
    let least = Double.leastNormalMagnitude
    return Value(.uniform(shape + [draws], in: least..<1, key: NoiseKey(seed: generator.next())))
  }

  /// A number for each element and draw, made by `body` from the parameters there.
  ///
  /// - Parameters:
  ///   - shape: The shape of the result.
  ///   - parameters: Values that broadcast to it.
  ///   - body: Makes one number from the parameters of its element.
  /// - Returns: A value with as many draws as the source makes.
  public mutating func numbers(
    _ shape: [Int], _ parameters: [Value],
    _ body: (_ parameters: [Double], inout CounterGenerator) -> Double
  ) -> Value {
    let full = shape + [draws]
    let columns = parameters.map { $0.tensor.repeated(to: full).scalars }
    var numbers: [Double] = []
    let count = full.reduce(1, *)
    numbers.reserveCapacity(count)
    for index in 0..<count { numbers.append(body(columns.map { $0[index] }, &generator)) }
    return Value(Tensor(numbers, shape: full))
  }
}
