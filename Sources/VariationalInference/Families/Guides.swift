// SPDX-License-Identifier: Apache-2.0

/// A guide whose posteriors a network computes: hidden layers, then one linear map to the free parameters
/// of a family.
///
/// At the start all posteriors are near the family's N(0, I).
public struct AmortizedGuide<Family: GuideFamily>: Guide, Parameterized {
  /// The type of number.
  public typealias Scalar = Family.Scalar

  /// What a posterior is a member of.
  public let family: Family
  /// The number of unconstrained coordinates of an example.
  public let dimension: Int
  /// What the network sees: data and conditions, joined.
  public let reads: [FieldUse]
  /// `fc1`, `fc2`, ...
  public var hidden: HiddenLayers<Scalar>
  /// `fc_q`: to all free parameters of an example, one after the other.
  public var output: Linear<Scalar>
  /// Those of one example at the start: the fixed ones of all, and the shapes of the free ones.
  private let start: GuideParameters<Scalar>

  /// A guide of these sizes.
  ///
  /// - Parameters:
  ///   - family: What a posterior is a member of.
  ///   - dimension: The number of unconstrained coordinates of an example.
  ///   - reads: What the network sees; every width must be given.
  ///   - widths: The hidden layers.
  ///   - activation: After each hidden layer.
  ///   - generator: Draws the weights.
  public init(
    _ family: Family, dimension: Int, reads: [FieldUse], hidden widths: [Int],
    activation: Activation = .relu, using generator: inout some RandomNumberGenerator
  ) {
    self.family = family
    self.dimension = dimension
    self.reads = reads
    let inputs = reads.filter { $0.role == .data || $0.role == .condition }.reduce(0) {
      guard let width = $1.width else { preconditionFailure("no width given for '\($1.name)'") }
      return $0 + width
    }
    hidden = HiddenLayers(
      inputs: inputs, widths: widths, activation: activation, using: &generator)
    start = family.parameters(at: family.standardStart(rows: 1, dimension: dimension))
    output = Linear(
      inputs: widths.last ?? inputs, outputs: start.free.reduce(0) { $0 + $1.count },
      using: &generator)
    // Small changes of the start at first, so that no posterior begins far from N(0, I).
    output.weight = output.weight * 0.1
    output.bias = Tensor(start.free.flatMap(\.scalars))
  }

  /// What the network sees.
  public var alsoReads: [FieldUse] { reads }

  /// The member that the network computes for each example.
  public func posterior(given batch: Batch<Scalar>) -> Family.Member {
    let all = output(hidden(batch.encoderInput(reads)))
    func ofAll(_ one: Tensor<Scalar>) -> [Int] { [batch.count] + one.shape.dropFirst() }
    var end = 0
    let free = start.free.map { one in
      // The columns of `[batch, outputs]` that are this tensor of each example, row by row.
      end += one.count
      return all.slice(end - one.count..<end, along: 1).reshaped(to: ofAll(one))
    }
    return family.member(
      GuideParameters(fixed: start.fixed.map { $0.repeated(to: ofAll($0)) }, free: free))
  }

  /// The hidden layers', then `fc_q.*`.
  public mutating func visitParameters(
    _ visit: (_ name: String, _ parameter: inout Tensor<Scalar>) throws -> Void
  ) rethrows {
    try hidden.visitParameters(visit)
    try output.visitParameters { try visit("fc_q.\($0)", &$1) }
  }
}

/// A guide with parameters of its own for each example of a data set.
public struct LocalGuide<Family: GuideFamily>: Guide, Parameterized {
  /// The type of number.
  public typealias Scalar = Family.Scalar

  /// What a posterior is a member of.
  public let family: Family
  /// One row for each example.
  /// The fixed ones are not visited: a guide whose parameters are read from a file must have begun
  /// at the same start.
  public private(set) var parameters: GuideParameters<Scalar>

  /// A guide for `examples` examples, whose posteriors are all N(0, I) at first.
  public init(_ family: Family, dimension: Int, examples: Int) {
    self.init(family, at: family.standardStart(rows: examples, dimension: dimension))
  }

  /// A guide whose posteriors are the rows of `start` at first, those of examples 0, 1, ...
  public init(_ family: Family, at start: Family.Start) {
    self.family = family
    parameters = family.parameters(at: start)
  }

  /// The members of the batch's examples, by their numbers.
  public func posterior(given batch: Batch<Scalar>) -> Family.Member {
    family.member(parameters.selecting(batch.examples))
  }

  /// `q1`, `q2`, ...: the family's free parameters.
  public mutating func visitParameters(
    _ visit: (_ name: String, _ parameter: inout Tensor<Scalar>) throws -> Void
  ) rethrows { try parameters.visitFree(visit) }
}

/// A guide for a model with latent variables that there are once, beside those of each example.
public struct SharedGuide<Own: Guide & Parameterized, Family: GuideFamily>: Guide, Parameterized
where Own.Scalar == Family.Scalar {
  /// The type of number.
  public typealias Scalar = Family.Scalar

  /// The guide of the latent variables of each example.
  public var own: Own
  /// What the posterior of the shared ones is a member of.
  public let family: Family
  /// Of one row.
  private var parameters: GuideParameters<Scalar>

  /// The guide `own`, and a member of `family` for `dimension` shared coordinates, N(0, I) at first.
  public init(_ family: Family, dimension: Int, beside own: Own) {
    self.own = own
    self.family = family
    parameters = family.parameters(at: family.standardStart(rows: 1, dimension: dimension))
  }

  /// Those of the other.
  public var alsoReads: [FieldUse] { own.alsoReads }

  /// That of the examples.
  public func posterior(given batch: Batch<Scalar>) -> Own.Posterior {
    own.posterior(given: batch)
  }

  /// The member for the shared coordinates.
  public var sharedPosterior: (any ReparameterizedDistribution<Scalar>)? {
    family.member(parameters)
  }

  /// `own.*`, then `shared.q1`, `shared.q2`, ...
  public mutating func visitParameters(
    _ visit: (_ name: String, _ parameter: inout Tensor<Scalar>) throws -> Void
  ) rethrows {
    try own.visitParameters { try visit("own.\($0)", &$1) }
    try parameters.visitFree { try visit("shared.\($0)", &$1) }
  }
}

extension SharedGuide where Own == NoOwnLatents<Family.Scalar> {
  /// A guide for a model all of whose latent variables are shared.
  public init(_ family: Family, dimension: Int) {
    self.init(family, dimension: dimension, beside: NoOwnLatents())
  }
}

/// The guide of a model whose examples have no latent variables of their own.
public struct NoOwnLatents<Scalar: TensorScalar>: Guide, Parameterized {
  /// The guide.
  public init() {}

  /// Of no dimensions.
  public func posterior(given batch: Batch<Scalar>) -> DiagonalGaussian<Scalar> {
    DiagonalGaussian(mean: .zeros([batch.count, 0]), logVariance: .zeros([batch.count, 0]))
  }

  /// None.
  public mutating func visitParameters(
    _ visit: (_ name: String, _ parameter: inout Tensor<Scalar>) throws -> Void
  ) rethrows {}
}
