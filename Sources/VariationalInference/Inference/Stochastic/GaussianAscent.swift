// SPDX-License-Identifier: Apache-2.0

internal import Tensors

#if canImport(Glibc)
  internal import Glibc
#else
  internal import Darwin
#endif

/// A Gaussian that Adam moves in its own coordinates: with z = m + F e, a step (a, B) is
///
///     m <- m + F a,   F <- F (I + B)
///
/// B lower triangular, or diagonal for independent coordinates, with exp on the diagonal. In these
/// coordinates a step of the size 0.01 is 0.01 sd whatever the scale of the posterior is.
struct GaussianAscent {
  private(set) var gaussian: FactoredGaussian
  let isDiagonal: Bool
  private let moved: FlatBuffer<Double>
  private var state: OptimiserState<Double>

  init(_ gaussian: FactoredGaussian, isDiagonal: Bool) {
    let n = gaussian.dimension
    (self.gaussian, self.isDiagonal) = (gaussian, isDiagonal)
    moved = FlatBuffer(shapes: [[n], isDiagonal ? [n] : [n, n]])
    state = Adam().initialState(shapes: moved.shapes)
  }

  /// One step up a gradient.
  ///
  /// - Parameters:
  ///   - residuals: The gradient of the objective by z, times F, at each draw, with the weight of
  ///     the draw, `[B, D]`.
  ///   - noise: e of each draw.
  ///   - rate: Of Adam, in sd.
  mutating func step(residuals: Tensor<Double>, noise: Tensor<Double>, rate: Double) {
    let n = gaussian.dimension
    let byMean = residuals.sum(along: 0)
    let byFactor =
      isDiagonal
      ? (residuals * noise).sum(along: 0)
      : residuals.transposed().matrixProduct(noise).lowerTriangle
    let before = moved.tensors
    Adam(learningRate: rate, beta2: 0.99).step(moved, along: [byMean, byFactor], &state)
    let steps = zip(moved.tensors, before).map { $0 - $1 }
    let mean = gaussian.mean.adding(1, gaussian.factor.times(steps[0].doubles))
    if isDiagonal {
      let deviations = zip(gaussian.factor.diagonalElements, steps[1].doubles)
      gaussian = FactoredGaussian(mean: mean, deviations: deviations.map { $0 * exp($1) })
    } else {
      let diagonal = steps[1].diagonalElements
      let own = steps[1] + .diagonal(diagonal.map { expm1($0) - $0 }) + .identity(n)
      gaussian = FactoredGaussian(mean: mean, factor: gaussian.factor.matrixProduct(own))
    }
  }
}

/// Means of iterates: of m, and of F, which stays triangular with a positive diagonal.
struct AveragedGaussian {
  private var mean: [Double] = []
  private var factor: Tensor<Double>?
  private(set) var count = 0

  mutating func add(_ gaussian: FactoredGaussian) {
    count += 1
    guard let sum = factor else {
      (mean, factor) = (gaussian.mean, gaussian.factor)
      return
    }
    mean.add(1, gaussian.mean)
    factor = sum + gaussian.factor
  }

  /// nil where nothing was added.
  var gaussian: FactoredGaussian? {
    factor.map { sum in
      FactoredGaussian(
        mean: mean.map { $0 / Double(count) }, factor: sum * (1 / Double(count)))
    }
  }
}

extension Tensor where Scalar == Double {
  /// A copy of a square matrix with 0 above its diagonal.
  fileprivate var lowerTriangle: Tensor {
    let n = shape[0]
    return Tensor(shape: shape) { buffer in
      withScalars { _ = buffer.update(fromContentsOf: $0) }
      for row in 0..<n {
        for column in row + 1..<max(n, row + 1) { buffer[row * n + column] = 0 }
      }
    }
  }
}
