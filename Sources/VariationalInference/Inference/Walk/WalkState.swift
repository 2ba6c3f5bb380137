// SPDX-License-Identifier: Apache-2.0

internal import Tensors

#if canImport(Glibc)
  internal import Glibc
#else
  internal import Darwin
#endif

/// Chains of Hamiltonian Monte Carlo as rows, in coordinates x in which the posterior should look
/// like N(0, I): z = m + F x.
///
/// - Source: Neal, "MCMC using Hamiltonian dynamics", 2011, arXiv:1206.1901.
struct WalkState {
  let density: CountedDensity
  private(set) var metric: FactoredGaussian
  /// x, `[chains, D]`, log p, and its gradient by x.
  private(set) var x: Tensor<Double>
  private(set) var values: [Double]
  private var gradients: Tensor<Double>

  /// A trajectory whose log p falls by so much has diverged.
  private static let deepestFall = 1000.0
  /// An energy error below this counts as a divergence.
  private static let worstEnergyError = -20.0

  /// Chains at points, `[chains, D]`; one where log p is not finite takes the place of the first
  /// that is. nil where there is none.
  init?(at points: Tensor<Double>, metric: FactoredGaussian, density: CountedDensity) {
    let evaluation = density.gradients(at: points)
    guard let first = evaluation.isFinite.firstIndex(of: true) else { return nil }
    let rows = evaluation.isFinite.indices.map { evaluation.isFinite[$0] ? $0 : first }
    self.density = density
    self.metric = metric
    x = metric.whitened(points.selectingRows(rows))
    values = rows.map { evaluation.values[$0] }
    gradients = evaluation.gradients.selectingRows(rows).matrixProduct(metric.factor)
  }

  /// What a transition did.
  struct Outcome {
    let meanAcceptance: Double
    let divergentShare: Double
  }

  /// One transition of every chain: leapfrog steps, the same number for all, then Metropolis. A
  /// chain that diverges is not evaluated any further.
  mutating func transition(
    stepSize: Double, steps: Int, momenta: Tensor<Double>, uniforms: [Double]
  ) -> Outcome {
    var alive = Array(values.indices)
    var (position, momentum) = (x, momenta + gradients * (0.5 * stepSize))
    var (ends, slopes) = (values, gradients)
    for step in 1...steps {
      position = position + momentum * stepSize
      let evaluation = density.gradients(at: metric.points(position))
      (ends, slopes) = (
        evaluation.values, evaluation.gradients.matrixProduct(metric.factor)
      )
      let kept = alive.indices.filter {
        evaluation.isFinite[$0] && ends[$0] > values[alive[$0]] - Self.deepestFall
      }
      if kept.count < alive.count {
        if kept.isEmpty { return Outcome(meanAcceptance: 0, divergentShare: 1) }
        alive = kept.map { alive[$0] }
        ends = kept.map { ends[$0] }
        (position, momentum) = (position.selectingRows(kept), momentum.selectingRows(kept))
        slopes = slopes.selectingRows(kept)
      }
      momentum = momentum + slopes * (step < steps ? stepSize : 0.5 * stepSize)
    }
    let (before, after) = (momenta.rowSquares, momentum.rowSquares)
    var (acceptance, divergent) = (0.0, values.count - alive.count)
    var accepted: [(chain: Int, row: Int)] = []
    for (row, chain) in alive.enumerated() {
      let gain = ends[row] - after[row] / 2 - values[chain] + before[chain] / 2
      let probability = gain.isNaN ? 0 : exp(min(0, gain))
      acceptance += probability
      if gain < Self.worstEnergyError { divergent += 1 }
      if uniforms[chain] < probability { accepted.append((chain, row)) }
    }
    replace(accepted, position, ends, slopes)
    let count = Double(values.count)
    return Outcome(
      meanAcceptance: acceptance / count, divergentShare: Double(divergent) / count)
  }

  /// Puts chains where their trajectories ended.
  private mutating func replace(
    _ accepted: [(chain: Int, row: Int)], _ position: Tensor<Double>, _ ends: [Double],
    _ slopes: Tensor<Double>
  ) {
    if accepted.count == values.count {
      (x, values, gradients) = (position, ends, slopes)
      return
    }
    for (chain, row) in accepted { values[chain] = ends[row] }
    x = x.replacingRows(accepted, from: position)
    gradients = gradients.replacingRows(accepted, from: slopes)
  }

  /// Takes coordinates in which draws, `[rows, D]` of x, look like N(0, I); their covariance is
  /// drawn towards the identity.
  mutating func refitMetric(to draws: Tensor<Double>) {
    let (n, count) = (density.dimension, draws.shape[0])
    let mean = draws.columnMoments().means
    let centred = draws - Tensor(mean)
    // Draws in succession are no independent ones.
    let (rows, prior) = (Double(count) / 5, Double(n) + 10)
    let scatter = centred.transposed().matrixProduct(centred)
    let pooled = scatter * (rows / Double(count - 1)) + Tensor.identity(n) * prior
    guard let c = (pooled * (1 / (rows + prior))).choleskyFactor() else { return }
    x = (x - Tensor(mean)).lowerTriangularSolve(factor: c.reshaped(to: [1, n, n]))
    gradients = gradients.matrixProduct(c)
    metric = FactoredGaussian(
      mean: metric.mean.adding(1, metric.factor.times(mean)),
      factor: metric.factor.matrixProduct(c))
  }
}
