// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing
import VariationalInference

@Suite("Initialisation")
struct InitializationTests {
  @Test("Glorot's weights are uniform within their bound, and biases zero")
  func glorot() {
    let model = smallModel(Double.self).glorotInitialized(seed: 2)
    for (name, value) in model.namedParameters {
      guard value.rank == 2 else {
        #expect(value.scalars.allSatisfy { $0 == 0 }, "\(name)")
        continue
      }
      let bound = (6 / Double(value.shape[0] + value.shape[1])).squareRoot()
      #expect(value.scalars.allSatisfy { $0.magnitude <= bound })
      // Var U(-b, b) = b^2 / 3, of squares 4 b^4 / 45; 4 standard errors.
      let n = Double(value.count)
      let check = StatisticalCheck(
        name, observed: value.squared().mean().scalar, expected: bound * bound / 3,
        standardError: bound * bound * (4 / 45 / n).squareRoot())
      #expect(check.isWithin(4), "\(check)")
    }
    let again = smallModel(Double.self, seed: 9).glorotInitialized(seed: 2)
    #expect(again.parameters.map(\.scalars) == model.parameters.map(\.scalars))
    #expect(
      smallModel(Double.self).glorotInitialized(seed: 3).parameters.map(\.scalars)
        != model.parameters.map(\.scalars))
  }

  @Test("output biases are the logits of the clamped mean pixel")
  func outputBias() throws {
    let images = ImageDataset(
      name: "pair", split: "train", height: 1, width: 3, pixels: [0, 255, 51, 0, 255, 153])
    var generator = SplitMix64(seed: 1)
    let decoder = BernoulliDecoder<Double>(
      inputs: 2, hidden: [4], outputs: 3, activation: .tanh, using: &generator
    ).withOutputBias(atMeanOf: images)
    // Means 0 and 1, clamped to 0.001 and 0.999, and (0.2 + 0.6) / 2 = 0.4.
    let biases = try #require(decoder.logits.bias)
    let probabilities = IndependentBernoulli(logits: biases.reshaped(to: [1, 3])).mean.scalars
    #expect(relativeError(probabilities, [0.001, 0.999, 0.4]) < 1e-12)
  }
}
