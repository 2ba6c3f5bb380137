// SPDX-License-Identifier: Apache-2.0

import Tensors
import TestSupport
import Testing

@Suite("Eigenvalues of a symmetric matrix")
struct SymmetricEigenTests {
  /// B + B^T for a pseudo-random B.
  private func matrix(_ n: Int) -> Tensor<Double> {
    let b = Tensor<Double>.pseudoRandom([n, n], seed: UInt64(n))
    return b + b.transposed()
  }

  /// dsyev is backward stable: errors of a few n eps relative to the largest eigenvalue, below 3 n.
  @Test("each row of vectors is an eigenvector, of length 1", arguments: [1, 2, 3, 7, 20])
  func eigenvectors(_ n: Int) {
    let a = matrix(n)
    let (values, vectors) = a.symmetricEigen()
    let bound = 10 * Double(n * n) * 0x1p-52
    #expect(values.shape == [n] && values.scalars == values.scalars.sorted())
    let image = vectors.matrixProduct(a)
    let scaled = vectors * values.reshaped(to: [n, 1])
    #expect(relativeError(image.scalars, scaled.scalars, scale: 1) < bound)
    let identity = SmallMatrix(diagonal: [Double](repeating: 1, count: n)).elements
    let products = vectors.matrixProduct(vectors.transposed())
    #expect(relativeError(products.scalars, identity) < bound)
  }

  /// Eigenvalues 1 and 3 along (1, -1) and (1, 1).
  @Test("a known answer, of which the upper triangle is not read")
  func known() {
    let (values, vectors) = Tensor<Double>([2, 99, 1, 2], shape: [2, 2]).symmetricEigen()
    #expect(relativeError(values.scalars, [1, 3]) < 1e-15)
    let half = 0.5.squareRoot()
    #expect(relativeError(vectors.magnitude().scalars, [half, half, half, half]) < 1e-15)
    #expect(vectors.scalars[0] * vectors.scalars[1] < 0)
  }

  @Test("the argument keeps its value, and an empty matrix has no eigenvalues")
  func argument() {
    let a = matrix(4)
    let kept = a.scalars
    _ = a.symmetricEigen()
    #expect(a.scalars == kept)
    #expect(Tensor<Double>.zeros([0, 0]).symmetricEigen().values.count == 0)
  }

  @Test("matrices that are not square or not finite are refused")
  func refusal() async {
    await #expect(processExitsWith: .failure) { _ = Tensor<Double>.zeros([2, 3]).symmetricEigen() }
    await #expect(processExitsWith: .failure) {
      _ = Tensor<Double>(repeating: .nan, shape: [2, 2]).symmetricEigen()
    }
  }
}
