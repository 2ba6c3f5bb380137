// SPDX-License-Identifier: Apache-2.0

import Tensors
import TestSupport
import Testing

/// Two shapes that broadcast, and the shape of the result.
struct BroadcastCase: Sendable, CustomTestStringConvertible {
  let a, b, result: [Int]
  var testDescription: String { "\(a) with \(b)" }

  static let all: [BroadcastCase] =
    [
      .init(a: [], b: [], result: []),
      .init(a: [3], b: [3], result: [3]),
      .init(a: [2, 0, 3], b: [2, 0, 3], result: [2, 0, 3]),
    ]
    + bothWays([
      .init(a: [], b: [3], result: [3]),
      .init(a: [], b: [2, 3], result: [2, 3]),
      .init(a: [1], b: [5], result: [5]),
      .init(a: [1, 1], b: [3], result: [1, 3]),
      .init(a: [2, 3], b: [3], result: [2, 3]),
      .init(a: [2, 1], b: [2, 3], result: [2, 3]),
      .init(a: [2, 1], b: [1, 3], result: [2, 3]),
      .init(a: [2, 1], b: [3], result: [2, 3]),
      .init(a: [2, 3, 4], b: [3, 1], result: [2, 3, 4]),
      .init(a: [2, 3, 4], b: [4], result: [2, 3, 4]),
      .init(a: [2, 3, 4], b: [2, 1, 4], result: [2, 3, 4]),
      .init(a: [2, 3, 4], b: [2, 1, 1], result: [2, 3, 4]),
      .init(a: [2, 1, 4], b: [3, 1], result: [2, 3, 4]),
      .init(a: [3, 1, 2, 1], b: [2, 1, 5], result: [3, 2, 2, 5]),
      .init(a: [1, 18], b: [4, 1], result: [4, 18]),
      .init(a: [1], b: [0], result: [0]),
      .init(a: [], b: [0, 2], result: [0, 2]),
      .init(a: [1, 3], b: [0, 3], result: [0, 3]),
      .init(a: [3], b: [0, 3], result: [0, 3]),
      .init(a: [2, 1], b: [2, 0], result: [2, 0]),
      .init(a: [2, 1, 3], b: [0, 1], result: [2, 0, 3]),
    ])

  private static func bothWays(_ cases: [BroadcastCase]) -> [BroadcastCase] {
    cases.flatMap { [$0, .init(a: $0.b, b: $0.a, result: $0.result)] }
  }
}

/// A binary operation beside its scalar form.
struct BinaryOperation: Sendable, CustomTestStringConvertible {
  let name: String
  let tensors: @Sendable (Tensor<Double>, Tensor<Double>) -> Tensor<Double>
  let numbers: @Sendable (Double, Double) -> Double
  var testDescription: String { name }

  static let all: [BinaryOperation] = [
    .init(name: "+", tensors: { $0 + $1 }, numbers: { $0 + $1 }),
    .init(name: "-", tensors: { $0 - $1 }, numbers: { $0 - $1 }),
    .init(name: "*", tensors: { $0 * $1 }, numbers: { $0 * $1 }),
    .init(name: "/", tensors: { $0 / $1 }, numbers: { $0 / $1 }),
    .init(name: "maximum", tensors: { .maximum($0, $1) }, numbers: { Swift.max($0, $1) }),
    .init(name: "minimum", tensors: { .minimum($0, $1) }, numbers: { Swift.min($0, $1) }),
  ]
}

@Suite("Broadcast arithmetic")
struct BroadcastingTests {
  /// Operands of different seeds: no two elements are equal, so maximum and minimum have gradients.
  private func operands(_ shapes: BroadcastCase) -> [Tensor<Double>] {
    [
      .pseudoRandom(shapes.a, .eitherSign(0.4...2), seed: 11),
      .pseudoRandom(shapes.b, .eitherSign(0.4...2), seed: 12),
    ]
  }

  @Test("values are those of naive loops", arguments: BinaryOperation.all, BroadcastCase.all)
  func values(_ operation: BinaryOperation, _ shapes: BroadcastCase) {
    let (a, b) = (operands(shapes)[0], operands(shapes)[1])
    let y = operation.tensors(a, b)
    #expect(y.shape == shapes.result)
    let expected = Indices(shapes.result).map { index in
      operation.numbers(
        a.scalars[position(index, in: shapes.a)], b.scalars[position(index, in: shapes.b)])
    }
    #expect(y.scalars == expected)
  }

  @Test("gradients are central differences", arguments: BinaryOperation.all, BroadcastCase.all)
  func gradients(_ operation: BinaryOperation, _ shapes: BroadcastCase) {
    checkGradients(of: { operation.tensors($0[0], $0[1]) }, at: operands(shapes))
    // Only one operand traced.
    let fixed = operands(shapes)
    checkGradients(of: { operation.tensors($0[0], fixed[1]) }, at: [fixed[0]])
    checkGradients(of: { operation.tensors(fixed[0], $0[0]) }, at: [fixed[1]])
  }

