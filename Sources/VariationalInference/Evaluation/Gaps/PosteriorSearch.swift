// SPDX-License-Identifier: Apache-2.0

internal import Tensors

/// Seeks the best member of a family for each of some images, many images at once.
///
/// After each window of steps the mean of an image's parameters is judged on draws that the search
/// never climbs on, the same for every window, so that the difference of two windows has little
/// noise. The best so far is kept, and each learning rate begins there. While a window improves it,
/// and the improvement may be above the tolerance as far as one standard error tells, the image
/// goes on; then with the next, smaller learning rate; after the last its search has converged.
struct PosteriorSearch<Model: JointDensity, Family: GuideFamily>
where Family.Scalar == Model.Scalar {
  typealias Scalar = Model.Scalar

  /// The best parameters found, in the order of the images.
  struct Optimum {
    var parameters: GuideParameters<Scalar>
    var hasConverged: [Bool]
    var steps: [Int]
  }

  private let window: SearchWindow<Model, Family>
  private let workers: WorkerPool
  /// Ends all searches, converged or not.
  private let limit: TimeLimit?
  private var active: SearchState<Scalar>
  /// By image: the best parameters, one row of each tensor, and their bound draw by draw.
  private var best: [[Tensor<Scalar>]]
  private var bounds: [[Double]]
  private var hasConverged: [Bool]
  private var steps: [Int]

  /// A search that begins at `start` for images of a batch.
  init(
    _ window: SearchWindow<Model, Family>, x: Batch<Scalar>, start: GuideParameters<Scalar>,
    firstImage: Int, workers: WorkerPool, limit: TimeLimit? = nil
  ) {
    (self.window, self.workers, self.limit) = (window, workers, limit)
    let count = x.count
    self.firstImage = firstImage
    active = SearchState(images: (0..<count).map { firstImage + $0 }, x: x, parameters: start)
    best = (0..<count).map { row in start.free.map { $0.slice(row..<row + 1) } }
    bounds = []
    hasConverged = [Bool](repeating: start.free.isEmpty, count: count)
    steps = [Int](repeating: 0, count: count)
  }

  private let firstImage: Int
  /// Images that one thread works on at once: with 8 draws each, rows enough for a matrix product.
  private static var blockSize: Int { 16 }

  /// Searches until every image has stopped.
  ///
  /// - Parameter progress: Hears after each window the share of the phases left behind.
  /// - Returns: The best member of each image.
  /// - Throws: `CancellationError` where `progress` answered false.
  mutating func run(progress: EvaluationProgress?) throws -> Optimum {
    let fixed = active.parameters.fixed
    if active.parameters.free.isEmpty {
      return Optimum(parameters: active.parameters, hasConverged: hasConverged, steps: steps)
    }
    bounds = selectionBounds()
    while !active.images.isEmpty {
      advance()
      if limit?.isPast == true { throw TimeIsUp() }
      try progress.report(share)
    }
    let free = best[0].indices.map { tensor in
      Tensor.concatenated(best.map { $0[tensor] })
    }
    return Optimum(
      parameters: GuideParameters(fixed: fixed, free: free), hasConverged: hasConverged,
      steps: steps)
  }

  /// The share of all phases of all images that is done.
  private var share: Double {
    let phases = window.rates.count
    let left = active.phases.reduce(0) { $0 + phases - $1 }
    return 1 - Double(left) / Double(phases * best.count)
  }

  private func blocks() -> [[Int]] {
    stride(from: 0, to: active.images.count, by: Self.blockSize).map {
      Array($0..<min($0 + Self.blockSize, active.images.count))
    }
  }

  /// log p(x, z) - log q(z) at the start, `[images][selection draws]`.
  private func selectionBounds() -> [[Double]] {
    let (state, window, blocks) = (active, window, blocks())
    return workers.map(blocks.count) { block in
      let part = state.selecting(blocks[block])
      return window.judge(part, part.parameters)
    }.flatMap { $0 }
  }

  /// One window for every active image, then a decision for each.
  private mutating func advance() {
    let (state, window, blocks, limit) = (active, window, blocks(), limit)
    let results = workers.map(blocks.count) { block in
      let (moved, mean) = window.climb(state.selecting(blocks[block]), until: limit)
      return (moved: moved, mean: mean.free, bounds: window.judge(moved, mean))
    }
    active = .joined(results.map(\.moved))
    let isOver = limit?.isOver ?? false
    var going: [Int] = []
    for (block, result) in zip(blocks, results) {
      for (row, place) in block.enumerated() {
        let candidate = result.mean.map { $0.slice(row..<row + 1) }
        if goesOn(place, candidate, result.bounds[row]), !isOver { going.append(place) }
      }
    }
    let phases = state.phases
    if going.isEmpty {
      (active.images, active.phases) = ([], [])
    } else {
      // A smaller rate begins at the best so far: the last step of the larger may be far from it.
      let free = active.parameters.free.enumerated().map { tensor, values in
        Tensor.concatenated(
          going.map { place in
            active.phases[place] == phases[place]
              ? values.slice(place..<place + 1) : best[active.images[place] - firstImage][tensor]
          })
      }
      active = active.selecting(going)
      active.parameters.free = free
    }
  }

  /// Judges what a window found for an image; whether its search goes on.
  private mutating func goesOn(
    _ place: Int, _ candidate: [Tensor<Scalar>], _ found: [Double]
  ) -> Bool {
    let image = active.images[place] - firstImage
    steps[image] = active.step
    // Paired, draw by draw on the same noise: its standard error is that of the differences.
    let improvement = Estimate(zip(found, bounds[image]).map { $0 - $1 })
    // Such an image is given up with the best that it has, its search not converged.
    guard improvement.mean.isFinite else { return false }
    if improvement.mean > 0 { (best[image], bounds[image]) = (candidate, found) }
    if improvement.mean <= 0
      || improvement.mean + improvement.standardError <= window.options.tolerance
    {
      active.phases[place] += 1
      if active.phases[place] == window.rates.count {
        hasConverged[image] = true
        return false
      }
    }
    return active.step < window.options.maximumSteps
  }
}

extension SearchWindow {
  /// The bound of each image on the draws reserved for comparisons.
  fileprivate func judge(
    _ state: SearchState<Scalar>, _ parameters: GuideParameters<Scalar>
  ) -> [[Double]] {
    logWeights(
      state.images, state.x, parameters, draws: options.selectionDraws, .gapSelection)
  }
}
