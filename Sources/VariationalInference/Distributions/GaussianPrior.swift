// SPDX-License-Identifier: Apache-2.0

/// A prior that is N(0, I) in coordinates of its own, one for each of z: what the health of a latent space is
/// measured against. Divergences are the same in these coordinates as in those of z.
public protocol GaussianPrior<Scalar>: ReparameterizedDistribution {
  /// The distribution of (z[j] - mean[j]) / standard deviation[j] of this prior, for z of `q`.
  func standardized(_ q: DiagonalGaussian<Scalar>) -> DiagonalGaussian<Scalar>
}

extension StandardNormal: GaussianPrior {
  /// The same.
  public func standardized(_ q: DiagonalGaussian<Scalar>) -> DiagonalGaussian<Scalar> { q }
}

extension DiagonalGaussian: GaussianPrior {
  /// Row by row, or with one row of this prior for all of `q`.
  public func standardized(_ q: DiagonalGaussian) -> DiagonalGaussian {
    DiagonalGaussian(
      mean: (q.mean - mean) * (logVariance * -0.5).exp(), logVariance: q.logVariance - logVariance)
  }
}
