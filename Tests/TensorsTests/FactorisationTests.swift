// SPDX-License-Identifier: Apache-2.0

import Tensors
import TestSupport
import Testing

@Suite("Factorisations")
struct FactorisationTests {
  private func matrix(_ rows: Int, _ columns: Int) -> Tensor<Double> {
    .pseudoRandom([rows, columns], seed: UInt64(7 * rows + columns))
  }

  private func identity(_ n: Int) -> [Double] {
    SmallMatrix(diagonal: [Double](repeating: 1, count: n)).elements
  }

  /// Whether what lies above the diagonal is 0, and nothing on it negative.
  private func isLower(_ factor: Tensor<Double>) -> Bool {
    let (n, l) = (factor.shape[0], factor.scalars)
    return (0..<n).allSatisfy { row in
      l[row * n + row] > 0 && (row + 1..<max(n, row + 1)).allSatisfy { l[row * n + $0] == 0 }
    }
  }

  /// Backward stable: errors of a few n eps relative to the largest element, times the condition of
  /// these matrices, below 1e4.
  private let bound = 1e-10

  @Test(
    "a Cholesky factor is lower triangular, and its square the matrix", arguments: [1, 2, 5, 40])
  func cholesky(_ n: Int) throws {
    let b = matrix(n, n + 3)
    let a = b.matrixProduct(b.transposed())
    let factor = try #require(a.choleskyFactor())
    #expect(isLower(factor))
    #expect(
      relativeError(factor.matrixProduct(factor.transposed()).scalars, a.scalars) < bound)
  }

  @Test("a known factor, of which the upper triangle is not read; none of an indefinite matrix")
  func knownCholesky() throws {
    let factor = try #require(Tensor<Double>([4, 99, 2, 10], shape: [2, 2]).choleskyFactor())
    #expect(factor.scalars == [2, 0, 1, 3])
    #expect(Tensor<Double>([1, 2, 2, 1], shape: [2, 2]).choleskyFactor() == nil)
    #expect(Tensor<Double>([.nan], shape: [1, 1]).choleskyFactor() == nil)
  }

  @Test("a positive definite system is solved for all its right sides", arguments: [1, 3, 20])
  func solution(_ n: Int) throws {
    let b = matrix(n, n + 3)
    let a = b.matrixProduct(b.transposed())
    let x = matrix(n, 4)
    let solution = try #require(a.positiveDefiniteSolution(a.matrixProduct(x)))
    #expect(solution.shape == [n, 4] && relativeError(solution.scalars, x.scalars) < bound)
    #expect((-a).positiveDefiniteSolution(x) == nil)
  }

  @Test(
    "a triangular factor has the product with its transpose that the matrix has",
    arguments: [(1, 1), (3, 3), (3, 7), (40, 40)])
  func triangular(_ rows: Int, _ columns: Int) {
    let a = matrix(rows, columns)
    let factor = a.triangularFactor()
    #expect(isLower(factor))
    #expect(
      relativeError(
        factor.matrixProduct(factor.transposed()).scalars,
        a.matrixProduct(a.transposed()).scalars) < bound)
  }

  @Test(
    "orthonormal rows: of length 1, perpendicular, each on the side of its own row",
    arguments: [(1, 1), (3, 3), (3, 7), (40, 40)])
  func orthonormal(_ rows: Int, _ columns: Int) {
    let a = matrix(rows, columns)
    let q = a.orthonormalRows()
    #expect(q.shape == a.shape)
    #expect(relativeError(q.matrixProduct(q.transposed()).scalars, identity(rows)) < bound)
    // A Q^T = R^T: row i of A needs no more than the first i rows of Q, and its own share is
    // positive.
    let shares = a.matrixProduct(q.transposed())
    for row in 0..<rows {
      #expect(shares.scalars[row * rows + row] > 0)
      for column in row + 1..<max(rows, row + 1) {
        #expect(shares.scalars[row * rows + column].magnitude < bound)
      }
    }
  }

  @Test("more rows than columns, or shapes that do not fit, are refused")
  func refusal() async {
    await #expect(processExitsWith: .failure) {
      _ = Tensor<Double>.zeros([3, 2]).triangularFactor()
    }
    await #expect(processExitsWith: .failure) { _ = Tensor<Double>.zeros([2, 3]).choleskyFactor() }
    await #expect(processExitsWith: .failure) {
      _ = Tensor<Double>.zeros([2, 2]).positiveDefiniteSolution(.zeros([3, 1]))
    }
  }
}
