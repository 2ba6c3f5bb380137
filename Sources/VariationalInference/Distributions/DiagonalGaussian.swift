// SPDX-License-Identifier: Apache-2.0

/// N(mean, diag(exp(logVariance))): independent normal coordinates, one row per example.
public struct DiagonalGaussian<Scalar: TensorScalar>: ReparameterizedDistribution {
  /// `[batch, dimension]`.
  public let mean: Tensor<Scalar>
  /// `[batch, dimension]`: log sigma^2.
  public let logVariance: Tensor<Scalar>

  /// Normal distributions with these parameters, of equal shapes `[batch, dimension]`.
  public init(mean: Tensor<Scalar>, logVariance: Tensor<Scalar>) {
    precondition(
      mean.shape == logVariance.shape && mean.rank == 2,
      "a Gaussian of mean \(mean.shape) and log variance \(logVariance.shape)")
    self.mean = mean
    self.logVariance = logVariance
  }

  /// -1/2 sum over j of (z[j] - mean[j])^2 / exp(v[j]) + v[j] + log(2 pi): `[batch]`, in nats.
  public func logProbability(of value: Tensor<Scalar>) -> Tensor<Scalar> {
    let standardized = (value - mean) * (logVariance * -0.5).exp()
    let constant = Scalar(halfLogTwoPi) * Scalar(mean.shape[1])
    return (standardized.squared() + logVariance).sum(along: 1) * -0.5 - constant
  }

  /// Each row `times` times in succession, `[batch * times, dimension]`: for many draws of each.
  public func repeatingRows(_ times: Int) -> DiagonalGaussian {
    DiagonalGaussian(
      mean: mean.repeatingRows(times), logVariance: logVariance.repeatingRows(times))
  }

  /// The shape of mean and noise.
  public var noiseShape: [Int] { mean.shape }

  /// z = mean + exp(logVariance / 2) * noise.
  public func sample(noise: Tensor<Scalar>) -> Tensor<Scalar> {
    .gaussianSample(mean: mean, logVariance: logVariance, noise: noise)
  }

  /// In closed form for a standard normal prior.
  public func kullbackLeiblerDivergence(to prior: some Distribution<Scalar>) -> Tensor<Scalar>? {
    guard prior is StandardNormal<Scalar> else { return nil }
    return .gaussianKLToStandardNormal(mean: mean, logVariance: logVariance)
  }
}
