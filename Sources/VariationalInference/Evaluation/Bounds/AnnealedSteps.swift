// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
  internal import Glibc
#else
  internal import Darwin
#endif

/// The leapfrog steps of a block of examples, as functions of beta: a length for each coordinate,
/// about its standard deviation under pi_beta, times a factor for each example.
struct AnnealedSteps<Scalar: TensorScalar> {
  /// The standard deviation of each coordinate under q, `[examples, n]`.
  private let scale: Tensor<Scalar>
  private let start: AnnealedImportanceSampling.Start
  /// The logarithm of each example's factor as it stands, and as it stood at each beta of the warm-up.
  private var logFactors: [Double]
  private var history: [(beta: Double, logFactors: [Double])] = []

  /// Chains for each example that find its factors.
  static var warmUpChains: Int { 4 }
  /// The probability of acceptance to aim at.
  /// The best for many dimensions is 0.651, but the cost is nearly flat from 0.6 to 0.9, and the
  /// larger values are the more robust (Betancourt, Byrne and Girolami 2014, arXiv:1411.6669).
  private static var target: Double { 0.8 }
  /// How far the logarithm of a factor moves for an acceptance that is off by 1.
  /// Constant, as the best factor changes along the path.
  private static var rate: Double { 0.5 }

  init(scale: Tensor<Scalar>, start: AnnealedImportanceSampling.Start, examples: Int) {
    self.scale = scale
    self.start = start
    // Ten such steps go through a quarter of the period of a normal density of unit variance.
    logFactors = [Double](repeating: log(0.15), count: examples)
  }

  /// Draws each example's factor towards the acceptance aimed at, and remembers it for this beta.
  ///
  ///     log factor <- log factor + rate (acceptance - target)
  mutating func adapt(beta: Double, acceptance: [Double]) {
    for example in acceptance.indices {
      logFactors[example] += Self.rate * (acceptance[example] - Self.target)
    }
    history.append((beta, logFactors))
  }

  /// The steps of a transition, `[examples, 1, n]`. They vary with its number by a tenth up
  /// and down, so that no coordinate comes back to its start each time.
  func step(beta: Double, index: Int) -> Tensor<Scalar> {
    // Multiples of the golden ratio, without their whole parts, fill [0, 1) evenly. They depend on
    // the number of the transition, never on where a chain is, which would cost invariance.
    let golden = 0.618033988749895 * Double(index)
    let jitter = 0.9 + 0.2 * (golden - golden.rounded(.down))
    let factors = factors(at: beta).map { Scalar(exp($0) * jitter) }
    let steps = coordinates(at: beta) * Tensor(factors, shape: [factors.count, 1])
    return steps.aligned(toRank: 3)
  }

  /// About the standard deviations under pi_beta: those of q, or between the prior's 1 and those, as
  /// precisions of a product of normal densities add up.
  ///
  ///     from q        s, the deviation under q, for every beta
  ///     from p(z)     ((1 - beta) + beta / s^2)^(-1/2)
  private func coordinates(at beta: Double) -> Tensor<Scalar> {
    switch start {
    case .posterior: return scale
    case .prior:
      let precision = scale.squared().reciprocal() * Scalar(beta) + Scalar(1 - beta)
      return precision.squareRoot().reciprocal()
    }
  }

  /// Interpolated in beta between transitions of the warm-up.
  private func factors(at beta: Double) -> [Double] {
    guard let after = history.firstIndex(where: { $0.beta >= beta }) else { return logFactors }
    if after == 0 { return history[0].logFactors }
    let (low, high) = (history[after - 1], history[after])
    let share = (beta - low.beta) / (high.beta - low.beta)
    return zip(low.logFactors, high.logFactors).map { $0 + share * ($1 - $0) }
  }
}
