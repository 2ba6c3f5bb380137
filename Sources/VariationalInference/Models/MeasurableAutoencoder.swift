// SPDX-License-Identifier: Apache-2.0

/// An autoencoder that can be measured from all sides: its x can be drawn, its q is a diagonal Gaussian,
/// its prior a normal distribution of independent coordinates.
public protocol MeasurableAutoencoder<Scalar>: Autoencoder
where
  Likelihood: DataDistribution, Posterior == DiagonalGaussian<Scalar>,
  Prior: GaussianPrior
{
  /// Whether p(x | z) of data with this field as x is a probability, so that log p(x) is at most 0.
  func isProbability(of field: DataField) -> Bool
}

extension VariationalAutoencoder: MeasurableAutoencoder {
  /// Of binary numbers. With grey levels x from 0 to 1 in their place x l - softplus(l) is at most 0 as
  /// well.
  public func isProbability(of field: DataField) -> Bool {
    field.kind == .binary || field.kind == .grey
  }
}

extension GaussianVariationalAutoencoder: MeasurableAutoencoder {
  /// It is a density.
  public func isProbability(of field: DataField) -> Bool { false }
}
