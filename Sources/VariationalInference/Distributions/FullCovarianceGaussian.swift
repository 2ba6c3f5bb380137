// SPDX-License-Identifier: Apache-2.0

/// N(mean, L L^T) with a lower triangular factor L for each row: z = mean + L e.
public struct FullCovarianceGaussian<Scalar: TensorScalar>: InvertibleDistribution {
  /// `[batch, n]`.
  public let mean: Tensor<Scalar>
  /// L, `[batch, n, n]`: 0 above the diagonal, positive on it.
  public let factor: Tensor<Scalar>

  /// Normal distributions with these parameters.
  public init(mean: Tensor<Scalar>, factor: Tensor<Scalar>) {
    precondition(
      mean.rank == 2 && factor.shape == mean.shape + [mean.shape[1]],
      "a Gaussian of mean \(mean.shape) and factor \(factor.shape)")
    self.mean = mean
    self.factor = factor
  }

  /// log det L of each row, `[batch]`.
  var logDeterminant: Tensor<Scalar> {
    let identity = Tensor<Scalar>.identity(mean.shape[1])
    return (factor * identity).sum(along: 2).log().sum(along: 1)
  }

  /// L^-1 (z - mean), of the shape of z: the noise that gives z.
  public func noise(of value: Tensor<Scalar>) -> Tensor<Scalar> {
    (value - mean.aligned(toRank: value.rank)).lowerTriangularSolve(factor: factor)
  }

  /// -1/2 |L^-1 (z - mean)|^2 - log det L - n/2 log(2 pi): `[...]`, in nats.
  public func logProbability(of value: Tensor<Scalar>) -> Tensor<Scalar> {
    noise(of: value).standardNormalLogProbability()
      - logDeterminant.besideRows(ofRank: value.rank - 1)
  }

  /// One number for each dimension.
  public var noiseDimension: Int { mean.shape[1] }

  /// z = mean + L e and log q(z) = log N(e; 0, I) - log det L.
  public func draw(noise: Tensor<Scalar>) -> Draw<Scalar> {
    Draw(
      value: sample(noise: noise),
      logProbability: noise.standardNormalLogProbability()
        - logDeterminant.besideRows(ofRank: noise.rank - 1))
  }

  /// z = mean + L e.
  public func sample(noise: Tensor<Scalar>) -> Tensor<Scalar> {
    mean.aligned(toRank: noise.rank) + noise.groupedLinear(weight: factor)
  }

  /// With the noise e + L^-1 (z - z): its value is e, its gradient that of L^-1 (z - mean).
  public func logProbabilityAlongPath(
    of z: Tensor<Scalar>, noise: Tensor<Scalar>
  ) -> Tensor<Scalar> {
    let still = FullCovarianceGaussian(mean: mean.detached, factor: factor.detached)
    let e = noise + (z - z.detached).lowerTriangularSolve(factor: still.factor)
    return e.standardNormalLogProbability() - still.logDeterminant.besideRows(ofRank: z.rank - 1)
  }
}

extension Tensor {
  /// The identity matrix.
  static func identity(_ n: Int) -> Tensor {
    Tensor((0..<n * n).map { $0 % (n + 1) == 0 ? 1 : 0 }, shape: [n, n])
  }
}
