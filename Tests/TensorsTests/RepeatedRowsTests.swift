// SPDX-License-Identifier: Apache-2.0

import Tensors
import TestSupport
import Testing

@Suite("Repeated rows")
struct RepeatedRowsTests {
  private let x = Tensor<Double>.pseudoRandom([3, 5], .uniform(0...1), seed: 41)
  private let logits = Tensor<Double>.pseudoRandom([12, 5], .uniform(-4...4), seed: 42)

  @Test("each row in succession")
  func rows() {
    let repeated = x.repeatingRows(4)
    #expect(repeated.shape == [12, 5])
    for row in 0..<12 {
      #expect(repeated.slice(row..<row + 1).scalars == x.slice(row / 4..<row / 4 + 1).scalars)
    }
    #expect(x.repeatingRows(1).scalars == x.scalars)
  }

  @Test("the gradient is the sum over the copies")
  func gradient() { checkGradients(of: { $0[0].repeatingRows(4).squared() }, at: [x]) }

  @Test("Bernoulli log-probability: the bits of repeated pixels, and their gradients")
  func bernoulli() {
    let plain = x.repeatingRows(4).bernoulliLogProbability(logits: logits)
    #expect(x.bernoulliLogProbability(repeated: 4, logits: logits).scalars == plain.scalars)
    checkGradients(
      of: { $0[0].bernoulliLogProbability(repeated: 4, logits: $0[1]) }, at: [x, logits])
  }
}
