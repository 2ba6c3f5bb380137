// SPDX-License-Identifier: Apache-2.0

import Tensors
import TestSupport
import Testing

@Suite("Elementary functions")
struct ElementaryTests {
  /// The double kernels are off by at most 2.4 ulps, the references by 1.5 and their own roundings.
  @Test("values are the C library's", arguments: ElementaryFunction.allCases, sampleShapes)
  func values(_ function: ElementaryFunction, _ shape: [Int]) {
    let x = Tensor<Double>.pseudoRandom(shape, function.spread)
    let y = function(x)
    #expect(y.shape == shape)
    for (value, expected) in pairs(y.scalars, x.scalars.map(function.reference)) {
      #expect((value - expected).magnitude <= 4 * expected.ulp)
    }
  }

  @Test("gradients are central differences", arguments: ElementaryFunction.allCases, sampleShapes)
  func gradients(_ function: ElementaryFunction, _ shape: [Int]) {
    checkGradients(of: { function($0[0]) }, at: [.pseudoRandom(shape, function.spread)])
  }

  /// The same rule runs in both precisions, a few roundings (2^-24 each) per element; 32 of them
  /// relative to the largest gradient leave room for float kernels that are 2 to 4 ulps off.
  @Test("gradients in Float are those in Double", arguments: ElementaryFunction.allCases)
  func floatGradients(_ function: ElementaryFunction) {
    let x = Tensor<Float>.pseudoRandom([57], function.spread)
    let float = valueWithGradients(at: [x]) { function($0[0]) }.gradients[0]
    let double = valueWithGradients(at: [x.converted(to: Double.self)]) { function($0[0]) }
    #expect(relativeError(float.doubles, double.gradients[0].scalars) < 32 * 0x1p-24)
  }

  @Test("gradients at kinks are 0")
  func kinks() {
    let zero = [Tensor<Double>([0, -0.0])]
    #expect(valueWithGradients(at: zero) { $0[0].relu() }.gradients[0].scalars == [0, 0])
    #expect(valueWithGradients(at: zero) { $0[0].magnitude() }.gradients[0].scalars == [0, 0])
  }

  @Test("not-a-number passes through every function", arguments: ElementaryFunction.allCases)
  func notANumber(_ function: ElementaryFunction) {
    #expect(function(Tensor([Double.nan])).scalar.isNaN)
    #expect(function(Tensor([Float.nan])).scalar.isNaN)
  }
}

/// What a function is at the edges of the number line, in either precision; 1e30 stands for a number
/// whose exponential overflows in both.
struct SpecialValues: Sendable, CustomTestStringConvertible {
  let function: ElementaryFunction
  let pairs: [(x: Double, y: Double)]
  var testDescription: String { function.rawValue }

  private static let inf = Double.infinity
  private static let nan = Double.nan

  static let all: [SpecialValues] = [
    .init(function: .exp, pairs: [(inf, inf), (-inf, 0), (0, 1), (1e30, inf), (-1e30, 0)]),
    .init(
      function: .log,
      pairs: [(inf, inf), (0, -inf), (-0.0, -inf), (-1, nan), (-inf, nan), (1, 0)]),
    .init(
      function: .logOnePlus, pairs: [(inf, inf), (-1, -inf), (-2, nan), (-inf, nan), (0, 0)]),
    .init(
      function: .expMinusOne, pairs: [(inf, inf), (-inf, -1), (0, 0), (1e30, inf), (-1e30, -1)]),
    .init(function: .squareRoot, pairs: [(inf, inf), (0, 0), (-1, nan)]),
    .init(function: .reciprocal, pairs: [(inf, 0), (-inf, 0), (0, inf), (-0.0, -inf)]),
    .init(function: .tanh, pairs: [(inf, 1), (-inf, -1), (0, 0), (1e30, 1), (-1e30, -1)]),
    .init(function: .relu, pairs: [(inf, inf), (-inf, 0), (0, 0)]),
    .init(function: .softplus, pairs: [(inf, inf), (1024, 1024)]),
    .init(function: .sigmoid, pairs: [(inf, 1), (1e30, 1), (0, 0.5)]),
  ]
}

@Suite("Special values")
struct SpecialValueTests {
  @Test("exactly", arguments: SpecialValues.all)
  func exactly(_ values: SpecialValues) {
    for (x, y) in values.pairs {
      // Long enough for the vector body of a loop and for its remainder.
      let argument = Tensor([Double](repeating: x, count: 37))
      for results in [
        values.function(argument).scalars,
        values.function(argument.converted(to: Float.self)).doubles,
      ] {
        let isRight = results.allSatisfy { y.isNaN ? $0.isNaN : $0 == y }
        #expect(isRight, "f(\(x)) is \(results[0]) ... \(results[36]), not \(y)")
      }
    }
  }

  /// `float_exp_nonpositive` stops at exp(-87) = 1.65e-38, so that no subnormal number arises.
  @Test("sigmoid and softplus of very negative floats are positive and below 2e-38")
  func floor() {
    let x = Tensor<Float>([-88, -100, -1e30, -.infinity])
    for y in [x.sigmoid(), x.softplus()] {
      #expect(y.scalars.allSatisfy { $0 > 0 && $0 < 2e-38 })
    }
  }
}
