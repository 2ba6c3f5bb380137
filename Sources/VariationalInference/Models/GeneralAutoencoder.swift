// SPDX-License-Identifier: Apache-2.0

/// A variational autoencoder for data of any kind: a standard normal prior, a likelihood network for the
/// laws of ``DataLikelihood``, and an amortised diagonal Gaussian posterior.
///
///     p(x, z) = p(x; decoder(z)) N(z; 0, I),   q(z | x) = N(z; mu(x), diag sigma^2(x))
///
/// The encoder sees counts as log(1 + x), and 0 where a number is missing. Columns with units are
/// standardised in x, those with standards by the model itself, and densities are of the numbers that
/// people know.
///
/// - Source: Kingma and Welling 2014, arXiv:1312.6114; for tables of several kinds Nazabal et al.,
///   "Handling incomplete heterogeneous data using VAEs", arXiv:1807.03653; for missing numbers Mattei
///   and Frellsen, "MIWAE", ICML 2019, arXiv:1812.02633; for counts given their total Lopez et al.,
///   "Deep generative modeling for single-cell transcriptomics", Nature Methods 2018.
public struct GeneralAutoencoder<Scalar: TensorScalar>: Autoencoder {
  /// q(z | x).
  public typealias Posterior = DiagonalGaussian<Scalar>
  /// The widths of all layers.
  public let architecture: AutoencoderArchitecture
  /// q(z | x).
  public var encoder: GaussianEncoder<Scalar>
  /// p(x | z).
  public var decoder: LikelihoodDecoder<Scalar>
  /// The columns of x, where it is a table: how they are found in files and scaled.
  public var table: TableSchema?

  /// A model with freshly drawn weights.
  ///
  /// - Parameters:
  ///   - likelihood: What p(x | z) is.
  ///   - architecture: All widths must be positive; without hidden layers the model is linear.
  ///   - table: The columns of x, where it is a table.
  ///   - generator: Draws the weights.
  /// - Precondition: The likelihood has as many columns as the data, and is given a total exactly where
  ///   the fields name one.
  public init(
    _ likelihood: DataLikelihood, _ architecture: AutoencoderArchitecture,
    table: TableSchema? = nil, using generator: inout some RandomNumberGenerator
  ) {
    precondition(
      likelihood.width == architecture.data,
      "a likelihood of \(likelihood.width) columns for \(architecture.data) numbers")
    precondition(
      likelihood.isGivenTotal == (architecture.fields.total != nil),
      "a likelihood \(likelihood.isGivenTotal ? "with" : "without") totals, and the field"
        + " \(architecture.fields.total ?? "none")")
    self.architecture = architecture
    self.table = table
    encoder = GaussianEncoder(
      inputs: architecture.encoderInputs, hidden: architecture.hidden, latent: architecture.latent,
      activation: architecture.activation, using: &generator)
    decoder = LikelihoodDecoder(
      likelihood, inputs: architecture.decoderInputs, hidden: architecture.decoderHidden,
      activation: architecture.activation, using: &generator)
  }

  /// `encoder.*`, then `decoder.*`.
  public mutating func visitParameters(
    _ visit: (_ name: String, _ parameter: inout Tensor<Scalar>) throws -> Void
  ) rethrows {
    try encoder.visitParameters { try visit("encoder.\($0)", &$1) }
    try decoder.visitParameters { try visit("decoder.\($0)", &$1) }
  }
}

extension GeneralAutoencoder {
  /// The data, and conditions, a total, a weight and a mask where there are any.
  public var reads: [FieldUse] { architecture.reads }

  /// p(z) = N(0, I).
  public var prior: StandardNormal<Scalar> { StandardNormal(dimension: latentDimension) }

  /// The number of dimensions of z.
  public var latentDimension: Int { architecture.latent }

  /// p(x | z) for each row of z and what is joined to it.
  public func likelihood(given z: Tensor<Scalar>) -> PartitionedDistribution<Scalar> {
    decoder.likelihood(given: z)
  }

  /// From data and conditions, joined; a total is not looked at, and so needs no copy of the data.
  public func posterior(given batch: Batch<Scalar>) -> DiagonalGaussian<Scalar> {
    let reads = reads.filter { $0.name != architecture.fields.total }
    return encoder.posterior(
      given: decoder.likelihood.encoderInput(
        batch.encoderInput(reads), observed: batch.rows(.mask, of: reads)))
  }

  /// q(z | x) for each row of x and its conditions; a total in the last column is not looked at.
  public func posterior(given x: Tensor<Scalar>) -> DiagonalGaussian<Scalar> {
    let seen = architecture.encoderInputs
    let inputs = x.shape[1] == seen ? x : x.slice(0..<seen, along: 1)
    return encoder.posterior(given: decoder.likelihood.encoderInput(inputs))
  }
}

extension GeneralAutoencoder: MeasurableAutoencoder {
  /// Where none of the laws is a density.
  public func isProbability(of field: DataField) -> Bool {
    !decoder.likelihood.groups.contains { $0.law.isDensity }
  }
}
