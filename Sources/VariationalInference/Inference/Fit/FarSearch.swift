// SPDX-License-Identifier: Apache-2.0

internal import Tensors

/// Short searches from far outside q for a mode that no start has reached: from draws of the
/// check's wide copies at which p is larger than q says, from places 8 and 24 deviations away, and
/// from multiples of q's mean: where starts near 0 all met the near side of the nearest mode,
/// another may lie behind it.
///
/// Searches go in the coordinates of q's heaviest component, in which the first step is Newton's: a
/// Gaussian posterior costs two gradients for each.
struct FarSearch {
  let density: CountedDensity
  let noise: FitNoise

  private static let drawn = 8
  private static let distances: [(scale: Double, pairs: Int)] = [(8, 4), (24, 8)]
  private static let multiples = [-1.0, 2, 4]
  private static let limits = DescentPath.Limits(
    iterations: 40, history: 10, isWhitened: true)

  /// Where searches ended that came to none of the Gaussians of q, and that are as high as a mode
  /// that matters could be; the highest first.
  func run(
    _ mixture: [WeightedGaussian], check: ImportanceCheck, highest: Double
  ) -> [(point: [Double], value: Double, gradient: [Double])] {
    let (n, main) = (density.dimension, mixture[0].gaussian)
    let drawn = surprising(check, main)
    var starts =
      drawn.isEmpty ? [] : [main.whitened(check.points.selectingRows(drawn))]
    for (index, distance) in Self.distances.enumerated() {
      starts.append(
        noise.normal([distance.pairs, n], .farSearch, index).withNegatives * distance.scale)
    }
    let multiples = Self.multiples.map { factor in main.mean.map { factor * $0 } }
    starts.append(main.whitened(Tensor(rows: multiples)))
    func evaluate(_ x: Tensor<Double>) -> CountedDensity.Evaluation {
      let evaluation = density.gradients(at: main.points(x))
      return CountedDensity.Evaluation(
        values: evaluation.values,
        gradients: evaluation.gradients.matrixProduct(main.factor))
    }
    let points = Tensor.concatenated(starts)
    let first = evaluate(points)
    var paths = first.values.indices.filter { first.isFinite[$0] }.map { row in
      DescentPath(
        number: row, point: points.row(row), value: first.values[row],
        gradient: first.gradient(row), limits: Self.limits)
    }
    let radius = Double(n).squareRoot() + 2
    PathSearch.run(&paths, evaluate: evaluate) { paths, completed in
      if completed.isEmpty { return }
      let places = main.points(Tensor(rows: completed.map { paths[$0].point }))
      for part in mixture {
        let squares = part.gaussian.whitened(places).rowSquares
        for (row, path) in completed.enumerated() where squares[row] < radius * radius {
          paths[path].stop(.known)
        }
      }
    }
    let floor = highest - 12 - 0.5 * Double(n)
    var kept: [DescentPath] = []
    for path in paths.sorted(by: { $0.value > $1.value })
    where path.end != .known && path.value > floor {
      if kept.allSatisfy({ $0.point.adding(-1, path.point).norm >= 2 }) { kept.append(path) }
    }
    if kept.isEmpty { return [] }
    let places = main.points(Tensor(rows: kept.map(\.point)))
    let ends = density.gradients(at: places)
    return kept.indices.filter { ends.isFinite[$0] }.map {
      (places.row($0), ends.values[$0], ends.gradient($0))
    }
  }

  /// Draws at which log p - log q is largest, no two of them near each other.
  private func surprising(_ check: ImportanceCheck, _ main: FactoredGaussian) -> [Int] {
    let wide = check.scales.indices.filter {
      check.scales[$0] > 1 && check.logRatios[$0].isFinite
    }
    let order = wide.sorted { (check.logRatios[$0], $1) > (check.logRatios[$1], $0) }
    var chosen: [(row: Int, x: [Double])] = []
    for row in order.prefix(8 * Self.drawn) where chosen.count < Self.drawn {
      let x = main.whitened(check.points.selectingRows([row])).row(0)
      if chosen.allSatisfy({ $0.x.adding(-1, x).norm >= 2 }) { chosen.append((row, x)) }
    }
    return chosen.map(\.row)
  }
}
