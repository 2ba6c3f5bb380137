// SPDX-License-Identifier: Apache-2.0

internal import Tensors

#if canImport(Glibc)
  internal import Glibc
#else
  internal import Darwin
#endif

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
  let round: Int

  private static let drawn = 8
  private static let rays = 128
  private static let scanned = 12
  private static let needles = 4
  /// log p - log q of a draw of q beyond the median, in nats, that a needle of p may explain.
  private static let needleExcess = 2.0
  /// An end so near a component's mean, in its deviations, is its mode.
  private static let sameMode = 0.1
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
        noise.normal([distance.pairs, n], .farSearch, round << 8 | index).withNegatives
          * distance.scale)
    }
    let multiples = Self.multiples.map { factor in main.mean.map { factor * $0 } }
    starts.append(main.whitened(Tensor(rows: multiples)))
    let firstScanned = starts.reduce(0) { $0 + $1.shape[0] }
    if let scan = scan(mixture) { starts.append(scan) }
    let needles = needles(check, main)
    let firstNeedle = starts.reduce(0) { $0 + $1.shape[0] }
    if !needles.isEmpty {
      starts.append(main.whitened(check.points.selectingRows(needles)))
    }
    // Priors have their spikes at 0.
    starts.append(main.whitened(.zeros([1, n])))
    func evaluate(_ x: Tensor<Double>) -> CountedDensity.Evaluation {
      let evaluation = density.gradients(at: main.points(x))
      return CountedDensity.Evaluation(
        values: evaluation.values,
        gradients: evaluation.gradients.matrixProduct(main.factor))
    }
    let points = Tensor.concatenated(starts)
    let first = evaluate(points)
    var paths = first.values.indices.filter { first.isFinite[$0] }.map { row in
      var limits = Self.limits
      // Newton's first step for q leaps out of a basin that is narrower.
      limits.isWhitened = row < firstScanned
      return DescentPath(
        number: row, point: points.row(row), value: first.values[row],
        gradient: first.gradient(row), limits: limits)
    }
    let radius = Double(n).squareRoot() + 2
    PathSearch.run(&paths, evaluate: evaluate) { paths, completed in
      if completed.isEmpty { return }
      let places = main.points(Tensor(rows: completed.map { paths[$0].point }))
      for part in mixture {
        let squares = part.gaussian.whitened(places).rowSquares
        for (row, path) in completed.enumerated()
        where paths[path].number < firstNeedle && squares[row] < radius * radius {
          paths[path].stop(.known)
        }
      }
    }
    // A wide mode is lower than a narrow one of the same mass.
    let floor = highest - 12 - 3 * Double(n)
    var kept: [DescentPath] = []
    for path in paths.sorted(by: { $0.value > $1.value })
    where path.end != .known && path.value > floor {
      let place = main.points(Tensor(path.point, shape: [1, n])).row(0)
      if mixture.contains(where: { $0.gaussian.distance(to: place) < Self.sameMode }) { continue }
      if kept.allSatisfy({ $0.point.adding(-1, path.point).norm >= 2 }) { kept.append(path) }
    }
    if kept.isEmpty { return [] }
    let places = main.points(Tensor(rows: kept.map(\.point)))
    let ends = density.gradients(at: places)
    return kept.indices.filter { ends.isFinite[$0] }.map {
      (places.row($0), ends.values[$0], ends.gradient($0))
    }
  }

  /// The places along rays from q's mean at which log p - log q is largest beside that of other
  /// rays at the same distance: along each coordinate in small steps, along random directions in
  /// large ones.
  private func scan(_ mixture: [WeightedGaussian]) -> Tensor<Double>? {
    let (n, main) = (density.dimension, mixture[0].gaussian)
    var sets = [
      (
        directions: main.coordinateDirections.withNegatives,
        distances: (0..<18).map { 2.5 * pow(1.2, Double($0)) }
      )
    ]
    if n > 1 {
      let random = noise.normal([Self.rays / 2, n], .farSearch, round << 8 | 100)
      let lengths = random.squared().sum(along: -1, keepingAxis: true).squareRoot()
      sets.append(
        (
          directions: (random / lengths).withNegatives,
          distances: (1...5).map { pow(2, Double($0)) * Double(n).squareRoot() }
        ))
    }
    var (blocks, excesses) = ([Tensor<Double>](), [Double]())
    for set in sets {
      for distance in set.distances {
        let points = set.directions * distance
        let places = main.points(points)
        let values = zip(density.values(at: places), mixture.logDensities(at: places)).map {
          $0 - $1
        }
        let finite = values.filter(\.isFinite)
        if finite.isEmpty { continue }
        let middle = finite.median
        blocks.append(points)
        excesses += values.map { $0.isFinite ? $0 - middle : -.infinity }
      }
    }
    if blocks.isEmpty { return nil }
    let points = Tensor.concatenated(blocks)
    let order = excesses.indices.filter { excesses[$0] > 1 }
      .sorted { (excesses[$0], $1) > (excesses[$1], $0) }
    let chosen = apart(order, in: points, atMost: Self.scanned)
    return chosen.isEmpty ? nil : points.selectingRows(chosen)
  }

  /// Draws of q at which p is much larger than q.
  private func needles(_ check: ImportanceCheck, _ main: FactoredGaussian) -> [Int] {
    let own = check.scales.indices.filter {
      check.scales[$0] == 1 && check.logRatios[$0].isFinite
    }
    if own.isEmpty { return [] }
    let least = own.map { check.logRatios[$0] }.median + Self.needleExcess
    let order = own.filter { check.logRatios[$0] > least }
      .sorted { (check.logRatios[$0], $1) > (check.logRatios[$1], $0) }
    return Array(order.prefix(Self.needles))
  }

  /// The first rows in an order no two of which are near each other.
  private func apart(_ order: [Int], in points: Tensor<Double>, atMost most: Int) -> [Int] {
    var chosen: [(row: Int, x: [Double])] = []
    for row in order.prefix(8 * most) where chosen.count < most {
      let x = points.row(row)
      if chosen.allSatisfy({ $0.x.adding(-1, x).norm >= 2 }) { chosen.append((row, x)) }
    }
    return chosen.map(\.row)
  }

  /// Draws at which log p - log q is largest, no two of them near each other.
  private func surprising(_ check: ImportanceCheck, _ main: FactoredGaussian) -> [Int] {
    let wide = check.scales.indices.filter {
      check.scales[$0] > 1 && check.logRatios[$0].isFinite
    }
    let order = wide.sorted { (check.logRatios[$0], $1) > (check.logRatios[$1], $0) }
    let first = Array(order.prefix(8 * Self.drawn))
    if first.isEmpty { return [] }
    let points = main.whitened(check.points.selectingRows(first))
    return apart(Array(first.indices), in: points, atMost: Self.drawn).map { first[$0] }
  }
}
