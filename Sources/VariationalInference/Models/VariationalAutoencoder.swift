// SPDX-License-Identifier: Apache-2.0

/// A variational autoencoder: a standard normal prior, a Bernoulli likelihood network and an
/// amortised diagonal Gaussian posterior.
///
///     p(x, z) = Bernoulli(x; decoder(z)) N(z; 0, I),   q(z | x) = N(z; mu(x), diag sigma^2(x))
///
/// - Source: Kingma and Welling, "Auto-encoding variational Bayes", ICLR 2014, arXiv:1312.6114.
public struct VariationalAutoencoder<Scalar: TensorScalar>: Autoencoder {
  /// The widths of all layers.
  public let architecture: Architecture
  /// q(z | x).
  public var encoder: GaussianEncoder<Scalar>
  /// p(x | z).
  public var decoder: BernoulliDecoder<Scalar>

  /// q(z | x).
  public typealias Posterior = DiagonalGaussian<Scalar>
  /// The widths of the layers.
  public typealias Architecture = AutoencoderArchitecture

  /// A model with freshly drawn weights.
  ///
  /// - Parameters:
  ///   - architecture: All widths must be positive.
  ///   - generator: Draws the weights.
  public init(_ architecture: Architecture, using generator: inout some RandomNumberGenerator) {
    self.architecture = architecture
    encoder = GaussianEncoder(
      inputs: architecture.encoderInputs, hidden: architecture.hidden, latent: architecture.latent,
      activation: architecture.activation, using: &generator)
    decoder = BernoulliDecoder(
      inputs: architecture.decoderInputs, hidden: architecture.decoderHidden,
      outputs: architecture.data, activation: architecture.activation, using: &generator)
  }

  /// `encoder.*`, then `decoder.*`: the names of the equivalent PyTorch module.
  public mutating func visitParameters(
    _ visit: (_ name: String, _ parameter: inout Tensor<Scalar>) throws -> Void
  ) rethrows {
    try encoder.visitParameters { try visit("encoder.\($0)", &$1) }
    try decoder.visitParameters { try visit("decoder.\($0)", &$1) }
  }
}

extension VariationalAutoencoder {
  /// The data, and the conditions if there are any.
  public var reads: [FieldUse] { architecture.reads }

  /// p(z) = N(0, I).
  public var prior: StandardNormal<Scalar> { StandardNormal(dimension: architecture.latent) }

  /// The number of dimensions of z.
  public var latentDimension: Int { architecture.latent }

  /// p(x | z) for each row of z.
  public func likelihood(given z: Tensor<Scalar>) -> IndependentBernoulli<Scalar> {
    decoder.likelihood(given: z)
  }

  /// p(x | z) for many z near one point: faster if the last hidden units are rectified.
  public func localLikelihood() -> LocalLikelihood<VariationalAutoencoder>? {
    LocalBernoulliDecoder(decoder).map { local in
      LocalLikelihood { local.likelihood(near: $0) }
    }
  }

  /// q(z | x) for each row of x, `[batch, data]`.
  public func posterior(given x: Tensor<Scalar>) -> DiagonalGaussian<Scalar> {
    encoder.posterior(given: x)
  }
}
