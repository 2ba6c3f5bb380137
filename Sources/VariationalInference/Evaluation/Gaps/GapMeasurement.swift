// SPDX-License-Identifier: Apache-2.0

internal import Tensors

extension JointDensity {
  /// Seeks the best posterior of each example in growing families, and takes the bound with each.
  ///
  /// - Parameters:
  ///   - batch: The examples.
  ///   - q: The guide's posterior of each example, from which the search begins.
  ///   - family: The last to be searched. The search in a family begins at the best of the one
  ///     before, so those before it are searched, and reported, too.
  ///   - options: Steps, draws and tolerance.
  ///   - seed: Decides all draws.
  ///   - workers: The threads to use; the result does not depend on them.
  ///   - progress: Hears of each window of steps, and may stop the work.
  /// - Returns: The bounds, in nats. Those that are reported are taken on fresh draws: on the draws
  ///   that q* was fitted or chosen on its bound is too high.
  /// - Precondition: All numbers of the options are positive, and two draws at least judge a window,
  ///   as one has no standard error.
  /// - Throws: `CancellationError` where `progress` answered false; ``DatasetError`` naming an
  ///   example whose numbers are not finite.
  @specialized(where Self == VariationalAutoencoder<Float>)
  public func inferenceGaps(
    _ batch: Batch<Scalar>, posterior q: DiagonalGaussian<Scalar>,
    through family: PosteriorFamily = .flow, options: GapOptions = GapOptions(), seed: UInt64 = 0,
    workers: WorkerPool, progress: EvaluationProgress? = nil
  ) throws -> InferenceGaps {
    try inferenceGaps(
      batch, posterior: q, through: family, options: options, seed: seed, workers: workers,
      progress: progress, until: nil)
  }

  /// The same of as many of the first examples as there is time for, at least two; searches that
  /// time ends have not come to rest.
  @specialized(where Self == VariationalAutoencoder<Float>)
  package func inferenceGaps(
    _ batch: Batch<Scalar>, posterior q: DiagonalGaussian<Scalar>,
    through family: PosteriorFamily = .flow, options: GapOptions = GapOptions(), seed: UInt64,
    workers: WorkerPool, progress: EvaluationProgress?, until limit: TimeLimit?
  ) throws -> InferenceGaps {
    requireOwnLatents("a search for the best posterior")
    precondition(
      batch.count == q.mean.shape[0] && batch.count > 0,
      "\(batch.count) examples and posteriors of shape \(q.mean.shape)")
    precondition(
      options.drawsPerStep >= 1 && options.stepsPerWindow >= 1 && options.maximumSteps >= 1
        && options.selectionDraws >= 2 && options.boundDraws >= 1,
      "a search for a posterior cannot go by \(options)")
    let measurement = GapMeasurement(
      model: self, family: family, options: options, seed: seed, workers: workers, limit: limit)
    return try measurement.run(batch, q, progress: progress)
  }
}

/// A measurement of gaps: some images at a time, so that memory does not grow with their number.
struct GapMeasurement<Model: JointDensity> {
  typealias Scalar = Model.Scalar

  let model: Model
  let family: PosteriorFamily
  let options: GapOptions
  let seed: UInt64
  let workers: WorkerPool
  let limit: TimeLimit?

  private typealias Found = (bounds: [Double], hasConverged: [Bool], steps: [Int])
  /// Images at a time.
  private static var chunk: Int { 128 }

  private var families: [PosteriorFamily] {
    let all = PosteriorFamily.allCases
    return Array(all[...(all.firstIndex(of: family) ?? 0)])
  }

  func run(
    _ batch: Batch<Scalar>, _ q: DiagonalGaussian<Scalar>, progress: EvaluationProgress?
  ) throws -> InferenceGaps {
    let count = batch.count
    var own: [Double] = []
    var found = families.map { _ in Found([], [], []) }
    var pace = GapPace(limit: limit, threads: workers.count, usual: Self.chunk)
    while let size = pace.next(after: own.count, of: count) {
      let first = own.count
      let rows = first..<first + size
      let start = DiagonalGaussian(
        mean: q.mean.slice(rows).detached, logVariance: q.logVariance.slice(rows).detached)
      let part = progress.part(
        from: Double(first) / Double(count), to: Double(rows.upperBound) / Double(count))
      let chunk: (own: [Double], found: [Found])
      do {
        chunk = try measure(batch.slice(rows), start, firstImage: first, progress: part)
      } catch is TimeIsUp {
        break
      }
      own += chunk.own
      for (index, part) in chunk.found.enumerated() {
        found[index].bounds += part.bounds
        found[index].hasConverged += part.hasConverged
        found[index].steps += part.steps
      }
    }
    try batch.requireFinite(model.reads, where: own)
    return InferenceGaps(
      bound: own,
      optimised: zip(families, found).map {
        .init(family: $0, bound: $1.bounds, hasConverged: $1.hasConverged, steps: $1.steps)
      })
  }

