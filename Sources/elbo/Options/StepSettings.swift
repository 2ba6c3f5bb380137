// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import VariationalInference

/// How parameters move along their gradients.
struct StepSettings: ParsableArguments {
  enum OptimiserName: String, ExpressibleByArgument, CaseIterable {
    case adam, adamw
  }

  enum ScheduleName: String, ExpressibleByArgument, CaseIterable {
    case constant, linear, cosine
  }

  @Option(
    name: .customLong("optimiser"),
    help: """
      'adam', or 'adamw', Adam with decoupled weight decay: weights of layers, not biases, also \
      lose a share of themselves at each step. (default: adam)
      """)
  var optimiserName: OptimiserName?

  @Option(
    parsing: .unconditional,
    help: """
      With adamw: at each step a weight loses so much of itself, times the learning rate. \
      (default: 0.01)
      """)
  var weightDecay: Double?

  @Option(
    name: .customLong("schedule"),
    help: """
      How the learning rate goes after the warm-up: 'constant', or 'linear' or 'cosine', which \
      fall to --final-learning-rate at the end of --epochs. A schedule keeps the epochs it began \
      with: a run that is resumed for more goes on at the final rate. (default: constant)
      """)
  var scheduleName: ScheduleName?

  @Option(
    parsing: .unconditional,
    help: "With linear and cosine: the rate at the end. (default: 0)")
  var finalLearningRate: Double?

  @Option(
    parsing: .unconditional,
    help: """
      Epochs, or a part of one, in which the learning rate rises step by step to its full size; \
      fewer than those of the run. (default: 0)
      """)
  var warmUp: Double?

  @Option(
    parsing: .unconditional,
    help: """
      The largest norm of a gradient, over all parameters; a larger gradient is made smaller as a \
      whole. It is that of the batch's mean in nats per example, as for PyTorch's clip_grad_norm_ \
      and a mean loss. (default: no limit)
      """)
  var clipGradient: Double?

  @Option(
    parsing: .unconditional,
    help: """
      Keep an exponential moving average of the parameters with this decay, as 0.999, and \
      evaluate, draw and save that. The decay of step s is at most (1 + s) / (10 + s). \
      (default: none)
      """)
  var average: Double?

  func validate() throws {
    func require(
      _ value: Double?, _ option: String, _ expected: String, _ isRight: (Double) -> Bool
    )
      throws
    {
      if let value, !(value.isFinite && isRight(value)) {
        throw ValidationError("\(option) \(value): \(expected) is expected")
      }
    }
    try require(weightDecay, "--weight-decay", "a number of at least 0") { $0 >= 0 }
    try require(finalLearningRate, "--final-learning-rate", "a number of at least 0") { $0 >= 0 }
    try require(warmUp, "--warm-up", "a positive number of epochs") { $0 > 0 }
    try require(clipGradient, "--clip-gradient", "a positive number") { $0 > 0 }
    try require(average, "--average", "a number between 0 and 1, as 0.999,") { $0 > 0 && $0 < 1 }
  }

  /// Refuses settings of a new run that go with others than those given.
  func checkTogether() throws {
    if weightDecay != nil, optimiserName != .adamw {
      throw ValidationError("--weight-decay goes with --optimiser adamw; Adam has none")
    }
    if finalLearningRate != nil, scheduleName == nil || scheduleName == .constant {
      throw ValidationError(
        "--final-learning-rate goes with --schedule linear or cosine; a constant rate stays as it "
          + "is"
      )
    }
  }

  /// Refuses what does not fit a learning rate.
  func check(learningRate: Double) throws {
    if let finalLearningRate, finalLearningRate > learningRate {
      throw ValidationError(
        "--final-learning-rate \(finalLearningRate): at most the learning rate of \(learningRate) "
          + "is expected")
    }
    let decay = weightDecay ?? (optimiserName == .adamw ? Self.defaultDecay : 0)
    if decay * learningRate >= 1 {
      throw ValidationError(
        "--weight-decay \(decay)\(weightDecay == nil ? ", the default" : ""): a number whose product with the learning rate of "
          + "\(learningRate) is below 1 is expected, or a step would leave nothing of a weight")
    }
  }

