// SPDX-License-Identifier: Apache-2.0

import Foundation
import PosteriorExamples
import TestSupport
import Testing
import VariationalInference

@Suite("Autoencoder as a program")
struct AutoencoderProgramTests {
  private let workers = WorkerPool(count: 2)
  private let digits: ImageDataset

  init() throws {
    digits = try ImageDataset.digits(.training, count: 70, workers: WorkerPool(count: 2))
      .binarized(.threshold)
  }

  private func autoencoder() -> VariationalAutoencoder<Double> {
    var generator = CounterGenerator(seed: 5, stream: 0)
    return VariationalAutoencoder(
      .init(data: digits.pixelsPerImage, hidden: [12], latent: 3), using: &generator)
  }

  /// Sums over 784 pixels of about 1 nat each, in two orders: rounding of 784 x 2^-53 x 600 <
  /// 1e-10.
  @Test(
    "the bounds are those of the autoencoder, image by image",
    arguments: [
      TrainingObjective.evidenceLowerBound,
      .importanceWeighted(samples: 5, gradient: .reparameterised),
    ])
  func bounds(_ objective: TrainingObjective) throws {
    let vae = autoencoder()
    let program = try autoencoderProgram(digits, latent: 3, decoder: vae.decoder)
    #expect(program.latents == vae.latents && program.dimension == 3)
    let expected = try vae.evaluate(on: digits, objective: objective, seed: 1, workers: workers)
    let found = try program.guided(by: vae).evaluate(
      on: digits, objective: objective, seed: 1, workers: workers)
    for (a, b) in [
      (found.elbo, expected.elbo), (found.kl, expected.kl),
      (found.importanceWeighted ?? [], expected.importanceWeighted ?? []),
    ] {
      #expect(a.count == b.count)
      for (x, y) in zip(a, b) { #expect((x - y).magnitude < 1e-9) }
    }
  }

  /// Of the same parameters, those of the decoder as of the encoder.
  @Test("a step of training moves the parameters as it moves those of the autoencoder")
  func training() throws {
    let options = TrainingOptions(epochs: 2, batchSize: 35, seed: 2)
    let vae = autoencoder()
    let own = try Trainer(vae, data: digits, options: options, workers: workers)
    let program = try autoencoderProgram(digits, latent: 3, decoder: vae.decoder)
    let other = try Trainer(
      program.guided(by: vae), data: digits, options: options, workers: workers)
    while let step = try own.step() {
      let same = try #require(try other.step())
      #expect((step.terms.elbo - same.terms.elbo).magnitude < 1e-7)
    }
    let (a, b) = (own.model, other.model)
    #expect(
      relativeError(
        b.model.learned.parameters.flatMap(\.scalars), a.decoder.parameters.flatMap(\.scalars))
        < 1e-6)
    #expect(
      relativeError(
        b.guide.encoder.parameters.flatMap(\.scalars), a.encoder.parameters.flatMap(\.scalars))
        < 1e-6)
  }

  @Test("an amortised guide of any family serves it, and other bounds take it")
  func amortised() throws {
    var generator = CounterGenerator(seed: 6, stream: 0)
    let program = try autoencoderProgram(digits, latent: 3, decoder: autoencoder().decoder)
    let guide = AmortizedGuide(
      FullCovarianceFamily<Double>(), dimension: program.dimension, reads: program.reads,
      hidden: [12], activation: .tanh, using: &generator)
    let start = program.guided(by: guide)
    let before = Estimate(try start.evaluate(on: digits, workers: workers).elbo).mean
    let options = TrainingOptions(epochs: 20, batchSize: 35, optimiser: Adam(learningRate: 0.01))
    let trainer = try Trainer(start, data: digits, options: options, workers: workers)
    while try trainer.step() != nil {}
    let after = Estimate(try trainer.model.evaluate(on: digits, workers: workers).elbo).mean
    #expect(after > before + 200, "from \(before) to \(after)")
    let tighter = try trainer.model.importanceWeightedBound(
      on: digits, samples: 50, workers: workers)
    #expect(Estimate(tighter.bound).mean > after)
  }

  /// A positive latent variable, centred: x ~ Poisson(r), r ~ Exponential(1), at r = exp(u) for
  /// several u of each example.
  @Test("a constrained latent variable has its Jacobian, of each draw of each example")
  func constrained() throws {
    let (counts, u) = ([0.0, 3, 7], (0..<12).map { Double($0) * 0.3 - 1 })
    let data = ArrayDataset(
      name: "counts", columns: [DataColumn(DataField("k", shape: [1]), counts)])
    let program = try ProgramJointDensity(
      data, reads: [FieldUse("k", .data)], learning: NothingLearned()
    ) { z, example, _ in
      let rate = z.latent("rate", Exponential(1))
      z.observe("k", Poisson(rate), example["k"])
    }
    let batch = Batch(["k": Tensor(counts, shape: [3, 1])])
    let found = program.logDensity(batch, at: Tensor(u, shape: [3, 4, 1]))
    #expect(found.shape == [3, 4])
    for (index, value) in found.scalars.enumerated() {
      let k = counts[index / 4]
      let exact = k * u[index] - 2 * exp(u[index]) - lgamma(k + 1) + u[index]
      #expect((value - exact).magnitude < 1e-12)
    }
    #expect(program.logPrior(at: Tensor(u, shape: [12, 1])) == nil)
  }

  private struct NothingLearned: Parameterized {
    typealias Scalar = Double
    mutating func visitParameters(
      _ visit: (_ name: String, _ parameter: inout Tensor<Double>) throws -> Void
    ) rethrows {}
  }

  @Test("sizes that do not fit are said at the statement")
  func mistakes() {
    do {
      _ = try autoencoderProgram(digits, latent: 4, decoder: autoencoder().decoder)
      Issue.record("a decoder of 3 numbers took 4")
    } catch {
      #expect(
        "\(error)"
          == "observe \"x\": a layer from 3 to 12 of a value of shape [4]")
    }
  }
}
