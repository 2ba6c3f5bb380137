// SPDX-License-Identifier: Apache-2.0

/// An autoencoder that can be measured from all sides: its x can be drawn, its q is a diagonal Gaussian,
/// its prior a normal distribution of independent coordinates.
public protocol MeasurableAutoencoder<Scalar>: Autoencoder
where
  Likelihood: FactorizedDistribution & DrawableDistribution, Posterior == DiagonalGaussian<Scalar>,
  Prior: GaussianPrior
{}

extension VariationalAutoencoder: MeasurableAutoencoder {}
extension GaussianVariationalAutoencoder: MeasurableAutoencoder {}
