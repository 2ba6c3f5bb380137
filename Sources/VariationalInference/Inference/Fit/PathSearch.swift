// SPDX-License-Identifier: Apache-2.0

package import Tensors

/// Runs paths side by side: the trial points of all that still search are rows of one call.
package enum PathSearch {
  /// - Parameters:
  ///   - paths: Go on until each has ended.
  ///   - evaluate: log p and its gradient at rows.
  ///   - look: Told which paths have just completed an iteration.
  package static func run(
    _ paths: inout [DescentPath],
    evaluate: (Tensor<Double>) -> CountedDensity.Evaluation,
    look: (inout [DescentPath], [Int]) -> Void = { _, _ in }
  ) {
    while true {
      let live = paths.indices.filter { paths[$0].end == nil }
      if live.isEmpty { return }
      let evaluation = evaluate(Tensor(rows: live.map { paths[$0].trial }))
      var completed: [Int] = []
      for (row, path) in live.enumerated() {
        let isComplete = paths[path].receive(
          value: evaluation.values[row], gradient: evaluation.gradient(row),
          isFinite: evaluation.isFinite[row])
        if isComplete { completed.append(path) }
      }
      look(&paths, completed)
      for path in completed { paths[path].proceed() }
    }
  }
}

/// Looks at the Gaussians of paths on their way, and stops a path whose mode has no volume: log p
/// rises there without end while the Gaussians get worse, as in the neck of a funnel.
///
/// - Source: Zhang, Carpenter, Gelman and Vehtari, "Pathfinder", JMLR 23 (2022), arXiv:2108.03782.
struct PathfinderWatch {
  let density: CountedDensity
  let noise: FitNoise

  private static let pairs = 3
  /// So many looks in a row far below the best end a path.
  private static let lowLooks = 4

  /// Searches from starts under watch, and looks once more where each path ended.
  func run(_ paths: inout [DescentPath]) {
    PathSearch.run(&paths, evaluate: density.gradients) { paths, completed in
      look(&paths, completed.filter { Self.isDue(paths[$0].iteration) })
    }
    look(&paths, Array(paths.indices))
  }

  /// At iterates 1, 2, 4, 7, 10, 20, 30, ...
  private static func isDue(_ iteration: Int) -> Bool {
    [1, 2, 4, 7].contains(iteration) || iteration % 10 == 0
  }

  private func look(_ paths: inout [DescentPath], _ due: [Int]) {
    let seen = due.compactMap { index in paths[index].gaussian().map { (index, $0) } }
    let bounds = density.bounds(seen.map(\.1), pairs: Self.pairs) { row in
      let path = paths[seen[row].0]
      let isLast = path.end != nil
      return noise.normal(
        [Self.pairs, density.dimension], .looks,
        path.number << 12 | (isLast ? 0 : path.iteration))
    }
    for ((index, gaussian), bound) in zip(seen, bounds) {
      paths[index].looks.append(.init(bound: bound, gaussian: gaussian))
      let best = paths[index].looks.reduce(-Double.infinity) { max($0, $1.bound) }
      let margin = 10 + 0.1 * Double(density.dimension)
      let isLow = best.isFinite && !(bound > best - margin)
      paths[index].lowLooks = isLow ? paths[index].lowLooks + 1 : 0
      if paths[index].end == nil, paths[index].lowLooks >= Self.lowLooks {
        paths[index].stop(.degenerate)
      }
    }
  }
}
