// SPDX-License-Identifier: Apache-2.0

public import Tensors

/// An approximation q of the posterior, what it was checked with, and whether to use it.
///
/// Coordinates are the unconstrained ones of the density, in its order.
public struct Fit: Sendable {
  /// One Gaussian of q: `weight` N(m, F F^T).
  public struct Component: Sendable {
    /// The weights of all components add up to 1.
    public let weight: Double
    /// m, D numbers.
    public let mean: [Double]
    /// F, `[D, D]`: lower triangular, but for ``FitFamily/lowRank(_:)``.
    public let factor: Tensor<Double>
  }

  /// A Monte Carlo estimate with its standard error.
  public struct Estimate: Sendable {
    /// The estimate.
    public let mean: Double
    /// The standard deviation of its error.
    public let standardError: Double
  }

  /// Draws with weights.
  public struct Draws: Sendable {
    /// `[N, D]`.
    public let points: Tensor<Double>
    /// N numbers whose sum is 1.
    public let weights: [Double]
  }

  /// How the search for q ended, whatever the family of q can describe.
  public struct Convergence: Sendable {
    /// Whether the last steps moved no mean by more than its tolerance.
    public let isConverged: Bool
    /// Steps of the natural gradient.
    public let steps: Int
    /// The share of draws at which log p was finite, at the last step.
    public let finiteShare: Double
    /// By how many standard deviations the last step moved the mean that it moved most.
    public let lastMove: Double
    /// Whether searches for further modes were given up while they still found some.
    public internal(set) var leavesModes = false
  }

  /// What importance weights say of q: those of draws from q, and from q widened twice and four
  /// times, which see what q leaves out.
  public struct Check: Sendable {
    /// k-hat of the weights, see ``ParetoShape``; nil where nothing can be fitted.
    public let shape: Double?
    /// (sum w)^2 / (N sum w^2).
    public let relativeEffectiveSampleSize: Double
    /// The largest weight over the mean weight, before smoothing: 1.25 or less for an exact fit.
    public let largestWeight: Double
    /// The standard deviation of log p - log q over draws of q, in nats: 0 for an exact fit.
    public let logWeightDeviation: Double
    /// The share of draws of q at which log p is not finite.
    public let nonFiniteShare: Double
    /// The mass of p far outside all that these draws cover, over the mass that they see: from few
    /// draws 16 to 256 times as wide.
    public let outsideShare: Double
    /// (weighted mean - mean of q) / sd of q, for each coordinate.
    public let meanDifferences: [Double]
    /// Weighted sd / sd of q, for each coordinate.
    public let deviationRatios: [Double]
  }

  /// What Markov chains from the weighted draws say.
  public struct Walk: Sendable {
    /// Split R-hat of each coordinate.
    public let coordinateRHat: [Double]
    /// The largest R-hat of a coordinate, of log p, and of their distances from the median.
    public let rHat: Double
    /// The mean acceptance probability.
    public let acceptance: Double
    /// The share of trajectories whose energy was off by more than 20.
    public let divergentShare: Double
    /// Whether a chain never moved.
    public let hasStuckChains: Bool
    /// Rounds of chains run, the one that only adapts included.
    public let rounds: Int
    /// Standard errors of the means: sqrt((R-hat^2 - 1) / chains) sd.
    public let meanErrors: [Double]
    /// Whether the importance weights, where they are good enough to say, give other moments.
    public let contradictsWeights: Bool
  }

  /// What was asked of the density in one part of the fit.
  public struct Count: Sendable {
    /// The part.
    public let stage: String
    /// Rows at which log p and its gradient were asked for.
    public internal(set) var gradients = 0
    /// Rows at which log p alone was asked for.
    public internal(set) var densities = 0
  }

  /// The ELBO of q before one of the steps that raised it, by the draws of that step alone.
  public struct CoursePoint: Sendable {
    /// The part of the fit, as in ``Count/stage``: "polish", "far modes", "flow".
    public let stage: String
    /// Which run of steps, from 1: each begins at another start, or goes on from where one was
    /// broken off to be compared with others.
    public let run: Int
    /// Steps of the run up to this one, from 1.
    public let step: Int
    /// Rows at which a gradient was asked for, from the beginning of the fit to these draws.
    public let gradientEvaluations: Int
    /// E_q[log p - log q], in nats. Of steps that move q by Adam the mean over a window of them,
    /// which is that of many q; of subsets of the data an unbiased estimate.
    public let elbo: Estimate
  }

