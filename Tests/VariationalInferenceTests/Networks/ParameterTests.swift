// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing
import VariationalInference

@Suite("Named parameters")
struct ParameterTests {
  private func model(
    hidden: [Int] = [5], decoderHidden: [Int]? = nil
  ) -> VariationalAutoencoder<Float> {
    var generator = SplitMix64(seed: 1)
    return VariationalAutoencoder(
      .init(data: 7, hidden: hidden, decoderHidden: decoderHidden, latent: 3), using: &generator)
  }

  @Test("names and shapes are those of the PyTorch module")
  func names() {
    let expected: [(String, [Int])] = [
      ("encoder.fc1.weight", [5, 7]), ("encoder.fc1.bias", [5]),
      ("encoder.fc_mu.weight", [3, 5]), ("encoder.fc_mu.bias", [3]),
      ("encoder.fc_logvar.weight", [3, 5]), ("encoder.fc_logvar.bias", [3]),
      ("decoder.fc1.weight", [5, 3]), ("decoder.fc1.bias", [5]),
      ("decoder.fc2.weight", [7, 5]), ("decoder.fc2.bias", [7]),
    ]
    let found = model().namedParameters
    #expect(found.map(\.name) == expected.map(\.0))
    #expect(found.map(\.value.shape) == expected.map(\.1))
    #expect(model().parameterCount == 7 * 5 + 5 + 2 * (5 * 3 + 3) + 3 * 5 + 5 + 5 * 7 + 7)
  }

  @Test("several hidden layers are numbered; the decoder mirrors the encoder unless told")
  func deep() {
    let names = model(hidden: [6, 4]).namedParameters.map(\.name)
    #expect(names.contains("encoder.fc2.weight") && names.contains("decoder.fc3.bias"))
    #expect(model(hidden: [6, 4]).architecture.decoderHidden == [4, 6])
    let own = model(hidden: [6, 4], decoderHidden: [])
    #expect(
      own.namedParameters.map(\.name).filter { $0.hasPrefix("decoder") } == [
        "decoder.fc1.weight", "decoder.fc1.bias",
      ])
  }

  /// Reflection finds every stored tensor; the list by hand must have forgotten none.
  @Test("no stored tensor is forgotten")
  func mirror() {
    var generator = SplitMix64(seed: 2)
    check(Linear<Float>(inputs: 2, outputs: 3, using: &generator))
    check(Linear<Float>(inputs: 2, outputs: 3, bias: false, using: &generator))
    check(HiddenLayers<Float>(inputs: 2, widths: [3, 4], activation: .relu, using: &generator))
    check(
      GaussianEncoder<Float>(
        inputs: 2, hidden: [3], latent: 2, activation: .tanh, using: &generator))
    check(
      BernoulliDecoder<Float>(
        inputs: 2, hidden: [3, 4], outputs: 5, activation: .relu, using: &generator))
    check(model(hidden: [6, 4], decoderHidden: [8]))
  }

  private func check(_ layer: some Parameterized<Float>) {
    func stored(in value: Any) -> [[Float]] {
      if let tensor = value as? Tensor<Float> { return [tensor.scalars] }
      return Mirror(reflecting: value).children.flatMap { stored(in: $0.value) }
    }
    func sorted(_ lists: [[Float]]) -> [[Float]] {
      lists.sorted { $0.lexicographicallyPrecedes($1) }
    }
    let found = stored(in: layer)
    #expect(!found.isEmpty)
    #expect(sorted(found) == sorted(layer.parameters.map(\.scalars)), "\(type(of: layer))")
    #expect(Set(layer.namedParameters.map(\.name)).count == found.count)
  }

  @Test("parameters are replaced in their order, and in a copy")
  func replacement() {
    let old = model()
    let new = old.parameters.map { Tensor<Float>(repeating: 2, shape: $0.shape) }
    let replaced = old.replacingParameters(with: new)
    #expect(replaced.parameters.map(\.scalars) == new.map(\.scalars))
    #expect(old.parameters.map(\.scalars) == model().parameters.map(\.scalars))
    let doubled = old.mappingParameters { name, value in
      name.hasSuffix("bias") ? .zeros(value.shape) : value
    }
    #expect(doubled.encoder.mean.bias?.scalars == [0, 0, 0])
    #expect(doubled.encoder.mean.weight.scalars == old.encoder.mean.weight.scalars)
  }

  @Test("too few, too many and misshapen replacements are refused")
  func refusal() async {
    func linear() -> Linear<Float> {
      var generator = SplitMix64(seed: 2)
      return Linear(inputs: 2, outputs: 3, using: &generator)
    }
    #expect(linear().parameters.count == 2)
    await #expect(processExitsWith: .failure) {
      var generator = SplitMix64(seed: 2)
      let layer = Linear<Float>(inputs: 2, outputs: 3, using: &generator)
      _ = layer.replacingParameters(with: [layer.weight])
    }
    await #expect(processExitsWith: .failure) {
      var generator = SplitMix64(seed: 2)
      let layer = Linear<Float>(inputs: 2, outputs: 3, using: &generator)
      _ = layer.replacingParameters(with: layer.parameters + [.zeros([3])])
    }
    await #expect(processExitsWith: .failure) {
      var generator = SplitMix64(seed: 2)
      let layer = Linear<Float>(inputs: 2, outputs: 3, using: &generator)
      _ = layer.replacingParameters(with: layer.parameters.reversed())
    }
  }
}

