// SPDX-License-Identifier: Apache-2.0

import Tensors
import TestSupport
import Testing

@Suite("Repeated rows")
struct RowRepetitionTests {
  @Test("each row follows itself")
  func values() {
    let x = Tensor<Float>([1, 2, 3, 4, 5, 6], shape: [2, 3])
    let y = x.repeatingRows(3)
    #expect(y.shape == [6, 3])
    #expect(y.scalars == [1, 2, 3, 1, 2, 3, 1, 2, 3, 4, 5, 6, 4, 5, 6, 4, 5, 6])
    #expect(x.repeatingRows(1).scalars == x.scalars)
  }

  @Test("the gradient is the sum over repetitions", arguments: [1, 2, 5])
  func gradient(_ count: Int) {
    checkGradients(
      of: { $0[0].repeatingRows(count).squared() }, at: [.pseudoRandom([3, 4], seed: 5)])
  }
}
