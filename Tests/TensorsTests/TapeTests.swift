// SPDX-License-Identifier: Apache-2.0

import Tensors
import TestSupport
import Testing

@Suite("Tape")
struct TapeTests {
  @Test("a value used twice receives both gradients")
  func reuse() {
    let tape = Tape<Double>()
    let z = tape.variable(Tensor([1, 2, 3]))
    #expect(tape.gradients(of: z * z, at: [z])[0].scalars == [2, 4, 6])
    #expect(tape.gradients(of: z + z, at: [z])[0].scalars == [2, 2, 2])
    #expect(tape.gradients(of: z - z, at: [z])[0].scalars == [0, 0, 0])
    #expect(tape.gradients(of: z + z + z, at: [z])[0].scalars == [3, 3, 3])
  }

  /// Intermediate values with several users, through operations that hand their gradient on as it
  /// is (sums, reshapes): the places where an accumulation could write into shared memory.
  @Test("gradients that share memory are not changed by accumulation")
  func sharedGradients() {
    checkGradients(
      of: { point in
        let (a, b) = (point[0], point[1])
        let s = a + b
        let r = s.reshaped(to: [6])
        return r + r + (s + a).reshaped(to: [6]) + b.reshaped(to: [6])
      }, at: [.pseudoRandom([2, 3], seed: 1), .pseudoRandom([2, 3], seed: 2)])
    checkGradients(
      of: { point in
        let h = point[0].tanh()
        return h * h + h - h.exp() * point[0] + h.sum() * point[0]
      }, at: [.pseudoRandom([4])])
  }

  @Test("a seed keeps its value, and weighs the output")
  func seed() {
    let tape = Tape<Double>()
    let z = tape.variable(Tensor([1, 2]))
    let seed = Tensor<Double>([10, 100])
    #expect(tape.gradients(of: z + z, at: [z], seed: seed)[0].scalars == [20, 200])
    #expect(seed.scalars == [10, 100])
    #expect(tape.gradients(of: z * 3, at: [z], seed: seed)[0].scalars == [30, 300])
  }

  @Test("gradients taken twice on one tape are the same, and the first stay as they were")
  func twice() {
    let tape = Tape<Double>()
    let x = tape.variable(.pseudoRandom([3, 4], seed: 1))
    let w = tape.variable(.pseudoRandom([2, 4], seed: 2))
    let b = tape.variable(.pseudoRandom([2], seed: 3))
    let h = x.linear(weight: w, bias: b, activation: .tanh)
    let y = Tensor<Double>.pseudoRandom([3, 2], .uniform(0...1)).bernoulliLogProbability(
      logits: h + h)
    let first = tape.gradients(of: y, at: [x, w, b])
    let kept = first.map(\.scalars)
    let second = tape.gradients(of: y, at: [x, w, b])
    #expect(second.map(\.scalars) == kept && first.map(\.scalars) == kept)
  }

  @Test("gradients at intermediate values, at several outputs of one tape")
  func intermediate() {
    let tape = Tape<Double>()
    let x = tape.variable(Tensor([0.5, -1]))
    let h = x * 2
    let (y, unrelated) = (h * h, x.exp())
    let gradients = tape.gradients(of: y, at: [h, x, unrelated, y])
    #expect(gradients.map(\.scalars) == [[2, -4], [4, -8], [0, 0], [1, 1]])
    #expect(tape.gradients(of: h, at: [x])[0].scalars == [2, 2])
  }

  @Test("inputs that the output does not depend on have zero gradients of their shape")
  func unused() {
    let tape = Tape<Float>()
    let (a, b) = (tape.variable(Tensor([1])), tape.variable(.zeros([2, 3])))
    let gradients = tape.gradients(of: a * 2, at: [a, b])
    #expect(
      gradients[1].shape == [2, 3] && gradients[1].scalars == [Float](repeating: 0, count: 6))
  }

  @Test(
    "the inputs of an operation do not change, traced or not, and values are those off the tape")
  func values() {
    let x = Tensor<Double>.pseudoRandom([3, 4])
    let before = x.scalars
    let tape = Tape<Double>()
    let v = tape.variable(x)
    #expect((v.exp() * v).sum(along: 0).scalars == (x.exp() * x).sum(along: 0).scalars)
    #expect(x.scalars == before && !x.isTraced && v.isTraced && !v.detached.isTraced)
  }

  @Test("no gradient flows through a detached tensor")
  func detached() {
    let point = [Tensor<Double>([3])]
    let result = valueWithGradients(at: point) { $0[0] * $0[0].detached }
    #expect(result.value.scalars == [9] && result.gradients[0].scalars == [3])
    #expect(valueWithGradients(at: point) { $0[0].detached }.gradients[0].scalars == [0])
  }

  @Test("a user's own operation is differentiated by its rule")
  func ownOperation() {
    checkGradients(
      of: { point in
        let x = point[0].detached
        return .operation(value: x * x * x, inputs: [point[0]]) { [$0 * x * x * 3] }
      }, at: [.pseudoRandom([3])])
  }

  /// sum of x^(2^k): one chain of 20 reuses would take 2^20 passes if adjoints were not merged.
  @Test("a chain of reuses is walked once")
  func chain() {
    let tape = Tape<Double>()
    let x = tape.variable(Tensor([1.0]))
    let y = (0..<20).reduce(x) { y, _ in y * y }
    #expect(tape.gradients(of: y, at: [x])[0].scalars == [1_048_576])
  }

  @Test("two tapes do not mix")
  func twoTapes() async {
    await #expect(processExitsWith: .failure) {
      let (a, b) = (Tape<Float>(), Tape<Float>())
      _ = a.variable(Tensor([1])) + b.variable(Tensor([1]))
    }
    await #expect(processExitsWith: .failure) {
      let (a, b) = (Tape<Float>(), Tape<Float>())
      let x = a.variable(Tensor([1]))
      _ = b.gradients(of: x, at: [x])
    }
  }

  @Test("an untraced output and a seed of another shape are refused")
  func refusal() async {
    await #expect(processExitsWith: .failure) {
      let tape = Tape<Float>()
      _ = tape.gradients(of: Tensor([1]), at: [tape.variable(Tensor([1]))])
    }
    await #expect(processExitsWith: .failure) {
      let tape = Tape<Float>()
      let x = tape.variable(Tensor([1, 2]))
      _ = tape.gradients(of: x, at: [x], seed: Tensor([1]))
    }
  }
}
