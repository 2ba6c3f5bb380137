// SPDX-License-Identifier: Apache-2.0

import Tensors
import TestSupport
import Testing

@Suite("Running sums and recurrences")
struct RecurrenceTests {
  private func numbers(_ shape: [Int], seed: UInt64) -> Tensor<Double> {
    .standardNormal(shape, key: NoiseKey(seed: seed))
  }

  private func expect(_ found: [Double], _ expected: [Double]) {
    for (a, b) in pairs(found, expected) { #expect((a - b).magnitude < 1e-14) }
  }

  @Test("sums up to each index of any axis, and their gradients", arguments: [0, 1, -1])
  func cumulativeSum(_ axis: Int) {
    let x = numbers([3, 4, 2], seed: 1)
    let found = x.cumulativeSum(along: axis)
    let place = axis < 0 ? axis + 3 : axis
    for index in 0..<x.shape[place] {
      let expected = x.slice(0..<index + 1, along: place).sum(along: place, keepingAxis: true)
      expect(found.slice(index..<index + 1, along: place).scalars, expected.scalars)
    }
    checkGradients(of: { $0[0].cumulativeSum(along: axis) }, at: [x])
  }

  @Test(
    "x[t] = u[t] + c x[t - 1], with draws on either side or both",
    arguments: [
      ([5, 3], [3]), ([5, 1], [3]), ([5, 3], [1]), ([4, 2, 3], [2, 3]), ([1, 3], [3]),
    ])
  func linearRecurrence(_ inputs: [Int], _ coefficient: [Int]) {
    let (u, c) = (numbers(inputs, seed: 2), numbers(coefficient, seed: 3))
    let found = u.linearRecurrence(coefficient: c)
    var last = u.slice(0..<1) + c * 0
    for step in 0..<inputs[0] {
      if step > 0 { last = u.slice(step..<step + 1) + c * last }
      expect(found.slice(step..<step + 1).scalars, last.scalars)
    }
    checkGradients(of: { $0[0].linearRecurrence(coefficient: $0[1]) }, at: [u, c])
  }
}
