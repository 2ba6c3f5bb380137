// SPDX-License-Identifier: Apache-2.0

internal import Tensors

/// An autoencoder that can be trained, measured from all sides, and kept in a file: what a program that
/// does not know the type of its model works with, as `any DescribedAutoencoder<Float>`.
public protocol DescribedAutoencoder<Scalar>: MeasurableAutoencoder, DescribedModel {
  /// Its layers, and the fields that it reads.
  var architecture: AutoencoderArchitecture { get }
  /// What p(x | z) is.
  var likelihoodKind: AutoencoderLikelihood { get }
}

/// What p(x | z) of an autoencoder is.
public enum AutoencoderLikelihood: String, Sendable, CaseIterable {
  /// Independent binary variables: ``VariationalAutoencoder``.
  case bernoulli
  /// Normal, with one variance that is learned: ``GaussianVariationalAutoencoder``.
  case gaussian

  /// A model with freshly drawn weights.
  ///
  /// - Parameters:
  ///   - architecture: All widths must be positive.
  ///   - seed: Decides the weights.
  /// - Returns: A model of this likelihood.
  public func model(
    _ architecture: AutoencoderArchitecture, seed: UInt64
  ) -> any DescribedAutoencoder<Float> {
    var generator = CounterGenerator(
      seed: seed, stream: GeneratorPurpose.initialWeights.stream())
    return switch self {
    case .bernoulli: VariationalAutoencoder<Float>(architecture, using: &generator)
    case .gaussian: GaussianVariationalAutoencoder<Float>(architecture, using: &generator)
    }
  }

  /// As records write it.
  package var words: String {
    switch self {
    case .bernoulli: "Bernoulli"
    case .gaussian: "Gaussian"
    }
  }
}

extension VariationalAutoencoder: DescribedAutoencoder {
  /// Bernoulli.
  public var likelihoodKind: AutoencoderLikelihood { .bernoulli }
}

extension GaussianVariationalAutoencoder: DescribedAutoencoder {
  /// Gaussian.
  public var likelihoodKind: AutoencoderLikelihood { .gaussian }
}
