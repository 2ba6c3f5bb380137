// SPDX-License-Identifier: Apache-2.0

internal import Tensors

/// A Gaussian from which the polish may start.
struct Candidate {
  enum Kind { case laplace, poorLaplace, path, meanField, cold }

  /// Its ELBO by 32 draws, less D/2 log 2 pi.
  var bound: Double
  let gaussian: FactoredGaussian
  let kind: Kind
}

/// From the ends of paths to Gaussians worth a polish: Laplace approximations of the modes found,
/// what paths saw on their way where modes are degenerate, and mean-field searches where no Laplace
/// approximation is any good.
struct Candidates {
  let density: CountedDensity
  let noise: FitNoise

  private(set) var all: [Candidate] = []
  private var modes: [FactoredGaussian] = []

  private static let pairs = 16
  private static let mostModes = 3
  private static let mostPaths = 3
  /// How far apart, by Laplace's metric, two ends are two modes.
  private static let modeDistance = 2.0

  init(density: CountedDensity, noise: FitNoise) {
    (self.density, self.noise) = (density, noise)
  }

  private var n: Int { density.dimension }

  /// Whether a mode has a Laplace approximation that resembles the density around it.
  var hasGoodLaplace: Bool { all.contains { $0.kind == .laplace } }

  /// Newton from the best end, and from others that are far from all modes so far.
  mutating func addLaplace(_ paths: [DescentPath]) {
    let ends = paths.filter { $0.end != .degenerate && $0.end != .exhausted }
      .sorted { $0.value > $1.value }
    guard let best = ends.first?.value else { return }
    let search = LaplaceSearch(density: density)
    for end in ends {
      if modes.count >= Self.mostModes { break }
      if !modes.isEmpty {
        if end.value < best - 12 - 0.5 * Double(n) { continue }
        if isKnown(end.point) { continue }
      }
      let factor = end.gaussian()?.factor ?? .identity(n)
      let found = search.run(from: end.place, factor: factor)
      guard found.isPositiveDefinite, !isKnown(found.gaussian.mean) else { continue }
      add(found)
    }
  }

  private func isKnown(_ point: [Double]) -> Bool {
    modes.contains { $0.distance(to: point) < Self.modeDistance }
  }

  private mutating func add(_ found: LaplaceSearch.Result) {
    let number = modes.count
    let bound = density.bounds([found.gaussian], pairs: Self.pairs) { _ in
      noise.normal([Self.pairs, n], .laplaceBounds, number)
    }[0]
    guard bound.isFinite else { return }
    // A Gaussian falls by D/2 on average.
    let fall = found.value - (bound - found.gaussian.entropy)
    modes.append(found.gaussian)
    all.append(
      Candidate(
        bound: bound, gaussian: found.gaussian,
        kind: fall < 2.5 * Double(n) + 10 ? .laplace : .poorLaplace))
  }

  /// The best look of each path whose mode is degenerate, or of all if a Laplace approximation is
  /// poor.
  ///
  /// - Parameters:
  ///   - paths: All that ended.
  ///   - isDispersed: Of each path, whether it came from far out.
  mutating func addPaths(_ paths: [DescentPath], isDispersed: [Bool]) {
    let isPoor = all.isEmpty || all.contains { $0.kind != .laplace }
    let looks = zip(paths, isDispersed).compactMap { path, isDispersed in
      let isStopped = path.end == .degenerate || path.end == .exhausted
      guard isPoor || (isStopped && !isDispersed) else { return DescentPath.Look?.none }
      return path.looks.max { $0.bound < $1.bound }
    }
    let best = looks.filter { $0.bound.isFinite }.sorted { $0.bound > $1.bound }
      .prefix(Self.mostPaths)
    add(best.map(\.gaussian), .path, first: 0)
  }

  /// Mean-field searches from places.
  ///
  /// - Returns: What they found.
  @discardableResult
  mutating func addMeanField(from starts: [[Double]]) -> [Candidate] {
    let found = MeanFieldSearch(density: density, noise: noise).run(from: starts)
    let before = all.count
    add(found, .meanField, first: 16)
    return Array(all[before...])
  }

  private mutating func add(
    _ gaussians: [FactoredGaussian], _ kind: Candidate.Kind, first: Int
  ) {
    let bounds = density.bounds(gaussians, pairs: Self.pairs) { index in
      noise.normal([Self.pairs, n], .poolBounds, first + index)
    }
    for (gaussian, bound) in zip(gaussians, bounds) where bound.isFinite {
      all.append(Candidate(bound: bound, gaussian: gaussian, kind: kind))
    }
  }

  /// Those to polish, the best first: the Laplace approximations where the best is one and no path
  /// comes near, else the best two.
  func chosen(otherwise place: [Double]) -> [Candidate] {
    let sorted = all.sorted { $0.bound > $1.bound }
    guard let best = sorted.first else {
      let narrow = FactoredGaussian(
        mean: place, deviations: [Double](repeating: 0.1, count: n))
      return [Candidate(bound: -.infinity, gaussian: narrow, kind: .cold)]
    }
    let good = sorted.filter { $0.bound >= best.bound - 10 - 0.1 * Double(n) }
    if best.kind == .laplace, !good.contains(where: { $0.kind == .path }) {
      return Array(good.filter { $0.kind == .laplace }.prefix(Self.mostModes))
    }
    return Array(good.prefix(2))
  }
}
