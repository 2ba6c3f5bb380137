// SPDX-License-Identifier: Apache-2.0

import Tensors
import TestSupport
import Testing

@Suite("Rows in groups")
struct GroupedOperationTests {
  private let x = Tensor<Double>.pseudoRandom([6, 3], seed: 1)
  private let weight = Tensor<Double>.pseudoRandom([2, 4, 3], seed: 2)
  /// The diagonal is away from 0; what lies above it must not matter.
  private let factor = Tensor<Double>.pseudoRandom([2, 3, 3], .eitherSign(0.5...1.5), seed: 3)

  @Test("each group goes through its own matrix")
  func linear() {
    let y = x.groupedLinear(weight: weight)
    #expect(y.shape == [6, 4])
    for group in 0..<2 {
      let matrix = weight.slice(group..<group + 1).reshaped(to: [4, 3])
      let own = x.slice(3 * group..<3 * group + 3).matrixProduct(matrix.transposed())
      #expect(
        relativeError(y.slice(3 * group..<3 * group + 3).scalars, own.scalars) < 1e-15)
    }
  }

  @Test("the solution of a triangular system, put back into it")
  func solve() {
    let y = x.lowerTriangularSolve(factor: factor)
    let below = Tensor<Double>([1, 0, 0, 1, 1, 0, 1, 1, 1], shape: [3, 3])
    let back = y.groupedLinear(weight: factor * below)
    // Condition numbers of a few hundred at most, 1e-16 each.
    #expect(relativeError(back.scalars, x.scalars) < 1e-13)
  }

  @Test("gradients are central differences")
  func gradients() {
    checkGradients(of: { $0[0].groupedLinear(weight: $0[1]) }, at: [x, weight])
    checkGradients(of: { $0[0].lowerTriangularSolve(factor: $0[1]) }, at: [x, factor])
    // Matrices of constants, and rows of constants.
    checkGradients(of: { [x] in x.groupedLinear(weight: $0[0]) }, at: [weight])
    checkGradients(of: { [factor] in $0[0].lowerTriangularSolve(factor: factor) }, at: [x])
  }

  @Test("groups as an axis of their own: the same numbers, and gradients of that shape")
  func axis() {
    let rows = x.reshaped(to: [2, 3, 3])
    let (y, z) = (
      rows.groupedLinear(weight: weight), rows.lowerTriangularSolve(factor: factor)
    )
    #expect(y.shape == [2, 3, 4] && y.scalars == x.groupedLinear(weight: weight).scalars)
    #expect(z.shape == [2, 3, 3] && z.scalars == x.lowerTriangularSolve(factor: factor).scalars)
    checkGradients(of: { $0[0].groupedLinear(weight: $0[1]) }, at: [rows, weight])
    checkGradients(of: { $0[0].lowerTriangularSolve(factor: $0[1]) }, at: [rows, factor])
  }

  @Test("in Float as in Double")
  func float() {
    func rounded(_ t: Tensor<Double>) -> Tensor<Float> { t.converted(to: Float.self) }
    let y = rounded(x).groupedLinear(weight: rounded(weight))
    #expect(relativeError(y.doubles, x.groupedLinear(weight: weight).scalars) < 1e-6)
    let z = rounded(x).lowerTriangularSolve(factor: rounded(factor))
    #expect(relativeError(z.doubles, x.lowerTriangularSolve(factor: factor).scalars) < 1e-5)
  }

  @Test("rows that are no whole groups are refused")
  func refused() async {
    await #expect(processExitsWith: .failure) {
      _ = Tensor<Float>.zeros([5, 3]).groupedLinear(weight: .zeros([2, 4, 3]))
    }
    await #expect(processExitsWith: .failure) {
      _ = Tensor<Float>.zeros([4, 1, 3]).groupedLinear(weight: .zeros([2, 4, 3]))
    }
    await #expect(processExitsWith: .failure) {
      _ = Tensor<Float>.zeros([4, 3]).lowerTriangularSolve(factor: .zeros([2, 4, 3]))
    }
  }
}
