// SPDX-License-Identifier: Apache-2.0

import Tensors
import TestSupport
import Testing

@Suite("Products with a matrix of mostly zeros")
struct SparseProductTests {
  struct Sizes: Sendable, CustomTestStringConvertible {
    let rows, inputs, outputs: Int
    var testDescription: String { "\(rows) x \(inputs) x \(outputs)" }
  }

  /// Below, at and above blocks of 32 rows, 512 inputs, and 64 and 16 outputs.
  static let sizes = [
    (1, 1, 1), (3, 20, 15), (32, 512, 64), (33, 513, 81), (70, 1030, 784), (5, 0, 7), (0, 5, 7),
    (4, 6, 0),
  ].map(Sizes.init)

  /// `density` of the elements are as they were, the others 0.
  private func sparse<Scalar>(_ shape: [Int], density: Double) -> Tensor<Scalar> {
    let kept = Tensor<Double>.pseudoRandom(shape, .uniform(0...1), seed: 5).scalars
    let values = Tensor<Scalar>.pseudoRandom(shape, seed: 1).scalars
    return Tensor(zip(values, kept).map { $1 < density ? $0 : 0 }, shape: shape)
  }

  private func check<Scalar: TensorScalar>(_ type: Scalar.Type, _ sizes: Sizes, density: Double) {
    let x: Tensor<Scalar> = sparse([sizes.rows, sizes.inputs], density: density)
    let weight = Tensor<Scalar>.pseudoRandom([sizes.inputs, sizes.outputs], seed: 2)
    let start = Tensor<Scalar>.pseudoRandom([sizes.rows, sizes.outputs], seed: 3)
    var sum = start
    sum.addProduct(sparse: x, weight)
    let expected =
      x.converted(to: Double.self).matrixProduct(weight.converted(to: Double.self))
      + start.converted(to: Double.self)
    // As many roundings as inputs, of sums below 2.25 for each of them.
    let n = Double(sizes.inputs + 1)
    let bound = 2.25 * n * n * Double(Scalar.ulpOfOne) / 2
    #expect(
      pairs(sum.doubles, expected.scalars).allSatisfy { ($0 - $1).magnitude <= bound },
      "\(type), density \(density)")
    #expect(sum.shape == start.shape)
  }

  @Test("are those of full products", arguments: sizes, [0, 0.06, 0.6, 1])
  func values(_ sizes: Sizes, _ density: Double) {
    check(Float.self, sizes, density: density)
    check(Double.self, sizes, density: density)
  }

  @Test("a tensor that others hold too is copied first")
  func value() {
    let start = Tensor<Float>([1, 2], shape: [1, 2])
    var sum = start
    sum.addProduct(sparse: Tensor([3], shape: [1, 1]), Tensor([10, 100], shape: [1, 2]))
    #expect(sum.scalars == [31, 302] && start.scalars == [1, 2])
  }

  @Test("what is not a number is not taken for zero")
  func undefined() {
    var sum = Tensor<Float>.zeros([1, 1])
    sum.addProduct(sparse: Tensor([0, .nan], shape: [1, 2]), Tensor([1, 1], shape: [2, 1]))
    #expect(sum.scalar.isNaN)
  }

  @Test("a row's bits do not depend on the rows beside it")
  func rows() {
    let x: Tensor<Float> = sparse([70, 90], density: 0.2)
    let weight = Tensor<Float>.pseudoRandom([90, 100], seed: 2)
    func product(_ rows: Range<Int>) -> [Float] {
      var sum = Tensor<Float>.zeros([rows.count, 100])
      sum.addProduct(sparse: x.slice(rows), weight)
      return sum.scalars
    }
    let whole = product(0..<70)
    for cut in [1, 31, 32, 33, 69] { #expect(product(0..<cut) + product(cut..<70) == whole) }
  }
}
