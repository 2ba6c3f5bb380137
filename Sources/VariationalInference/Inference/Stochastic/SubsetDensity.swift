// SPDX-License-Identifier: Apache-2.0

package import Tensors

/// The mean of log p as so many subsets of the data scale it up: a posterior about as wide as that
/// of all data, at another place.
package struct SubsetDensity: LogDensity {
  let density: ProgramDensity
  /// The numbers of the steps whose subsets are taken.
  let subsets: Range<Int>
  let seed: UInt64

  package init(density: ProgramDensity, subsets: Range<Int>, seed: UInt64) {
    (self.density, self.subsets, self.seed) = (density, subsets, seed)
  }

  package var dimension: Int { density.dimension }
  package var coordinateNames: [String] { density.coordinateNames }

  package func logDensities(at points: Tensor<Double>) -> Tensor<Double> {
    logDensitiesWithGradients(at: points).values
  }

  package func logDensitiesWithGradients(
    at points: Tensor<Double>
  ) -> (values: Tensor<Double>, gradients: Tensor<Double>) {
    let parts = subsets.map { step in
      density.gradients(at: points, minibatch: Program.Minibatch(seed: seed, step: step))
    }
    let share = 1 / Double(parts.count)
    let first = parts[0]
    let sum = parts.dropFirst().reduce(first) {
      ($0.values + $1.values, $0.gradients + $1.gradients)
    }
    return (sum.values * share, sum.gradients * share)
  }

  package func priorDraws(_ count: Int, seed: UInt64) -> Tensor<Double>? {
    density.priorDraws(count, seed: seed)
  }
}

/// A density that nobody looks at.
struct UnseenDensity: LogDensity {
  let dimension: Int
  let coordinateNames: [String]

  func logDensities(at points: Tensor<Double>) -> Tensor<Double> {
    Tensor(repeating: -.infinity, shape: [points.shape[0]])
  }

  func logDensitiesWithGradients(
    at points: Tensor<Double>
  ) -> (values: Tensor<Double>, gradients: Tensor<Double>) {
    (logDensities(at: points), points * 0)
  }
}