  /// The families one after the other, each from the best of the one before.
  private func measure(
    _ x: Batch<Scalar>, _ q: DiagonalGaussian<Scalar>, firstImage: Int,
    progress: EvaluationProgress?
  ) throws -> (own: [Double], found: [Found]) {
    let (diagonal, full) = (DiagonalFamily<Scalar>(), FullCovarianceFamily<Scalar>())
    let flow = CouplingFlowFamily<Scalar>(seed: seed)
    // q is the member with all free parameters 0. Its bound and those of each q* take the same
    // noise, which leaves little of it in their differences.
    let own = bounds(window(diagonal), x, diagonal.parameters(at: q), firstImage)
    func part(_ index: Int) -> EvaluationProgress? {
      let count = Double(families.count)
      return progress.part(from: Double(index) / count, to: Double(index + 1) / count)
    }
    // Each family has an equal part of the time that is left.
    func end(_ index: Int) -> TimeLimit? {
      limit.map {
        let now = ContinuousClock.now
        return TimeLimit(
          now + ($0.end - now) / (families.count - index), last: $0.lastEnd)
      }
    }
    let first = try search(diagonal, x, q, firstImage, end(0), progress: part(0))
    if family == .diagonal { return (own, [first.found]) }
    let best = diagonal.member(first.parameters)
    let second = try search(full, x, best, firstImage, end(1), progress: part(1))
    if family == .fullCovariance { return (own, [first.found, second.found]) }
    let bent = full.member(second.parameters)
    let third = try search(flow, x, bent, firstImage, end(2), progress: part(2))
    return (own, [first.found, second.found, third.found])
  }

  private func window<Family: GuideFamily>(_ family: Family) -> SearchWindow<Model, Family> {
    SearchWindow(
      model: model, family: family, options: options,
      rates: family is CouplingFlowFamily<Scalar> ? options.flowRates : options.gaussianRates,
      seed: seed)
  }

  private func search<Family: GuideFamily>(
    _ family: Family, _ x: Batch<Scalar>, _ start: Family.Start, _ firstImage: Int,
    _ limit: TimeLimit?, progress: EvaluationProgress?
  ) throws -> (found: Found, parameters: GuideParameters<Scalar>)
  where Family.Scalar == Scalar {
    let window = window(family)
    var search = PosteriorSearch(
      window, x: x, start: family.parameters(at: start), firstImage: firstImage, workers: workers,
      limit: limit)
    let optimum = try search.run(progress: progress)
    let bounds = bounds(window, x, optimum.parameters, firstImage)
    return ((bounds, optimum.hasConverged, optimum.steps), optimum.parameters)
  }

  /// The bound of each image on fresh draws, 256 at a time.
  ///
  ///     1/S sum over s of log p(x, z_s) - log q(z_s),     z_s ~ q
  ///
  /// The parts are rounds of one purpose, and their sum is taken draw by draw.
  private func bounds<Family>(
    _ window: SearchWindow<Model, Family>, _ x: Batch<Scalar>,
    _ parameters: GuideParameters<Scalar>, _ firstImage: Int
  ) -> [Double] {
    let (draws, size) = (options.boundDraws, 256)
    return workers.map(x.count) { image in
      let (row, own) = (x.slice(image..<image + 1), parameters.selecting([image]))
      var sum = 0.0
      for (round, first) in stride(from: 0, to: draws, by: size).enumerated() {
        let weights = window.logWeights(
          [firstImage + image], row, own, draws: min(size, draws - first), .gapBound,
          round: round)
        sum = weights[0].reduce(sum, +)
      }
      return sum / Double(draws)
    }
  }
}

/// A search was given up.
struct TimeIsUp: Error {}

/// How many images are searched together, in measurements with a time limit and without.
private struct GapPace {
  let limit: TimeLimit?
  let threads: Int
  /// Where no time is set.
  let usual: Int
  private var began: ContinuousClock.Instant?
  private var size = 0

  init(limit: TimeLimit?, threads: Int, usual: Int) {
    (self.limit, self.threads, self.usual) = (limit, threads, usual)
  }

  /// The number of images to search next; nil where all are done, or no more can be in time.
  mutating func next(after done: Int, of count: Int) -> Int? {
    if done == count { return nil }
    guard let limit else { return min(usual, count - done) }
    let now = ContinuousClock.now
    // Few at first: how long a search takes shows when it has ended. More take less time each.
    var next = 2 * threads
    if let began {
      let (each, left) = ((now - began) / size, limit.end - now)
      if left <= .zero { return nil }
      next = min(16 * threads, 4 * size)
      while next > 0, each * next > left { next /= 2 }
    }
    size = min(next, count - done)
    began = now
    return size > 0 ? size : nil
  }
}
