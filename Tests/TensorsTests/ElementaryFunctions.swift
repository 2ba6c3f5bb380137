// SPDX-License-Identifier: Apache-2.0

import Foundation
import Tensors
import TestSupport
import Testing

/// An element-wise function in both precisions beside a scalar reference from the C library.
struct ElementaryFunction: Sendable, CustomTestStringConvertible {
  let name: String
  /// Where central differences are taken: inside the domain, away from kinks.
  let spread: Spread
  let double: @Sendable (Tensor<Double>) -> Tensor<Double>
  let float: @Sendable (Tensor<Float>) -> Tensor<Float>
  let reference: @Sendable (Double) -> Double

  init(
    _ name: String, _ spread: Spread = .uniform(-2...2),
    _ double: @escaping @Sendable (Tensor<Double>) -> Tensor<Double>,
    _ float: @escaping @Sendable (Tensor<Float>) -> Tensor<Float>,
    reference: @escaping @Sendable (Double) -> Double
  ) {
    self.name = name
    self.spread = spread
    self.double = double
    self.float = float
    self.reference = reference
  }

  var testDescription: String { name }

  static let positive = Spread.uniform(0.2...3)
  static let awayFromZero = Spread.eitherSign(0.2...2)

  static let all: [ElementaryFunction] = [
    .init("exp", { $0.exp() }, { $0.exp() }) { Foundation.exp($0) },
    .init("log", positive, { $0.log() }, { $0.log() }) { Foundation.log($0) },
    .init("logOnePlus", .uniform(-0.8...3), { $0.logOnePlus() }, { $0.logOnePlus() }) {
      Foundation.log1p($0)
    },
    .init("expMinusOne", { $0.expMinusOne() }, { $0.expMinusOne() }) { Foundation.expm1($0) },
    .init("squareRoot", positive, { $0.squareRoot() }, { $0.squareRoot() }) { $0.squareRoot() },
    .init("squared", { $0.squared() }, { $0.squared() }) { $0 * $0 },
    .init("reciprocal", awayFromZero, { $0.reciprocal() }, { $0.reciprocal() }) { 1 / $0 },
    .init("magnitude", awayFromZero, { $0.magnitude() }, { $0.magnitude() }) { $0.magnitude },
    .init("tanh", { $0.tanh() }, { $0.tanh() }) { Foundation.tanh($0) },
    .init("sigmoid", { $0.sigmoid() }, { $0.sigmoid() }) { 1 / (1 + Foundation.exp(-$0)) },
    .init("softplus", { $0.softplus() }, { $0.softplus() }) { softplus($0) },
    .init("relu", awayFromZero, { $0.relu() }, { $0.relu() }) { max($0, 0) },
    .init("sin", { $0.sin() }, { $0.sin() }) { Foundation.sin($0) },
    .init("cos", { $0.cos() }, { $0.cos() }) { Foundation.cos($0) },
    .init("negated", { -$0 }, { -$0 }) { -$0 },
    .init("raised to 3", awayFromZero, { $0.raised(to: 3) }, { $0.raised(to: 3) }) {
      pow($0, 3)
    },
    .init("raised to -1.5", positive, { $0.raised(to: -1.5) }, { $0.raised(to: -1.5) }) {
      pow($0, -1.5)
    },
  ]

  /// Written so that it neither overflows nor cancels.
  private static func softplus(_ x: Double) -> Double {
    max(x, 0) + Foundation.log1p(Foundation.exp(-x.magnitude))
  }
}

/// Scalars, single elements, no elements, and lengths with and without a rest after whole vectors.
let sampleShapes: [[Int]] = [
  [], [1], [0], [5], [3, 4], [2, 0, 3], [1, 3, 1], [2, 3, 4], [19],
]

@Suite("Elementary functions")
struct ElementaryTests {
  /// The double kernels call the C library per element; sigmoid and softplus add two roundings each.
  @Test("values are the C library's", arguments: ElementaryFunction.all, sampleShapes)
  func values(_ function: ElementaryFunction, _ shape: [Int]) {
    let x = Tensor<Double>.pseudoRandom(shape, function.spread)
    let y = function.double(x)
    #expect(y.shape == shape)
    for (value, expected) in zip(y.scalars, x.scalars.map(function.reference)) {
      #expect((value - expected).magnitude <= 4 * expected.ulp)
    }
  }

  @Test("gradients are central differences", arguments: ElementaryFunction.all, sampleShapes)
  func gradients(_ function: ElementaryFunction, _ shape: [Int]) {
    checkGradients(of: { function.double($0[0]) }, at: [.pseudoRandom(shape, function.spread)])
  }

