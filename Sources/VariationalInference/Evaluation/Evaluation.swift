// SPDX-License-Identifier: Apache-2.0

internal import Tensors

/// The ELBO of a data set and its parts, example by example, from as many draws of q as its objective
/// takes.
public struct Evaluation: Sendable {
  /// The evidence lower bound of each example, in nats.
  public let elbo: [Double]
  /// The reconstruction cost of each example, in nats.
  public let reconstruction: [Double]
  /// KL(q || p) of each example, in nats.
  public let kl: [Double]
  /// L_K of each example, in nats, where an importance-weighted bound was asked for.
  public let importanceWeighted: [Double]?
  /// The cost of the latent variables that there are once in the data set, in nats, from one draw; nil
  /// where there are none. The bound of all data is the sum of ``elbo`` less this.
  public let once: Double?

  /// The means, in nats per example.
  public var mean: MeanTerms {
    MeanTerms(
      reconstruction: Estimate(reconstruction).mean, kl: Estimate(kl).mean,
      importanceWeighted: importanceWeighted.map { Estimate($0).mean })
  }
}

extension GuidedModel {
  /// Evaluates an objective on every example of a data set, or on some of them.
  ///
  /// - Parameters:
  ///   - data: With the fields that the model reads.
  ///   - examples: The examples to evaluate; nil for all.
  ///   - objective: The ELBO from one draw, or L_K.
  ///   - seed: Decides the draws; the same seed gives the same draws at every evaluation.
  ///   - workers: The threads to use; the result does not depend on them.
  /// - Returns: The bound and its parts, example by example.
  /// - Throws: ``DatasetError`` naming a field that the data lack, or an example whose numbers are not
  ///   finite.
  @specialized(where Self == VariationalAutoencoder<Float>)
  public func evaluate(
    on data: any Dataset, _ examples: Range<Int>? = nil,
    objective: TrainingObjective = .evidenceLowerBound, seed: UInt64 = 0, workers: WorkerPool
  ) throws -> Evaluation {
    try data.check(allReads)
    let source = BatchSource.evaluation(data, allReads, seed: seed)
    let examples = examples ?? 0..<data.count
    precondition(
      !examples.isEmpty && examples.upperBound <= data.count,
      "examples \(examples) of \(data.count)")
    let blocks = ExampleBlocks(examples, samples: objective.samples, widest: widestLayer)
    let results = workers.map(blocks.count) { block in
      let examples = Array(blocks[block])
      let terms = self.terms(of: objective, source.batch(examples)) {
        source.noise(examples, shape: $0)
      } sharedNoise: {
        NoisePurpose.evaluationShared.noise([0], shape: $0, seed: seed)
      }
      return (report: terms.report, once: terms.once.map { -$0.doubles[0] })
    }
    func column(_ index: Int) -> [Double] { results.flatMap { $0.report[index].doubles } }
    let (reconstruction, kl) = (column(0), column(1))
    let elbo = zip(reconstruction, kl).map { -$0 - $1 }
    try source.requireFinite(examples, where: elbo)
    return Evaluation(
      elbo: elbo, reconstruction: reconstruction, kl: kl,
      importanceWeighted: objective == .evidenceLowerBound ? nil : column(2),
      // The same in every block, whose draw of the shared latent variables has the same noise.
      once: results.first?.once)
  }
}

extension GuidedModel {
  /// The outputs of the widest layer of model and guide; 1 where they do not tell.
  var widestLayer: Int {
    [model as Any, guide as Any].map { ($0 as? any Parameterized)?.widestParameter ?? 1 }.max() ?? 1
  }
}

extension Parameterized {
  /// The longest first axis of the parameters, which of a weight is that of the outputs.
  fileprivate var widestParameter: Int {
    namedParameters.map { $0.value.shape.first ?? 1 }.max() ?? 1
  }
}

/// A data set cut into blocks of a size that fills a matrix product and fits a cache.
struct ExampleBlocks: Sendable {
  let examples: Range<Int>
  let size: Int

  /// The most numbers that the rows of a block may have in one layer: 256 MB of `Float`.
  private static let largestLayer = 1 << 26

  /// Blocks of about 256 rows, of which each example has as many as `samples`; of fewer, down to
  /// 16, where a layer is so wide that they would take more than ``largestLayer`` numbers.
  init(_ examples: Range<Int>, samples: Int = 1, widest: Int) {
    precondition(samples >= 1, "\(samples) draws give no bound")
    self.examples = examples
    // Rows of products keep their bits at multiples of 16 alone.
    let rows = min(256, max(16, Self.largestLayer / max(widest, 1) / 16 * 16))
    size = max(1, rows / samples)
  }

  var count: Int { (examples.count + size - 1) / size }

  subscript(block: Int) -> Range<Int> {
    let start = examples.lowerBound + block * size
    return start..<min(start + size, examples.upperBound)
  }
}
