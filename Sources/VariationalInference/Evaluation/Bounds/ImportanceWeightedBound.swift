// SPDX-License-Identifier: Apache-2.0

internal import Tensors

/// The importance-weighted bound of each example from K draws of q, with what tells how far it can be
/// trusted.
///
///     L_K = E[log 1/K sum over k of w_k],   w_k = p(x, z_k) / q(z_k | x),   z_k ~ q(z | x)
///
/// L_1 is the ELBO, L_K grows with K, and log p(x) is its limit where the weights are bounded.
///
/// - Source: Burda, Grosse and Salakhutdinov, "Importance weighted autoencoders", ICLR 2016,
///   arXiv:1509.00519, equation 8.
public struct ImportanceWeightedBound: Sendable {
  /// log 1/K sum over k of w_k of each example, in nats.
  public let bound: [Double]
  /// (sum w)^2 / sum w^2 of each example, from 1 to K.
  public let effectiveSampleSize: [Double]
  /// The shape of the tail of each example's weights, see ``ParetoShape``; nil where nothing can be
  /// fitted, not a number where weights are infinite or undefined.
  public let paretoShape: [Double?]
  /// K.
  public let samples: Int

  init(_ weights: [ImportanceWeights], samples: Int) {
    bound = weights.map(\.logMean)
    effectiveSampleSize = weights.map(\.effectiveSampleSize)
    paretoShape = weights.map(\.paretoShape)
    self.samples = samples
  }
}

extension GenerativeModel where Self: AmortizedPosterior {
  /// The importance-weighted bound of images, streamed in chunks: memory does not grow with K, but
  /// for the 3 sqrt(K) largest weights.
  ///
  /// - Parameters:
  ///   - data: Images with as many pixels as the model has data dimensions.
  ///   - examples: Which of the images; all, where nil. An image's draws do not depend on it.
  ///   - samples: K, at least 1.
  ///   - binarization: How pixels become data.
  ///   - seed: Decides the draws. The first is that of
  ///     ``evaluate(on:_:objective:binarization:seed:workers:)``.
  ///   - workers: The threads to use; the result does not depend on them.
  ///   - progress: Hears of each image that is done, and may stop the work.
  /// - Returns: Bound, effective sample size and shape of the tail, image by image.
  /// - Throws: `CancellationError` where `progress` answered false.
  /// - Complexity: K passes of the decoder per image, and one of the encoder.
  @specialized(where Self == VariationalAutoencoder<Float>)
  public func importanceWeightedBound(
    on data: ImageDataset, examples: Range<Int>? = nil, samples: Int,
    binarization: Binarization = .none, seed: UInt64 = 0, workers: WorkerPool,
    progress: EvaluationProgress? = nil
  ) throws -> ImportanceWeightedBound {
    try importanceWeightedBound(
      on: data, examples: examples ?? 0..<data.count, samples: samples, binarization: binarization,
      seed: seed, workers: workers, progress: progress, chunk: DrawChunks.size)
  }

  @specialized(where Self == VariationalAutoencoder<Float>)
  package func importanceWeightedBound(
    on data: ImageDataset, examples: Range<Int>, samples: Int, binarization: Binarization,
    seed: UInt64, workers: WorkerPool, progress: EvaluationProgress?, chunk: Int
  ) throws -> ImportanceWeightedBound {
    precondition(samples >= 1, "\(samples) samples give no bound")
    precondition(
      examples.lowerBound >= 0 && examples.upperBound <= data.count,
      "images \(examples) of \(data.count)")
    let source = ExampleSource.evaluation(data, binarization, seed: seed)
    let chunks = DrawChunks(samples: samples, size: chunk)
    let counter = ProgressCounter(all: examples.count, progress)
    let likelihood = samples >= DrawChunks.manyDraws ? localLikelihood() : nil
    let weights = workers.map(examples.count) { index -> ImportanceWeights? in
      guard counter.goesOn else { return nil }
      let weights = self.importanceWeights(
        of: examples.lowerBound + index, from: source, chunks, likelihood)
      counter.advance()
      return weights
    }
    try counter.check()
    return ImportanceWeightedBound(weights.compactMap { $0 }, samples: samples)
  }

  private func importanceWeights(
    of example: Int, from source: ExampleSource, _ chunks: DrawChunks,
    _ local: LocalLikelihood<Self>?
  ) -> ImportanceWeights {
    let x: Tensor<Scalar> = source.pixels(example..<example + 1)
    let likelihood = local?.near(center(of: posterior(given: x))) ?? likelihood(given:)
    var weights = ImportanceWeights(expected: chunks.samples)
    // All chunks but the last have one size, so q is made at most twice.
    var q: (rows: Int, distribution: Posterior)?
    for chunk in 0..<chunks.count {
      let draws = chunks[chunk]
      let current = q?.rows == draws.count ? q?.distribution : nil
      let distribution = current ?? posterior(given: x, repeated: draws.count)
      q = (draws.count, distribution)
      let z = distribution.sample(
        noise: source.noise(example, draws: draws, shape: distribution.noiseShape))
      weights.add(
        likelihood: likelihood(z).logProbability(of: x, repeated: draws.count).doubles,
        prior: prior.logProbability(of: z).doubles,
        posterior: distribution.logProbability(of: z).doubles)
    }
    return weights
  }

  /// The draw without noise: the mean of a Gaussian.
  private func center(of q: Posterior) -> Tensor<Scalar> { q.sample(noise: .zeros(q.noiseShape)) }
}
