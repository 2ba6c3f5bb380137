// SPDX-License-Identifier: Apache-2.0

/// A variational autoencoder for real-valued data: a standard normal prior, a normal likelihood of
/// learned noise variance, and an amortised diagonal Gaussian posterior.
///
///     p(x, z) = N(x; decoder(z), sigma^2 I) N(z; 0, I),   q(z | x) = N(z; mu(x), diag s^2(x))
///
/// Without hidden layers it is the linear variational autoencoder, whose maximum is that of
/// probabilistic principal component analysis: ``ProbabilisticPrincipalComponents``. Its log p(x) is
/// that of a density, which may be positive, and does not compare with a Bernoulli likelihood's.
///
/// - Source: Kingma and Welling 2014, appendix C.2, arXiv:1312.6114; Lucas et al., "Don't blame the
///   ELBO! A linear VAE perspective on posterior collapse", NeurIPS 2019, arXiv:1911.02469.
public struct GaussianVariationalAutoencoder<Scalar: TensorScalar>: Autoencoder {
  /// q(z | x).
  public typealias Posterior = DiagonalGaussian<Scalar>
  /// The widths of all layers.
  public let architecture: AutoencoderArchitecture
  /// q(z | x).
  public var encoder: GaussianEncoder<Scalar>
  /// p(x | z).
  public var decoder: GaussianDecoder<Scalar>

  /// A model with freshly drawn weights.
  ///
  /// - Parameters:
  ///   - architecture: All widths must be positive; `hidden: []` makes the model linear.
  ///   - generator: Draws the weights.
  public init(
    _ architecture: AutoencoderArchitecture, using generator: inout some RandomNumberGenerator
  ) {
    self.architecture = architecture
    encoder = GaussianEncoder(
      inputs: architecture.encoderInputs, hidden: architecture.hidden, latent: architecture.latent,
      activation: architecture.activation, using: &generator)
    decoder = GaussianDecoder(
      inputs: architecture.decoderInputs, hidden: architecture.decoderHidden,
      outputs: architecture.data, activation: architecture.activation, using: &generator)
  }

  /// `encoder.*`, then `decoder.*`.
  public mutating func visitParameters(
    _ visit: (_ name: String, _ parameter: inout Tensor<Scalar>) throws -> Void
  ) rethrows {
    try encoder.visitParameters { try visit("encoder.\($0)", &$1) }
    try decoder.visitParameters { try visit("decoder.\($0)", &$1) }
  }
}

extension GaussianVariationalAutoencoder {
  /// The data, and the conditions if there are any.
  public var reads: [FieldUse] { architecture.reads }

  /// p(z) = N(0, I).
  public var prior: StandardNormal<Scalar> { StandardNormal(dimension: latentDimension) }

  /// The number of dimensions of z.
  public var latentDimension: Int { architecture.latent }

  /// p(x | z) for each row of z.
  public func likelihood(given z: Tensor<Scalar>) -> IsotropicGaussian<Scalar> {
    decoder.likelihood(given: z)
  }

  /// q(z | x) for each row of x, `[batch, data]`.
  public func posterior(given x: Tensor<Scalar>) -> DiagonalGaussian<Scalar> {
    encoder.posterior(given: x)
  }
}
