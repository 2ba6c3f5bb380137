// SPDX-License-Identifier: Apache-2.0

import Tensors
import TestSupport
import Testing

/// Rows, inner size and columns of a product.
struct ProductSizes: Sendable, CustomTestStringConvertible {
  let m, k, n: Int
  var testDescription: String { "[\(m), \(k)] by [\(k), \(n)]" }

  /// Whole tiles and rests of each, one and several blocks of rows, columns and inner indices.
  static let all: [ProductSizes] = [
    .init(m: 1, k: 1, n: 1), .init(m: 50, k: 2, n: 32), .init(m: 7, k: 25, n: 13),
    .init(m: 67, k: 130, n: 37), .init(m: 200, k: 25, n: 64), .init(m: 25, k: 300, n: 145),
    .init(m: 40, k: 128, n: 1), .init(m: 3, k: 257, n: 150), .init(m: 129, k: 64, n: 80),
  ]
}

@Suite("Products in Double")
struct DoubleProductTests {
  private func operands(_ sizes: ProductSizes) -> (a: Tensor<Double>, b: Tensor<Double>) {
    (.pseudoRandom([sizes.m, sizes.k], seed: 1), .pseudoRandom([sizes.k, sizes.n], seed: 2))
  }

  /// k products below 2.25 and their sum, in any order: at most k roundings relative to 2.25 k.
  @Test("the sums of the products", arguments: ProductSizes.all)
  func values(_ sizes: ProductSizes) {
    let (a, b) = operands(sizes)
    let product = a.matrixProduct(b).scalars
    let (x, y) = (a.scalars, b.scalars)
    let bound = 2.25 * Double(sizes.k * sizes.k + 1) * 0x1p-53
    for (index, value) in product.enumerated() {
      let (row, column) = (index / sizes.n, index % sizes.n)
      let sum = (0..<sizes.k).reduce(0) {
        $0 + x[row * sizes.k + $1] * y[$1 * sizes.n + column]
      }
      #expect((value - sum).magnitude <= bound)
    }
  }

  @Test("bits do not depend on where rows are cut", arguments: ProductSizes.all)
  func rows(_ sizes: ProductSizes) {
    let (a, b) = operands(sizes)
    let whole = a.matrixProduct(b).scalars
    for cut in [1, 2, 3, 5, 8, 13, 24, 64, 100] where cut < sizes.m {
      let parts = [0..<cut, cut..<sizes.m].map { a.slice($0).matrixProduct(b) }
      #expect(Tensor.concatenated(parts).scalars == whole)
    }
  }

  @Test("bits do not depend on where columns are cut", arguments: ProductSizes.all)
  func columns(_ sizes: ProductSizes) {
    let (a, b) = operands(sizes)
    let whole = a.matrixProduct(b).scalars
    for cut in [1, 2, 3, 5, 8, 13, 24, 64, 128] where cut < sizes.n {
      let parts = [0..<cut, cut..<sizes.n].map { a.matrixProduct(b.slice($0, along: 1)) }
      #expect(Tensor.concatenated(parts, along: 1).scalars == whole)
    }
  }

  /// The gradients of a product are the two transposed forms.
  @Test("bits do not depend on which operand is transposed", arguments: ProductSizes.all)
  func transposed(_ sizes: ProductSizes) {
    let (a, b) = operands(sizes)
    let g = Tensor<Double>.pseudoRandom([sizes.m, sizes.n], seed: 3)
    let tape = Tape<Double>()
    let variables = [a, b].map(tape.variable)
    let gradients = tape.gradients(
      of: variables[0].matrixProduct(variables[1]), at: variables, seed: g)
    #expect(gradients[0].scalars == g.matrixProduct(b.transposed()).scalars)
    #expect(gradients[1].scalars == a.transposed().matrixProduct(g).scalars)
  }

  @Test("what is not finite shows in its row or column alone")
  func notFinite() {
    var (x, y) = ([Double](repeating: 1, count: 9 * 3), [Double](repeating: 1, count: 3 * 17))
    x[4 * 3] = .nan
    y[2] = .infinity
    let product = Tensor(x, shape: [9, 3]).matrixProduct(Tensor(y, shape: [3, 17])).scalars
    for (index, value) in product.enumerated() {
      let (row, column) = (index / 17, index % 17)
      #expect(row == 4 ? value.isNaN : value == (column == 2 ? .infinity : 3))
    }
  }
}
