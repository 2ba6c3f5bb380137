// SPDX-License-Identifier: Apache-2.0

internal import Tensors

#if canImport(Glibc)
  internal import Glibc
#else
  internal import Darwin
#endif

// Families by name: each finds its q; check, walk and verdict are those of all.
extension FitEngine {
  /// The fit of the family that was asked for.
  mutating func runFamily() throws -> Fit {
    switch options.family {
    case .automatic: return try run()
    case .meanField, .fullRank: return try concluded([maximised(polishedForFamily())])
    case .lowRank(let rank): return try concluded([lowRank(rank)])
    case .laplace: return try concluded([laplace()])
    case .pathfinder: return try concluded(pathfinder())
    case .flow(let layers): return try flow(layers: layers)
    case .mixture(let components): return try mixture(components)
    }
  }

  /// Gaussians that were found, with the value of another objective than the ELBO if there is one.
  private mutating func concluded(_ results: [Polish.Result]) throws -> Fit {
    density.begin("check")
    let state = checked(results)
    try refuseInfinite(state.check)
    var objective: Fit.Estimate?
    if options.objective != .elbo {
      objective = ObjectiveValue(objective: options.objective, density: density, noise: noise)(
        state.mixture[0].gaussian)
    }
    return concluded(state, objective: objective, refusal: missedModes(state))
  }

  /// Coordinates beyond which mean field does without matrices of D x D.
  private static let mostForMatrices = 500
  /// So much mass of other modes is too much to leave out.
  private static let mostMissed = 0.05

  /// What searches from far outside q find that q leaves out: a mode that no draw of the check
  /// sees.
  mutating func missedModes(_ state: State) -> (reason: String, advice: [String])? {
    if n > Self.mostForMatrices {
      notes.append(
        "no search for other modes: there are more than \(Self.mostForMatrices) coordinates")
      return nil
    }
    density.begin("far modes")
    let own = state.mixture.count
    var wider = state
    let before = notes
    addFarModes(&wider)
    notes = before
    guard wider.mixture.count > own else { return nil }
    let missed = wider.mixture.filter { part in
      state.mixture.allSatisfy { areApart($0.gaussian, part.gaussian) }
    }.reduce(0) { $0 + $1.weight }
    guard missed > Self.mostMissed else { return nil }
    return (
      "q leaves out another mode with \(VerdictRules.percent(missed)) of the posterior",
      ["take the family .automatic or .mixture, which cover several modes"]
    )
  }

  /// The Gaussian of mean field or full rank, before any check.
  mutating func polishedForFamily() throws -> Polish.Result {
    try options.family == .meanField ? meanField() : fullRank()
  }

  /// Goes on from the ELBO's optimum to that of another objective.
  private mutating func maximised(_ result: Polish.Result) -> Polish.Result {
    guard options.objective != .elbo else { return result }
    density.begin("\(options.objective)")
    let ascent = ObjectiveAscent(
      objective: options.objective, isDiagonal: options.family == .meanField, density: density,
      noise: noise)
    let (found, note) = ascent.run(from: result)
    notes.append(note)
    return found
  }

  private mutating func meanField() throws -> Polish.Result {
    if n > Self.mostForMatrices { return try lowRank(0) }
    let (starts, paths) = try searched()
    let candidates = candidates(starts, paths)
    density.begin("polish")
    let laplace = candidates.all.filter { $0.kind == .laplace }.max { $0.bound < $1.bound }
    let best = laplace ?? candidates.chosen(otherwise: paths[0].point)[0]
    // Conditional variances of the candidate: the optimum for a normal posterior.
    let inverse = best.gaussian.whitened(.identity(n) + Tensor(best.gaussian.mean))
    let precisions = inverse.rowSquares
    let start = FactoredGaussian(
      mean: best.gaussian.mean, deviations: precisions.map { 1 / $0.squareRoot() })
    var result = polish(start, isDiagonal: true)
    if laplace != nil, result.isConverged { return result }
    for other in candidates.all where other.kind == .meanField {
      let polished = polish(other.gaussian, isDiagonal: true)
      if polished.bound > result.bound { result = polished }
    }
    return result
  }

  /// The best candidate after a polish; no other mode is kept.
  mutating func fullRank() throws -> Polish.Result {
    let (starts, paths) = try searched()
    let candidates = candidates(starts, paths)
    density.begin("polish")
    let chosen = candidates.chosen(otherwise: paths[0].point)
    let results = polishAll(chosen.map(\.gaussian))
    try refuseImproper(results)
    return results.max { $0.bound < $1.bound } ?? results[0]
  }

  private mutating func laplace() throws -> Polish.Result {
    let (_, paths) = try searched()
    density.begin("modes")
    let ends = paths.filter { $0.end != .degenerate && $0.end != .exhausted }
    guard let best = (ends.isEmpty ? paths : ends).max(by: { $0.value < $1.value }) else {
      return fixed(FactoredGaussian(mean: paths[0].point, factor: .identity(n)), isFound: false)
    }
    let found = LaplaceSearch(density: density).run(
      from: best.place, factor: best.gaussian()?.factor ?? .identity(n))
    let isSmooth = found.isPositiveDefinite
    if !isSmooth { notes.append("the Hessian of -log p is not positive definite at the mode") }
    return fixed(found.gaussian, isFound: isSmooth)
  }

  /// The best look of each path that did not come from far out.
  private mutating func pathfinder() throws -> [Polish.Result] {
    let (starts, paths) = try searched()
    density.begin("pathfinder")
    let looks = zip(paths, starts.starts).compactMap { path, start in
      start.isDispersed ? nil : path.looks.max { $0.bound < $1.bound }
    }.filter(\.bound.isFinite)
    guard !looks.isEmpty else {
      let narrow = FactoredGaussian(
        mean: paths[0].point, deviations: [Double](repeating: 0.1, count: n))
      return [fixed(narrow, isFound: false)]
    }
    let bounds = density.bounds(looks.map(\.gaussian), pairs: 16) { number in
      noise.normal([16, density.dimension], .poolBounds, 64 + number)
    }
    let best = bounds.reduce(-Double.infinity) { max($0, $1) }
    let kept = bounds.indices.filter { bounds[$0] > best - Self.modeMargin }
    if kept.isEmpty { return [fixed(looks[0].gaussian, isFound: false)] }
    notes.append("\(kept.count) of \(looks.count) paths have a Gaussian that counts")
    return kept.map { index in
      var result = fixed(looks[index].gaussian, isFound: true)
      result.bound = bounds[index]
      return result
    }
  }

  /// A Gaussian that no steps have moved.
  private func fixed(_ gaussian: FactoredGaussian, isFound: Bool) -> Polish.Result {
    Polish.Result(gaussian: gaussian, isConverged: isFound, bound: 0, lastMove: isFound ? 0 : .nan)
  }

  private mutating func lowRank(_ rank: Int) throws -> Polish.Result {
    density.begin("search")
    let starts = try Starts(density, noise: noise, options: options)
    notes += starts.notes
    density.begin("mean field")
    var candidates = Candidates(density: density, noise: noise)
    candidates.addMeanField(from: starts.firstPlaces)
    density.begin("polish")
    let best = candidates.chosen(otherwise: starts.starts[0].point)[0]
    return LowRankPolish(density: density, noise: noise, rank: rank)(best.gaussian)
  }
}
