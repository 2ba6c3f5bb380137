// SPDX-License-Identifier: Apache-2.0

internal import Tensors

/// One number of table 1 of Burda et al., "Importance weighted autoencoders" (arXiv:1509.00519): the
/// negative log-likelihood of MNIST's test images under a model with one stochastic layer.
///
/// As in the paper: 784-200-200-50 and 50-200-200-784 with tanh; pixels drawn anew at each use;
/// batches of 20; stages i = 1 ... 8 of 3^(i-1) epochs at rate 1e-3 * 10^(-(i-1)/7); Adam with
/// beta 0.9 and 0.999 and epsilon 1e-4; Glorot's initialisation and output biases at the logit of the
/// mean pixel; 5,000 importance samples for each test image.
///
/// Epsilon is not scaled: the code published with the paper hands Adam the gradient of the *sum* over
/// a batch (`T.sum(log_ws)`, `T.dot(log_ws, ...)`), as this library does.
package struct ImportanceWeightedTable: Sendable, Equatable {
  /// K, the samples of the training objective; 1 is the variational autoencoder's ELBO.
  package let samples: Int
  /// How many of the stages to run, at most 8.
  package let stages: Int
  /// The estimator of the objective's gradient; the paper's is the reparameterised one.
  package let gradient: ImportanceWeightedGradient
  /// Decides weights, order, noise and drawn pixels.
  package let seed: UInt64

  package static let stageCount = 8

  package init(
    samples: Int, stages: Int = ImportanceWeightedTable.stageCount,
    gradient: ImportanceWeightedGradient = .reparameterised, seed: UInt64 = 0
  ) {
    precondition((1...Self.stageCount).contains(stages), "\(stages) of \(Self.stageCount) stages")
    self.samples = samples
    self.stages = stages
    self.gradient = gradient
    self.seed = seed
  }

  /// The published negative log-likelihood in nats, where the table has one for this K.
  package var expected: Double? { [1: 86.76, 5: 85.54, 50: 84.78][samples] }

  /// How far independent reproductions scatter around it, in nats.
  package var tolerance: Double { samples == 1 ? 1 : 0.5 }

  /// ``ImageDataset/fingerprint()`` of MNIST's 60,000 training images, for which the table holds.
  package static let trainingFingerprint = "1a0683e245d95dde"

  /// 1e-3 * 10^(-j/7) for j = 0 ... 7, written out so that they are the same bits everywhere.
  package static let learningRates = [
    0.001, 0.0007196856730011521, 0.0005179474679231212, 0.00037275937203149406,
    0.0002682695795279726, 0.000193069772888325, 0.0001389495494373138, 0.0001,
  ]

  /// 1, 3, 9, ... 2,187 epochs: 3,280 in all.
  package var schedule: LearningRateSchedule {
    var epochs = 1
    return .stages(
      Self.learningRates.map { rate in
        defer { epochs *= 3 }
        return LearningRateSchedule.Stage(epochs: epochs, learningRate: rate)
      })
  }

  /// The settings of the run. All eight stages are in the schedule, so that a run of fewer can be
  /// continued.
  package var options: TrainingOptions {
    TrainingOptions(
      epochs: schedule.end(ofStage: stages - 1), batchSize: 20,
      optimiser: Adam(learningRate: Self.learningRates[0], epsilon: 1e-4),
      learningRateSchedule: schedule,
      objective: samples == 1
        ? .evidenceLowerBound : .importanceWeighted(samples: samples, gradient: gradient),
      seed: seed)
  }

  /// How pixels become data.
  package static let binarization = Binarization.dynamic

  /// The model at its beginning.
  ///
  /// - Throws: ``DatasetError`` where the data are no images.
  package func model(for data: any Dataset) throws -> VariationalAutoencoder<Float> {
    try data.check([FieldUse("x", .data)])
    let width = data.field("x")?.width ?? 0
    var generator = CounterGenerator(seed: seed, stream: GeneratorPurpose.only.stream())
    var model = VariationalAutoencoder<Float>(
      .init(data: width, hidden: [200, 200], latent: 50, activation: .tanh),
      using: &generator
    ).glorotInitialized(seed: seed)
    model.decoder = model.decoder.withOutputBias(atMeanOf: data)
    return model
  }

  /// How ``model(for:)`` begins, for the record.
  package static let initialisation =
    "Glorot uniform, zero biases, output biases at the logit of the mean pixel"
}
