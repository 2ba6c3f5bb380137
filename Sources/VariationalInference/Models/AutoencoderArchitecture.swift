// SPDX-License-Identifier: Apache-2.0

/// The widths of a variational autoencoder's layers, and what is between them.
public struct AutoencoderArchitecture: Sendable, Equatable {
  /// Numbers of an example, such as its pixels.
  public var data: Int
  /// Hidden layers of the encoder, in the order of the data.
  public var hidden: [Int]
  /// Hidden layers of the decoder, in the order of the data.
  public var decoderHidden: [Int]
  /// Dimensions of z.
  public var latent: Int
  /// After every hidden layer.
  public var activation: Activation

  /// The article's sizes, unless others are given; the decoder mirrors the encoder. Without hidden
  /// layers the model is linear.
  public init(
    data: Int = 784, hidden: [Int] = [400], decoderHidden: [Int]? = nil, latent: Int = 20,
    activation: Activation = .relu
  ) {
    self.data = data
    self.hidden = hidden
    self.decoderHidden = decoderHidden ?? hidden.reversed()
    self.latent = latent
    self.activation = activation
  }

  /// Whether there is a hidden layer, and so an activation that matters.
  public var hasHiddenLayers: Bool { !hidden.isEmpty || !decoderHidden.isEmpty }
}
