// SPDX-License-Identifier: Apache-2.0

internal import Tensors

#if canImport(Glibc)
  internal import Glibc
#else
  internal import Darwin
#endif

/// What annealing from q to p is told.
public struct AnnealingOptions: Sendable {
  /// Decides all random numbers.
  public var seed: UInt64
  /// C, chains from q to p.
  public var chains: Int
  /// T, steps of the path; where nil they are doubled until the bound is near the estimate and at
  /// rest.
  public var steps: Int?
  /// How near, in nats.
  public var tolerance: Double
  /// About how many gradients may be spent, each at one row, in all; where ``steps`` are given they
  /// decide.
  public var gradients: Int

  /// - Parameters:
  ///   - seed: Decides all random numbers.
  ///   - chains: C, at least 2.
  ///   - steps: T, at least 2; nil to double them until the bound is near the estimate.
  ///   - tolerance: How near, in nats.
  ///   - gradients: About how many gradients may be spent, each at one row.
  public init(
    seed: UInt64 = 0, chains: Int = 256, steps: Int? = nil, tolerance: Double = 0.05,
    gradients: Int = 2_000_000
  ) {
    precondition(
      chains >= 2 && steps ?? 2 >= 2 && tolerance > 0,
      "\(chains) chains, \(steps ?? 2) steps, a tolerance of \(tolerance): at least 2, 2, above 0")
    (self.seed, self.chains, self.steps) = (seed, chains, steps)
    (self.tolerance, self.gradients) = (tolerance, gradients)
  }
}

/// log Z, the logarithm of the integral of p (log p(x), for a program with proper priors), by
/// annealed importance sampling from q: a bound in expectation, and an estimate.
public struct AnnealedEvidence: Sendable {
  /// The mean log weight. By Jensen's inequality its expectation is at most log Z, whatever q, the
  /// number of steps and the chains do; one measurement may be above it by chance, as its error
  /// says.
  ///
  /// Chains that began where p has no density have weight 0. With the share s of the others it is
  /// log s + E[log w | w > 0], which is at most log E[w] too.
  public let bound: Fit.Estimate
  /// The logarithm of the mean weight: E[w] = Z exactly. An estimate of log Z, below it in
  /// expectation by about half its squared error. That error is to be believed where many weights
  /// count.
  public let estimate: Fit.Estimate
  /// log Z by chains that go back from the draws that the fit recommends, else from its weighted
  /// ones, to q: minus the logarithm of the mean inverse weight. An upper bound in expectation only
  /// where these are exact draws of the posterior, which is not known. Far from ``estimate``, it
  /// says that chains of either way do not get about: neither is to be used then.
  public let backwardEstimate: Fit.Estimate
  /// (sum w)^2 / sum w^2 of the chains, from 1 to their number.
  public let effectiveSampleSize: Double
  /// KL(q || p / Z) = log Z - ELBO, in nats: what q lacks, by ``estimate``.
  public let remainingDivergence: Fit.Estimate
  /// T.
  public let steps: Int
  /// C.
  public let chains: Int
  /// The mean acceptance probability.
  public let acceptance: Double
  /// Whether ``estimate`` less ``bound`` is at most the tolerance asked for and, where the steps
  /// were searched for, the last doubling raised the bound by no more either.
  public let isWithinTolerance: Bool
  /// log w of each chain; -infinity for those that began where p has no density.
  public let logWeights: [Double]
  /// Rows at which a gradient was asked for, pilot and search for T included.
  public let gradientEvaluations: Int

  /// Whether the weights of enough chains count for the estimate's error to be believed: an
  /// effective number of at least 10, and of a quarter of all. It is no proof: mass that no chain
  /// met is in no weight.
  public var isReliable: Bool { effectiveSampleSize >= max(10, Double(chains) / 4) }
}

