// SPDX-License-Identifier: Apache-2.0

import Tensors
import TestSupport
import Testing

/// Rows that meet other rows, and the shape of the result.
struct RowsCase: Sendable, CustomTestStringConvertible {
  let a, b, result: [Int]
  var testDescription: String { "\(a) with \(b)" }

  static let all: [RowsCase] = [
    .init(a: [3, 1, 5], b: [3, 4, 5], result: [3, 4, 5]),
    .init(a: [3, 4, 5], b: [3, 1, 5], result: [3, 4, 5]),
    .init(a: [1, 37], b: [6, 37], result: [6, 37]),
    .init(a: [1, 3, 70], b: [2, 1, 70], result: [2, 3, 70]),
    .init(a: [2, 1, 3, 2], b: [2, 4, 1, 2], result: [2, 4, 3, 2]),
    .init(a: [2, 1, 1], b: [2, 3, 1], result: [2, 3, 1]),
    .init(a: [1, 1, 20], b: [1, 4, 20], result: [1, 4, 20]),
    .init(a: [3, 1, 5], b: [3, 0, 5], result: [3, 0, 5]),
    .init(a: [3, 1, 0], b: [3, 4, 0], result: [3, 4, 0]),
  ]
}

@Suite("Fused operations with rows that are repeated")
struct FusedBroadcastTests {
  /// Values and gradients, whose bits must be those of `function` of copies: `repeated` writes them.
  private func check<Scalar: TensorScalar>(
    _ point: [Tensor<Scalar>], _ shape: [Int],
    _ function: ([Tensor<Scalar>]) -> Tensor<Scalar>
  ) {
    let weight = Tensor<Scalar>.pseudoRandom(shape, .eitherSign(0.5...1.5), seed: 9)
    func evaluate(
      _ function: ([Tensor<Scalar>]) -> Tensor<Scalar>, weight: (Tensor<Scalar>) -> Tensor<Scalar>
    ) -> [[Scalar]] {
      let tape = Tape<Scalar>()
      let variables = point.map(tape.variable)
      let output = function(variables)
      let gradients = tape.gradients(of: output, at: variables, seed: weight(output))
      return ([output] + gradients).map(\.scalars)
    }
    func copied(_ inputs: [Tensor<Scalar>]) -> Tensor<Scalar> {
      function(inputs.map { $0.repeated(to: shape) })
    }
    // With equal weights the gradient of a log-probability takes another path.
    for isWeighted in [true, false] {
      func seed(_ output: Tensor<Scalar>) -> Tensor<Scalar> {
        if !isWeighted { return Tensor(repeating: 1, shape: output.shape) }
        return output.shape == shape ? weight : weight.sum(along: -1)
      }
      let (own, copies) = (evaluate(function, weight: seed), evaluate(copied, weight: seed))
      #expect(own == copies)
    }
    let untraced = function(point)
    #expect(untraced.scalars == copied(point).scalars)
    #expect(untraced.shape == shape || untraced.shape == shape.dropLast())
  }

  @Test("Bernoulli log-probability: the bits of copies", arguments: RowsCase.all)
  func bernoulli(_ shapes: RowsCase) {
    func all<Scalar: TensorScalar>(_ type: Scalar.Type) {
      let x = Tensor<Scalar>.pseudoRandom(shapes.a, .uniform(0...1), seed: 1)
      let l = Tensor<Scalar>.pseudoRandom(shapes.b, .uniform(-4...4), seed: 2)
      check([x, l], shapes.result) { $0[0].bernoulliLogProbability(logits: $0[1]) }
    }
    all(Float.self)
    all(Double.self)
  }

  @Test("Bernoulli log-probability: gradients are central differences", arguments: RowsCase.all)
  func bernoulliGradients(_ shapes: RowsCase) {
    let x = Tensor<Double>.pseudoRandom(shapes.a, .uniform(0...1), seed: 1)
    let l = Tensor<Double>.pseudoRandom(shapes.b, .uniform(-4...4), seed: 2)
    checkGradients(of: { $0[0].bernoulliLogProbability(logits: $0[1]) }, at: [x, l])
    checkGradients(of: { x.bernoulliLogProbability(logits: $0[0]) }, at: [l])
    checkGradients(of: { $0[0].bernoulliLogProbability(logits: l) }, at: [x])
  }

  @Test("Gaussian draws: the bits of copies", arguments: RowsCase.all)
  func draws(_ shapes: RowsCase) {
    func all<Scalar: TensorScalar>(_ type: Scalar.Type) {
      let m = Tensor<Scalar>.pseudoRandom(shapes.a, seed: 3)
      let v = Tensor<Scalar>.pseudoRandom(shapes.a, .uniform(-3...1), seed: 4)
      let e = Tensor<Scalar>.pseudoRandom(shapes.b, seed: 5)
      check([m, v, e], shapes.result) {
        .gaussianSample(mean: $0[0], logVariance: $0[1], noise: $0[2])
      }
    }
    all(Float.self)
    all(Double.self)
  }

  @Test("Gaussian draws: gradients are central differences", arguments: RowsCase.all)
  func drawGradients(_ shapes: RowsCase) {
    let m = Tensor<Double>.pseudoRandom(shapes.a, seed: 3)
    let v = Tensor<Double>.pseudoRandom(shapes.a, .uniform(-3...1), seed: 4)
    let e = Tensor<Double>.pseudoRandom(shapes.b, seed: 5)
    checkGradients(
      of: { .gaussianSample(mean: $0[0], logVariance: $0[1], noise: $0[2]) }, at: [m, v, e])
    checkGradients(of: { .gaussianSample(mean: $0[0], logVariance: $0[1], noise: e) }, at: [m, v])
  }

  @Test("axes before the last, to meet draws")
  func aligned() {
    let x = Tensor<Double>.pseudoRandom([3, 4], seed: 1)
    #expect(x.aligned(toRank: 3).shape == [3, 1, 4] && x.aligned(toRank: 2).shape == [3, 4])
    #expect(Tensor<Float>([1, 2]).aligned(toRank: 3).shape == [1, 1, 2])
    #expect(x.aligned(toRank: 4).scalars == x.scalars)
    checkGradients(of: { $0[0].aligned(toRank: 3).squared() }, at: [x])
  }

  @Test("rows of other lengths, and axes that are missing, are refused")
  func refusal() async {
    await #expect(processExitsWith: .failure) {
      _ = Tensor<Float>.zeros([2, 1, 3]).bernoulliLogProbability(logits: .zeros([2, 4, 1]))
    }
    await #expect(processExitsWith: .failure) {
      _ = Tensor<Float>.zeros([4, 3]).bernoulliLogProbability(logits: .zeros([2, 4, 3]))
    }
    await #expect(processExitsWith: .failure) {
      _ = Tensor<Float>.gaussianSample(
        mean: .zeros([2, 1, 1]), logVariance: .zeros([2, 1, 1]), noise: .zeros([2, 4, 3]))
    }
    await #expect(processExitsWith: .failure) {
      _ = Tensor<Float>.gaussianSample(
        mean: .zeros([2, 1, 3]), logVariance: .zeros([2, 4, 3]), noise: .zeros([2, 4, 3]))
    }
    await #expect(processExitsWith: .failure) {
      _ = Tensor<Float>.zeros([2, 3]).aligned(toRank: 1)
    }
  }
}