  /// Refuses a warm-up that the run does not see the end of.
  func check(epochs: Int) throws {
    if let warmUp, warmUp >= Double(epochs) {
      throw ValidationError(
        "--warm-up \(warmUp): fewer epochs than the \(epochs) of the run are expected")
    }
  }

  /// The first of these options on the command line that a run keeps for good.
  var firstFixed: String? {
    [("--optimiser", optimiserName != nil), ("--average", average != nil)].first { $0.1 }?.0
  }

  private static let defaultDecay = 0.01

  func optimiser(learningRate: Double) -> any Optimiser {
    switch optimiserName ?? .adam {
    case .adam: Adam(learningRate: learningRate)
    case .adamw: AdamW(learningRate: learningRate, weightDecay: weightDecay ?? Self.defaultDecay)
    }
  }

  /// For a run of so many epochs, which the schedule keeps.
  func schedule(epochs: Int) -> LearningRateSchedule {
    let shape: LearningRateSchedule.Shape =
      switch scheduleName ?? .constant {
      case .constant: .constant
      case .linear: .linear(final: finalLearningRate ?? 0, epochs: epochs)
      case .cosine: .cosine(final: finalLearningRate ?? 0, epochs: epochs)
      }
    return LearningRateSchedule(shape, warmUpEpochs: warmUp ?? 0)
  }
}

extension StepSettings {
  /// The options of a run that goes on with these settings; what was not given is as before. A schedule
  /// or a warm-up that is given begins here, after `step` steps of so many batches in an epoch.
  func changing(
    _ old: TrainingOptions, learningRate: Double?, from step: Int, batchesPerEpoch batches: Int
  ) throws -> TrainingOptions {
    var options = old
    let isScheduled = scheduleName != nil || finalLearningRate != nil || warmUp != nil
    if !old.learningRateSchedule.stages.isEmpty, isScheduled || learningRate != nil {
      throw ValidationError(
        "the learning rate of this run goes by stages, which cannot be changed; leave out "
          + "--learning-rate, --schedule, --final-learning-rate and --warm-up")
    }
    let rate = learningRate ?? old.optimiser.learningRate
    options.optimiser.learningRate = rate
    if let weightDecay {
      guard var adamW = options.optimiser as? AdamW else {
        throw ValidationError(
          "--weight-decay goes with --optimiser adamw; this run's Adam has none")
      }
      adamW.weightDecay = weightDecay
      options.optimiser = adamW
    }
    if (options.optimiser as? AdamW).map({ $0.weightDecay * rate >= 1 }) == true {
      throw ValidationError(
        "the weight decay of this run times the learning rate of \(rate) is not below 1; a step would "
          + "leave nothing of a weight")
    }
    options.gradientNormLimit = clipGradient ?? old.gradientNormLimit
    if isScheduled {
      options.learningRateSchedule = try schedule(
        replacing: old.learningRateSchedule, epochs: options.epochs, from: step, batches)
    }
    if let end = options.learningRateSchedule.end, end.rate > rate {
      throw ValidationError(
        "the final learning rate of \(end.rate): at most the learning rate of \(rate) is expected")
    }
    return options
  }

  private func schedule(
    replacing old: LearningRateSchedule, epochs: Int, from step: Int, _ batches: Int
  ) throws -> LearningRateSchedule {
    let final = finalLearningRate ?? old.end?.rate ?? 0
    let shape: LearningRateSchedule.Shape
    switch (scheduleName, old.shape) {
    case (.linear, _), (nil, .linear): shape = .linear(final: final, epochs: epochs)
    case (.cosine, _), (nil, .cosine): shape = .cosine(final: final, epochs: epochs)
    case (.constant, _), (nil, .constant), (nil, .stages):
      shape = .constant
      if finalLearningRate != nil {
        throw ValidationError(
          "--final-learning-rate goes with --schedule linear or cosine; a constant rate stays as it is"
        )
      }
    }
    let left = Double(epochs) - Double(step) / Double(batches)
    if let warmUp, warmUp >= left {
      throw ValidationError(
        "--warm-up \(warmUp): fewer epochs than the \(left) that are left of the run are expected")
    }
    return LearningRateSchedule(shape, warmUpEpochs: warmUp ?? 0, firstStep: step)
  }
}
