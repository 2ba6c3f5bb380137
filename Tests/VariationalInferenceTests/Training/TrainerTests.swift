// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing
import VariationalInference

/// A small autoencoder of 8 x 8 pixels.
func smallModel<Scalar>(
  _ type: Scalar.Type, seed: UInt64 = 1
) -> VariationalAutoencoder<Scalar> {
  var generator = SplitMix64(seed: seed)
  return VariationalAutoencoder(.init(data: 64, hidden: [24], latent: 3), using: &generator)
}

extension ImageDataset {
  /// These images with their bytes made numbers in one of the ways; for `static`, which takes none but
  /// black and white, they are cut at half grey first.
  func suited(to binarization: Binarization) throws -> ImageDataset {
    guard binarization == .static else { return try binarized(binarization) }
    return try ImageDataset(
      name: name, split: split, height: height, width: width,
      pixels: pixels.map { $0 < 128 ? 0 : 255 }
    ).binarized(.static)
  }
}

/// Runs to the end and returns the last step of each epoch.
@discardableResult
func finish<Model>(_ trainer: Trainer<Model>) throws -> [TrainingStep] {
  var ends: [TrainingStep] = []
  while let step = try trainer.step() {
    if step.endsEpoch { ends.append(step) }
  }
  return ends
}

@Suite("Trainer")
struct TrainerTests {
  /// 100 images: three whole batches and a rest, in rows that fill neither blocks nor vectors.
  private let images = ImageDataset.bars(count: 100)

  private func options(
    epochs: Int = 2, batch: Int = 33, rate: Double = 1e-2, seed: UInt64 = 4
  ) -> TrainingOptions {
    TrainingOptions(
      epochs: epochs, batchSize: batch, optimiser: Adam(learningRate: rate), seed: seed)
  }

  private func bits<Scalar: TensorScalar>(
    _ type: Scalar.Type, _ options: TrainingOptions, _ binarization: Binarization = .none,
    threads: Int
  ) throws -> ([[Scalar]], RunningTerms) {
    let trainer = try Trainer(
      smallModel(type), data: images.suited(to: binarization), options: options,
      workers: WorkerPool(count: threads))
    let last = try #require(try finish(trainer).last)
    return (trainer.model.parameters.map(\.scalars), last.epochSoFar)
  }

  @Test(
    "the same bits for 1, 2, 3 and 4 threads", arguments: Binarization.allCases,
    [1, 32, 33, 48, 100])
  func threads(_ binarization: Binarization, _ batch: Int) throws {
    let options = options(epochs: 1, batch: batch)
    let one = try bits(Float.self, options, binarization, threads: 1)
    for threads in 2...4 {
      let other = try bits(Float.self, options, binarization, threads: threads)
      #expect(other == one, "\(threads) threads")
    }
  }