  @Test("operations with a constant on either side", arguments: [[], [0], [7], [2, 3]])
  func constants(_ shape: [Int]) {
    let x = Tensor<Double>.pseudoRandom(shape, .eitherSign(0.4...2))
    typealias Form = (tensor: (Tensor<Double>) -> Tensor<Double>, number: (Double) -> Double)
    let forms: [Form] = [
      ({ $0 + 3 }, { $0 + 3 }), ({ 3 + $0 }, { 3 + $0 }), ({ $0 - 3 }, { $0 - 3 }),
      ({ 3 - $0 }, { 3 - $0 }), ({ $0 * 3 }, { $0 * 3 }), ({ 3 * $0 }, { 3 * $0 }),
      ({ $0 / 3 }, { $0 / 3 }), ({ 3 / $0 }, { 3 / $0 }),
    ]
    for form in forms {
      #expect(form.tensor(x).scalars == x.scalars.map(form.number))
      checkGradients(of: { form.tensor($0[0]) }, at: [x])
    }
  }

  /// Every operator once, as generic code sees them.
  private func generic<Scalar>(_ x: Tensor<Scalar>, _ y: Tensor<Scalar>, _ c: Scalar)
    -> [Tensor<Scalar>]
  {
    let tensors = [x + y, x - y, x * y, x / y, -x]
    return tensors + [x + c, c + x, x - c, c - x, x * c, c * x, x / c, c / x]
  }

  private func gradients<Scalar>(
    _ x: Tensor<Scalar>, _ y: Tensor<Scalar>,
    _ operators: (Tensor<Scalar>, Tensor<Scalar>) -> [Tensor<Scalar>]
  ) -> [[Double]] {
    operators(x, y).indices.flatMap { index in
      valueWithGradients(at: [x, y]) { operators($0[0], $0[1])[index] }.gradients.map(\.doubles)
    }
  }

  @Test("operators of Float and of Double are those of generic code")
  func knownTypes() {
    func known(_ x: Tensor<Float>, _ y: Tensor<Float>) -> [Tensor<Float>] {
      let (c, tensors): (Float, [Tensor<Float>]) = (0.7, [x + y, x - y, x * y, x / y, -x])
      return tensors + [x + c, c + x, x - c, c - x, x * c, c * x, x / c, c / x]
    }
    func known(_ x: Tensor<Double>, _ y: Tensor<Double>) -> [Tensor<Double>] {
      let (c, tensors): (Double, [Tensor<Double>]) = (0.7, [x + y, x - y, x * y, x / y, -x])
      return tensors + [x + c, c + x, x - c, c - x, x * c, c * x, x / c, c / x]
    }
    let shapes = BroadcastCase(a: [2, 3], b: [3], result: [2, 3])
    let (x, y) = (operands(shapes)[0], operands(shapes)[1])
    let (u, v) = (x.converted(to: Float.self), y.converted(to: Float.self))
    #expect(known(x, y).map(\.scalars) == generic(x, y, 0.7).map(\.scalars))
    #expect(known(u, v).map(\.scalars) == generic(u, v, 0.7).map(\.scalars))
    #expect(gradients(x, y, known) == gradients(x, y) { generic($0, $1, 0.7) })
    #expect(gradients(u, v, known) == gradients(u, v) { generic($0, $1, 0.7) })
  }

  @Test("a number where a tensor is asked for is a scalar")
  func literals() {
    let (whole, fraction): (Tensor<Float>, Tensor<Double>) = (3, 0.1)
    #expect(whole.shape == [] && whole.scalar == 3 && fraction.scalar == 0.1)
    #expect(Tensor.maximum(Tensor<Float>([-1, 2]), 0).scalars == [0, 2])
  }

  @Test("where both are equal the gradient of maximum and minimum goes to the first")
  func ties() {
    let point = [Tensor<Double>([2]), Tensor<Double>([2])]
    for operation in [Tensor<Double>.maximum, Tensor<Double>.minimum] {
      let gradients = valueWithGradients(at: point) { operation($0[0], $0[1]) }.gradients
      #expect(gradients.map(\.scalars) == [[1], [0]])
    }
  }

  @Test("maximum and minimum pass not-a-number on from either side")
  func notANumber() {
    let (x, nan) = (Tensor<Float>([1]), Tensor<Float>([.nan]))
    for y in [Tensor.maximum(x, nan), .maximum(nan, x), .minimum(x, nan), .minimum(nan, x)] {
      #expect(y.scalar.isNaN)
    }
  }

  @Test("shapes that do not broadcast are refused")
  func refusal() async {
    await #expect(processExitsWith: .failure) {
      _ = Tensor<Float>.zeros([2, 3]) + Tensor<Float>.zeros([2])
    }
  }

  @Test("repeating to a shape: values and gradients", arguments: BroadcastCase.all)
  func repeated(_ shapes: BroadcastCase) {
    let x = Tensor<Double>.pseudoRandom(shapes.a)
    let y = x.repeated(to: shapes.result)
    #expect(y.shape == shapes.result)
    #expect(y.scalars == Indices(shapes.result).map { x.scalars[position($0, in: shapes.a)] })
    checkGradients(of: { $0[0].repeated(to: shapes.result) }, at: [x])
  }
}
