// SPDX-License-Identifier: Apache-2.0

internal import Tensors

#if canImport(Glibc)
  internal import Glibc
#else
  internal import Darwin
#endif

/// What a model expects of every number of examples of which some were not observed.
public struct Imputation<Scalar: TensorScalar>: Sendable {
  /// E[x | what was observed], `[count, data]`, also of the numbers that were observed.
  public let mean: Tensor<Scalar>
  /// Draws of x given what was observed, `[count, draws, data]`.
  public let draws: Tensor<Scalar>
  /// The standard deviation of the draws, `[count, data]`.
  public let standardDeviation: Tensor<Scalar>
}

extension Autoencoder where Likelihood: DataDistribution {
  /// Fills what is missing by importance-weighted draws of q.
  ///
  ///     E[x | o] = sum over k of v_k E[x | z_k],   v_k = w_k / sum of w,   w_k = p(o, z_k) / q(z_k | o)
  ///
  /// with o what was observed and z_k ~ q(z | o). A draw takes one z_k with probability v_k and x from
  /// p(x | z_k).
  ///
  /// - Parameters:
  ///   - data: With the fields that the model reads, among them a mask.
  ///   - samples: K, draws of q for each example.
  ///   - draws: Draws of x for each example, at least 2.
  ///   - seed: Decides the draws.
  ///   - workers: The threads to use; the result does not depend on them.
  ///   - progress: Hears of each example that is done, and may stop the work.
  /// - Returns: Means, draws and standard deviations, in the numbers of x.
  /// - Throws: ``DatasetError`` naming a field that the data lack; `CancellationError` where `progress`
  ///   answered false.
  /// - Source: Mattei and Frellsen, "MIWAE", ICML 2019, arXiv:1812.02633, equations 12 and 13.
  public func impute(
    _ data: any Dataset, samples: Int = 1000, draws: Int = 20, seed: UInt64 = 0,
    workers: WorkerPool, progress: EvaluationProgress? = nil
  ) throws -> Imputation<Scalar> {
    precondition(samples >= 1 && draws >= 2, "\(samples) draws of q, \(draws) of x")
    try data.check(allReads)
    let source = BatchSource.evaluation(data, allReads, seed: seed)
    let counter = ProgressCounter(all: data.count, progress)
    let parts = workers.map(data.count) {
      example -> (mean: Tensor<Scalar>, draws: Tensor<Scalar>)? in
      guard counter.goesOn else { return nil }
      defer { counter.advance() }
      return self.filled(source.batch([example]), example, samples, draws, source, seed)
    }
    try counter.check()
    let filled = parts.compactMap { $0 }
    let mean = Tensor.concatenated(filled.map(\.mean))
    let all = Tensor.concatenated(filled.map(\.draws))
    let centre = all.mean(along: 1, keepingAxis: true)
    let variance = (all - centre).squared().sum(along: 1) * Scalar(1 / Double(draws - 1))
    return Imputation(mean: mean, draws: all, standardDeviation: variance.squareRoot())
  }

  /// The mean `[1, data]` and draws `[1, draws, data]` of one example.
  private func filled(
    _ batch: Batch<Scalar>, _ example: Int, _ samples: Int, _ draws: Int, _ source: BatchSource,
    _ seed: UInt64
  ) -> (mean: Tensor<Scalar>, draws: Tensor<Scalar>) {
    let q = posterior(given: batch)
    let noise: Tensor<Scalar> = source.noise(
      example, draws: 0..<samples, shape: [1, samples, q.noiseDimension])
    let draw = q.draw(noise: noise)
    let logWeights =
      logLikelihood(batch, given: draw.value) + prior.logProbability(of: draw.value)
      - draw.logProbability
    let weights = Self.normalised(logWeights.doubles)
    let z = draw.value.reshaped(to: [samples, q.noiseDimension])
    let rows = batch.selecting([Int](repeating: 0, count: samples))
    let means = likelihood(given: rows.joined(to: z, reads)).mean
    let v = Tensor(weights.map { Scalar($0) }, shape: [1, samples])
    var generator = CounterGenerator(
      seed: seed, stream: GeneratorPurpose.imputation.stream(UInt64(example)))
    let chosen = (0..<draws).map { _ in
      Self.place(Double.random(in: 0..<1, using: &generator), in: weights)
    }
    let picked = batch.selecting([Int](repeating: 0, count: draws))
    let x = likelihood(given: picked.joined(to: z.selectingRows(chosen), reads)).draw(
      (0..<draws).map { NoisePurpose.imputedData.key(seed: seed, example: example, round: $0) })
    return (v.matrixProduct(means), x.reshaped(to: [1, draws, x.shape[1]]))
  }

  /// exp(l - max l), summing to 1; equal where no weight is a number.
  private static func normalised(_ logWeights: [Double]) -> [Double] {
    let largest = logWeights.filter { !$0.isNaN }.max() ?? 0
    let weights = logWeights.map { $0.isNaN ? 0 : exp($0 - largest) }
    let sum = weights.reduce(0, +)
    guard sum > 0, sum.isFinite else {
      return logWeights.map { _ in 1 / Double(logWeights.count) }
    }
    return weights.map { $0 / sum }
  }

  /// The first place at which the sum of the weights exceeds `u`.
  private static func place(_ u: Double, in weights: [Double]) -> Int {
    var sum = 0.0
    for (index, weight) in weights.enumerated() {
      sum += weight
      if u < sum { return index }
    }
    return weights.count - 1
  }
}