  @Test("the same bits in Double, and for a model whose gradients are summed over shards")
  func otherModels() throws {
    let one = try bits(Double.self, options(), threads: 1)
    #expect(try bits(Double.self, options(), threads: 3) == one)
    func recording(_ threads: Int) throws -> [[Double]] {
      let trainer = try Trainer(
        RecordingModel(pixels: 64), data: images, options: options(),
        workers: WorkerPool(count: threads))
      try finish(trainer)
      return trainer.model.parameters.map(\.scalars)
    }
    let alone = try recording(1)
    for threads in 2...4 { #expect(try recording(threads) == alone) }
  }

  @Test("seeds differ, and so do kinds of pixels")
  func seeds() throws {
    let base = try bits(Float.self, options(), threads: 1).0
    #expect(try bits(Float.self, options(seed: 5), threads: 1).0 != base)
    #expect(try bits(Float.self, options(), .dynamic, threads: 1).0 != base)
    #expect(try bits(Float.self, options(), .threshold, threads: 1).0 != base)
  }

  @Test("every example is seen once in each epoch, in an order of its own; the rest is kept")
  func everyExample() throws {
    let recorder = RowRecorder()
    let trainer = try Trainer(
      RecordingModel(pixels: 2, recorder: recorder), data: numberedImages(301),
      options: TrainingOptions(epochs: 3, batchSize: 64, seed: 1), workers: WorkerPool(count: 2))
    var orders: [[Int]] = []
    #expect(trainer.batchesPerEpoch == 5)
    for epoch in 0..<3 {
      var seen: [[Int]] = []
      for batch in 0..<5 {
        let step = try #require(try trainer.step())
        // A summed step may be taken twice, in blocks that do not depend on the threads.
        seen.append(Array(Set(recorder.take().map(imageNumber))).sorted())
        #expect(step.epoch == epoch && step.batch == batch && step.batches == 5)
        #expect(step.endsEpoch == (batch == 4))
        #expect(step.epochSoFar.examples == min((batch + 1) * 64, 301))
      }
      #expect(seen.map(\.count) == [64, 64, 64, 64, 301 - 4 * 64])
      #expect(seen.flatMap { $0 }.sorted() == Array(0..<301))
      orders.append(seen.flatMap { $0 })
    }
    #expect(try trainer.step() == nil)
    #expect(orders[0] != orders[1] && orders[1] != orders[2])
    #expect(trainer.progress.steps == 15 && trainer.progress.epoch == 3)
  }

  @Test("a batch larger than the data is the data")
  func largeBatch() throws {
    let trainer = try Trainer(smallModel(Float.self), data: images, options: options(batch: 1000))
    #expect(trainer.batchesPerEpoch == 1)
    #expect(try trainer.step()?.epochSoFar.examples == 100)
  }

  /// From an untrained model to one that knows what the bars have in common: the first epoch's mean
  /// is near 64 log 2 = 44 nats, and half of it is out of reach only if nothing is learnt.
  @Test(
    "training improves the bound, on the data and on other images", arguments: Binarization.allCases
  )
  func improvement(_ binarization: Binarization) throws {
    let trainer = try Trainer(
      smallModel(Float.self), data: ImageDataset.bars(count: 320).suited(to: binarization),
      options: options(epochs: 30, batch: 32), workers: WorkerPool(count: 2))
    let other = try ImageDataset.bars(count: 100, seed: 99).suited(to: binarization)
    let pool = WorkerPool(count: 1)
    let before = try trainer.model.evaluate(on: other, workers: pool).mean
    let ends = try finish(trainer)
    let after = try trainer.model.evaluate(on: other, workers: pool).mean
    let (first, last) = (ends[0].epochSoFar.mean, ends[29].epochSoFar.mean)
    #expect(last.elbo > first.elbo && last.elbo > -22, "\(first.elbo) to \(last.elbo)")
    #expect(after.elbo > before.elbo && after.elbo > -25, "\(before.elbo) to \(after.elbo)")
    #expect(last.kl > 0.5, "the latent variables are used: \(last.kl)")
  }

  @Test("the terms of a step are means before the step, and add up")
  func terms() throws {
    let trainer = try Trainer(smallModel(Float.self), data: images, options: options())
    let model = trainer.model
    let first = try #require(try trainer.step())
    let (seen, mean) = (first.epochSoFar, first.terms)
    #expect(mean.elbo == -mean.reconstruction - mean.kl && seen.mean == mean)
    // The untrained model's costs on all images are near those on the batch of 33: within 4 standard
    // errors of a mean over 33 (other images, other noise).
    let evaluation = try model.evaluate(on: images, workers: WorkerPool(count: 1))
    let estimate = Estimate(evaluation.elbo)
    let error = estimate.standardError * (100.0 / 33).squareRoot()
    #expect((mean.elbo - estimate.mean).magnitude < 4 * error)
    let second = try #require(try trainer.step())
    #expect(second.epochSoFar.examples == 66)
    let sum = seen.reconstruction + second.terms.reconstruction * 33
    #expect(relativeError([second.epochSoFar.reconstruction], [sum]) < 1e-14)
  }

  @Test("a model that a trainer handed out does not change with later steps")
  func copies() throws {
    let trainer = try Trainer(smallModel(Float.self), data: images, options: options())
    let (model, state) = (trainer.model, trainer.state)
    let kept = model.parameters.map(\.scalars)
    _ = try trainer.step()
    #expect(model.parameters.map(\.scalars) == kept)
    #expect(state.parameters.map(\.scalars) == kept)
    #expect(trainer.model.parameters.map(\.scalars) != kept)
  }

  @Test("an absurd learning rate is a divergence, which says when and what")
  func divergence() throws {
    let trainer = try Trainer(
      smallModel(Float.self), data: images, options: options(epochs: 5, rate: 1e30))
    let error = try #require(throws: TrainingDivergence.self) { try finish(trainer) }
    #expect(error.step >= 2 && error.epoch >= 1 && error.batch >= 1)
    #expect(!error.terms.elbo.isFinite)
    #expect(error.description.contains("step \(error.step)"))
    #expect(error.description.contains("smaller learning rate"))
  }

  @Test("no epochs and empty batches are refused")
  func refusal() async {
    await #expect(processExitsWith: .failure) {
      _ = try Trainer(
        RecordingModel(pixels: 2), data: numberedImages(4), options: TrainingOptions(epochs: 0))
    }
    await #expect(processExitsWith: .failure) {
      _ = try Trainer(
        RecordingModel(pixels: 2), data: numberedImages(4), options: TrainingOptions(batchSize: 0))
    }
  }
}

