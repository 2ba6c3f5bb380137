// SPDX-License-Identifier: Apache-2.0

internal import Tensors

#if canImport(Glibc)
  internal import Glibc
#else
  internal import Darwin
#endif

/// Trains coupling steps before a Gaussian by Adam on the ELBO.
///
/// The gradient follows the path alone: with y = f(e), whose dependence on the parameters is kept,
/// and q, whose own is not,
///
///     E[(F^T grad log p(m + F y) - grad log q(y))^T dy]
///
/// which is 0 draw by draw for an exact fit. Windows of steps end when the ELBO no longer grows
/// beyond its noise; then the rate falls. Reported are the averaged parameters of the last windows,
/// or none where they are not better than the Gaussian by fresh draws.
///
/// - Source: Roeder, Wu and Duvenaud, "Sticking the landing", NIPS 2017, arXiv:1703.09194; flows as
///   in Dinh, Sohl-Dickstein and Bengio, ICLR 2017; averages as in Polyak and Juditsky 1992.
struct FlowTraining {
  let density: CountedDensity
  let noise: FitNoise
  let base: FactoredGaussian
  let layers: Int

  private static let pairs = 48
  private static let window = 50
  private static let mostWindows = 60
  /// So many windows in a row without gain end a rate.
  private static let patience = 3
  private static let rates = [5e-3, 2e-3, 5e-4]
  private static let testPairs = 512

  struct Result {
    let map: FlowMap
    let steps: Int
    let isSettled: Bool
    /// By how much the flow raises the ELBO, by the same draws for both.
    let gain: Fit.Estimate
    let finiteShare: Double
  }

  func run() -> Result {
    density.beginRun()
    let parameters = FlatBuffer(firstParameters())
    var state: OptimiserState<Double> = Adam().initialState(shapes: parameters.shapes)
    var adam = Adam()
    var (sums, summed) = ([Tensor<Double>](), 0.0)
    var (windows, stage, steps) = (0, 0, 0)
    var (isSettled, finiteShare) = (false, 1.0)
    var (best, idle) = (Fit.Estimate(mean: -.infinity, standardError: 0), 0)
    while windows < Self.mostWindows, !isSettled {
      adam.learningRate = Self.rates[stage]
      var (bounds, elbos) = ([Double](), [Double]())
      for _ in 0..<Self.window {
        steps += 1
        guard let step = gradients(parameters.tensors, number: steps) else { continue }
        finiteShare = step.finiteShare
        bounds.append(step.bound)
        elbos.append(step.elbo)
        adam.step(parameters, along: step.gradients, &state)
        if stage == Self.rates.count - 1 {
          let tensors = parameters.tensors
          sums = sums.isEmpty ? tensors : zip(sums, tensors).map { $0 + $1 }
          summed += 1
        }
      }
      let error = bounds.standardDeviation / Double(max(bounds.count, 1)).squareRoot()
      let last = Fit.Estimate(mean: bounds.mean, standardError: error)
      if !elbos.isEmpty { density.record(elbos.estimate, step: steps) }
      windows += 1
      idle = last.mean > best.mean + max(0.005, 0.5 * last.standardError) ? 0 : idle + 1
      if last.mean > best.mean { best = last }
      if idle >= Self.patience {
        idle = 0
        if stage < Self.rates.count - 1 { stage += 1 } else { isSettled = true }
      }
    }
    let averaged = summed > 0 ? sums.map { $0 * (1 / summed) } : parameters.tensors
    return judged(averaged, steps: steps, isSettled: isSettled, finiteShare)
  }