  /// The same rule runs in both precisions, a few roundings (2^-24 each) per element; 32 of them
  /// relative to the largest gradient leave room for float kernels that are 2 to 4 ulps off.
  @Test("gradients in Float are those in Double", arguments: ElementaryFunction.all)
  func floatGradients(_ function: ElementaryFunction) {
    let x = Tensor<Float>.pseudoRandom([57], function.spread)
    let (tape, exact) = (Tape<Float>(), Tape<Double>())
    let (v, w) = (tape.variable(x), exact.variable(x.converted(to: Double.self)))
    let gradient = tape.gradients(of: function.float(v), at: [v])[0]
    let expected = exact.gradients(of: function.double(w), at: [w])[0]
    #expect(relativeError(gradient.doubles, expected.scalars) < 32 * 0x1p-24)
  }

  @Test("gradients at kinks are 0")
  func kinks() {
    let zero = [Tensor<Double>([0, -0.0])]
    #expect(valueWithGradients(at: zero) { $0[0].relu() }.gradients[0].scalars == [0, 0])
    #expect(valueWithGradients(at: zero) { $0[0].magnitude() }.gradients[0].scalars == [0, 0])
  }

  @Test("not-a-number passes through every function", arguments: ElementaryFunction.all)
  func notANumber(_ function: ElementaryFunction) {
    #expect(function.double(Tensor([Double.nan])).scalar.isNaN)
    #expect(function.float(Tensor([Float.nan])).scalar.isNaN)
  }
}

/// Results at the edges of the number line, in one precision.
struct SpecialValue<Scalar: TensorScalar>: Sendable {
  let name: String
  let function: @Sendable (Tensor<Scalar>) -> Tensor<Scalar>
  let cases: [(x: Scalar, y: Scalar)]

  static var all: [SpecialValue] {
    let (inf, nan, big) = (Scalar.infinity, Scalar.nan, Scalar.greatestFiniteMagnitude)
    return [
      .init(name: "exp", function: { $0.exp() }, cases: [(inf, inf), (-inf, 0), (0, 1), (big, inf), (-big, 0)]),
      .init(name: "log", function: { $0.log() }, cases: [(inf, inf), (0, -inf), (-0.0, -inf), (-1, nan), (-inf, nan), (1, 0)]),
      .init(name: "logOnePlus", function: { $0.logOnePlus() }, cases: [(inf, inf), (-1, -inf), (-2, nan), (-inf, nan), (0, 0)]),
      .init(name: "expMinusOne", function: { $0.expMinusOne() }, cases: [(inf, inf), (-inf, -1), (0, 0), (big, inf), (-big, -1)]),
      .init(name: "squareRoot", function: { $0.squareRoot() }, cases: [(inf, inf), (0, 0), (-1, nan)]),
      .init(name: "reciprocal", function: { $0.reciprocal() }, cases: [(inf, 0), (-inf, 0), (0, inf)]),
      .init(name: "tanh", function: { $0.tanh() }, cases: [(inf, 1), (-inf, -1), (0, 0), (big, 1), (-big, -1)]),
      .init(name: "relu", function: { $0.relu() }, cases: [(inf, inf), (-inf, 0), (0, 0)]),
      .init(name: "softplus", function: { $0.softplus() }, cases: [(inf, inf), (big, big)]),
      .init(name: "sigmoid", function: { $0.sigmoid() }, cases: [(inf, 1), (big, 1), (0, 0.5)]),
    ]
  }

  func check() {
    for (x, y) in cases {
      // In the vector body and in the remainder of a loop.
      let result = function(Tensor([Scalar](repeating: x, count: 37))).scalars
      let isRight = result.allSatisfy { y.isNaN ? $0.isNaN : $0 == y }
      #expect(isRight, "\(name)(\(x)) is \(result[0]) ... \(result[36]), not \(y)")
    }
  }
}

@Suite("Special values")
struct SpecialValueTests {
  @Test("in Float") func float() { for value in SpecialValue<Float>.all { value.check() } }
  @Test("in Double") func double() { for value in SpecialValue<Double>.all { value.check() } }

  /// `float_exp_nonpositive` stops at exp(-87) = 1.65e-38, so that no subnormal number arises.
  @Test("sigmoid and softplus of very negative floats are positive and below 2e-38")
  func floor() {
    let x = Tensor<Float>([-88, -100, -1e30, -.infinity])
    for y in [x.sigmoid(), x.softplus()] {
      #expect(y.scalars.allSatisfy { $0 > 0 && $0 < 2e-38 })
    }
  }
}
