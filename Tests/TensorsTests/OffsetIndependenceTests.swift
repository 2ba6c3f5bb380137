// SPDX-License-Identifier: Apache-2.0

import Tensors
import TestSupport
import Testing

/// The same bits for any number of threads needs every kernel to give an element the same result
/// wherever a block of work starts, in whole vectors and in what is left over.
@Suite("Results do not depend on where a block starts")
struct OffsetIndependenceTests {
  private static let count = 150
  /// Before, in and after whole vectors of 8, 16 and 64 numbers.
  private static let cuts = [1, 3, 7, 8, 15, 16, 17, 33, 64, 65, 100, 149]

  /// Whether a function of the whole, cut anywhere, is that of the parts.
  private func isIndependent<Scalar: TensorScalar>(
    _ inputs: [Tensor<Scalar>], _ function: ([Tensor<Scalar>]) -> Tensor<Scalar>
  ) -> Bool {
    let whole = function(inputs).scalars
    return Self.cuts.allSatisfy { cut in
      let parts = [0..<cut, cut..<Self.count].map { range in
        function(inputs.map { $0.slice(range) })
      }
      return Tensor.concatenated(parts).scalars == whole
    }
  }

  @Test("elementary functions", arguments: ElementaryFunction.allCases)
  func elementary(_ function: ElementaryFunction) {
    let isPositive = [.log, .logOnePlus, .squareRoot, .power].contains(function)
    let wide = isPositive ? 0.01...90.0 : -90...90
    #expect(
      isIndependent([Tensor<Float>.pseudoRandom([Self.count], .uniform(wide))]) {
        function($0[0])
      })
    #expect(
      isIndependent([Tensor<Double>.pseudoRandom([Self.count], function.spread)]) {
        function($0[0])
      })
  }

  @Test("special functions", arguments: SpecialFunction.allCases)
  func special(_ function: SpecialFunction) {
    #expect(
      isIndependent([Tensor<Double>.pseudoRandom([Self.count], function.spread)]) {
        function($0[0])
      })
  }

  /// The wide range of each function, in vectors and in what is left over.
  @Test("elementary functions in Double, far out", arguments: ElementaryFunction.allCases)
  func wide(_ function: ElementaryFunction) {
    let isPositive = [.log, .logOnePlus, .squareRoot, .power].contains(function)
    let spread = isPositive ? Spread.uniform(0...1e3) : .uniform(-760...760)
    #expect(isIndependent([Tensor<Double>.pseudoRandom([Self.count], spread)]) { function($0[0]) })
  }

  @Test("gradients of elementary functions", arguments: ElementaryFunction.allCases)
  func gradients(_ function: ElementaryFunction) {
    let x = Tensor<Float>.pseudoRandom([Self.count], function.spread, seed: 1)
    let g = Tensor<Float>.pseudoRandom([Self.count], seed: 2)
    #expect(
      isIndependent([x, g]) { inputs in
        let tape = Tape<Float>()
        let v = tape.variable(inputs[0])
        return tape.gradients(of: function(v), at: [v], seed: inputs[1])[0]
      })
  }

  @Test("arithmetic, with and without broadcasting")
  func arithmetic() {
    let (a, b) = (
      Tensor<Float>.pseudoRandom([Self.count], seed: 3),
      Tensor<Float>.pseudoRandom([Self.count], seed: 4)
    )
    #expect(isIndependent([a, b]) { $0[0] * $0[1] + $0[0] / $0[1] })
    #expect(isIndependent([a, b]) { .maximum($0[0], $0[1]) - .minimum($0[0] * 0.3, $0[1]) })
  }

  @Test("the Gaussian sample and its gradient")
  func gaussian() {
    let inputs = (5...7).map { Tensor<Float>.pseudoRandom([Self.count], seed: $0) }
    #expect(
      isIndependent(inputs) { .gaussianSample(mean: $0[0], logVariance: $0[1], noise: $0[2]) })
    #expect(
      isIndependent(inputs) { inputs in
        let tape = Tape<Float>()
        let v = tape.variable(inputs[1])
        let z = Tensor.gaussianSample(mean: inputs[0], logVariance: v, noise: inputs[2])
        return tape.gradients(of: z, at: [v])[0]
      })
  }

  @Test("a row of a fused log-probability depends on that row alone", arguments: [1, 16, 37])
  func rows(_ columns: Int) {
    let x = Tensor<Float>.pseudoRandom([Self.count, columns], .uniform(0...1), seed: 8)
    let l = Tensor<Float>.pseudoRandom([Self.count, columns], .uniform(-9...9), seed: 9)
    #expect(isIndependent([x, l]) { $0[0].bernoulliLogProbability(logits: $0[1]) })
    #expect(isIndependent([x, l]) { .gaussianKLToStandardNormal(mean: $0[0], logVariance: $0[1]) })
    #expect(
      isIndependent([x, l]) { inputs in
        let tape = Tape<Float>()
        let v = tape.variable(inputs[1])
        return tape.gradients(
          of: inputs[0].bernoulliLogProbability(logits: v).squared(), at: [v])[0]
      })
    #expect(
      isIndependent([x, l]) { inputs in
        let tape = Tape<Float>()
        let v = tape.variable(inputs[1])
        return tape.gradients(
          of: Tensor.gaussianKLToStandardNormal(mean: inputs[0], logVariance: v), at: [v])[0]
      })
  }

  @Test("bias and activation of a linear layer, in columns that do not fill a vector")
  func linear() {
    let x = Tensor<Float>.pseudoRandom([Self.count, 9], seed: 1)
    let w = Tensor<Float>.pseudoRandom([37, 9], seed: 2)
    let b = Tensor<Float>.pseudoRandom([37], seed: 3)
    let whole = x.linear(weight: w, bias: b, activation: .tanh)
    let unfused = (x.linear(weight: w, bias: .zeros([37])) + b).tanh()
    #expect(whole.scalars == unfused.scalars)
  }
}
