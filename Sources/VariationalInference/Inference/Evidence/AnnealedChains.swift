// SPDX-License-Identifier: Apache-2.0

internal import Tensors

#if canImport(Glibc)
  internal import Glibc
#else
  internal import Darwin
#endif

/// Chains of Hamiltonian Monte Carlo as rows, on densities between q and p:
///
///     log pi_b(z) = (1 - b) log q(z) + b log p(z) + constant
///
/// Where q has several components, a transition first draws the component k of each chain from
/// r(k | z) = w_k q_k(z) / q(z), then moves in that component's coordinates e and leaves
///
///     log (pi_b(z) r(k | z)) = -|e|^2 / 2 + b (log p(z) - log q(z)) + constant
///
/// invariant. The two together are reversible with respect to pi_b, as the move is reversible for
/// each k and k is drawn from its exact conditional law.
///
/// - Source: Neal, "MCMC using Hamiltonian dynamics", 2011, arXiv:1206.1901.
struct AnnealedChains {
  private let density: CountedDensity
  private let start: MixtureStart
  /// e, `[C, D]`.
  private var noise: Tensor<Double>
  /// k of each chain.
  private var components: [Int]
  private var logTarget: [Double]
  /// By z, `[C, D]`.
  private var gradients: Tensor<Double>
  private var logStart: [Double]
  /// The gradient of log p - log q by e, `[C, D]`.
  private var slopes: Tensor<Double>

  private init(
    _ density: CountedDensity, _ start: MixtureStart, _ noise: Tensor<Double>,
    _ components: [Int], _ logTarget: [Double], _ gradients: Tensor<Double>
  ) {
    (self.density, self.start, self.noise, self.components) = (density, start, noise, components)
    (self.logTarget, self.gradients) = (logTarget, gradients)
    (logStart, slopes) = start.ratioParts(noise, components, gradients: gradients)
  }

  /// Chains at places where log p and its gradient are finite; others are left out.
  ///
  /// - Returns: The chains, and which rows they are; nil where none is finite.
  static func finite(
    _ density: CountedDensity, _ start: MixtureStart, noise: Tensor<Double>, components: [Int]
  ) -> (chains: AnnealedChains, rows: [Int])? {
    let evaluation = density.gradients(at: start.points(noise, components))
    let rows = components.indices.filter { evaluation.isFinite[$0] }
    if rows.isEmpty { return nil }
    let isWhole = rows.count == components.count
    let chains = AnnealedChains(
      density, start, isWhole ? noise : noise.selectingRows(rows), rows.map { components[$0] },
      rows.map { evaluation.values[$0] },
      isWhole ? evaluation.gradients : evaluation.gradients.selectingRows(rows))
    return (chains, rows)
  }

  var count: Int { components.count }

  /// log p - log q of each chain.
  var logRatios: [Double] { zip(logTarget, logStart).map { $0 - $1 } }

  /// The settings and random numbers of a transition.
  struct Move {
    /// b.
    let inverseTemperature: Double
    let stepSize: Double
    let steps: Int
    /// `[C, D]`.
    let momenta: Tensor<Double>
    /// C uniform numbers each.
    let acceptance: [Double]
    let jumps: [Double]
  }

  /// One transition of every chain.
  ///
  /// - Returns: The mean acceptance probability.
  mutating func transition(_ move: Move) -> Double {
    if start.parts.count > 1 { jump(move.jumps) }
    let (b, h) = (move.inverseTemperature, move.stepSize)
    var (place, alive) = (self, Array(components.indices))
    var momentum = move.momenta + place.slope(b) * (0.5 * h)
    for step in 1...move.steps {
      let end = place.noise + momentum * h
      guard
        let (next, rows) = Self.finite(density, start, noise: end, components: place.components)
      else { return 0 }
      if rows.count < alive.count {
        alive = rows.map { alive[$0] }
        momentum = momentum.selectingRows(rows)
      }
      place = next
      momentum = momentum + place.slope(b) * (step < move.steps ? h : 0.5 * h)
    }
    let (before, after) = (energies(move.momenta, b), place.energies(momentum, b))
    var (acceptance, accepted) = (0.0, [(chain: Int, row: Int)]())
    for (row, chain) in alive.enumerated() {
      let fall = before[chain] - after[row]
      let probability = fall.isNaN ? 0 : exp(min(0, fall))
      acceptance += probability
      if move.acceptance[chain] < probability { accepted.append((chain, row)) }
    }
    replace(accepted, by: place)
    return acceptance / Double(count)
  }

  /// The gradient by e of the log-density that is left invariant.
  private func slope(_ b: Double) -> Tensor<Double> { slopes * b - noise }

  private func energies(_ momentum: Tensor<Double>, _ b: Double) -> [Double] {
    let (kinetic, own, ratios) = (momentum.rowSquares, noise.rowSquares, logRatios)
    return ratios.indices.map { (kinetic[$0] + own[$0]) / 2 - b * ratios[$0] }
  }

  private mutating func jump(_ uniforms: [Double]) {
    let points = start.points(noise, components)
    let new = start.components(of: points, uniforms: uniforms)
    if new == components { return }
    self = AnnealedChains(
      density, start, start.whitened(points, new), new, logTarget, gradients)
  }

  private mutating func replace(
    _ accepted: [(chain: Int, row: Int)], by end: AnnealedChains
  ) {
    if accepted.count == count { return self = end }
    for (chain, row) in accepted {
      (logTarget[chain], logStart[chain]) = (end.logTarget[row], end.logStart[row])
    }
    noise = noise.replacingRows(accepted, from: end.noise)
    gradients = gradients.replacingRows(accepted, from: end.gradients)
    slopes = slopes.replacingRows(accepted, from: end.slopes)
  }
}
