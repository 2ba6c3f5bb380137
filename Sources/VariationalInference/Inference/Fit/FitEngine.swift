// SPDX-License-Identifier: Apache-2.0

internal import Formats
internal import Tensors

#if canImport(Glibc)
  internal import Glibc
#else
  internal import Darwin
#endif

extension LogDensity {
  /// Fits a mixture of few full-rank Gaussians to this density, checks it by importance weights,
  /// walks with Markov chains where it does not fit, and says what of this to use.
  ///
  /// Searches (L-BFGS), Newton's method and natural-gradient steps maximise the ELBO; all points of
  /// a step are rows of one call. The same options give the same bits as long as the density gives
  /// the same for the same rows.
  ///
  /// - Throws: ``FitError`` where there is nothing to fit: no start with a finite density, a pole,
  ///   a posterior that does not integrate; and for options that do not fit the density.
  public func fit(_ options: FitOptions = FitOptions()) throws -> Fit {
    guard dimension > 0 else { throw FitError.noCoordinates }
    try options.check(dimension: dimension)
    var engine = FitEngine(CountedDensity(self, progress: options.progress), options)
    return try options.family == .automatic ? engine.run() : engine.runFamily()
  }
}

/// The parts of a fit in their order.
struct FitEngine {
  let density: CountedDensity
  let options: FitOptions
  let noise: FitNoise
  var notes: [String] = []
  private var polishes = 0
  private var checks = 0

  init(_ density: CountedDensity, _ options: FitOptions) {
    (self.density, self.options) = (density, options)
    noise = FitNoise(seed: options.seed)
  }

  /// q and what is known of it.
  struct State {
    var mixture: [WeightedGaussian]
    var convergence: Fit.Convergence
    var check: ImportanceCheck
    /// The best ELBO of a component, less D/2 log 2 pi.
    var bound: Double
    /// log p at the highest mean of a component.
    var highest = -Double.infinity
  }

  var n: Int { density.dimension }

  mutating func run() throws -> Fit {
    let (state, _) = try found()
    return concluded(state)
  }

  /// The ends of searches from all starts.
  mutating func searched() throws -> (starts: Starts, paths: [DescentPath]) {
    density.begin("search")
    let starts = try Starts(density, noise: noise, options: options)
    notes += starts.notes
    let paths = search(starts.starts)
    for path in paths where path.end == .unbounded {
      let steepest = (0..<n).max {
        path.direction[$0].magnitude < path.direction[$1].magnitude
      }
      throw FitError.improperPosterior(coordinate: density.names[steepest ?? 0], isRising: true)
    }
    return (starts, paths)
  }

  /// Gaussians at the ends of paths, and mean-field searches where none of them is good.
  func candidates(_ starts: Starts, _ paths: [DescentPath]) -> Candidates {
    density.begin("modes")
    var candidates = Candidates(density: density, noise: noise)
    let isDispersed = starts.starts.map(\.isDispersed)
    candidates.addLaplace(
      zip(paths, isDispersed).filter { !$1 || $0.end != .exhausted }.map(\.0))
    candidates.addPaths(paths, isDispersed: isDispersed)
    if !candidates.hasGoodLaplace { candidates.addMeanField(from: starts.firstPlaces) }
    return candidates
  }

  /// The mixture and its check.
  mutating func found() throws -> (state: State, starts: Int) {
    let (starts, paths) = try searched()
    var candidates = candidates(starts, paths)
    let hadMeanField = !candidates.hasGoodLaplace
    density.begin("polish")
    let chosen = candidates.chosen(otherwise: paths[0].point)
    let polished = polishAll(chosen.map(\.gaussian))
    try refuseImproper(polished)
    density.begin("check")
    var state = checked(polished)
    try refuseInfinite(state.check)
    density.begin("far modes")
    addFarModes(&state)
    addWideComponent(&state)
    if !hadMeanField, needsWalk(state),
      state.check.report.relativeEffectiveSampleSize < 0.1
        || state.check.report.shape.map({ $0 >= ParetoShape.threshold }) ?? false
    {
      density.begin("mean field")
      try replaceByMeanField(&state, candidates.addMeanField(from: starts.firstPlaces))
    }
    noteModes(state, starts: starts.starts.count)
    return (state, starts.starts.count)
  }

  /// The verdict, after a walk where q needs one.
  func concluded(
    _ state: State, objective: Fit.Estimate? = nil,
    refusal: (reason: String, advice: [String])? = nil
  ) -> Fit {
    density.begin("walk")
    let walk = options.walks && refusal == nil && needsWalk(state) ? walked(state) : nil
    return Conclusion(
      density: density, noise: noise, options: options, mixture: state.mixture,
      check: state.check, convergence: state.convergence, walk: walk, notes: notes,
      objective: objective, refusal: refusal
    ).fit
  }

  func search(_ starts: [Starts.Start]) -> [DescentPath] {
    var paths = starts.enumerated().map { number, start in
      var limits = DescentPath.Limits()
      if start.isDispersed { limits.iterations = 150 }
      return DescentPath(
        number: number, point: start.point, value: start.value, gradient: start.gradient,
        limits: limits)
    }
    PathfinderWatch(density: density, noise: noise).run(&paths)
    return paths
  }

