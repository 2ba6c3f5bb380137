// SPDX-License-Identifier: Apache-2.0

import Tensors
import TestSupport
import Testing

@Suite("Single rows, and sums with constants")
struct RowTests {
  @Test("a row is a slice without its axis", arguments: [[3], [3, 4], [3, 2, 5]])
  func row(_ shape: [Int]) {
    let x = Tensor<Double>.pseudoRandom(shape)
    for index in 0..<3 {
      let row = x.row(index)
      #expect(row.shape == Array(shape.dropFirst()))
      #expect(row.scalars == x.slice(index..<index + 1).scalars)
      // Used twice, and beside another row of the same tensor.
      checkGradients(of: { $0[0].row(index) * $0[0].row(index) + $0[0].row(0) }, at: [x])
    }
  }

  @Test("a linear combination is the sum of products")
  func combination() {
    let terms = (1...3).map { Tensor<Double>.pseudoRandom([2, 5], seed: UInt64($0)) }
    let found = Tensor.linearCombination(terms, [1, -0.5, 3])
    let expected = terms[0] - terms[1] * 0.5 + terms[2] * 3
    #expect(relativeError(found.scalars, expected.scalars) < 1e-15)
    checkGradients(of: { .linearCombination($0, [1, -0.5, 3]) }, at: terms)
    // One tensor twice, and one that is not traced.
    checkGradients(
      of: { .linearCombination([$0[0], terms[1], $0[0]], [2, 1, 3]) }, at: [terms[0]])
    // The terms themselves are left alone.
    #expect(terms[0].scalars == Tensor<Double>.pseudoRandom([2, 5], seed: 1).scalars)
  }
}
