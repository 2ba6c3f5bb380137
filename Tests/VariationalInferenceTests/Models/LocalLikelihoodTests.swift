// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing
import VariationalInference

@Suite("Likelihoods near a point")
struct LocalLikelihoodTests {
  private func model(
    hidden: [Int] = [24], activation: Activation = .relu, latent: Int = 3
  ) -> VariationalAutoencoder<Double> {
    var generator = SplitMix64(seed: 4)
    var model = VariationalAutoencoder<Double>(
      .init(data: 30, hidden: hidden, latent: latent, activation: activation), using: &generator)
    // Freshly drawn weights are small. With these, many units change sides between draws.
    for layer in model.decoder.hidden.layers.indices {
      model.decoder.hidden.layers[layer].weight = model.decoder.hidden.layers[layer].weight * 5
    }
    return model
  }

  /// z from the point itself to far away from it.
  private let z = Tensor.concatenated([
    Tensor<Double>([0.3, -0.2, 0.8], shape: [1, 3]),
    Tensor<Double>.pseudoRandom([99, 3], .uniform(-4...4), seed: 9),
  ])

  /// Sums of at most 24 terms of up to 50, in another order: 1e-15 of 1,200.
  private func difference(_ model: VariationalAutoencoder<Double>) throws -> Double {
    let local = try #require(model.localLikelihood()).near(z.slice(0..<1))(z).logits
    let direct = model.likelihood(given: z).logits
    return pairs(local.scalars, direct.scalars).map { ($0 - $1).magnitude }.max() ?? .infinity
  }

  /// Of [8, 24] the decoder's last hidden layer has 8 units for 24 inputs.
  @Test(
    "are the likelihoods, near and far, where there is a faster way",
    arguments: [[24], [8, 24], [24, 8]], [Activation.relu, .tanh, .identity])
  func values(_ hidden: [Int], _ activation: Activation) throws {
    let model = model(hidden: hidden, activation: activation)
    if activation == .relu, hidden != [8, 24] {
      #expect(try difference(model) < 1e-12)
    } else {
      #expect(model.localLikelihood() == nil && model.localReconstructionCost() == nil)
    }
  }

  @Test("without hidden layers there is no faster way")
  func linear() { #expect(model(hidden: []).localLikelihood() == nil) }

  /// Of 30 terms of the order of the logits, at most 1,200.
  @Test("costs near a point are the costs, one for each draw")
  func costs() throws {
    let model = model()
    let batch = Batch(Tensor<Double>.pseudoRandom([1, 30], .uniform(0...1), seed: 5))
    let draws = z.reshaped(to: [1, 100, 3])
    let near = try #require(model.localReconstructionCost()).near(batch, z.slice(0..<1))
    let direct = model.reconstructionCost(batch, at: draws, shared: nil).perExample
    #expect(near(draws).shape == [1, 100] && direct.shape == [1, 100])
    #expect(relativeError(near(draws).scalars, direct.scalars, scale: 1200) < 1e-13)
  }

  /// An affine map that left out a unit, or took one twice, would show at the point itself.
  @Test("the test data move units to both sides of zero")
  func isDiscriminating() {
    let layer = model().decoder.hidden.layers[0]
    let states = layer(z).scalars.map { $0 > 0 }
    let atPoint = Array(states[..<24])
    let changed = states.indices.count { states[$0] != atPoint[$0 % 24] }
    #expect(atPoint.contains(true) && atPoint.contains(false))
    #expect(Double(changed) > 0.2 * Double(states.count))
  }

  private func bound(_ model: PointedModel, samples: Int) throws -> [Double] {
    try model.importanceWeightedBound(
      on: ImageDataset.bars(count: 6), samples: samples, seed: 3, workers: WorkerPool(count: 2)
    ).bound
  }

  @Test("importance-weighted bounds of many draws are the same with them")
  func bounds() throws {
    let model = smallModel(Double.self)
    let (local, direct) = (
      PointedModel(base: model, local: try #require(model.localLikelihood()).near),
      PointedModel(base: model) { _ in model.likelihood(given:) }
    )
    // A log weight is some 40 nats of 88 terms, each rounded to 2^-53.
    let difference = relativeError(
      try bound(local, samples: 300), try bound(direct, samples: 300), scale: 1)
    #expect(difference < 88 * 0x1p-53)
  }

  /// A local likelihood that is another function shows whether it was asked, and at which point.
  @Test("many draws use them at the mean of q, few do not")
  func use() throws {
    let model = smallModel(Double.self)
    let constant = PointedModel(base: model) { point in
      { z in model.likelihood(given: point.repeated(to: z.shape)) }
    }
    let atMean = PointedModel(base: model) { _ in
      { z in
        let x = Tensor<Double>(ImageDataset.bars(count: 1).pixels.map { Double($0) / 255 })
        let mean = model.posterior(given: x.reshaped(to: [1, 64])).mean
        return model.likelihood(given: mean.repeated(to: z.shape))
      }
    }
    let near = try #require(model.localLikelihood()).near
    let direct = PointedModel(base: model, local: near)
    #expect(try bound(constant, samples: 300)[0] == bound(atMean, samples: 300)[0])
    #expect(try bound(constant, samples: 300)[1] != bound(atMean, samples: 300)[1])
    #expect(try bound(constant, samples: 40) == bound(direct, samples: 40))
  }
}

/// A model with a local likelihood of the test's.
private struct PointedModel: Autoencoder {
  typealias Local = LocalLikelihood<VariationalAutoencoder<Double>>

  let base: VariationalAutoencoder<Double>
  let local: @Sendable (Tensor<Double>) -> Local.OfRows

  var prior: StandardNormal<Double> { base.prior }
  var latentDimension: Int { base.latentDimension }
  func likelihood(given z: Tensor<Double>) -> IndependentBernoulli<Double> {
    base.likelihood(given: z)
  }
  func posterior(given x: Tensor<Double>) -> DiagonalGaussian<Double> { base.posterior(given: x) }
  func localLikelihood() -> LocalLikelihood<PointedModel>? { LocalLikelihood(near: local) }

  mutating func visitParameters(
    _ visit: (_ name: String, _ parameter: inout Tensor<Double>) throws -> Void
  ) rethrows {}
}
