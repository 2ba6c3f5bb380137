// SPDX-License-Identifier: Apache-2.0

/// How a model is trained.
public struct TrainingOptions: Sendable, Equatable {
  /// Passes over the data.
  public var epochs: Int
  /// Examples per step; the last batch of an epoch may be smaller and is kept.
  public var batchSize: Int
  /// The optimiser.
  public var optimiser: Adam
  /// Learning rates by epoch, in place of the optimiser's own.
  public var learningRateStages: LearningRateStages?
  /// What is maximised.
  public var objective: TrainingObjective
  /// How pixels become data.
  public var binarization: Binarization
  /// What the matrix products of a step multiply. Parameters, sums, the optimiser and evaluations
  /// are in the model's own precision.
  public var precision: ProductPrecision
  /// Decides order, noise and drawn pixels.
  public var seed: UInt64

  /// The article's settings, unless others are given.
  public init(
    epochs: Int = 50, batchSize: Int = 128, optimiser: Adam = Adam(),
    learningRateStages: LearningRateStages? = nil,
    objective: TrainingObjective = .evidenceLowerBound, binarization: Binarization = .none,
    precision: ProductPrecision = .float32, seed: UInt64 = 0
  ) {
    self.epochs = epochs
    self.batchSize = batchSize
    self.optimiser = optimiser
    self.learningRateStages = learningRateStages
    self.objective = objective
    self.binarization = binarization
    self.precision = precision
    self.seed = seed
  }

  /// What a value of the objective means, for records and people.
  package func meaning(isBinary: Bool) -> String {
    let pixels = binarization.meaning(isBinary: isBinary)
    return switch objective {
    case .evidenceLowerBound: pixels
    case .importanceWeighted(let samples, let gradient):
      "importance-weighted bound of \(samples) samples (\(gradient.meaning) gradient); "
        + pixels
    }
  }

  /// The optimiser of an epoch, counted from 0.
  func optimiser(inEpoch epoch: Int) -> Adam {
    var adam = optimiser
    if let learningRateStages {
      adam.learningRate = learningRateStages.learningRate(inEpoch: epoch)
    }
    return adam
  }
}
