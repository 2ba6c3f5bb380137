// SPDX-License-Identifier: Apache-2.0

internal import Tensors

/// The importance-weighted bound of each example from K draws of q, with what its weights say of
/// how much it rises with K.
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

  /// Those of the first examples alone.
  func first(_ count: Int) -> ImportanceWeightedBound {
    ImportanceWeightedBound(
      bound: Array(bound.prefix(count)),
      effectiveSampleSize: Array(effectiveSampleSize.prefix(count)),
      paretoShape: Array(paretoShape.prefix(count)), samples: samples)
  }

  private init(
    bound: [Double], effectiveSampleSize: [Double], paretoShape: [Double?], samples: Int
  ) {
    self.bound = bound
    self.effectiveSampleSize = effectiveSampleSize
    self.paretoShape = paretoShape
    self.samples = samples
  }

  init(_ weights: [ImportanceWeights], samples: Int) {
    bound = weights.map(\.logMean)
    effectiveSampleSize = weights.map(\.effectiveSampleSize)
    paretoShape = weights.map(\.paretoShape)
    self.samples = samples
  }
}

extension GuidedModel {
  /// The importance-weighted bound of examples, streamed in chunks: memory does not grow with K, but
  /// for the 3 sqrt(K) largest weights.
  ///
  /// - Parameters:
  ///   - data: With the fields that the model reads.
  ///   - examples: Which of the examples; all, where nil. An example's draws do not depend on it.
  ///   - samples: K, at least 1.
  ///   - seed: Decides the draws. The first is that of ``evaluate(on:_:objective:seed:workers:)``.
  ///   - workers: The threads to use; the result does not depend on them.
  ///   - progress: Hears of each example that is done, and may stop the work.
  /// - Returns: Bound, effective sample size and shape of the tail, example by example.
  /// - Throws: `CancellationError` where `progress` answered false; ``DatasetError`` naming a field that
  ///   the data lack, or an example whose numbers are not finite.
  /// - Complexity: K passes of the decoder per example, and one of the encoder.
  @specialized(where Self == VariationalAutoencoder<Float>)
  public func importanceWeightedBound(
    on data: any Dataset, examples: Range<Int>? = nil, samples: Int, seed: UInt64 = 0,
    workers: WorkerPool, progress: EvaluationProgress? = nil
  ) throws -> ImportanceWeightedBound {
    try importanceWeightedBound(
      on: data, examples: examples ?? 0..<data.count, samples: samples, seed: seed,
      workers: workers, progress: progress, chunk: DrawChunks.size)
  }

  @specialized(where Self == VariationalAutoencoder<Float>)
  package func importanceWeightedBound(
    on data: any Dataset, examples: Range<Int>, samples: Int, seed: UInt64, workers: WorkerPool,
    progress: EvaluationProgress?, chunk: Int
  ) throws -> ImportanceWeightedBound {
    precondition(
      examples.lowerBound >= 0 && examples.upperBound <= data.count,
      "examples \(examples) of \(data.count)")
    return try importanceWeightedBound(
      on: data, of: Array(examples), samples: samples, seed: seed, workers: workers,
      progress: progress, chunk: chunk)
  }

  /// The same of examples in any order: of as many of the first as there is time for, at least two.
  @specialized(where Self == VariationalAutoencoder<Float>)
  package func importanceWeightedBound(
    on data: any Dataset, of examples: [Int], samples: Int, seed: UInt64, workers: WorkerPool,
    progress: EvaluationProgress?, chunk: Int? = nil, until limit: TimeLimit? = nil
  ) throws -> ImportanceWeightedBound {
    precondition(samples >= 1, "\(samples) samples give no bound")
    model.requireOwnLatents("importance sampling")
    try data.check(allReads)
    let source = BatchSource.evaluation(data, allReads, seed: seed)
    let chunks = DrawChunks(samples: samples, size: chunk ?? DrawChunks.size)
    let counter = ProgressCounter(all: examples.count, progress, until: limit)
    let local = samples >= DrawChunks.manyDraws ? model.localReconstructionCost() : nil
    let weights = workers.map(examples.count) { index -> ImportanceWeights? in
      guard counter.goesOn else { return nil }
      func measure() -> ImportanceWeights? {
        let weights = self.importanceWeights(
          of: examples[index], from: source, chunks, local, until: limit)
        counter.advance()
        return weights
      }
      guard let limit else { return measure() }
      return limit.run(index, least: 2, measure)
    }
    try counter.check()
    let done = weights.prefix { $0 != nil }.compactMap { $0 }
    let result = ImportanceWeightedBound(done, samples: samples)
    try source.requireFinite(examples, where: result.bound)
    return result
  }

  private func importanceWeights(
    of example: Int, from source: BatchSource, _ chunks: DrawChunks, _ local: LocalCost<Scalar>?,
    until limit: TimeLimit?
  ) -> ImportanceWeights? {
    let batch: Batch<Scalar> = source.batch([example])
    let q = guide.posterior(given: batch)
    // The draw without noise: the mean of a Gaussian.
    let nearby = local?.near(batch, q.sample(noise: .zeros([1, q.noiseDimension])))
    var weights = ImportanceWeights(expected: chunks.samples)
    for chunk in 0..<chunks.count {
      if limit?.isPast == true { return nil }
      let draws = chunks[chunk]
      let draw = q.draw(
        noise: source.noise(example, draws: draws, shape: [1, draws.count, q.noiseDimension]))
      let cost =
        nearby?(draw.value)
        ?? model.reconstructionCost(batch, at: draw.value, shared: nil).perExample
      weights.add(
        cost: cost.doubles, prior: model.logPrior(at: draw.value)?.doubles,
        posterior: draw.logProbability.doubles)
    }
    return weights
  }
}