  mutating func polish(
    _ gaussian: FactoredGaussian, onlyRoughly: Bool = false, isDiagonal: Bool = false
  ) -> Polish.Result {
    polishes += 1
    var polish = Polish(density: density, noise: noise, run: polishes)
    polish.isDiagonal = isDiagonal
    return polish(gaussian, onlyRoughly: onlyRoughly)
  }

  /// Polishes one, or several roughly first, of which the best and other modes go on.
  mutating func polishAll(_ gaussians: [FactoredGaussian]) -> [Polish.Result] {
    if gaussians.count == 1 { return [polish(gaussians[0])] }
    var rough: [Polish.Result] = []
    for gaussian in gaussians { rough.append(polish(gaussian, onlyRoughly: true)) }
    rough.sort { $0.bound > $1.bound }
    var kept = [rough[0]]
    for other in rough.dropFirst() where other.bound > rough[0].bound - Self.modeMargin {
      if kept.allSatisfy({ areApart($0.gaussian, other.gaussian) }) { kept.append(other) }
    }
    var results: [Polish.Result] = []
    for one in kept { results.append(polish(one.gaussian)) }
    return results
  }

  /// A mode whose ELBO is less by so many nats does not matter.
  static let modeMargin = 6.0

  func areApart(_ a: FactoredGaussian, _ b: FactoredGaussian) -> Bool {
    let limit = max(3, 0.3 * Double(n).squareRoot())
    return a.distance(to: b.mean) > limit && b.distance(to: a.mean) > limit
  }

  mutating func check(_ mixture: [WeightedGaussian]) -> ImportanceCheck {
    checks += 1
    return ImportanceCheck(
      mixture, density: density, noise: noise, count: options.draws, number: checks)
  }

  /// Weights of components from their ELBOs, then, where there are several, from the importance
  /// weights; and the check of what results.
  mutating func checked(_ polished: [Polish.Result], after steps: Int = 0) -> State {
    let bound = polished.reduce(-Double.infinity) { $1.bound > $0 ? $1.bound : $0 }
    var mixture = polished.map { result in
      // Where no step was finite there is no bound.
      let weight = exp(result.bound - bound)
      return WeightedGaussian(
        weight: weight.isFinite ? max(weight, 1e-3) : 1e-3, gaussian: result.gaussian)
    }.normalized
    var check = check(mixture)
    if mixture.count > 1 {
      var sums = [Double](repeating: 0, count: mixture.count)
      for (component, weight) in zip(check.components, check.weights.normalized) {
        sums[component] += weight
      }
      for index in mixture.indices { mixture[index].weight = max(sums[index], 1e-3) }
      mixture = mixture.normalized
      check = self.check(mixture)
    }
    let convergence = Fit.Convergence(
      isConverged: polished.allSatisfy(\.isConverged),
      steps: polished.reduce(steps) { $0 + $1.steps },
      finiteShare: polished.reduce(1) { min($0, $1.finiteShare) },
      lastMove: polished.reduce(0) { max($0, $1.lastMove) })
    return State(
      mixture: mixture, convergence: convergence, check: check, bound: bound)
  }

  private mutating func replaceByMeanField(
    _ state: inout State, _ candidates: [Candidate]
  ) throws {
    guard let best = candidates.max(by: { $0.bound < $1.bound }) else { return }
    let polished = polish(best.gaussian)
    let margin = state.mixture.count == 1 ? 0.5 : 3
    guard polished.bound > state.bound + margin else { return }
    state = checked([polished])
    try refuseInfinite(state.check)
  }

  func refuseImproper(_ polished: [Polish.Result]) throws {
    for one in polished where !one.isConverged || one.gaussian.deviations.largestMagnitude > 1e5 {
      try ImproperProbe(density: density, noise: noise).check(one.gaussian)
    }
  }

  func refuseInfinite(_ check: ImportanceCheck) throws {
    guard let row = check.infinite.first else { return }
    let (means, deviations) = check.points.columnMoments()
    let point = check.points.row(row)
    let extreme = (0..<n).max {
      (point[$0] - means[$0]).magnitude / deviations[$0]
        < (point[$1] - means[$1]).magnitude / deviations[$1]
    }
    if let failure = density.density.failure(at: point) {
      throw ModelError(
        nil,
        "log p is +infinity at \(check.infinite.count) of \(check.components.count) draws: "
          + "\(failure); a density with a pole cannot be fitted; bound the parameter away from it")
    }
    throw FitError.infiniteDensity(
      count: check.infinite.count, draws: check.components.count,
      near: density.names[extreme ?? 0])
  }

  func needsWalk(_ state: State) -> Bool {
    let objections = VerdictRules.objections(
      to: state.check.report, convergence: state.convergence)
    return !objections.use.isEmpty && !objections.weighted.isEmpty
  }

  func walked(_ state: State) -> Walk.Result? {
    Walk(density: density, noise: noise).run(
      from: state.check, metric: state.mixture[0].gaussian.triangular)
  }

  private mutating func noteModes(_ state: State, starts: Int) {
    let count = state.mixture.count
    notes.append(
      "\(count == 1 ? "one mode" : "\(count) modes or components") found "
        + "from \(starts.counted("start"))"
    )
  }
}
