// SPDX-License-Identifier: Apache-2.0

/// How a model is trained.
public struct TrainingOptions: Sendable, Equatable {
  /// Passes over the data.
  public var epochs: Int
  /// Examples per step; the last batch of an epoch may be smaller and is kept.
  public var batchSize: Int
  /// The optimiser.
  public var optimiser: Adam
  /// How pixels become data.
  public var binarization: Binarization
  /// Decides order, noise and drawn pixels.
  public var seed: UInt64

  /// The article's settings, unless others are given.
  public init(
    epochs: Int = 50, batchSize: Int = 128, optimiser: Adam = Adam(),
    binarization: Binarization = .none, seed: UInt64 = 0
  ) {
    self.epochs = epochs
    self.batchSize = batchSize
    self.optimiser = optimiser
    self.binarization = binarization
    self.seed = seed
  }
}

/// Means over examples, in nats per example: `elbo = -reconstruction - kl`.
public struct MeanTerms: Sendable, Equatable {
  /// The evidence lower bound, to be maximised.
  public var elbo: Double
  /// -E_q[log p(x | z)], a positive cost.
  public var reconstruction: Double
  /// KL(q || p), a positive cost.
  public var kl: Double

  /// The two costs; the bound follows.
  public init(reconstruction: Double, kl: Double) {
    self.elbo = -reconstruction - kl
    self.reconstruction = reconstruction
    self.kl = kl
  }
}

/// Sums over examples, in nats: what an epoch has seen so far.
public struct RunningTerms: Sendable, Equatable {
  /// Summed reconstruction costs.
  public private(set) var reconstruction = 0.0
  /// Summed KL costs.
  public private(set) var kl = 0.0
  /// Examples seen.
  public private(set) var examples = 0

  /// Nothing seen.
  public init() {}

  package init(reconstruction: Double, kl: Double, examples: Int) {
    self.reconstruction = reconstruction
    self.kl = kl
    self.examples = examples
  }

  /// The means so far; before the first example, not a number.
  public var mean: MeanTerms {
    MeanTerms(reconstruction: reconstruction / Double(examples), kl: kl / Double(examples))
  }

  /// Adds examples one after the other, in order: the same sum however a batch was cut.
  mutating func add<Scalar>(reconstruction costs: Tensor<Scalar>, kl divergences: Tensor<Scalar>) {
    for cost in costs.doubles { reconstruction += cost }
    for cost in divergences.doubles { kl += cost }
    examples += costs.count
  }

  mutating func add(_ other: RunningTerms) {
    reconstruction += other.reconstruction
    kl += other.kl
    examples += other.examples
  }
}
