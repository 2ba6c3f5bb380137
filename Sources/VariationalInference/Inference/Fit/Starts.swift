// SPDX-License-Identifier: Apache-2.0

internal import Tensors

/// Where searches begin: two antithetic pairs near 0, the user's places, and, as additional chances
/// to meet another mode, wider pairs and draws from the prior.
struct Starts {
  /// A place where log p and its gradient are finite.
  struct Start {
    let point: [Double]
    let value: Double
    let gradient: [Double]
    /// Far out: a search from there is given up sooner, and proves nothing if it fails.
    let isDispersed: Bool
  }

  private(set) var starts: [Start] = []
  private(set) var notes: [String] = []

  /// The first two.
  var firstPlaces: [[Double]] { starts.prefix(2).map(\.point) }

  private static let pairs = 2
  private static let retries = 39
  private static let dispersedScales = [4.0, 16]
  private static let priorDraws = 4

  /// - Throws: ``FitError/noFiniteStart(tried:value:coordinates:)``.
  init(_ density: CountedDensity, noise: FitNoise, options: FitOptions) throws {
    let n = density.dimension
    func uniform(_ number: Int, _ stage: FitNoise.Stage, scale: Double) -> [Double] {
      noise.uniform(n, in: -2..<2, stage, number).map { $0 * scale }
    }
    var near: [[Double]] = []
    for pair in 0..<Self.pairs {
      let point = uniform(pair, .starts, scale: 1)
      near += [point, point.map { -$0 }]
    }
    var far: [[Double]] = []
    for (number, scale) in Self.dispersedScales.enumerated() {
      let point = uniform(number, .dispersedStarts, scale: scale)
      far += [point, point.map { -$0 }]
    }
    if let draws = density.priorDraws(Self.priorDraws, seed: options.seed) {
      precondition(
        draws.shape == [Self.priorDraws, n],
        "draws from a prior of \(n) coordinates have shape \(draws.shape)")
      far += (0..<Self.priorDraws).map(draws.row).filter { $0.allSatisfy(\.isFinite) }
    }
    let points = near + options.starts + far
    let first = density.gradients(at: Tensor(rows: points))
    var worst = Faults(first, rows: points.indices, names: density.names)
    var found = points.indices.map { row in
      first.isFinite[row]
        ? Start(
          point: points[row], value: first.values[row], gradient: first.gradient(row),
          isDispersed: row >= near.count + options.starts.count) : nil
    }
    var tried = points.count
    for retry in 1...Self.retries {
      let open = near.indices.filter { found[$0] == nil }
      if open.isEmpty { break }
      var scale = 1.0
      for _ in 0..<retry / 5 { scale /= 2 }
      let again = open.map { uniform($0 << 8 | retry + 1 << 16, .starts, scale: scale) }
      let evaluation = density.gradients(at: Tensor(rows: again))
      tried += open.count
      worst.add(evaluation, rows: again.indices, names: density.names)
      for (row, place) in open.enumerated() where evaluation.isFinite[row] {
        found[place] = Start(
          point: again[row], value: evaluation.values[row], gradient: evaluation.gradient(row),
          isDispersed: false)
      }
    }
    starts = found.compactMap { $0 }
    guard !starts.isEmpty else {
      throw FitError.noFiniteStart(
        tried: tried, value: worst.value, coordinates: worst.coordinates)
    }
    let failed = near.indices.count { found[$0] == nil }
    if failed > 0 {
      notes.append("\(failed) of \(near.count) drawn starts found no finite density")
    }
    for number in options.starts.indices where found[near.count + number] == nil {
      notes.append(
        "start \(number + 1) of yours has log p = \(shown(first.values[near.count + number])), "
          + "or a gradient that is not finite")
    }
  }
}

/// The least of what was wrong at starts none of which is finite.
private struct Faults {
  private(set) var value = Double.nan
  private(set) var coordinates: [String] = []
  private var rank = Int.max

  init(_ evaluation: CountedDensity.Evaluation, rows: Range<Int>, names: [String]) {
    add(evaluation, rows: rows, names: names)
  }

  /// A finite value with the fewest faults in its gradient is the best; then -infinity, +infinity,
  /// not a number.
  mutating func add(_ evaluation: CountedDensity.Evaluation, rows: Range<Int>, names: [String]) {
    for row in rows where !evaluation.isFinite[row] {
      let found = evaluation.values[row]
      let gradient = evaluation.gradient(row)
      let faulty = names.indices.filter { !gradient[$0].isFinite }.map { names[$0] }
      let own =
        found.isFinite
        ? faulty.count : names.count + (found == -.infinity ? 1 : found == .infinity ? 2 : 3)
      if own < rank { (rank, value, coordinates) = (own, found, faulty) }
    }
  }
}
