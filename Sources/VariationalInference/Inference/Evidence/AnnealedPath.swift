// SPDX-License-Identifier: Apache-2.0

internal import Tensors

#if canImport(Glibc)
  internal import Glibc
#else
  internal import Darwin
#endif

/// Chains along the path from q to p, and back.
struct AnnealedPath {
  let density: CountedDensity
  let start: MixtureStart
  let seed: UInt64
  let chains: Int
  private(set) var course: AnnealingCourse

  /// Rows at which a gradient was asked for so far.
  var spent: Int { density.counts.reduce(0) { $0 + $1.gradients } }

  private static let targetAcceptance = 0.8
  private static let mostSteps = 12
  private static let (pilotChains, pilotIntervals) = (32, 20)
  private static let (firstTransitions, laterTransitions) = (12, 4)
  private static let adaptingRate = 0.5
  /// Transitions of chains from one exact draw before they go up the path: each chain remains an
  /// exact draw, and they depend less on each other.
  private static let partingTransitions = 20

  /// Runs that share no random numbers.
  private enum Run {
    static let (pilot, search, final, reverse) = (0, 1, 64, 65)
  }

  /// Finds step sizes and spacing with chains of their own.
  init(
    _ density: CountedDensity, _ components: [Fit.Component], seed: UInt64, chains: Int
  ) {
    (self.density, self.seed, self.chains) = (density, seed, chains)
    start = MixtureStart(components)
    let grid = AnnealingCourse.grid(Self.pilotIntervals)
    var logStep = -0.25 * log(Double(density.dimension))
    course = AnnealingCourse(
      inverseTemperatures: grid, logSteps: grid.map { _ in logStep },
      deviations: grid.map { _ in 1 })
    let noise = EvidenceNoise(seed: seed, run: Run.pilot)
    guard var (pilot, _) = starts(noise, Self.pilotChains) else { return }
    var (steps, deviations) = ([Double](), [pilot.logRatios.standardDeviation])
    var number = 0
    for b in grid.dropFirst() {
      let length = steps.isEmpty ? Self.firstTransitions : Self.laterTransitions
      var (sum, variance) = (0.0, 0.0)
      for _ in 0..<length {
        number += 1
        let acceptance = pilot.transition(
          move(noise, pilot.count, number, b: b, stepSize: exp(logStep)))
        if Self.shortening(number) == 1 {
          logStep += Self.adaptingRate * (acceptance - Self.targetAcceptance)
        }
        let deviation = pilot.logRatios.standardDeviation
        (sum, variance) = (sum + logStep, variance + deviation * deviation)
      }
      steps.append(steps.isEmpty ? logStep : sum / Double(length))
      deviations.append((variance / Double(length)).squareRoot())
    }
    course = AnnealingCourse(
      inverseTemperatures: grid, logSteps: [steps[0]] + steps, deviations: deviations)
  }

  /// The logarithms of the weights of chains.
  struct Outcome {
    /// Of the chains that began where p has a density.
    let logWeights: [Double]
    /// Those that did not: their weights are 0.
    let zeros: Int
    /// The mean acceptance probability; not a number where no chain moved.
    let acceptance: Double
  }

  /// Chains from q to p by T steps. A weight's expectation is the integral of p:
  ///
  ///     log w = sum over t of (b_t - b_(t-1)) (log p - log q)(z_(t-1))
  ///
  /// - Parameters:
  ///   - steps: T.
  ///   - round: Names the random numbers of a round that only looks for T; nil for those of a
  ///     result.
  /// - Returns: The logarithms of the weights.
  func forward(_ steps: Int, round: Int? = nil) -> Outcome {
    let noise = EvidenceNoise(seed: seed, run: round.map { Run.search + $0 } ?? Run.final)
    guard let (chains, rows) = starts(noise, chains) else {
      return Outcome(logWeights: [], zeros: self.chains, acceptance: .nan)
    }
    let schedule = course.schedule(steps)
    let parts = zip(schedule.dropFirst(), schedule).map { ($0 - $1, $0) }
    let (weights, acceptance) = weights(chains, parts, noise)
    return Outcome(
      logWeights: weights, zeros: self.chains - rows.count, acceptance: acceptance)
  }

