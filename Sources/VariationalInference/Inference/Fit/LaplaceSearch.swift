// SPDX-License-Identifier: Apache-2.0

package import Tensors

#if canImport(Glibc)
  internal import Glibc
#else
  internal import Darwin
#endif

/// Newton's method with the Hessian of -log p by central differences along the columns of the last
/// factor: from the end of a path to a mode and its Laplace approximation.
package struct LaplaceSearch {
  let density: CountedDensity

  package init(density: CountedDensity) { self.density = density }

  /// Where the search ended.
  package struct Result {
    package let gaussian: FactoredGaussian
    /// log p at the mean.
    package let value: Double
    /// Whether the Hessian of -log p was positive definite.
    package let isPositiveDefinite: Bool
  }

  private static let iterations = 8
  private static let steps = [1e-3, 1e-2, 1e-4, 1e-5]

  /// - Parameters:
  ///   - start: A point, log p and its gradient there.
  ///   - factor: A factor of the covariance that is expected.
  /// - Returns: The last point, and the factor found there.
  package func run(
    from start: (point: [Double], value: Double, gradient: [Double]), factor: Tensor<Double>
  ) -> Result {
    var (x, value, g) = start
    var (l, isPositiveDefinite) = (factor, false)
    func result(_ isPositiveDefinite: Bool) -> Result {
      Result(
        gaussian: FactoredGaussian(mean: x, factor: l), value: value,
        isPositiveDefinite: isPositiveDefinite)
    }
    for iteration in 0..<Self.iterations {
      guard let hessian = hessian(at: x, along: l) else { return result(false) }
      var (w, q) = hessian.symmetricEigen()
      let largest = w.doubles.largestMagnitude
      guard largest > 0 else { return result(false) }
      isPositiveDefinite = w.doubles[0] > 1e-6 * w.doubles[w.count - 1]
      var a = w.doubles.map { max($0.magnitude, 1e-8 * largest) }
      let isScaling = !isPositiveDefinite && w.doubles[0] > -1e-3 * largest
      if !isPositiveDefinite {
        let floor = 1e-3 * a.median
        a = a.map { max($0, floor) }
      }
      q = q.scalingRows(a.map { 1 / $0.squareRoot() })
      w = l.matrixProduct(q.transposed())
      guard w.firstNonFinite == nil else { return result(false) }
      l = w.triangularFactor()
      let whitened = l.transposedTimes(g)
      let decrement = whitened.dot(whitened)
      let ratio = max(a.max() ?? 1, 1 / (a.min() ?? 1))
      let step = l.times(whitened)
      guard let (length, next) = climb(from: x, value: value, along: step) else { break }
      x.add(length, step)
      (value, g) = (next.values[0], next.gradient(0))
      // Where directions differ by more than differences can see, scales are still on their way.
      let isSettled = isPositiveDefinite || iteration >= 2 && !isScaling
      if decrement < 0.1, ratio < 4 || (iteration >= 2 && isSettled) { break }
      if decrement < 0.1, isPositiveDefinite, length == 1, ratio < 100 { break }
    }
    return result(isPositiveDefinite)
  }

  /// The longest of 1, 1/4, 1/16, ... steps along which log p does not fall.
  private func climb(
    from x: [Double], value: Double, along step: [Double]
  ) -> (length: Double, end: CountedDensity.Evaluation)? {
    var length = 1.0
    while length > 1e-4 {
      let end = density.gradients(at: Tensor(rows: [x.adding(length, step)]))
      if end.isFinite[0], end.values[0] >= value - 1e-9 * value.magnitude {
        return (length, end)
      }
      length /= 4
    }
    return nil
  }

  /// The Hessian of -log p in the coordinates of L, by 2 D gradients in one call; nil where it is
  /// not finite at any step.
  private func hessian(at x: [Double], along l: Tensor<Double>) -> Tensor<Double>? {
    let n = density.dimension
    let columns = l.transposed()
    for h in Self.steps {
      let moved = (columns * h).withNegatives + Tensor(x)
      let evaluation = density.gradients(at: moved)
      guard evaluation.gradients.firstNonFinite == nil else { continue }
      let difference =
        evaluation.gradients.slice(n..<2 * n) - evaluation.gradients.slice(0..<n)
      let hessian = difference.matrixProduct(l) * (1 / (2 * h))
      let symmetric = (hessian + hessian.transposed()) * 0.5
      if symmetric.firstNonFinite == nil { return symmetric }
    }
    return nil
  }
}
