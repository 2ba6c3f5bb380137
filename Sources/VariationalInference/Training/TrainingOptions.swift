// SPDX-License-Identifier: Apache-2.0

internal import Formats

/// How a model is trained.
public struct TrainingOptions: Sendable, Equatable {
  /// Passes over the data.
  public var epochs: Int
  /// Examples per step; the last batch of an epoch may be smaller and is kept.
  public var batchSize: Int
  /// The optimiser.
  public var optimiser: any Optimiser
  /// How its learning rate changes while the run goes on.
  public var learningRateSchedule: LearningRateSchedule
  /// The largest Euclidean norm, over all parameters, of the gradient of a batch's mean objective;
  /// a gradient of a larger norm is made smaller by one factor. Nil for no limit. See
  /// ``Trainer/step()``.
  public var gradientNormLimit: Double?
  /// The average of parameters over steps that ``Trainer/model`` has; nil for the parameters
  /// themselves.
  public var average: ParameterAverage?
  /// What is maximised.
  public var objective: TrainingObjective
  /// What training does to the KL term of the ELBO; evaluations leave it as it is.
  public var klRelaxation: KLRelaxation
  /// What the matrix products of a step multiply. Parameters, sums, the optimiser and evaluations
  /// are in the model's own precision.
  public var precision: ProductPrecision
  /// Decides order, noise and drawn pixels.
  public var seed: UInt64

  /// The article's settings, unless others are given.
  public init(
    epochs: Int = 50, batchSize: Int = 128, optimiser: any Optimiser = Adam(),
    learningRateSchedule: LearningRateSchedule = .constant, gradientNormLimit: Double? = nil,
    average: ParameterAverage? = nil, objective: TrainingObjective = .evidenceLowerBound,
    klRelaxation: KLRelaxation = .none, precision: ProductPrecision = .float32, seed: UInt64 = 0
  ) {
    self.epochs = epochs
    self.batchSize = batchSize
    self.optimiser = optimiser
    self.learningRateSchedule = learningRateSchedule
    self.gradientNormLimit = gradientNormLimit
    self.average = average
    self.objective = objective
    self.klRelaxation = klRelaxation
    self.precision = precision
    self.seed = seed
  }

  /// What a value of the objective means, for records and people, on data whose log-probabilities mean
  /// `meaning`.
  package func meaning(onData meaning: String) -> String {
    switch objective {
    case .evidenceLowerBound: klRelaxation.words.map { "\($0); " + meaning } ?? meaning
    case .importanceWeighted(let samples, let gradient):
      "importance-weighted bound of \(samples.counted("sample")) (\(gradient.meaning) gradient); "
        + meaning
    }
  }

  /// The optimiser at a step, counted from 0.
  func optimiser(atStep step: Int, stepsPerEpoch: Int) -> any Optimiser {
    var optimiser = optimiser
    optimiser.learningRate = learningRateSchedule.learningRate(
      peak: optimiser.learningRate, step: step, stepsPerEpoch: stepsPerEpoch)
    return optimiser
  }

  /// Names of what a run remembers of each parameter beside its value, as state files call it: what
  /// the optimiser does, and the average.
  var memoryNames: [String] {
    type(of: optimiser).memories + (average == nil ? [] : ["average"])
  }

  /// Refuses, in a sentence, what does not go together.
  func requireConsistency() {
    precondition(epochs > 0 && batchSize > 0, "no epochs or no examples per batch")
    precondition(
      gradientNormLimit.map { $0 > 0 && $0.isFinite } ?? true,
      "gradients limited to a norm of \(gradientNormLimit ?? 0)")
    precondition(
      objective == .evidenceLowerBound || klRelaxation == .none,
      "a KL warm-up or free nats with an importance-weighted bound, which has no KL term to relax")
  }

  /// Equal settings, and equal optimisers of one kind.
  public static func == (a: TrainingOptions, b: TrainingOptions) -> Bool {
    a.epochs == b.epochs && a.batchSize == b.batchSize && a.optimiser.isEqual(to: b.optimiser)
      && a.learningRateSchedule == b.learningRateSchedule
      && a.gradientNormLimit == b.gradientNormLimit && a.average == b.average
      && a.objective == b.objective && a.klRelaxation == b.klRelaxation
      && a.precision == b.precision && a.seed == b.seed
  }
}
