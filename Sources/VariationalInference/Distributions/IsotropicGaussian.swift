// SPDX-License-Identifier: Apache-2.0

/// N(mean, exp(logVariance) I): normal coordinates that share one variance, as the noise of
/// real-valued data.
public struct IsotropicGaussian<Scalar: TensorScalar>: FactorizedDistribution, DataDistribution {
  /// `[..., n]`.
  public let mean: Tensor<Scalar>
  /// `[1]`: log sigma^2, the same for all rows and coordinates.
  public let logVariance: Tensor<Scalar>

  /// Normal distributions with these parameters.
  public init(mean: Tensor<Scalar>, logVariance: Tensor<Scalar>) {
    precondition(
      mean.rank >= 1 && logVariance.shape == [1],
      "an isotropic Gaussian of mean \(mean.shape) and log variance \(logVariance.shape)")
    self.mean = mean
    self.logVariance = logVariance
  }

  /// -1/2 (|x - mean|^2 / sigma^2 + n log sigma^2 + n log(2 pi)): `[...]`, in nats.
  public func logProbability(of value: Tensor<Scalar>) -> Tensor<Scalar> {
    let n = Scalar(mean.shape[mean.rank - 1])
    let squares = deviations(of: value).squared().sum(along: -1)
    return (squares * (-logVariance).exp() + logVariance * n) * -0.5 - n * Scalar(halfLogTwoPi)
  }

  /// -1/2 ((x[j] - mean[j])^2 / sigma^2 + log sigma^2 + log(2 pi)): `[..., n]`.
  public func logProbabilities(of value: Tensor<Scalar>) -> Tensor<Scalar> {
    let squares = deviations(of: value).squared()
    return (squares * (-logVariance).exp() + logVariance) * -0.5 - Scalar(halfLogTwoPi)
  }

  /// x - mean, `[..., n]`.
  private func deviations(of value: Tensor<Scalar>) -> Tensor<Scalar> {
    let rank = max(value.rank, mean.rank)
    return value.aligned(toRank: rank) - mean.aligned(toRank: rank)
  }

  /// mean + sigma e, with standard normal e of each row's key.
  public func draw(_ keys: [NoiseKey]) -> Tensor<Scalar> {
    let n = mean.shape[mean.rank - 1]
    let noise = Tensor<Scalar>.concatenated(keys.map { .standardNormal([1, n], key: $0) })
    return mean.detached + (logVariance.detached * 0.5).exp() * noise
  }
}
