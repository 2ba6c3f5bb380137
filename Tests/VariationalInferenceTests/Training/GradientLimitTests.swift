// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing
import VariationalInference

@Suite("Gradients limited by their norm")
struct GradientLimitTests {
  private let images = ImageDataset.bars(count: 100)

  /// The gradient that the optimiser is given at the first step, of all parameters, and the norm
  /// that the step reports.
  private func gradient(
    _ model: some GuidedModel<Double> & Parameterized<Double>, batch: Int, limit: Double?,
    threads: Int = 1
  ) throws -> (slopes: [Double], norm: Double?) {
    let trainer = try Trainer(
      model, data: images,
      options: TrainingOptions(
        batchSize: batch, optimiser: PlainAscent(learningRate: 1), gradientNormLimit: limit),
      workers: WorkerPool(count: threads))
    let step = try #require(try trainer.step())
    return (
      pairs(trainer.model.parameters, model.parameters).flatMap { ($0 - $1).scalars },
      step.gradientNorm
    )
  }

  /// g min(1, c / (|g| / B + 1e-6)), torch.nn.utils.clip_grad_norm_ of the mean's gradient g / B.
  /// The parameters of magnitude 1 that the gradients are read from round to 1e-16, beside
  /// gradients of 10.
  private func check(
    _ model: some GuidedModel<Double> & Parameterized<Double>, batch: Int
  ) throws {
    let (free, unknown) = try gradient(model, batch: batch, limit: nil)
    let norm = free.reduce(0) { $0 + $1 * $1 }.squareRoot() / Double(batch)
    #expect(norm > 0.1 && unknown == nil)
    for limit in [0.01 * norm, 0.999 * norm] {
      let factor = limit / (norm + 1e-6)
      for threads in 1...3 {
        let found = try gradient(model, batch: batch, limit: limit, threads: threads)
        #expect(relativeError(found.slopes, free.map { $0 * factor }) < 1e-13)
        #expect(relativeError([found.norm ?? 0], [norm]) < 1e-13)
      }
    }
    #expect(try gradient(model, batch: batch, limit: 1.01 * norm).slopes == free)
  }

  @Test("the norm is that of the mean per example, over all parameters", arguments: [32, 100])
  func formula(_ batch: Int) throws {
    try check(smallModel(Double.self), batch: batch)
    // Whose gradients are sums over shards.
    try check(RecordingModel(pixels: 64), batch: batch)
  }

  private func bits(
    limit: Double?, threads: Int, _ precision: ProductPrecision = .float32
  ) throws -> ([[Float]], RunningTerms) {
    let trainer = try Trainer(
      smallModel(Float.self), data: images,
      options: TrainingOptions(
        epochs: 2, batchSize: 33, optimiser: Adam(learningRate: 1e-2), gradientNormLimit: limit,
        precision: precision, seed: 4), workers: WorkerPool(count: threads))
    let last = try #require(try finish(trainer).last)
    return (trainer.model.parameters.map(\.scalars), last.epochSoFar)
  }

  @Test("a limit that nothing reaches changes no bit, and one that bites gives the same for 1 to 4")
  func threads() throws {
    let free = try bits(limit: nil, threads: 1)
    #expect(try bits(limit: 1e9, threads: 1) == free)
    let one = try bits(limit: 0.5, threads: 1)
    #expect(one.0 != free.0)
    for threads in 2...4 { #expect(try bits(limit: 0.5, threads: threads) == one) }
    if ProductPrecision.bfloat16.isSupported {
      let free = try bits(limit: nil, threads: 1, .bfloat16)
      #expect(try bits(limit: 1e9, threads: 2, .bfloat16) == free)
    }
  }

  @Test("a gradient that is no number is still a divergence")
  func divergence() throws {
    let trainer = try Trainer(
      smallModel(Float.self), data: images,
      options: TrainingOptions(
        epochs: 5, batchSize: 33, optimiser: Adam(learningRate: 1e30), gradientNormLimit: 1))
    #expect(throws: TrainingDivergence.self) { try finish(trainer) }
  }

  @Test("a limit of 0 is refused")
  func refusal() async {
    await #expect(processExitsWith: .failure) {
      _ = try Trainer(
        RecordingModel(pixels: 2), data: numberedImages(4),
        options: TrainingOptions(gradientNormLimit: 0))
    }
  }
}
