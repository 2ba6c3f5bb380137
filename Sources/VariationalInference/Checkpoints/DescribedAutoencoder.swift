// SPDX-License-Identifier: Apache-2.0

/// An autoencoder that can be trained, measured from all sides, and kept in a file: what a program that
/// does not know the type of its model works with, as `any DescribedAutoencoder<Float>`.
public protocol DescribedAutoencoder<Scalar>: MeasurableAutoencoder, DescribedModel {
  /// Its layers, and the fields that it reads.
  var architecture: AutoencoderArchitecture { get }
  /// What p(x | z) is.
  var likelihoodKind: AutoencoderLikelihood { get }
}

extension VariationalAutoencoder: DescribedAutoencoder {
  /// Bernoulli.
  public var likelihoodKind: AutoencoderLikelihood { .bernoulli }
}

extension GaussianVariationalAutoencoder: DescribedAutoencoder {
  /// Gaussian.
  public var likelihoodKind: AutoencoderLikelihood { .gaussian }
}

extension GeneralAutoencoder: DescribedAutoencoder {
  /// That of the decoder.
  public var likelihoodKind: AutoencoderLikelihood { .general(decoder.likelihood, table) }
}
