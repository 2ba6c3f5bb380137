// SPDX-License-Identifier: Apache-2.0

extension Tensor {
  /// Adds x W to this matrix, for an x most of whose elements are zero: only the rows of W that meet
  /// another element are read, so that what is not finite in the others does not show. Values only:
  /// nothing is recorded.
  ///
  /// On one core with AVX-512 an element costs about twice its share of a full product, so that it
  /// pays where fewer than half are not zero.
  ///
  /// - Parameters:
  ///   - x: `[rows, inputs]`.
  ///   - weight: `[inputs, outputs]`; this tensor is `[rows, outputs]`.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  package mutating func addProduct(sparse x: Tensor, _ weight: Tensor) {
    precondition(
      x.rank == 2 && weight.rank == 2 && x.shape[1] == weight.shape[0]
        && shape == [x.shape[0], weight.shape[1]],
      "the product of \(x.shape) and \(weight.shape) is not of shape \(shape)")
    precondition(!isTraced && !x.isTraced && !weight.isTraced, "a sparse product has no gradient")
    if !isKnownUniquelyReferenced(&storage) { self = copy.marked(rows) }
    withExtendedLifetime((x, weight)) {
      Scalar.kernels.addSparseProduct(
        x.shape[0], x.shape[1], weight.shape[1], x.pointer, weight.pointer, mutablePointer)
    }
  }
}
