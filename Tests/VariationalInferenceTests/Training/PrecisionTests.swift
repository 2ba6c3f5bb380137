// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing
import VariationalInference

@Suite("Training with products in bfloat16", .enabled(if: ProductPrecision.canRound))
struct PrecisionTests {
  private let images = ImageDataset.bars(count: 200)

  private func trained(
    _ precision: ProductPrecision, threads: Int = 2
  ) throws -> VariationalAutoencoder<Float> {
    let options = TrainingOptions(
      epochs: 40, batchSize: 20, optimiser: Adam(learningRate: 1e-2), precision: precision)
    let trainer = try Trainer(
      smallModel(Float.self), data: images, options: options, workers: WorkerPool(count: threads))
    try finish(trainer)
    return trainer.model
  }

  @Test("the ELBO after training is that of training in fp32, within 0.3 nats")
  func sameBound() throws {
    let workers = WorkerPool(count: 2)
    let (rounded, exact) = (try trained(.bfloat16), try trained(.float32))
    #expect(rounded.parameters.map(\.scalars) != exact.parameters.map(\.scalars))
    let bounds = try [rounded, exact].map {
      try $0.evaluate(on: images, workers: workers).mean.elbo
    }
    let before = try smallModel(Float.self).evaluate(on: images, workers: workers).mean.elbo
    #expect(bounds[1] > before + 5, "training must have come somewhere for this to mean anything")
    #expect((bounds[0] - bounds[1]).magnitude < 0.3, "\(bounds)")
  }

  @Test("the same bits for 1, 2, 3 and 4 threads")
  func threads() throws {
    let one = try trained(.bfloat16, threads: 1).parameters.map(\.scalars)
    for threads in 2...4 {
      #expect(try trained(.bfloat16, threads: threads).parameters.map(\.scalars) == one)
    }
  }

  @Test("a run goes on from its state to the same bits")
  func resume() throws {
    let options = TrainingOptions(epochs: 2, batchSize: 33, precision: .bfloat16)
    func trainer() throws -> Trainer<VariationalAutoencoder<Float>> {
      try Trainer(smallModel(Float.self), data: images, options: options)
    }
    let (whole, first, second) = (try trainer(), try trainer(), try trainer())
    try finish(whole)
    for _ in 0..<5 { _ = try first.step() }
    second.restore(first.state)
    try finish(second)
    #expect(second.model.parameters.map(\.scalars) == whole.model.parameters.map(\.scalars))
  }
}
