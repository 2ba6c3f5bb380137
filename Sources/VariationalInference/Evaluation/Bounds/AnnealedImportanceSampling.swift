// SPDX-License-Identifier: Apache-2.0

internal import Tensors

/// Annealed importance sampling of log p(x): chains of Hamiltonian Monte Carlo that follow a path of
/// densities from one that can be drawn from to p(x, z), and their importance weights.
///
///     log pi_beta(z) = (1 - beta) log pi_0(z) + beta log p(x, z),   0 = beta[0] < ... < beta[T] = 1
///     log w = sum over t of (beta[t] - beta[t-1]) (log p(x, z[t-1]) - log pi_0(z[t-1]))
///
/// E[w] = p(x), so the logarithm of the mean weight of C chains is a lower bound of log p(x) in
/// expectation, which rises towards it with T. With T = 1 it is plain importance sampling.
///
/// Step sizes are found beforehand, on a warm-up run of other chains with random numbers of their own,
/// and are fixed functions of example and beta afterwards. Given them, every transition leaves its
/// pi_beta exactly invariant, so E[w] = p(x) whatever they are: the warm-up costs accuracy when it is
/// bad, but never biases the weights. (Steps adapted along the chains that are weighted would.)
///
/// Memory: a block of 128 chains per thread, whatever T and the number of examples.
///
/// - Source: Neal, "Annealed importance sampling", 2001, doi:10.1023/A:1008923215028; Wu, Burda,
///   Salakhutdinov and Grosse, "On the quantitative analysis of decoder-based generative models",
///   ICLR 2017, arXiv:1611.04273.
public struct AnnealedImportanceSampling: Sendable {
  /// What the path begins at.
  public enum Start: String, Sendable, CaseIterable {
    /// pi_0 = p(z): log pi_beta = log p(z) + beta log p(x | z).
    case prior
    /// pi_0 = q(z | x), mostly nearer to the posterior.
    case posterior
  }

  /// T, at least 1.
  public var steps: Int
  /// C, independent chains for each example.
  public var chains: Int
  /// What the path begins at.
  public var start: Start
  /// How the inverse temperatures are spaced.
  public var schedule: AnnealingSchedule
  /// Leapfrog steps in each transition.
  public var leapfrogSteps: Int
  /// Transitions of the chains that find the step sizes.
  public var warmUpSteps: Int
  /// Decides all random numbers.
  public var seed: UInt64

  /// Settings. The defaults gave the narrowest sandwich for the time on a model of MNIST of sizes
  /// 784-400-20 (32 simulated images, T = 100, C = 16): a gap of 0.02 ± 0.05 nats with 5 leapfrog steps
  /// in half the time of 10, which gave 0.05 ± 0.06; 0.07 ± 0.07 with the sigmoidal schedule; 1.47 ±
  /// 0.29 from the prior.
  ///
  /// - Parameters:
  ///   - steps: T, at least 1.
  ///   - chains: C, at least 1.
  ///   - start: What the path begins at.
  ///   - schedule: How the inverse temperatures are spaced.
  ///   - leapfrogSteps: In each transition.
  ///   - warmUpSteps: Transitions that find the step sizes; a fifth of T, but 40 to 200, where nil.
  ///   - seed: Decides all random numbers.
  public init(
    steps: Int, chains: Int, start: Start = .posterior, schedule: AnnealingSchedule = .linear,
    leapfrogSteps: Int = 5, warmUpSteps: Int? = nil, seed: UInt64 = 0
  ) {
    precondition(
      steps >= 1 && chains >= 1 && leapfrogSteps >= 1 && warmUpSteps ?? 1 >= 1,
      "\(steps) steps, \(chains) chains, \(leapfrogSteps) leapfrog steps: none may be below 1")
    self.steps = steps
    self.chains = chains
    self.start = start
    self.schedule = schedule
    self.leapfrogSteps = leapfrogSteps
    self.warmUpSteps = warmUpSteps ?? min(max(steps / 5, 40), 200)
    self.seed = seed
  }

  /// A lower bound of log p(x) of each example, in expectation.
  ///
  /// - Parameters:
  ///   - pair: The model, with the q that the path may begin at, and that tells how far apart the
  ///     coordinates lie in any case. A model without one: ``GenerativeModel/guidedByPrior``.
  ///   - batch: The examples.
  ///   - workers: The threads to use; the result does not depend on them.
  ///   - progress: Hears of each transition of a block of chains, and may stop the work.
  /// - Returns: The bound and how well the chains did, example by example.
  /// - Throws: `CancellationError` where `progress` answered false; ``DatasetError`` naming an
  ///   example whose numbers are not finite.
  /// - Complexity: C T (L + 1) passes of the decoder per example, forwards and backwards.
  @specialized(where Pair == VariationalAutoencoder<Float>)
  public func lowerBound<Pair: GuidedModel>(
    of pair: Pair, _ batch: Batch<Pair.Scalar>, workers: WorkerPool,
    progress: EvaluationProgress? = nil
  ) throws -> AnnealedBound {
    try lowerBound(of: pair, batch, workers: workers, progress: progress, until: nil)
  }

