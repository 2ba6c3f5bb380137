// SPDX-License-Identifier: Apache-2.0

public import Tensors

/// A program of one example as p(x, z) of many, with parameters that are learned, as a decoder's
/// weights.
///
///     let model = try ProgramJointDensity(
///       data, reads: [FieldUse("x", .data)], learning: decoder
///     ) { z, example, decoder in
///       let code = z.latent("z", Normal(0, 1), count: 20, .nonCentred)
///       let logits = decoder.logits(decoder.hidden(code))
///       z.observe("x", Bernoulli(logits: logits), example["x"])
///     }
///     let guide = AmortizedGuide(
///       DiagonalFamily(), dimension: model.dimension, reads: model.reads, hidden: [400],
///       using: &generator)
///     let trainer = try Trainer(
///       model.guided(by: guide), data: data, options: TrainingOptions())
///
/// Each example of a batch is a draw of the program: its axis of draws, the last, is that of the
/// examples. So a program is trained, judged and bounded by all that takes a ``JointDensity``, with
/// any guide.
///
/// All its latent variables are of each example; there are none that examples share. The learned
/// parameters have no prior, and so no posterior. ``latents`` are given by their unconstrained
/// coordinates, of which log p is the density. Where all are non-centred, these are N(0, I) a
/// priori whatever the laws are: then p(x | z) and p(z) stand apart, and the KL of a Gaussian guide
/// has its closed form.
///
/// It shows that a program is a model like any other, in `Double`; it is not made for speed.
public struct ProgramJointDensity<Learned: Parameterized<Double>>: JointDensity {
  /// The statements about one example.
  public typealias Statements =
    @Sendable (
      _ z: Program, _ example: ExampleValues, _ learned: Learned
    ) -> Void

  /// The fields of the data that the statements ask for.
  public let reads: [FieldUse]
  /// What is learned beside the guide.
  public var learned: Learned
  private let statements: Statements
  private let sites: [Program.Site]

  /// A model from its statements, which are tried out on the first example.
  ///
  /// - Parameters:
  ///   - data: With the fields that the statements read.
  ///   - reads: These fields.
  ///   - learned: The parameters at the beginning.
  ///   - statements: Of one example.
  /// - Throws: ``ModelError`` for a mistake in the statements, ``DatasetError`` for a field that is
  ///   missing.
  public init(
    _ data: any Dataset, reads: [FieldUse], learning learned: Learned,
    statements: @escaping Statements
  ) throws {
    try data.check(reads)
    // Networks need to know how wide their inputs are.
    self.reads = reads.map {
      FieldUse($0.name, $0.role, width: $0.width ?? data.field($0.name)?.width)
    }
    (self.learned, self.statements) = (learned, statements)
    let first: Batch<Double> = BatchSource.evaluation(data, reads, seed: 0).batch([0])
    let example = ExampleValues(first, draws: 1)
    let program = Model { statements($0, example, learned) }.run(.structure, draws: 1)
    if let error = program.error { throw error }
    sites = program.sites
  }

  /// The number of unconstrained coordinates of an example.
  public var dimension: Int { sites.reduce(0) { $0 + $1.count } }

  /// The coordinates of each latent variable, real numbers.
  public var latents: [Latent] { sites.map { Latent($0.name, shape: $0.unconstrainedShape) } }
}

/// The fields of one example, as values of a program.
public struct ExampleValues: Sendable {
  private let batch: Batch<Double>
  /// How many times each example stands beside itself.
  private let draws: Int

  init(_ batch: Batch<Double>, draws: Int) { (self.batch, self.draws) = (batch, draws) }

  /// A field, a vector of its width.
  ///
  /// - Precondition: The model reads a field of this name.
  public subscript(_ name: String) -> Value {
    let columns = batch[name].transposed()
    if draws == 1 { return Value(columns) }
    let (width, count) = (columns.shape[0], columns.shape[1])
    return Value(
      columns.reshaped(to: [width, count, 1]).repeated(to: [width, count, draws])
        .reshaped(to: [width, count * draws]))
  }
}

extension ProgramJointDensity {
  /// log p(x, u) of each example at its coordinates.
  public func logJoint(_ batch: Batch<Double>, _ z: LatentValues<Double>) -> LogJoint<Double> {
    let parts = latents.map { latent -> Tensor<Double> in
      let value = z[latent.name]
      let rows = Array(value.shape.dropLast(latent.shape.count))
      return value.reshaped(to: rows + [latent.dimension])
    }
    let u = parts.count == 1 ? parts[0] : .concatenated(parts, along: -1)
    return LogJoint(perExample: logDensity(batch, at: u) { .joint($0) })
  }

  /// -log p(x | u) where all latent variables are non-centred, else -log p(x, u).
  public func reconstructionCost(
    _ batch: Batch<Double>, at u: Tensor<Double>, shared: LatentValues<Double>?
  ) -> LogJoint<Double> {
    let density = logDensity(batch, at: u) { isNoise ? .givenNoise($0) : .joint($0) }
    return LogJoint(perExample: -density)
  }

  /// log N(u; 0, I) where all latent variables are non-centred.
  public func logPrior(at u: Tensor<Double>) -> Tensor<Double>? {
    isNoise ? StandardNormal(dimension: dimension).logProbability(of: u) : nil
  }

  /// KL(q || N(0, I)) where all latent variables are non-centred.
  public func divergenceFromPrior(
    of q: some ReparameterizedDistribution<Double>
  ) -> Tensor<Double>? {
    isNoise
      ? q.kullbackLeiblerDivergence(to: StandardNormal<Double>(dimension: dimension)) : nil
  }

  /// The same by coordinate.
  public func divergencesFromPrior(
    of q: some ReparameterizedDistribution<Double>
  ) -> Tensor<Double>? {
    isNoise ? kullbackLeiblerDivergences(q, StandardNormal<Double>(dimension: dimension)) : nil
  }

  private var isNoise: Bool { sites.allSatisfy(\.isNonCentred) }

  /// Runs the program for all rows of u, `[batch, n]` or `[batch, draws, n]`, as its draws.
  private func logDensity(
    _ batch: Batch<Double>, at u: Tensor<Double>, _ mode: ([Value]) -> Program.Mode
  ) -> Tensor<Double> {
    let rows = Array(u.shape.dropLast())
    let count = rows.reduce(1, *)
    let columns = u.reshaped(to: [count, dimension]).transposed()
    let coordinates = sites.map { site in
      Value(
        columns.slice(site.start..<site.start + site.count)
          .reshaped(to: site.unconstrainedShape + [count]))
    }
    let example = ExampleValues(batch, draws: count / max(batch.count, 1))
    let model = Model { [statements, learned] in statements($0, example, learned) }
    let program = model.run(mode(coordinates), draws: count, sites: sites)
    if let error = program.error { preconditionFailure(error.description) }
    return program.logJoint.reshaped(to: rows)
  }
}

extension ProgramJointDensity: Parameterized {
  /// Those that are learned.
  public mutating func visitParameters(
    _ visit: (_ name: String, _ parameter: inout Tensor<Double>) throws -> Void
  ) rethrows { try learned.visitParameters(visit) }
}
