// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing
import VariationalInference

@Suite("Matrices of values")
struct MatricesTests {
  /// Two symmetric positive definite matrices of three rows, with four draws of each.
  private let matrices: Tensor<Double> = {
    let half = Value(.pseudoRandom([2, 3, 3, 4], seed: 3))
    let products = (0..<2).map { half[$0].times(half[$0].transposed()) + .identity(3) }
    return Value.stack(products).tensor
  }()

  /// One draw of a matrix.
  private func draw(_ value: Value, _ index: Int) -> SmallMatrix {
    let (numbers, draws) = (value.tensor.scalars, value.draws)
    let columns = value.shape.count == 1 ? 1 : value.shape[1]
    return SmallMatrix(
      stride(from: 0, to: numbers.count, by: draws).map { numbers[$0 + (draws == 1 ? 0 : index)] },
      rows: value.shape[0], columns: columns)
  }

  @Test(
    "products of matrices and vectors, with draws in both, in one, in none",
    arguments: [(1, 1), (1, 4), (4, 1), (4, 4)])
  func products(_ left: Int, _ right: Int) {
    let a = Value(Tensor<Double>.pseudoRandom([2, 3, left], seed: 1))
    for shape in [[3], [3, 5]] {
      let b = Value(Tensor<Double>.pseudoRandom(shape + [right], seed: 2))
      let product = a.times(b)
      #expect(product.shape == [2] + shape.dropFirst())
      for index in 0..<max(left, right) {
        let expected = (draw(a, index) * draw(b, index)).elements
        #expect(relativeError(draw(product, index).elements, expected) < 1e-14)
      }
      checkGradients(
        of: { Value($0[0]).times(Value($0[1])).tensor }, at: [a.tensor, b.tensor])
    }
  }

  @Test("factors, determinants and solutions, of several matrices of each draw")
  func factors() {
    let all = Value(matrices)
    let factors = all.cholesky()
    let logDeterminants = factors.logTriangularDeterminant()
    #expect(factors.shape == [2, 3, 3] && logDeterminants.shape == [2])
    let b = Value(Tensor<Double>.pseudoRandom([3, 2, 4], seed: 8))
    for place in 0..<2 {
      let (solution, l) = (factors[place].choleskySolve(b), factors[place])
      for index in 0..<4 {
        let expected = draw(all[place], index).choleskyFactor
        #expect(relativeError(draw(l, index).elements, expected.elements) < 1e-13)
        let logs = expected.diagonal.map { Value($0).log().tensor.scalars[0] }.reduce(0, +)
        let found = logDeterminants[place].tensor.scalars[index]
        #expect((found - logs).magnitude < 1e-13)
        let back = draw(all[place], index) * draw(solution, index)
        #expect(relativeError(back.elements, draw(b, index).elements) < 1e-12)
      }
    }
    // Both triangles of the matrix are moved alike, as its lower one alone is read.
    checkGradients(of: { Value($0[0]).cholesky().tensor }, at: [matrices])
    checkGradients(
      of: { Value($0[0])[1].cholesky().choleskySolve(Value($0[1])).tensor },
      at: [matrices, b.tensor])
  }

  @Test("shapes that do not fit are named")
  func faults() {
    #expect(Value([[1, 2]]).cholesky().fault?.contains("[1, 2]") == true)
    #expect(Value.identity(2).triangularSolve([1, 2, 3]).fault?.contains("[3]") == true)
    #expect(Value.identity(2).times([1, 2, 3]).fault?.contains("[3]") == true)
  }
}
