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
  /// The standard deviation of x given what was observed, `[count, data]`, by so many draws as there are,
  /// at least 400.
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
  ///   - draws: Draws of x for each example.
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
    precondition(samples >= 1 && draws >= 1, "\(samples) draws of q, \(draws) of x")
    try data.check(allReads)
    let source = BatchSource.evaluation(data, allReads, seed: seed)
    let counter = ProgressCounter(all: data.count, progress)
    let parts = workers.map(data.count) {
      example -> Imputation<Scalar>? in
      guard counter.goesOn else { return nil }
      defer { counter.advance() }
      return self.filled(source.batch([example]), example, samples, draws, source, seed)
    }
    try counter.check()
    let filled = parts.compactMap { $0 }
    return Imputation(
      mean: .concatenated(filled.map(\.mean)), draws: .concatenated(filled.map(\.draws)),
      standardDeviation: .concatenated(filled.map(\.standardDeviation)))
  }

  /// One example filled.
  private func filled(
    _ batch: Batch<Scalar>, _ example: Int, _ samples: Int, _ draws: Int, _ source: BatchSource,
    _ seed: UInt64
  ) -> Imputation<Scalar> {
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
    // A standard deviation of 400 draws is known to 4 %.
    let all = max(draws, 400)
    let chosen = (0..<all).map { _ in
      Self.place(Double.random(in: 0..<1, using: &generator), in: weights)
    }
    let picked = batch.selecting([Int](repeating: 0, count: all))
    let x = likelihood(given: picked.joined(to: z.selectingRows(chosen), reads)).draw(
      (0..<all).map { NoisePurpose.imputedData.key(seed: seed, example: example, round: $0) })
    let deviations = (x - x.mean(along: 0, keepingAxis: true)).squared()
    let variance = deviations.sum(along: 0, keepingAxis: true) * Scalar(1 / Double(all - 1))
    return Imputation(
      mean: v.matrixProduct(means),
      draws: x.slice(0..<draws, along: 0).reshaped(to: [1, draws, x.shape[1]]),
      standardDeviation: variance.squareRoot())
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
