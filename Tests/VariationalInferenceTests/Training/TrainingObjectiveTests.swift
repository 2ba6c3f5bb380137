// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing
import VariationalInference

@Suite("Training on an importance-weighted bound, in stages")
struct TrainingObjectiveTests {
  private let images = ImageDataset.bars(count: 100)

  private func options(
    _ gradient: ImportanceWeightedGradient, samples: Int = 5, batch: Int = 33, epochs: Int = 3
  ) -> TrainingOptions {
    TrainingOptions(
      epochs: epochs, batchSize: batch,
      optimiser: Adam(learningRate: 1, epsilon: 1e-4),
      learningRateSchedule: .stages([
        .init(epochs: 1, learningRate: 1e-2), .init(epochs: 2, learningRate: 3e-3),
      ]),
      objective: .importanceWeighted(samples: samples, gradient: gradient), seed: 6)
  }

  private func trainer(
    _ options: TrainingOptions, threads: Int, seed: UInt64 = 1
  ) throws -> Trainer<VariationalAutoencoder<Float>> {
    try Trainer(
      smallModel(Float.self, seed: seed), data: images.binarized(.dynamic), options: options,
      workers: WorkerPool(count: threads))
  }

  @Test(
    "the same bits for 1, 2 and 3 threads", arguments: ImportanceWeightedGradient.allCases,
    [1, 33, 48, 100])
  func threads(_ gradient: ImportanceWeightedGradient, _ batch: Int) throws {
    let options = options(gradient, batch: batch, epochs: 2)
    let one = try trainer(options, threads: 1)
    let ends = try finish(one).map(\.epochSoFar)
    for threads in 2...3 {
      let other = try trainer(options, threads: threads)
      #expect(try finish(other).map(\.epochSoFar) == ends)
      #expect(other.model.parameters.map(\.scalars) == one.model.parameters.map(\.scalars))
    }
  }

  @Test("half, a checkpoint file, and the other half are the whole", arguments: [2, 4, 6])
  func resume(_ steps: Int) throws {
    let options = options(.doublyReparameterised)
    let whole = try trainer(options, threads: 1)
    let ends = try finish(whole)
    let half = try trainer(options, threads: 1)
    for _ in 0..<steps { _ = try half.step() }
    try withTemporaryFolder { folder in
      let path = "\(folder)/state.safetensors"
      try half.state.save(to: path)
      let other = try trainer(options, threads: 2, seed: 2)
      other.restore(try TrainingState(checkpoint: path, model: other.model))
      #expect(try finish(other).last?.epochSoFar == ends.last?.epochSoFar)
      #expect(other.model.parameters.map(\.scalars) == whole.model.parameters.map(\.scalars))
    }
  }

  @Test("the bound is reported beside the ELBO of its draws, and grows")
  func learns() throws {
    for gradient in ImportanceWeightedGradient.allCases {
      let ends = try finish(trainer(options(gradient, epochs: 8), threads: 2))
        .map(\.epochSoFar.mean)
      let bounds = try ends.map { try #require($0.importanceWeighted) }
      #expect(zip(bounds, ends).allSatisfy { $0 > $1.elbo })
      #expect(bounds[7] > bounds[0] + 5)
    }
  }

  @Test("evaluation gives L_K, which lies above the ELBO of the same draws")
  func evaluation() throws {
    let model = smallModel(Float.self)
    let objective = TrainingObjective.importanceWeighted(samples: 50, gradient: .reparameterised)
    let one = try model.evaluate(
      on: images, objective: objective, seed: 3, workers: WorkerPool(count: 1))
    let two = try model.evaluate(
      on: images, objective: objective, seed: 3, workers: WorkerPool(count: 2))
    #expect(one.importanceWeighted == two.importanceWeighted)
    #expect(one.importanceWeighted?.count == 100)
    for (bound, elbo) in pairs(one.importanceWeighted ?? [], one.elbo) { #expect(bound > elbo) }
    let elbo = try model.evaluate(on: images, seed: 3, workers: WorkerPool(count: 1))
    #expect(elbo.importanceWeighted == nil)
  }
}
