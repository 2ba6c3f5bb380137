// SPDX-License-Identifier: Apache-2.0

/// N(mean, L L^T) with a lower triangular factor L for each example: z = mean + L noise.
///
/// A batch may hold several draws of each example: row r belongs to example r / draws.
public struct FullCovarianceGaussian<Scalar: TensorScalar>: ReparameterizedDistribution {
  /// `[examples, dimension]`.
  public let mean: Tensor<Scalar>
  /// L, `[examples, dimension, dimension]`: 0 above the diagonal, positive on it.
  public let factor: Tensor<Scalar>
  /// Rows of the batch for each example.
  public let draws: Int

  /// Normal distributions with these parameters.
  public init(mean: Tensor<Scalar>, factor: Tensor<Scalar>, draws: Int = 1) {
    precondition(
      mean.rank == 2 && factor.shape == mean.shape + [mean.shape[1]] && draws >= 1,
      "a Gaussian of mean \(mean.shape), factor \(factor.shape) and \(draws) draws")
    self.mean = mean
    self.factor = factor
    self.draws = draws
  }

  /// log det L of each row, `[batch]`.
  var logDeterminant: Tensor<Scalar> {
    let identity = Tensor<Scalar>.identity(mean.shape[1])
    return (factor * identity).sum(along: 2).log().sum(along: 1).repeatingRows(draws)
  }

  /// L^-1 (z - mean), `[batch, dimension]`: the noise that gives z.
  func noise(of value: Tensor<Scalar>) -> Tensor<Scalar> {
    (value - mean.repeatingRows(draws)).lowerTriangularSolve(factor: factor)
  }

  /// -1/2 |L^-1 (z - mean)|^2 - log det L - n/2 log(2 pi): `[batch]`, in nats.
  public func logProbability(of value: Tensor<Scalar>) -> Tensor<Scalar> {
    StandardNormal(dimension: mean.shape[1]).logProbability(of: noise(of: value)) - logDeterminant
  }

  /// `[examples x draws, dimension]`.
  public var noiseShape: [Int] { [mean.shape[0] * draws, mean.shape[1]] }

  /// z = mean + L noise.
  public func sample(noise: Tensor<Scalar>) -> Tensor<Scalar> {
    mean.repeatingRows(draws) + noise.groupedLinear(weight: factor)
  }

  /// In closed form for a standard normal prior: (|L|^2 + |mean|^2 - n) / 2 - log det L.
  public func kullbackLeiblerDivergence(to prior: some Distribution<Scalar>) -> Tensor<Scalar>? {
    guard prior is StandardNormal<Scalar> else { return nil }
    let squares = factor.squared().sum(along: 2).sum(along: 1) + mean.squared().sum(along: 1)
    return (squares - Scalar(mean.shape[1])).repeatingRows(draws) * 0.5 - logDeterminant
  }
}

extension Tensor {
  /// Each index of the first axis `count` times in a row: `[n, ...]` to `[n x count, ...]`.
  func repeatingRows(_ count: Int) -> Tensor {
    if count == 1 { return self }
    let (rows, rest) = (shape[0], Array(shape.dropFirst()))
    return reshaped(to: [rows, 1] + rest).repeated(to: [rows, count] + rest)
      .reshaped(to: [rows * count] + rest)
  }

  /// The identity matrix.
  static func identity(_ n: Int) -> Tensor {
    Tensor((0..<n * n).map { $0 % (n + 1) == 0 ? 1 : 0 }, shape: [n, n])
  }
}
