// SPDX-License-Identifier: Apache-2.0

import Formats
import TestSupport
import Testing
import VariationalInference

/// A way to train that is not the default.
struct TrainingRule: Sendable, CustomTestStringConvertible {
  /// The entry of records and states that it adds or changes.
  let key: String
  let change: @Sendable (inout TrainingOptions) -> Void
  var testDescription: String { key }

  static let all = [
    TrainingRule(key: "optimiser") { $0.optimiser = AdamW(learningRate: 1e-2, weightDecay: 0.1) },
    TrainingRule(key: "learning_rate_schedule") {
      $0.learningRateSchedule = LearningRateSchedule(.cosine(final: 1e-3, epochs: 3))
    },
    TrainingRule(key: "learning_rate_schedule") {
      $0.learningRateSchedule = LearningRateSchedule(.linear(final: 0, epochs: 2))
    },
    TrainingRule(key: "warm_up_epochs") {
      $0.learningRateSchedule = LearningRateSchedule(.constant, warmUpEpochs: 1.5)
    },
    TrainingRule(key: "gradient_norm_limit") { $0.gradientNormLimit = 0.5 },
    TrainingRule(key: "average_decay") { $0.average = ParameterAverage(decay: 0.9) },
    TrainingRule(key: "kl_warm_up_epochs") { $0.klRelaxation = KLRelaxation(warmUpEpochs: 2) },
    TrainingRule(key: "free_nats") { $0.klRelaxation = KLRelaxation(freeNats: 0.05) },
  ]

  /// All of them at once.
  static let together = TrainingRule(key: "all") { options in
    options.optimiser = AdamW(learningRate: 1e-2, weightDecay: 0.1)
    options.learningRateSchedule = LearningRateSchedule(
      .cosine(final: 1e-3, epochs: 3), warmUpEpochs: 0.5)
    options.gradientNormLimit = 0.5
    options.average = ParameterAverage(decay: 0.9)
    options.klRelaxation = KLRelaxation(warmUpEpochs: 2, freeNats: 0.05)
  }
}

@Suite("Each way to train resumes to equal bits, and is known to the state's file")
struct TrainingRuleTests {
  private let images = ImageDataset.bars(count: 100)
  private let plain = TrainingOptions(
    epochs: 3, batchSize: 33, optimiser: Adam(learningRate: 1e-2), seed: 6)

  private func options(_ rule: TrainingRule) -> TrainingOptions {
    var options = plain
    rule.change(&options)
    return options
  }

  private func trainer(
    _ options: TrainingOptions, threads: Int, seed: UInt64 = 1
  ) throws -> Trainer<VariationalAutoencoder<Float>> {
    try Trainer(
      smallModel(Float.self, seed: seed), data: images.binarized(.dynamic), options: options,
      workers: WorkerPool(count: threads))
  }

  private func bits(_ trainer: Trainer<VariationalAutoencoder<Float>>) -> [[[Float]]] {
    let state = trainer.state
    return [trainer.model.parameters, state.parameters].map { $0.map(\.scalars) }
      + state.memories.map { $0.map(\.scalars) }
  }

  /// Four batches an epoch: at the start, within a warm-up, between epochs, at the end.
  @Test(
    "half, a checkpoint file, and the other half are the whole",
    arguments: TrainingRule.all + [.together], [0, 3, 4, 9, 12])
  func resume(_ rule: TrainingRule, _ steps: Int) throws {
    let options = options(rule)
    let whole = try trainer(options, threads: 1)
    try finish(whole)
    let half = try trainer(options, threads: 1)
    for _ in 0..<steps { _ = try half.step() }
    try withTemporaryFolder { folder in
      let path = "\(folder)/state.safetensors"
      try half.state.save(to: path, model: half.model, options: options)
      let other = try trainer(options, threads: 2, seed: 2)
      other.restore(try TrainingState(checkpoint: path, model: other.model, options: options))
      #expect(bits(other) == bits(half))
      try finish(other)
      #expect(bits(other) == bits(whole))
      #expect(other.progress == whole.progress)
    }
  }

  @Test("each changes the model")
  func effects() throws {
    let models = try ([TrainingRule(key: "none") { _ in }] + TrainingRule.all + [.together]).map {
      let trainer = try trainer(options($0), threads: 2)
      try finish(trainer)
      return trainer.model.parameters.map(\.scalars)
    }
    for (number, model) in models.enumerated() {
      #expect(!models[..<number].contains(model), "number \(number)")
    }
  }

  private func fault(saved: TrainingOptions, read: TrainingOptions) throws -> CheckpointError.Fault
  {
    try withTemporaryFolder { folder in
      let path = "\(folder)/state.safetensors"
      let trainer = try trainer(saved, threads: 1)
      try trainer.state.save(to: path, model: trainer.model, options: saved)
      return try #require(throws: CheckpointError.self) {
        _ = try TrainingState(checkpoint: path, model: trainer.model, options: read)
      }.fault
    }
  }

  @Test(
    "a state of a run without it, or with it, is refused by a run that differs",
    arguments: TrainingRule.all)
  func otherRun(_ rule: TrainingRule) throws {
    let with = options(rule)
    for (saved, read) in [(plain, with), (with, plain)] {
      guard case .otherRun(rule.key, _, _) = try fault(saved: saved, read: read) else {
        Issue.record("\(rule.key) was not compared")
        continue
      }
    }
    var (one, two) = (plain, plain)
    one.optimiser = AdamW(learningRate: 1e-2, weightDecay: 0.1)
    two.optimiser = AdamW(learningRate: 1e-2, weightDecay: 0.2)
    #expect(
      try fault(saved: one, read: two)
        == .otherRun(key: "weight_decay", recorded: "0.1", found: "0.2"))
  }

  /// As the version before this had it.
  @Test("the state of a run with the defaults is written as before")
  func defaults() throws {
    try withTemporaryFolder { folder in
      let path = "\(folder)/state.safetensors"
      let trainer = try trainer(plain, threads: 1)
      try trainer.state.save(to: path, model: trainer.model, options: plain)
      let file = try Safetensors(path: path)
      let state = try #require(file.metadata["elbo.state"])
      #expect(
        state.contains(
          #""seed":"6","options":{"batch_size":33,"optimiser":"Adam","learning_rate":0.01,"#
            + #""gradient":"of the sum over a batch","objective":"evidence lower bound","#
            + #""precision":"fp32","epsilon":1e-08,"learning_rate_stages":null,"samples":null,"#
            + #""gradient_estimator":null,"beta1":0.9,"beta2":0.999},"model""#), "\(state)")
      let prefixes = Set(file.entries.map { $0.name.prefix { $0 != "." } })
      #expect(prefixes == ["parameters", "first_moment", "second_moment"])
    }
  }

  @Test("what is not the default is said in words")
  func words() {
    #expect(plain.words == nil)
    let all = options(.together).words ?? ""
    #expect(
      all == "AdamW, weight decay 0.1; learning rate 0.01, rising for 0.5 epochs, then falling as a"
        + " cosine to 0.001 at the end of epoch 3; gradients of the mean per example limited to"
        + " norm 0.5; parameters averaged over steps, decay 0.9: evaluations, pictures and the"
        + " saved model have the average")
    var later = plain
    later.learningRateSchedule = LearningRateSchedule(.linear(final: 0, epochs: 2))
    #expect(
      later.words
        == "learning rate 0.01, falling in a line to 0 at the end of epoch 2 and 0 after it, where"
        + " no parameter moves")
  }
}