  /// The flow where it is better than the Gaussian beyond doubt.
  private func judged(
    _ parameters: [Tensor<Double>], steps: Int, isSettled: Bool, _ finiteShare: Double
  ) -> Result {
    let n = density.dimension
    let map = FlowMap(base: base, steps: couplings(parameters))
    let noise = noise.normal([Self.testPairs, n], .flowCheck, 0).withNegatives
    let (bent, logDeterminants) = map.bent(noise)
    let values = density.values(
      at: .concatenated([base.points(bent), base.points(noise)]))
    let count = 2 * Self.testPairs
    let logDeterminant = logDeterminants.doubles
    let differences = (0..<count).map { values[$0] + logDeterminant[$0] - values[count + $0] }
    let pairs = (0..<Self.testPairs).map {
      (differences[$0] + differences[$0 + Self.testPairs]) / 2
    }
    let finite = pairs.filter(\.isFinite)
    let gain = Fit.Estimate(
      mean: finite.mean,
      standardError: finite.standardDeviation / Double(finite.count).squareRoot())
    let isBetter = finite.count == pairs.count && gain.mean > 2 * gain.standardError
    return Result(
      map: isBetter ? map : FlowMap(base: base, steps: []), steps: steps,
      isSettled: isSettled || !isBetter,
      gain: isBetter ? gain : Fit.Estimate(mean: 0, standardError: 0), finiteShare: finiteShare)
  }

  private var hidden: Int { min(64, max(32, 2 * density.dimension)) }

  /// Random hidden layers, and outputs of 0: the identity.
  private func firstParameters() -> [Tensor<Double>] {
    let n = density.dimension
    return (0..<layers).flatMap { layer -> [Tensor<Double>] in
      let moved = layer.isMultiple(of: 2) ? n - n / 2 : n / 2
      let scale = 1 / Double(max(n - moved, 1)).squareRoot()
      return [
        noise.normal([1, hidden, n - moved], .flowWeights, layer) * scale,
        noise.normal([1, hidden], .flowWeights, 1 << 16 | layer) * 0.5,
        .zeros([1, 2 * moved, hidden]), .zeros([1, 2 * moved]),
      ]
    }
  }

  /// The second half moves first, given the first.
  private func couplings(_ parameters: [Tensor<Double>]) -> [CouplingStep<Double>] {
    (0..<layers).map {
      CouplingStep(
        movesFirstHalf: !$0.isMultiple(of: 2), network: Array(parameters[4 * $0..<4 * $0 + 4]))
    }
  }

  /// The ELBO less what no parameter changes, all of it with less noise, and its gradient by the
  /// parameters; nil where too few draws are finite.
  private func gradients(
    _ parameters: [Tensor<Double>], number: Int
  ) -> (bound: Double, elbo: Double, finiteShare: Double, gradients: [Tensor<Double>])? {
    let n = density.dimension
    let map = FlowMap(base: base, steps: couplings(parameters))
    let noise = noise.normal([Self.pairs, n], .flow, number).withNegatives
    let (bent, logDeterminants) = map.bent(noise)
    let evaluation = density.gradients(at: base.points(bent))
    let kept = evaluation.isFinite.indices.filter { evaluation.isFinite[$0] }
    guard 2 * kept.count > 2 * Self.pairs else { return nil }
    let slopes = evaluation.gradients.selectingRows(kept).matrixProduct(base.factor)
    let residuals = clipped(slopes + map.scores(ofBent: bent.selectingRows(kept)))
    let tape = Tape<Double>()
    let leaves = parameters.map(tape.variable)
    let moved = map.bent(noise.selectingRows(kept), by: couplings(leaves)).value
    let total = (moved * residuals).sum() * (1 / Double(kept.count))
    let logDeterminant = logDeterminants.doubles
    let squares = noise.rowSquares
    // log p - log q, which has no noise at an exact fit.
    let logWeights = kept.map { evaluation.values[$0] + logDeterminant[$0] + squares[$0] / 2 }
    return (
      kept.map { evaluation.values[$0] + logDeterminant[$0] }.mean, logWeights.mean - base.logPeak,
      Double(kept.count) / Double(2 * Self.pairs), tape.gradients(of: total, at: leaves)
    )
  }

  /// Rows no longer than ten times their median: one far draw is no reason to go astray.
  private func clipped(_ rows: Tensor<Double>) -> Tensor<Double> {
    let lengths = rows.rowSquares.map { $0.squareRoot() }
    let longest = 10 * max(lengths.median, 1e-12)
    return rows.scalingRows(lengths.map { $0 > longest ? longest / $0 : 1 })
  }
}
