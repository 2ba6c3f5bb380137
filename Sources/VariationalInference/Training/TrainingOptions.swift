// SPDX-License-Identifier: Apache-2.0

/// How a model is trained.
public struct TrainingOptions: Sendable, Equatable {
  /// Passes over the data.
  public var epochs: Int
  /// Examples per step; the last batch of an epoch may be smaller and is kept.
  public var batchSize: Int
  /// The optimiser.
  public var optimiser: any Optimiser
  /// Learning rates by epoch, in place of the optimiser's own.
  public var learningRateStages: LearningRateStages?
  /// What is maximised.
  public var objective: TrainingObjective
  /// What the matrix products of a step multiply. Parameters, sums, the optimiser and evaluations
  /// are in the model's own precision.
  public var precision: ProductPrecision
  /// Decides order, noise and drawn pixels.
  public var seed: UInt64

  /// The article's settings, unless others are given.
  public init(
    epochs: Int = 50, batchSize: Int = 128, optimiser: any Optimiser = Adam(),
    learningRateStages: LearningRateStages? = nil,
    objective: TrainingObjective = .evidenceLowerBound, precision: ProductPrecision = .float32,
    seed: UInt64 = 0
  ) {
    self.epochs = epochs
    self.batchSize = batchSize
    self.optimiser = optimiser
    self.learningRateStages = learningRateStages
    self.objective = objective
    self.precision = precision
    self.seed = seed
  }

  /// What a value of the objective means, for records and people, on data whose log-probabilities mean
  /// `meaning`.
  package func meaning(onData meaning: String) -> String {
    switch objective {
    case .evidenceLowerBound: meaning
    case .importanceWeighted(let samples, let gradient):
      "importance-weighted bound of \(samples) samples (\(gradient.meaning) gradient); " + meaning
    }
  }

  /// The optimiser of an epoch, counted from 0.
  func optimiser(inEpoch epoch: Int) -> any Optimiser {
    var optimiser = optimiser
    if let learningRateStages {
      optimiser.learningRate = learningRateStages.learningRate(inEpoch: epoch)
    }
    return optimiser
  }

  /// Equal settings, and equal optimisers of one kind.
  public static func == (a: TrainingOptions, b: TrainingOptions) -> Bool {
    a.epochs == b.epochs && a.batchSize == b.batchSize && a.optimiser.isEqual(to: b.optimiser)
      && a.learningRateStages == b.learningRateStages && a.objective == b.objective
      && a.precision == b.precision && a.seed == b.seed
  }
}