@Suite("Initial weights")
struct InitialisationTests {
  /// torch.nn.Linear draws weight and bias from U(-b, b), b = 1 / sqrt(inputs): variance b^2 / 3.
  /// n = 400 * 784 weights, k = 4 standard errors; the largest of n uniform magnitudes is above
  /// b (1 - 20 / n) but once in e^20 times.
  @Test("a linear layer is drawn as torch.nn.Linear draws it", arguments: [1, 2, 3] as [UInt64])
  func linear(_ seed: UInt64) throws {
    var generator = SplitMix64(seed: seed)
    let layer = Linear<Float>(inputs: 784, outputs: 400, using: &generator)
    let bound = 1 / 28.0
    let (weights, biases) = (layer.weight.doubles, try #require(layer.bias).doubles)
    #expect((weights + biases).allSatisfy { $0.magnitude <= bound })
    let largest = weights.reduce(0) { max($0, $1.magnitude) }
    #expect(largest > bound * (1 - 20 / Double(weights.count)))
    let mean = meanCheck("mean", of: weights, expected: 0)
    #expect(mean.isWithin(4), "\(mean)")
    let variance = meanCheck(
      "variance", of: weights.map { $0 * $0 }, expected: bound * bound / 3)
    #expect(variance.isWithin(4), "\(variance)")
    let bias = meanCheck(
      "bias variance", of: biases.map { $0 * $0 }, expected: bound * bound / 3)
    #expect(bias.isWithin(4), "\(bias)")
    #expect(weights.prefix(400) != biases[...])
  }

  @Test("a layer without biases has the weights of one with them, and no other parameter")
  func withoutBias() {
    func layer(_ hasBias: Bool) -> (layer: Linear<Float>, next: UInt64) {
      var generator = SplitMix64(seed: 3)
      let layer = Linear<Float>(
        inputs: 4, outputs: 3, bias: hasBias, activation: .tanh, using: &generator)
      return (layer, generator.next())
    }
    let (with, without) = (layer(true), layer(false))
    #expect(without.layer.namedParameters.map(\.name) == ["weight"])
    #expect(without.layer.weight.scalars == with.layer.weight.scalars)
    #expect(without.next == with.next)
    let x = Tensor<Float>.pseudoRandom([5, 4], seed: 4)
    #expect(
      without.layer(x).scalars == x.linear(weight: with.layer.weight, activation: .tanh).scalars)
    let replaced = without.layer.replacingParameters(with: [.zeros([3, 4])])
    #expect(replaced(x).scalars == [Float](repeating: 0, count: 15) && replaced.bias == nil)
  }

  @Test("the same generator gives the same model, layers differ, and so do seeds")
  func seeds() {
    func model(_ seed: UInt64) -> [[Float]] {
      var generator = SplitMix64(seed: seed)
      return VariationalAutoencoder<Float>(
        .init(data: 8, hidden: [8, 8], latent: 8), using: &generator
      ).parameters.map(\.scalars)
    }
    #expect(model(1) == model(1))
    #expect(pairs(model(1), model(2)).allSatisfy { $0 != $1 })
    #expect(Set(model(1)).count == model(1).count)
  }
}

@Suite("Networks")
struct NetworkTests {
  /// The whole model's gradient, in every parameter, with every activation.
  @Test("gradients of the ELBO are central differences", arguments: Activation.allCases)
  func gradients(_ activation: Activation) {
    var generator = SplitMix64(seed: 4)
    let model = VariationalAutoencoder<Double>(
      .init(data: 4, hidden: [3], latent: 2, activation: activation), using: &generator)
    let x = Tensor<Double>.pseudoRandom([5, 4], .uniform(0...1), seed: 1)
    let noise = Tensor<Double>.standardNormal([5, 2], key: NoiseKey(seed: 1))
    checkGradients(
      of: { parameters in
        let model = model.replacingParameters(with: parameters)
        return model.evidenceLowerBound(
          Batch(x), posterior: model.posterior(given: x), noise: noise
        ).elbo
      }, at: model.parameters)
  }

  @Test("a model without hidden layers is linear in x and z")
  func withoutHiddenLayers() throws {
    var generator = SplitMix64(seed: 5)
    let model = VariationalAutoencoder<Double>(
      .init(data: 4, hidden: [], latent: 2), using: &generator)
    let (x, y) = (
      Tensor<Double>.pseudoRandom([1, 4], seed: 1), Tensor<Double>.pseudoRandom([1, 4], seed: 2)
    )
    let bias = try #require(model.encoder.mean.bias)
    let sum = model.posterior(given: x + y).mean + bias
    let parts = model.posterior(given: x).mean + model.posterior(given: y).mean
    #expect(relativeError(sum.scalars, parts.scalars, scale: 1) < 1e-14)
    #expect(
      model.likelihood(given: .zeros([1, 2])).logits.scalars
        == model.decoder.logits.bias?.scalars)
  }
}
