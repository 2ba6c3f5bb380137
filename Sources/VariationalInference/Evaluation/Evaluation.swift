// SPDX-License-Identifier: Apache-2.0

internal import Tensors

/// The ELBO of a data set and its parts, example by example, from one draw of q each.
public struct Evaluation: Sendable {
  /// The evidence lower bound of each example, in nats.
  public let elbo: [Double]
  /// The reconstruction cost of each example, in nats.
  public let reconstruction: [Double]
  /// KL(q || p) of each example, in nats.
  public let kl: [Double]

  /// The means, in nats per example.
  public var mean: MeanTerms {
    MeanTerms(
      reconstruction: Estimate(reconstruction).mean, kl: Estimate(kl).mean)
  }
}

extension GenerativeModel where Self: AmortizedPosterior {
  /// Evaluates the ELBO on every image of a data set.
  ///
  /// - Parameters:
  ///   - data: Images with as many pixels as the model has data dimensions.
  ///   - binarization: How pixels become data.
  ///   - seed: Decides the draws; the same seed gives the same draws at every evaluation.
  ///   - workers: The threads to use; the result does not depend on them.
  /// - Returns: The bound and its parts, image by image.
  @specialized(where Self == VariationalAutoencoder<Float>)
  public func evaluate(
    on data: ImageDataset, binarization: Binarization = .none, seed: UInt64 = 0,
    workers: WorkerPool
  ) -> Evaluation {
    let source = ExampleSource.evaluation(data, binarization, seed: seed)
    let bounds = workers.map(ExampleBlocks(data.count).count) { block in
      let examples = ExampleBlocks(data.count)[block]
      let x: Tensor<Scalar> = source.pixels(examples)
      let q = self.posterior(given: x)
      return self.evidenceLowerBound(
        x, posterior: q, noise: source.noise(examples, round: 0, shape: q.noiseShape))
    }
    let reconstruction = bounds.flatMap { $0.reconstruction.doubles }
    let kl = bounds.flatMap { $0.kl.doubles }
    return Evaluation(
      elbo: zip(reconstruction, kl).map { -$0 - $1 }, reconstruction: reconstruction, kl: kl)
  }
}

/// A data set cut into blocks of a size that fills a matrix product and fits a cache.
struct ExampleBlocks: Sendable {
  let examples: Int
  private static let size = 256

  init(_ examples: Int) { self.examples = examples }

  var count: Int { (examples + Self.size - 1) / Self.size }

  subscript(block: Int) -> Range<Int> {
    block * Self.size..<min((block + 1) * Self.size, examples)
  }
}

extension ExampleSource {
  /// The pixels of some examples, `[examples, pixels]`.
  func pixels<Scalar>(_ examples: Range<Int>) -> Tensor<Scalar> {
    Tensor(shape: [examples.count, data.pixelsPerImage]) {
      writePixels(examples, round: 0, to: $0)
    }
  }
}
