// SPDX-License-Identifier: Apache-2.0

internal import Tensors

extension DescentPath {
  /// The Gaussian that the path has seen of log p: N(x - H g, H), H the BFGS inverse Hessian of the
  /// pairs, begun with the diagonal; nil where H is not positive definite.
  func gaussian() -> FactoredGaussian? {
    let n = point.count
    var inverse = [Double](repeating: 0, count: n * n)
    for j in 0..<n { inverse[j * n + j] = diagonal[j] }
    for pair in pairs { Self.update(&inverse, by: pair) }
    let matrix = Tensor(inverse, shape: [n, n])
    guard let factor = matrix.choleskyFactor() else { return nil }
    let mean = point.adding(-1, matrix.times(gradient))
    return mean.allSatisfy(\.isFinite) ? FactoredGaussian(mean: mean, factor: factor) : nil
  }

  /// H <- H - rho (s (H y)^T + (H y) s^T) + rho (rho y^T H y + 1) s s^T, rho = 1 / s^T y.
  private static func update(_ inverse: inout [Double], by pair: Pair) {
    let (n, s, y, rho) = (pair.step.count, pair.step, pair.change, 1 / pair.product)
    inverse.withUnsafeMutableBufferPointer { h in
      // H is symmetric: its product is a sum of rows.
      var product = [Double](repeating: 0, count: n)
      for i in 0..<n {
        for j in 0..<n { product[j] += y[i] * h[i * n + j] }
      }
      let square = rho * (rho * y.dot(product) + 1)
      for i in 0..<n {
        let (si, pi) = (s[i], product[i])
        for j in 0..<n {
          h[i * n + j] += square * si * s[j] - rho * (si * product[j] + pi * s[j])
        }
      }
    }
  }
}
