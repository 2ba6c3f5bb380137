// SPDX-License-Identifier: Apache-2.0

internal import Tensors

#if canImport(Glibc)
  internal import Glibc
#else
  internal import Darwin
#endif

/// What antithetic draws of q say of the next step of ``Polish``.
struct PolishStep {
  /// The share of pairs with two finite members.
  let finiteShare: Double
  /// nil where too few pairs are finite.
  let moments: Moments?

  struct Moments {
    /// The ELBO less D/2 log 2 pi, and its standard error from the pairs.
    let bound: Double
    let boundError: Double
    /// The ELBO with all constants by the mean of log p - log q, whose error vanishes with the gap.
    let elbo: Fit.Estimate
    /// Mean of r, `[D]`.
    let residual: [Double]
    /// Eigenvalues, and eigenvectors as rows, of the symmetric part of E[r e^T].
    let eigenvalues: [Double]
    let eigenvectors: Tensor<Double>
    /// max_j |(F E[r])_j| / sd_j: how far a full step moves a mean, and the standard error of that.
    let move: Double
    let moveError: Double
    /// max_j |(F A F^T)_jj| / sd_j^2: by what a full step changes a variance.
    let change: Double
    /// The standard deviation over draws of log p - log q.
    let logWeightDeviation: Double
    /// Whether coordinates stay independent under q.
    let isDiagonal: Bool
  }

  /// - Parameters:
  ///   - gaussian: q.
  ///   - density: log p.
  ///   - half: e of the first member of each pair, `[n, D]`.
  ///   - isDiagonal: Whether coordinates stay independent under q.
  init(
    _ gaussian: FactoredGaussian, density: CountedDensity, half: Tensor<Double>,
    isDiagonal: Bool = false
  ) {
    let n = half.shape[0]
    let noise = half.withNegatives
    let evaluation = density.gradients(at: gaussian.points(noise))
    let residuals = evaluation.gradients.matrixProduct(gaussian.factor) + noise
    let kept = (0..<n).filter { evaluation.isFinite[$0] && evaluation.isFinite[n + $0] }
    finiteShare = Double(kept.count) / Double(n)
    guard Double(kept.count) >= max(4, 0.25 * Double(n)) else {
      moments = nil
      return
    }
    let isWhole = kept.count == n
    let (plus, minus) =
      isWhole
      ? (residuals.slice(0..<n), residuals.slice(n..<2 * n))
      : (residuals.selectingRows(kept), residuals.selectingRows(kept.map { $0 + n }))
    moments = Moments(
      gaussian, half: isWhole ? half : half.selectingRows(kept),
      values: kept.map { (evaluation.values[$0], evaluation.values[n + $0]) },
      even: (plus + minus) * 0.5, odd: (plus - minus) * 0.5, isWhole: isWhole,
      isDiagonal: isDiagonal)
  }
}

extension PolishStep.Moments {
  /// nil where the moments overflow.
  init?(
    _ gaussian: FactoredGaussian, half: Tensor<Double>, values: [(Double, Double)],
    even: Tensor<Double>, odd: Tensor<Double>, isWhole: Bool, isDiagonal: Bool
  ) {
    self.isDiagonal = isDiagonal
    let root = Double(values.count).squareRoot()
    let means = values.map { ($0.0 + $0.1) / 2 }
    bound = means.mean + gaussian.entropy
    boundError = means.standardDeviation / root
    let squares = half.rowSquares
    let logWeights = zip(values, squares).flatMap { (value, square) -> [Double] in
      [value.0 + square / 2, value.1 + square / 2]
    }
    logWeightDeviation = logWeights.standardDeviation
    let peak = gaussian.logPeak
    elbo = values.indices.map { (logWeights[2 * $0] + logWeights[2 * $0 + 1]) / 2 - peak }.estimate
    residual = even.columnMoments().means
    let regression = Self.regression(
      of: odd, on: half, squares: squares, isFrame: isWhole && half.shape[0] == half.shape[1])
    let symmetric = (regression + regression.transposed()) * 0.5
    guard symmetric.firstNonFinite == nil, bound.isFinite else { return nil }
    let deviations = gaussian.deviations
    let (values, vectors) = symmetric.symmetricEigen()
    eigenvalues = values.doubles
    eigenvectors = vectors
    let steps =
      isDiagonal ? Self.newtonSteps(even, eigenvalues: eigenvalues, eigenvectors) : even
    let moves = steps.matrixProduct(gaussian.transposedFactor).columnMoments()
    move = Self.largest(moves.means, deviations)
    moveError = Self.largest(moves.deviations, deviations) / root
    let changes = gaussian.factor.matrixProduct(symmetric) * gaussian.factor
    change = Self.largest(changes.sum(along: -1).doubles, deviations.map { $0 * $0 })
  }

  /// The largest magnitude of quotients.
  private static func largest(_ numbers: [Double], _ units: [Double]) -> Double {
    zip(numbers, units).map { $0 / $1 }.largestMagnitude
  }

  /// M = (H^T H + 1e-10 tr / D I)^-1 H^T odd; the plain moment where there are fewer pairs than
  /// coordinates.
  private static func regression(
    of odd: Tensor<Double>, on half: Tensor<Double>, squares: [Double], isFrame: Bool
  ) -> Tensor<Double> {
    // Rows of one orthogonal frame: H^-1 = H^T diag(1 / |h|^2).
    if isFrame { return half.scalingRows(squares.map { 1 / $0 }).transposed().matrixProduct(odd) }
    let (rows, n) = (half.shape[0], half.shape[1])
    let transposed = half.transposed()
    let moment = transposed.matrixProduct(odd)
    if rows >= n {
      let ridge = 1e-10 * squares.reduce(0, +) / Double(n)
      let gram = transposed.matrixProduct(half) + Tensor.identity(n) * ridge
      if let solution = gram.positiveDefiniteSolution(moment) { return solution }
    }
    return moment * (1 / Double(rows))
  }

  /// q after a step of this rate: eigenvalues of Lambda between 1/2 and 2, the step of the mean no
  /// longer than max(1, 0.3 sqrt D).
  func moved(_ gaussian: FactoredGaussian, rate: Double) -> FactoredGaussian {
    if isDiagonal { return movedAlongAxes(gaussian, rate: rate) }
    let lambda = eigenvalues.map { min(max(1 - rate * $0, 0.5), 2) }
    var whitened = eigenvectors.times(residual.map { rate * $0 })
    for index in whitened.indices { whitened[index] /= lambda[index] }
    let longest = max(1, 0.3 * Double(gaussian.dimension).squareRoot())
    let length = whitened.norm
    if length > longest { whitened = whitened.map { $0 * longest / length } }
    let step = gaussian.factor.times(eigenvectors.transposedTimes(whitened))
    let scaled = eigenvectors.scalingRows(lambda.map { 1 / $0.squareRoot() })
    return FactoredGaussian(
      mean: gaussian.mean.adding(1, step),
      factor: gaussian.factor.matrixProduct(scaled.transposed()).triangularFactor())
  }
}