  /// The same of as many of the first examples as there is time for, at least two unless given up.
  @specialized(where Pair == VariationalAutoencoder<Float>)
  package func lowerBound<Pair: GuidedModel>(
    of pair: Pair, _ batch: Batch<Pair.Scalar>, workers: WorkerPool,
    progress: EvaluationProgress?, until limit: TimeLimit?
  ) throws -> AnnealedBound {
    let blocks = try run(
      pair, batch, exact: nil, workers: workers, progress: progress, until: limit)
    let bound = AnnealedBound(blocks.map(\.lower))
    try batch.requireFinite(pair.allReads, where: bound.bound)
    return bound
  }

  /// Bounds of log p(x) from both sides, in expectation, on examples simulated from the model: the
  /// chains that go down the path from q or the prior, and chains that go up it, from an exact
  /// draw of the posterior. E[1 / w] = 1 / p(x) for these, so that the logarithm of their mean 1 / w,
  /// times -1, is an upper bound. The two enclose log p(x), and so the error of the lower one.
  ///
  /// - Parameters:
  ///   - pair: As for ``lowerBound(of:_:workers:progress:)``.
  ///   - batch: Examples drawn from p(x | z).
  ///   - z: `[examples, n]`, drawn from p(z), in unconstrained coordinates: with x a draw of the joint
  ///     density, and so of the posterior of x.
  ///   - workers: The threads to use; the result does not depend on them.
  ///   - progress: Hears of each transition of a block of chains, and may stop the work.
  /// - Returns: Both bounds, example by example.
  /// - Throws: `CancellationError` where `progress` answered false; ``DatasetError`` naming an
  ///   example whose numbers are not finite.
  /// - Source: Grosse, Ghahramani and Adams, "Sandwiching the marginal likelihood using bidirectional
  ///   Monte Carlo", 2015, arXiv:1511.02543.
  @specialized(where Pair == VariationalAutoencoder<Float>)
  public func sandwich<Pair: GuidedModel>(
    of pair: Pair, _ batch: Batch<Pair.Scalar>, exact z: Tensor<Pair.Scalar>, workers: WorkerPool,
    progress: EvaluationProgress? = nil
  ) throws -> BidirectionalBound {
    try sandwich(of: pair, batch, exact: z, workers: workers, progress: progress, until: nil)
  }

  /// The same of as many of the first examples as there is time for, at least two.
  @specialized(where Pair == VariationalAutoencoder<Float>)
  package func sandwich<Pair: GuidedModel>(
    of pair: Pair, _ batch: Batch<Pair.Scalar>, exact z: Tensor<Pair.Scalar>, workers: WorkerPool,
    progress: EvaluationProgress?, until limit: TimeLimit?
  ) throws -> BidirectionalBound {
    precondition(
      z.shape == [batch.count, pair.model.ownDimension],
      "\(batch.count) examples and draws \(z.shape)")
    let blocks = try run(
      pair, batch, exact: z, workers: workers, progress: progress, until: limit)
    let bounds = BidirectionalBound(
      lower: AnnealedBound(blocks.map(\.lower)), upper: AnnealedBound(blocks.compactMap(\.upper)))
    try batch.requireFinite(pair.allReads, where: bounds.lower.bound)
    try batch.requireFinite(pair.allReads, where: bounds.upper.bound)
    return bounds
  }

  /// Chains of one block: activations of 128 rows stay in a core's cache.
  private static let rowsPerBlock = 128

  private func run<Pair: GuidedModel>(
    _ pair: Pair, _ batch: Batch<Pair.Scalar>, exact: Tensor<Pair.Scalar>?, workers: WorkerPool,
    progress: EvaluationProgress?, until limit: TimeLimit?
  ) throws -> [AnnealedBlockResult] {
    pair.model.requireOwnLatents("annealed importance sampling")
    let (examples, size) = (batch.count, max(1, Self.rowsPerBlock / chains))
    let count = (examples + size - 1) / size
    let transitions = warmUpSteps + (steps - 1) * (exact == nil ? 1 : 2)
    let counter = ProgressCounter(all: count * transitions, progress, until: limit)
    let results = workers.map(count) { index -> AnnealedBlockResult? in
      func run() -> AnnealedBlockResult? {
        let range = index * size..<min((index + 1) * size, examples)
        let block = AnnealedBlock(
          pair: pair, batch: batch.slice(range), examples: range, settings: self,
          counter: counter)
        return block.run(exact: exact?.slice(range))
      }
      guard let limit else { return run() }
      return limit.run(index, least: (2 + size - 1) / size, run)
    }
    try counter.check()
    return results.prefix { $0 != nil }.compactMap { $0 }
  }
}
