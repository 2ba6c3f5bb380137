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
  ///   - x: `[..., inputs]`.
  ///   - weight: `[inputs, outputs]`; this tensor is `[..., outputs]`.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  package mutating func addProduct(sparse x: Tensor, _ weight: Tensor) {
    precondition(
      weight.rank == 2 && x.shape.last == weight.shape[0]
        && shape == x.shape.dropLast() + [weight.shape[1]],
      "the product of \(x.shape) and \(weight.shape) is not of shape \(shape)")
    precondition(!isTraced && !x.isTraced && !weight.isTraced, "a sparse product has no gradient")
    if !isKnownUniquelyReferenced(&storage) { self = copy.marked(rows) }
    withExtendedLifetime((x, weight)) {
      Scalar.kernels.addSparseProduct(
        shape.dropLast().reduce(1, *), weight.shape[0], weight.shape[1], x.pointer, weight.pointer,
        mutablePointer)
    }
  }
}
