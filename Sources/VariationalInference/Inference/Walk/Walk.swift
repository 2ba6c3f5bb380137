// SPDX-License-Identifier: Apache-2.0

internal import Tensors

#if canImport(Glibc)
  internal import Glibc
#else
  internal import Darwin
#endif

/// Markov chains from weighted draws, in rounds: each learns the metric of the next, and the last
/// is what is reported.
struct Walk {
  let density: CountedDensity
  let noise: FitNoise

  static let chains = 32
  private static let rounds = [40, 60, 120, 240]
  private static let adaptingTransitions = 15
  private static let mostSteps = 20
  private static let targetAcceptance = 0.8
  /// A round with a larger share of divergent moves makes the next miss its target a third as
  /// often: shorter steps, which reach where the density is narrow.
  private static let fewDivergent = 0.02
  /// Every sixth transition takes steps of 0.3 times the usual length: it gets chains into narrow
  /// parts whose existence usual steps would never tell, and so lets R-hat and divergences tell.
  private static let shortPeriod = 6
  private static let shortening = 0.3
  /// Below the first R-hat a round is the last, unless too many moves diverged; below the second
  /// where hardly one did.
  private static let bestRHat = 1.06
  private static let goodRHat = 1.1
  private static let hardlyDivergent = 0.01
  /// Above this after the third round, a last round twice as long will not bring chains together.
  private static let hopelessRHat = 1.6

  /// How many transitions of a chain are not kept: those of earlier rounds, and those that adapt
  /// in the last.
  static func discarded(ofRounds count: Int) -> Int {
    rounds.prefix(count - 1).reduce(0, +) + adaptingTransitions
  }

  /// The last round.
  struct Result {
    /// All chains at the first time, then at the second, ..., `[times chains, D]`.
    var draws: Tensor<Double>
    var coordinateRHat: [Double]
    var rHat: Double
    var acceptance: Double
    var divergentShare: Double
    var hasStuckChains: Bool
    var rounds: Int
  }

  /// Walks from draws, chosen without replacement with their weights as probabilities.
  ///
  /// - Returns: nil where log p is finite at no start.
  func run(from check: ImportanceCheck, metric: FactoredGaussian) -> Result? {
    let starts = check.points.selectingRows(chosen(check.weights.normalized))
    guard var state = WalkState(at: starts, metric: metric, density: density) else { return nil }
    var (result, transitions) = (Result?.none, 0)
    var logStep = -0.25 * log(Double(density.dimension))
    var averagedLogStep = logStep
    var target = Self.targetAcceptance
    for (round, length) in Self.rounds.enumerated() {
      let adapting = round == 0 ? length : Self.adaptingTransitions
      let discarded = round == 0 ? length / 2 : Self.adaptingTransitions
      var (kept, values) = ([Tensor<Double>](), [Double]())
      var (acceptance, divergences, counted) = (0.0, 0.0, 0.0)
      for time in 0..<length {
        transitions += 1
        let isShort = time % Self.shortPeriod == Self.shortPeriod - 1
        let step = exp(time < adapting ? logStep : averagedLogStep)
        let outcome = transition(
          &state, stepSize: isShort ? Self.shortening * step : step, number: transitions)
        if time < adapting, !isShort {
          logStep += 2 * (outcome.meanAcceptance - target) / Double(1 + time).squareRoot()
          averagedLogStep = time < 5 ? logStep : 0.8 * averagedLogStep + 0.2 * logStep
        } else if !isShort {
          counted += 1
          acceptance += outcome.meanAcceptance
          divergences += outcome.divergentShare
        }
        if time >= discarded {
          kept.append(state.x)
          values += state.values
        }
      }
      let draws = Tensor.concatenated(kept)
      if round > 0 {
        result = summary(
          state.metric.points(draws), values, acceptance: acceptance / counted,
          divergentShare: divergences / counted, rounds: round + 1)
        let rHat = result?.rHat ?? .infinity
        let divergent = divergences / counted
        if (rHat < Self.bestRHat && divergent <= VerdictRules.mostDivergent)
          || (rHat < Self.goodRHat && divergent < Self.hardlyDivergent)
          || (round == 2 && rHat > Self.hopelessRHat)
        {
          break
        }
        if divergent > Self.fewDivergent { target = 1 - (1 - target) / 3 }
      }
      if round < Self.rounds.count - 1 {
        state.refitMetric(to: draws)
        averagedLogStep -= 0.1
        logStep = averagedLogStep
      }
    }
    return result
  }

  private func transition(
    _ state: inout WalkState, stepSize: Double, number: Int
  ) -> WalkState.Outcome {
    let stretch = noise.uniform(1, in: 0.6..<1.4, .walkLengths, number)[0]
    let wanted = (Double.pi / 2 * stretch / stepSize).rounded(.up)
    return state.transition(
      stepSize: stepSize, steps: Int(min(max(wanted, 1), Double(Self.mostSteps))),
      momenta: noise.normal([Self.chains, density.dimension], .momenta, number),
      uniforms: noise.uniform(Self.chains, in: 0..<1, .acceptance, number))
  }

  /// Rows without replacement, with probabilities in proportion to weights: the first of
  /// exponential clocks with the weights as their rates.
  ///
  /// - Source: Efraimidis and Spirakis, Information Processing Letters 97 (2006).
  private func chosen(_ weights: [Double]) -> [Int] {
    let floor = 1e-9 / Double(weights.count)
    let uniforms = noise.uniform(weights.count, in: 0..<1, .walkStarts, 0)
    let clocks = zip(uniforms, weights).map { -log1p(-$0) / ($1 + floor) }
    let order = clocks.indices.sorted { (clocks[$0], $0) < (clocks[$1], $1) }
    return (0..<Self.chains).map { order[$0 % order.count] }
  }

  private func summary(
    _ draws: Tensor<Double>, _ values: [Double], acceptance: Double, divergentShare: Double,
    rounds: Int
  ) -> Result {
    let columns = draws.transposed()
    var (coordinates, largest) = ([Double](), 0.0)
    for column in 0..<columns.shape[0] {
      let own = columns.row(column)
      let plain = SplitRHat.plain(own, chains: Self.chains)
      coordinates.append(plain)
      largest = Self.larger(largest, plain)
      largest = Self.larger(largest, SplitRHat.folded(own, chains: Self.chains))
    }
    largest = Self.larger(largest, SplitRHat.plain(values, chains: Self.chains))
    largest = Self.larger(largest, SplitRHat.folded(values, chains: Self.chains))
    return Result(
      draws: draws, coordinateRHat: coordinates, rHat: largest, acceptance: acceptance,
      divergentShare: divergentShare, hasStuckChains: hasStuckChains(draws), rounds: rounds)
  }

  /// The larger, or the one that is a number: of a coordinate that no chain moves there is no
  /// R-hat.
  private static func larger(_ a: Double, _ b: Double) -> Double { b.isNaN ? a : max(a, b) }

  /// Whether a chain has stayed at one place throughout.
  private func hasStuckChains(_ draws: Tensor<Double>) -> Bool {
    let n = draws.shape[1]
    return draws.withScalars { z in
      (0..<Self.chains).contains { chain in
        stride(from: chain, to: draws.shape[0], by: Self.chains).allSatisfy { row in
          (0..<n).allSatisfy { z[row * n + $0] == z[chain * n + $0] }
        }
      }
    }
  }
}