@Suite("Adam")
struct AdamTests {
  @Test("corrections and the sign of the rate")
  func coefficients() {
    let first: AdamCoefficients<Double> = Adam(learningRate: 0.1).coefficients(step: 1)
    #expect(first.rate == -0.1 && first.epsilon == 1e-8)
    #expect(first.correction1 == 1 - 0.9 && first.correction2 == 1 - 0.999)
    // 1 - 0.9^10 and 1 - 0.999^1000 by Python 3.11; ten multiplications round ten times.
    let tenth: AdamCoefficients<Double> = Adam().coefficients(step: 10)
    #expect(relativeError([tenth.correction1], [0.6513215599]) < 1e-14)
    let later: AdamCoefficients<Double> = Adam().coefficients(step: 1000)
    #expect(relativeError([later.correction2], [0.6323045752290363]) < 1e-13)
    #expect(later.correction1 == 1)
  }

  /// Moments of `Float` follow those of Kingma and Ba in `Double`: at the start, where the correction
  /// 1 - beta2^t must be of the same beta2 as the weight of the newest gradient, and in the long run,
  /// where that weight and what is kept must add to 1. Either is off by 1.3e-5 if 1 - beta2 or beta2 is
  /// formed of a rounded one; some 500 roundings of 2^-24, which cancel at random, stay below 3e-6.
  @Test("moments in single precision are those of double precision")
  func moments() {
    let count = 32
    let buffers = (0..<3).map { _ in FlatBuffer<Float>(shapes: [[count]]) }
    let adam = Adam()
    var (m, v) = ([Double](repeating: 0, count: count), [Double](repeating: 0, count: count))
    for step in 1...5000 {
      let gradient = Tensor<Float>.pseudoRandom([count], .uniform(0.5...1), seed: UInt64(step))
      FlatBuffer.adam(
        FlatBuffer([gradient]).slab(0..<count), parameter: buffers[0], first: buffers[1],
        second: buffers[2], adam.coefficients(step: step))
      for (i, g) in gradient.scalars.map(Double.init).enumerated() {
        m[i] = 0.9 * m[i] + 0.1 * g
        v[i] = 0.999 * v[i] + 0.001 * g * g
      }
      guard [1, 10, 100, 5000].contains(step) else { continue }
      for (buffer, expected) in [(buffers[1], m), (buffers[2], v)] {
        let error = relativeError(buffer.tensors[0].scalars.map(Double.init), expected)
        #expect(error < 3e-6, "step \(step): off by \(error)")
      }
    }
  }
}