extension Posterior {
  /// The evidence by annealed importance sampling: chains of Hamiltonian Monte Carlo that begin at
  /// q, whatever the verdict on it, and follow q^(1 - b) p^b from b = 0 to 1.
  ///
  /// A pilot with random numbers of its own finds step sizes and the spacing of b, and rounds of 8,
  /// 16, ... steps find how many are needed; then all is fixed, and the chains that are reported
  /// are fresh: their weights are unbiased.
  ///
  /// - Parameter options: The seed, the number of chains, and how exact.
  /// - Returns: A bound and an estimate.
  /// - Complexity: About 2 to 5 gradients for each chain and step.
  /// - Source: Neal, "Annealed importance sampling", Statistics and Computing 11 (2001),
  ///   doi:10.1023/A:1008923215028.
  public func annealedEvidence(
    _ options: AnnealingOptions = AnnealingOptions()
  ) -> AnnealedEvidence {
    let counted = CountedDensity(density)
    counted.begin("annealing")
    let path = AnnealedPath(
      counted, fit.components, seed: options.seed, chains: options.chains)
    let (steps, isSettled) =
      options.steps.map { ($0, true) } ?? Self.steps(for: path, options)
    let outcome = path.forward(steps)
    return AnnealedEvidence(
      LogWeights(outcome), outcome, back: path.reverse(steps, from: draws(options)),
      elbo: fit.wholeELBO, steps: steps, chains: options.chains,
      tolerance: isSettled ? options.tolerance : nil, gradients: path.spent)
  }

  /// A row for each chain.
  private func draws(_ options: AnnealingOptions) -> Tensor<Double> {
    let draws = fit.verdict == .doNotUse ? fit.importanceDraws : fit.draws
    return draws.points.selectingRows(
      SystematicSampling.rows(options.chains, weights: draws.weights, seed: options.seed))
  }

  private static var firstSteps: Int { 16 }

  /// Doubles T until the bound is near the estimate and rises no more, or the next round and the
  /// one that is reported would spend too much. Where q lacks a tail, few chains show that it has
  /// weight: their weights are alike, and only the rise tells.
  ///
  /// - Returns: T, and whether the bound came to rest.
  private static func steps(
    for path: AnnealedPath, _ options: AnnealingOptions
  ) -> (steps: Int, isSettled: Bool) {
    var (steps, round, previous) = (firstSteps, 0, -Double.infinity)
    while true {
      let before = path.spent
      let weights = LogWeights(path.forward(steps, round: round))
      let last = path.spent - before
      let (bound, estimate) = (weights.mean.mean, weights.logMean.mean)
      if max(estimate - bound, bound - previous) <= options.tolerance { return (steps, true) }
      // A round of twice as many, its repetition, and the way back.
      if path.spent + 6 * last > options.gradients {
        let rest = Double(options.gradients - path.spent) / Double(max(last, 1))
        return (max(firstSteps, Int(Double(steps) * min(2, rest / 2))), false)
      }
      (steps, round, previous) = (2 * steps, round + 1, bound)
    }
  }
}

extension AnnealedEvidence {
  /// `tolerance` is nil where the bound has not come to rest.
  fileprivate init(
    _ weights: LogWeights, _ outcome: AnnealedPath.Outcome, back: AnnealedPath.Outcome?,
    elbo: Fit.Estimate, steps: Int, chains: Int, tolerance: Double?, gradients: Int
  ) {
    bound = weights.mean
    estimate = weights.logMean
    backwardEstimate =
      back.map { LogWeights.inverse($0).logMean }
      ?? Fit.Estimate(mean: .nan, standardError: .nan)
    effectiveSampleSize = weights.effectiveSampleSize
    remainingDivergence = weights.logMean.less(elbo)
    isWithinTolerance =
      tolerance.map { weights.logMean.mean - weights.mean.mean <= $0 } ?? false
    logWeights =
      outcome.logWeights + [Double](repeating: -.infinity, count: outcome.zeros)
    (self.steps, self.chains) = (steps, chains)
    (acceptance, gradientEvaluations) = (outcome.acceptance, gradients)
  }
}

extension Fit {
  /// ``elbo`` with what it leaves out: where log p is finite for a share s of q's draws alone, log
  /// s is added, and the sum is a lower bound of the evidence.
  var wholeELBO: Estimate {
    Estimate(mean: elbo.mean + log1p(-check.nonFiniteShare), standardError: elbo.standardError)
  }
}

extension Fit.Estimate {
  /// A number and the standard deviation of its error.
  package init(_ mean: Double, error: Double) {
    self.init(mean: mean, standardError: error)
  }

  /// This less another, independent estimate.
  func less(_ other: Fit.Estimate) -> Fit.Estimate {
    let variance =
      standardError * standardError + other.standardError * other.standardError
    return Fit.Estimate(mean: mean - other.mean, standardError: variance.squareRoot())
  }

  /// The mean of independent numbers, its error from their spread; not a number for fewer than two.
  init(ofMean values: [Double]) {
    let count = Double(values.count)
    self.init(
      mean: values.mean,
      standardError: values.count < 2
        ? .nan : values.standardDeviation / (count - 1).squareRoot())
  }
}
