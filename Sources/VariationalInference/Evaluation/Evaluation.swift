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

  /// The means, in nats per example.
  public var mean: MeanTerms {
    MeanTerms(
      reconstruction: Estimate(reconstruction).mean, kl: Estimate(kl).mean,
      importanceWeighted: importanceWeighted.map { Estimate($0).mean })
  }
}

extension GenerativeModel where Self: AmortizedPosterior {
  /// Evaluates an objective on every image of a data set, or on some of them.
  ///
  /// - Parameters:
  ///   - data: Images with as many pixels as the model has data dimensions.
  ///   - examples: The images to evaluate; nil for all.
  ///   - objective: The ELBO from one draw, or L_K.
  ///   - binarization: How pixels become data.
  ///   - seed: Decides the draws; the same seed gives the same draws at every evaluation.
  ///   - workers: The threads to use; the result does not depend on them.
  /// - Returns: The bound and its parts, image by image.
  @specialized(where Self == VariationalAutoencoder<Float>)
  public func evaluate(
    on data: ImageDataset, _ examples: Range<Int>? = nil,
    objective: TrainingObjective = .evidenceLowerBound, binarization: Binarization = .none,
    seed: UInt64 = 0, workers: WorkerPool
  ) -> Evaluation {
    let source = ExampleSource.evaluation(data, binarization, seed: seed)
    let blocks = ExampleBlocks(examples ?? 0..<data.count, samples: objective.samples)
    let reports = workers.map(blocks.count) { block in
      let examples = blocks[block]
      let x: Tensor<Scalar> = source.pixels(examples)
      return self.terms(of: objective, x) {
        source.noise(Array(examples), round: 0, shape: $0)
      }.report
    }
    func column(_ index: Int) -> [Double] { reports.flatMap { $0[index].doubles } }
    let (reconstruction, kl) = (column(0), column(1))
    return Evaluation(
      elbo: zip(reconstruction, kl).map { -$0 - $1 }, reconstruction: reconstruction, kl: kl,
      importanceWeighted: objective == .evidenceLowerBound ? nil : column(2))
  }
}

/// A data set cut into blocks of a size that fills a matrix product and fits a cache.
struct ExampleBlocks: Sendable {
  let examples: Range<Int>
  let size: Int

  /// Blocks of about 256 rows, of which each example has as many as `samples`.
  init(_ examples: Range<Int>, samples: Int = 1) {
    self.examples = examples
    size = max(1, 256 / samples)
  }

  var count: Int { (examples.count + size - 1) / size }

  subscript(block: Int) -> Range<Int> {
    let start = examples.lowerBound + block * size
    return start..<min(start + size, examples.upperBound)
  }
}

extension ExampleSource {
  /// The pixels of some examples, `[examples, pixels]`.
  func pixels<Scalar>(_ examples: Range<Int>) -> Tensor<Scalar> {
    Tensor(shape: [examples.count, data.pixelsPerImage]) {
      writePixels(Array(examples), round: 0, to: $0)
    }
  }
}
