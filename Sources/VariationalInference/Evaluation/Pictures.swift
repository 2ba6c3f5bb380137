// SPDX-License-Identifier: Apache-2.0

internal import Tensors

extension GuidedModel where Surrogate.Posterior == DiagonalGaussian<Scalar> {
  /// q(u | x) of the examples of a data set: means and log variances, `[count, n]` each.
  ///
  /// - Parameters:
  ///   - data: With the fields that the model reads.
  ///   - seed: Decides what is drawn of the data.
  ///   - workers: The threads to use.
  /// - Returns: The distribution of each example, in order.
  /// - Throws: ``DatasetError`` naming a field that the data lack.
  public func encode(
    _ data: any Dataset, seed: UInt64 = 0, workers: WorkerPool
  ) throws -> DiagonalGaussian<Scalar> {
    try encode(data, 0..<data.count, seed: seed, workers: workers)
  }

  /// The same of some examples.
  package func encode(
    _ data: any Dataset, _ examples: Range<Int>, seed: UInt64, workers: WorkerPool
  ) throws -> DiagonalGaussian<Scalar> {
    try data.check(allReads)
    let source = BatchSource.evaluation(data, allReads, seed: seed)
    let blocks = ExampleBlocks(examples, widest: widestLayer)
    let parts = workers.map(blocks.count) { block in
      let q = self.guide.posterior(given: source.batch(Array(blocks[block])))
      return q.repeated(to: [blocks[block].count, q.noiseDimension])
    }
    let q = DiagonalGaussian(
      mean: .concatenated(parts.map(\.mean)), logVariance: .concatenated(parts.map(\.logVariance)))
    for part in [q.mean, q.logVariance] {
      guard let index = part.firstNonFinite else { continue }
      try source.requireFinite([examples.lowerBound + index / q.noiseDimension])
    }
    return q
  }
}

extension DiagonalGaussian {
  /// Draws for each example of ``GuidedModel/encode(_:seed:workers:)``, those with which evaluations
  /// with this seed begin.
  ///
  /// - Parameters:
  ///   - count: How many for each.
  ///   - seed: Decides the draws; the first k of each block of 64 do not depend on `count`.
  /// - Returns: `[examples, count, n]`.
  public func draws(_ count: Int, seed: UInt64 = 0) -> Tensor<Scalar> {
    draws(count, seed: seed, first: 0)
  }

  /// The same where the first row is of example `first`.
  package func draws(_ count: Int, seed: UInt64, first: Int) -> Tensor<Scalar> {
    let noise = (0..<mean.shape[0]).map { row -> Tensor<Scalar> in
      NoisePurpose.evaluationLatent.noise(
        first + row, draws: 0..<count, shape: [1, count, noiseDimension], seed: seed)
    }
    return draw(noise: .concatenated(noise)).value
  }

  /// One row for each example; those that are there already stay as they are.
  fileprivate func repeated(to shape: [Int]) -> DiagonalGaussian {
    if mean.shape == shape { return self }
    return DiagonalGaussian(
      mean: mean.repeated(to: shape), logVariance: logVariance.repeated(to: shape))
  }
}

extension GenerativeModel where Likelihood: MaskableDistribution {
  /// The expected x of p(x | z) for each row of z, `[count, latent]`: `[count, data]`.
  ///
  /// - Parameters:
  ///   - z: Latent variables.
  ///   - batch: The conditions of each row, where the model reads conditions.
  /// - Returns: `[count, data]`.
  public func decode(_ z: Tensor<Scalar>, _ batch: Batch<Scalar>? = nil) -> Tensor<Scalar> {
    likelihood(given: batch?.joined(to: z, reads) ?? z).mean
  }
}

extension GenerativeModel {
  /// Draws of z from the prior, `[count, latent]`; the first k of them do not depend on `count`.
  public func priorDraws(count: Int, seed: UInt64 = 0) -> Tensor<Scalar> {
    priorDraws(0..<count, seed: seed)
  }

  /// Some of them, by their numbers.
  package func priorDraws(_ numbers: Range<Int>, seed: UInt64) -> Tensor<Scalar> {
    prior.sample(
      noise: NoisePurpose.priorSample.noise(
        Array(numbers), shape: [numbers.count, prior.noiseDimension], seed: seed))
  }
}

extension GenerativeModel where Likelihood: MaskableDistribution {
  /// The expected x of draws from the prior, `[count, data]`.
  ///
  /// - Parameters:
  ///   - count: The number of draws.
  ///   - batch: The conditions of each row, where the model reads conditions.
  ///   - seed: Decides the draws; the first k of them do not depend on `count`.
  /// - Returns: `[count, data]`.
  public func sample(
    count: Int, _ batch: Batch<Scalar>? = nil, seed: UInt64 = 0
  ) -> Tensor<Scalar> {
    decode(priorDraws(count: count, seed: seed), batch)
  }
}

extension Tensor {
  /// Intensities from 0 to 1 as bytes from 0 to 255, rounded; what lies outside is clamped, what is
  /// not a number is 0.
  public var greyBytes: [UInt8] { doubles.map { $0 > 0 ? UInt8(min($0, 1) * 255 + 0.5) : 0 } }
}
