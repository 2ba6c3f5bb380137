// SPDX-License-Identifier: Apache-2.0

/// N(mean, diag(exp(logVariance))): independent normal coordinates, one distribution for each row, or
/// one for all.
public struct DiagonalGaussian<Scalar: TensorScalar>: InvertibleDistribution,
  FactorizedDistribution
{
  /// `[batch, n]`, or `[n]` where it is the same for all rows.
  public let mean: Tensor<Scalar>
  /// log sigma^2, of the shape of the mean.
  public let logVariance: Tensor<Scalar>

  /// Normal distributions with these parameters, of equal shapes `[..., n]`.
  public init(mean: Tensor<Scalar>, logVariance: Tensor<Scalar>) {
    precondition(
      mean.shape == logVariance.shape && mean.rank >= 1,
      "a Gaussian of mean \(mean.shape) and log variance \(logVariance.shape)")
    self.mean = mean
    self.logVariance = logVariance
  }

  /// -1/2 sum over j of (z[j] - mean[j])^2 / exp(v[j]) + v[j] + log(2 pi): `[...]`, in nats.
  public func logProbability(of value: Tensor<Scalar>) -> Tensor<Scalar> {
    let rank = max(value.rank, mean.rank)
    let (m, v) = (mean.aligned(toRank: rank), logVariance.aligned(toRank: rank))
    let standardized = (value.aligned(toRank: rank) - m) * (v * -0.5).exp()
    let constant = Scalar(halfLogTwoPi) * Scalar(mean.shape[mean.rank - 1])
    return (standardized.squared() + v).sum(along: -1) * -0.5 - constant
  }

  /// -1/2 ((z[j] - mean[j])^2 / exp(v[j]) + v[j] + log(2 pi)): `[..., n]`.
  public func logProbabilities(of value: Tensor<Scalar>) -> Tensor<Scalar> {
    let rank = max(value.rank, mean.rank)
    let (m, v) = (mean.aligned(toRank: rank), logVariance.aligned(toRank: rank))
    let standardized = (value.aligned(toRank: rank) - m) * (v * -0.5).exp()
    return (standardized.squared() + v) * -0.5 - Scalar(halfLogTwoPi)
  }

  /// One number for each dimension.
  public var noiseDimension: Int { mean.shape[mean.rank - 1] }

  /// z = mean + exp(logVariance / 2) e and log q(z) = log N(e; 0, I) - 1/2 sum of logVariance.
  public func draw(noise: Tensor<Scalar>) -> Draw<Scalar> {
    let logScale = (logVariance.sum(along: -1) * 0.5).besideRows(ofRank: noise.rank - 1)
    return Draw(
      value: sample(noise: noise),
      logProbability: noise.standardNormalLogProbability() - logScale)
  }

  /// z = mean + exp(logVariance / 2) * noise.
  public func sample(noise: Tensor<Scalar>) -> Tensor<Scalar> {
    .gaussianSample(
      mean: mean.aligned(toRank: noise.rank), logVariance: logVariance.aligned(toRank: noise.rank),
      noise: noise)
  }

  /// (z - mean) / exp(logVariance / 2).
  public func noise(of value: Tensor<Scalar>) -> Tensor<Scalar> {
    let rank = value.rank
    return (value - mean.aligned(toRank: rank)) * (logVariance.aligned(toRank: rank) * -0.5).exp()
  }

  /// With e = noise + (z - z) / sigma, whose value is the noise and whose gradient is that of
  /// (z - mean) / sigma: log N(e; 0, I) - 1/2 sum of logVariance.
  public func logProbabilityAlongPath(
    of z: Tensor<Scalar>, noise: Tensor<Scalar>
  ) -> Tensor<Scalar> {
    let v = logVariance.detached.aligned(toRank: z.rank)
    let e = noise + (z - z.detached) * (v * -0.5).exp()
    let constant = Scalar(halfLogTwoPi) * Scalar(noiseDimension)
    return (e.squared() + v).sum(along: -1) * -0.5 - constant
  }
}
