// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing
import VariationalInference

@Suite("What an autoencoder reads")
struct AutoencoderArchitectureTests {
  private let architecture = AutoencoderArchitecture(
    data: 5, hidden: [7], latent: 2,
    fields: AutoencoderFields(
      data: "y", conditions: [.init("group", width: 3), .init("size", width: 1)], weight: "w",
      mask: "seen"))

  @Test("every field with its role and width, data first, conditions in their order")
  func reads() {
    #expect(
      architecture.reads == [
        FieldUse("y", .data, width: 5), FieldUse("group", .condition, width: 3),
        FieldUse("size", .condition, width: 1), FieldUse("w", .weight, width: 1),
        FieldUse("seen", .mask, width: 5),
      ])
    #expect(AutoencoderArchitecture().reads == [FieldUse("x", .data, width: 784)])
    #expect(FieldUse("w", .weight) == FieldUse("w", .weight, width: 1), "a weight is one number")
  }

  @Test("both autoencoders read it, and have networks for it")
  func models() {
    var generator = SplitMix64(seed: 1)
    let bernoulli = VariationalAutoencoder<Float>(architecture, using: &generator)
    let gaussian = GaussianVariationalAutoencoder<Float>(architecture, using: &generator)
    #expect(bernoulli.reads == architecture.reads && gaussian.reads == architecture.reads)
    #expect(bernoulli.allReads == architecture.reads && gaussian.allReads == architecture.reads)
    for encoder in [bernoulli.encoder, gaussian.encoder] {
      #expect(encoder.hidden.layers[0].weight.shape == [7, 5 + 3 + 1])
    }
    #expect(bernoulli.decoder.hidden.layers[0].weight.shape == [7, 2 + 3 + 1])
    #expect(gaussian.decoder.hidden.layers[0].weight.shape == [7, 2 + 3 + 1])
    #expect(bernoulli.decoder.logits.weight.shape == [5, 7])
    #expect(gaussian.decoder.mean.weight.shape == [5, 7])
    #expect(bernoulli.latents == [Latent("z", shape: [2])])
  }

  @Test("without hidden layers the conditions go into the linear maps")
  func linear() {
    var linear = architecture
    (linear.hidden, linear.decoderHidden) = ([], [])
    var generator = SplitMix64(seed: 1)
    let model = GaussianVariationalAutoencoder<Float>(linear, using: &generator)
    #expect(model.encoder.mean.weight.shape == [2, 9] && !linear.hasHiddenLayers)
    #expect(model.decoder.mean.weight.shape == [5, 6])
  }
}