  /// What the fit was told.
  public let options: FitOptions
  /// What the coordinates are called.
  public let coordinateNames: [String]
  /// q, the heaviest component first; what ``flow`` bends where there is one.
  public let components: [Component]
  /// z = m + F f(e), of ``FitFamily/flow(layers:)``, with m and F of the only component; else nil.
  public let flow: CouplingFlow<Double>?
  /// E_q[log p - log q] by the check's draws of q, in nats; those at which log p is not finite left
  /// out.
  public let elbo: Estimate
  /// What was maximised, ``FitOptions/objective``, by fresh draws of q; the ELBO unless another was
  /// asked for.
  public let objective: Estimate
  /// log of the integral of p, by the check's smoothed weights, in nats.
  public let logEvidence: Estimate
  /// What to do with the fit.
  public let verdict: Verdict
  /// Why, a sentence each.
  public let reasons: [String]
  /// What to do next, a sentence each.
  public let advice: [String]
  /// What else happened: starts that failed, modes that were found.
  public let notes: [String]
  /// How the search for q ended.
  public let convergence: Convergence
  /// The importance check of q.
  public let check: Check
  /// The walk; nil where q did not need one, or none was allowed.
  public let walk: Walk?
  /// The check's draws with their smoothed weights.
  public let importanceDraws: Draws
  /// log p - log of the density that each of the check's draws came from, in nats, not smoothed.
  public let importanceLogWeights: [Double]
  /// What the verdict says to use: draws of q; the check's draws with their weights; or the last
  /// round of the chains. Draws of q where nothing is to be used.
  public let draws: Draws
  /// Draws of q, `[N, D]`.
  public let surrogateDraws: Tensor<Double>
  /// How the ELBO rose, in the order of the steps; none where no steps were taken, as of
  /// ``FitFamily/laplace`` and ``FitFamily/pathfinder``.
  public let course: [CoursePoint]
  /// What was asked of the density, by part of the fit.
  public let counts: [Count]

  /// How many chains a walk has; their draws lie side by side, all at one time before those at the
  /// next.
  let chains = VariationalInference.Walk.chains

  /// Whether the weights behind ``logEvidence`` are good enough for its error to tell how far off it is.
  public var isEvidenceReliable: Bool { verdict == .use || verdict == .useWeighted }

  /// Rows at which a gradient was asked for, in all.
  public var gradientEvaluations: Int { counts.reduce(0) { $0 + $1.gradients } }
  /// Rows at which only log p was asked for, in all.
  public var densityEvaluations: Int { counts.reduce(0) { $0 + $1.densities } }

  /// Mean and standard deviation of each coordinate by ``draws``.
  public var moments: (means: [Double], standardDeviations: [Double]) {
    let moments = draws.points.columnMoments(weights: draws.weights)
    return (moments.means, moments.deviations)
  }
}

/// What to do with a fit.
public enum Verdict: String, Sendable {
  /// q is good: use its draws.
  case use
  /// q is good with its importance weights: use the weighted draws.
  case useWeighted = "use-weighted"
  /// q is not, but the chains that started from it mixed: use theirs.
  case useWalked = "use-walked"
  /// Nothing here is to be used.
  case doNotUse = "do-not-use"
}

/// What a fit is told.
public struct FitOptions: Sendable {
  /// Decides all random numbers: the same seed gives the same bits.
  public var seed: UInt64
  /// Places to search from, besides those that are drawn: unconstrained coordinates, D each.
  public var starts: [[Double]]
  /// Draws of the importance check.
  public var draws: Int
  /// Whether Markov chains may correct a Gaussian that does not fit.
  public var walks: Bool
  /// What q is.
  public var family: FitFamily
  /// What q maximises; others than the ELBO for ``FitFamily/meanField`` and ``FitFamily/fullRank``.
  public var objective: FitObjective
  /// Told of each part of the fit as it begins, and before each call of the density, on the
  /// fit's own thread: the part and what was asked of the density in it so far.
  public var progress: (@Sendable (Fit.Count) -> Void)?

  /// - Parameters:
  ///   - seed: Decides all random numbers.
  ///   - starts: Places to search from, besides those that are drawn.
  ///   - draws: Draws of the importance check, at least 100.
  ///   - walks: Whether Markov chains may correct a Gaussian that does not fit.
  ///   - family: What q is.
  ///   - objective: What q maximises.
  public init(
    seed: UInt64 = 0, starts: [[Double]] = [], draws: Int = 4000, walks: Bool = true,
    family: FitFamily = .automatic, objective: FitObjective = .elbo
  ) {
    self.seed = seed
    self.starts = starts
    self.draws = draws
    self.walks = walks
    self.family = family
    self.objective = objective
  }

  /// Refuses what does not fit a density of so many coordinates.
  func check(dimension: Int) throws(FitError) {
    guard draws >= 100 else { throw .tooFewDraws(draws) }
    for (number, start) in starts.enumerated() where start.count != dimension {
      throw .wrongStart(number: number, coordinates: start.count, dimension: dimension)
    }
    switch family {
    case .lowRank(let rank) where rank < 0 || rank >= dimension,
      .flow(layers: let rank) where rank < 1,
      .mixture(components: let rank) where rank < 1:
      throw .wrongFamily(family, dimension: dimension)
    default: break
    }
    let isDefined =
      switch objective {
      case .elbo: true
      case .importanceWeighted(let count): count > 0
      case .renyi(let alpha): alpha >= 0 && alpha.isFinite
      }
    let isWithin = objective == .elbo || family == .meanField || family == .fullRank
    guard isDefined && isWithin else { throw .wrongObjective(objective, family) }
  }
}
