// SPDX-License-Identifier: Apache-2.0

internal import Tensors

#if canImport(Glibc)
  internal import Glibc
#else
  internal import Darwin
#endif

/// Gaussians with independent coordinates from the ELBO of fixed draws, maximised by L-BFGS: where
/// a mode is degenerate, as a funnel's, its volume still leads to the bulk.
///
///     mean_b log p(m + exp(l) e_b) + sum_j l_j
///
/// - Source: fixed draws as in Giordano, Ingram and Broderick, "Black box variational inference
///   with a deterministic objective", JMLR 25 (2024), arXiv:2304.05527.
struct MeanFieldSearch {
  let density: CountedDensity
  let noise: FitNoise

  private static let pairs = 8
  private static let firstLogDeviations = [-1.0, -3, -6]
  private static let limits = DescentPath.Limits(iterations: 150, history: 20)

  /// The Gaussians that searches from these points find, those that are finite.
  func run(from starts: [[Double]]) -> [FactoredGaussian] {
    let n = density.dimension
    let draws = noise.normal([Self.pairs, n], .meanField, 0).withNegatives
    func evaluate(_ points: Tensor<Double>) -> CountedDensity.Evaluation {
      objective(at: points, draws: draws)
    }
    var paths: [DescentPath] = []
    for (number, start) in starts.enumerated() {
      for logDeviation in Self.firstLogDeviations {
        let point = start + [Double](repeating: logDeviation, count: n)
        let first = evaluate(Tensor(rows: [point]))
        guard first.isFinite[0] else { continue }
        paths.append(
          DescentPath(
            number: number, point: point, value: first.values[0], gradient: first.gradient(0),
            limits: Self.limits))
        break
      }
    }
    PathSearch.run(&paths, evaluate: evaluate)
    return paths.compactMap { path in
      let gaussian = FactoredGaussian(
        mean: Array(path.point.prefix(n)), deviations: path.point.suffix(n).map { exp($0) })
      let isFinite = gaussian.factor.firstNonFinite == nil && gaussian.logDeterminant.isFinite
      return isFinite ? gaussian : nil
    }
  }

  /// The ELBO of each row (m, l), less constants, and its gradient
  /// (mean g_b, exp(l) mean(g_b e_b) + 1).
  private func objective(
    at points: Tensor<Double>, draws: Tensor<Double>
  ) -> CountedDensity.Evaluation {
    let (rows, n, count) = (points.shape[0], density.dimension, draws.shape[0])
    let means = points.slice(0..<n, along: 1).reshaped(to: [rows, 1, n])
    let logDeviations = points.slice(n..<2 * n, along: 1)
    let deviations = logDeviations.exp()
    let moved = means + deviations.reshaped(to: [rows, 1, n]) * draws
    let all = density.gradients(at: moved.reshaped(to: [rows * count, n]))
    let gradients = all.gradients.reshaped(to: [rows, count, n])
    let byMean = gradients.mean(along: 1)
    let byLogDeviation = (gradients * draws).mean(along: 1) * deviations + 1
    let values = logDeviations.sum(along: -1).doubles
    return CountedDensity.Evaluation(
      values: (0..<rows).map { row in
        all.values[row * count..<(row + 1) * count].reduce(0, +) / Double(count) + values[row]
      },
      gradients: .concatenated([byMean, byLogDeviation], along: 1))
  }
}