  /// Chains from draws of p to q, through the same densities: the expectation of 1 / w is one over
  /// the integral of p, where the draws are exact.
  ///
  /// - Parameters:
  ///   - steps: T.
  ///   - draws: A row for each chain, `[C, D]`.
  /// - Returns: The logarithms of w, of the chains that begin where log p is finite; nil where
  ///   none does.
  func reverse(_ steps: Int, from draws: Tensor<Double>) -> Outcome? {
    let noise = EvidenceNoise(seed: seed, run: Run.reverse)
    let components = [Int](repeating: 0, count: draws.shape[0])
    guard
      var (chains, _) = AnnealedChains.finite(
        density, start, noise: start.whitened(draws, components), components: components)
    else { return nil }
    for number in 0..<Self.partingTransitions {
      _ = chains.transition(
        move(noise, chains.count, steps + number, b: 1, stepSize: course.step(at: 1)))
    }
    let schedule = course.schedule(steps)
    let parts = zip(schedule.dropFirst(), schedule).map { ($0 - $1, $1) }.reversed()
    let (weights, acceptance) = weights(chains, Array(parts), noise)
    return Outcome(logWeights: weights, zeros: 0, acceptance: acceptance)
  }

  /// Adds up weights by parts of the path: its share of b, and the b of the transition after it,
  /// which the last part has none of.
  private func weights(
    _ chains: AnnealedChains, _ parts: [(share: Double, next: Double)], _ noise: EvidenceNoise
  ) -> (logWeights: [Double], acceptance: Double) {
    var (chains, acceptance) = (chains, 0.0)
    var weights = [Double](repeating: 0, count: chains.count)
    for (number, part) in parts.enumerated() {
      weights.add(part.share, chains.logRatios)
      if number == parts.count - 1 { break }
      acceptance += chains.transition(
        move(
          noise, chains.count, number, b: part.next, stepSize: course.step(at: part.next)))
    }
    return (weights, acceptance / Double(parts.count - 1))
  }

  private func starts(
    _ noise: EvidenceNoise, _ count: Int
  ) -> (chains: AnnealedChains, rows: [Int])? {
    AnnealedChains.finite(
      density, start, noise: noise.normal([count, density.dimension], .starts, 0),
      components: start.components(
        uniforms: noise.uniform(count, in: 0..<1, .components, 0)))
  }

  /// A trajectory of about a quarter of a period of a standard normal density. Its settings are
  /// functions of the number and of b, never of where a chain is.
  private func move(
    _ noise: EvidenceNoise, _ count: Int, _ number: Int, b: Double, stepSize: Double
  ) -> AnnealedChains.Move {
    let stretch = noise.uniform(1, in: 0.6..<1.4, .lengths, number)[0]
    let wanted = (Double.pi / 2 * stretch / stepSize).rounded(.up)
    return AnnealedChains.Move(
      inverseTemperature: b,
      stepSize: Self.shortening(number) * stepSize,
      steps: Int(min(max(wanted, 1), Double(Self.mostSteps))),
      momenta: noise.normal([count, density.dimension], .momenta, number),
      acceptance: noise.uniform(count, in: 0..<1, .acceptance, number),
      jumps: start.parts.count > 1 ? noise.uniform(count, in: 0..<1, .jumps, number) : [])
  }

  /// Every fourth transition takes steps of 0.3 or of 0.1 times the usual length by turns: they get
  /// chains into narrow parts.
  private static func shortening(_ number: Int) -> Double {
    number % 4 < 3 ? 1 : number % 8 < 4 ? 0.3 : 0.1
  }
}
