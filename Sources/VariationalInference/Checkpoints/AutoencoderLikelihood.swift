// SPDX-License-Identifier: Apache-2.0

internal import Tensors

/// What p(x | z) of an autoencoder is.
public enum AutoencoderLikelihood: Sendable, Equatable {
  /// Independent binary variables: ``VariationalAutoencoder``.
  case bernoulli
  /// Normal, with one variance that is learned: ``GaussianVariationalAutoencoder``.
  case gaussian
  /// Laws by column, of a table where one is given: ``GeneralAutoencoder``.
  case general(DataLikelihood, TableSchema? = nil)

  /// A model with freshly drawn weights.
  ///
  /// - Parameters:
  ///   - architecture: All widths must be positive.
  ///   - seed: Decides the weights.
  ///   - data: Training data, whose means a general model predicts at first; nil for the biases as drawn.
  /// - Returns: A model of this likelihood.
  public func model(
    _ architecture: AutoencoderArchitecture, seed: UInt64, startingAt data: (any Dataset)? = nil
  ) -> any DescribedAutoencoder<Float> {
    var generator = CounterGenerator(
      seed: seed, stream: GeneratorPurpose.initialWeights.stream())
    switch self {
    case .bernoulli: return VariationalAutoencoder<Float>(architecture, using: &generator)
    case .gaussian: return GaussianVariationalAutoencoder<Float>(architecture, using: &generator)
    case .general(let likelihood, let table):
      var model = GeneralAutoencoder<Float>(
        likelihood, architecture, table: table, using: &generator)
      if let data { model.decoder = model.decoder.withOutputBias(atMeans: data.meanOfX) }
      return model
    }
  }

  /// As records write it.
  package var words: String {
    switch self {
    case .bernoulli: "Bernoulli"
    case .gaussian: "Gaussian"
    case .general(let likelihood, _): likelihood.words
    }
  }

  /// What a log-probability means of data that would call it `meaning` themselves.
  package func meaning(onData meaning: String) -> String {
    if case .general(let likelihood, _) = self { return likelihood.meaning }
    return meaning
  }

  /// Nats per example in bits per dimension, of levels of pixels; nil of other data.
  package func bitsPerDimension(nats: Double) -> Double? {
    if case .general(let likelihood, _) = self { return likelihood.bitsPerDimension(nats: nats) }
    return nil
  }

  /// Whether the width of some noise can depend on one thing or another.
  package var hasNoise: Bool {
    if case .general(let likelihood, _) = self {
      return likelihood.groups.contains { $0.law.hasNoise }
    }
    return false
  }

  /// Whether it is given the totals of rows.
  package var isGivenTotal: Bool {
    if case .general(let likelihood, _) = self { return likelihood.isGivenTotal }
    return false
  }

  /// The columns of x, where it is a table.
  package var table: TableSchema? {
    if case .general(_, let table) = self { return table }
    return nil
  }
}
