// SPDX-License-Identifier: Apache-2.0

/// The gradient of some elements of the parameters' flat buffer, valid until its memory is reused.
package struct GradientSlab<Scalar: TensorScalar> {
  /// The elements.
  package let range: Range<Int>
  let storage: Storage<Scalar>
  /// Where in the storage the first of them is.
  let offset: Int

  var pointer: UnsafePointer<Scalar> { UnsafePointer(storage.base + offset) }

  /// What Adam reads and writes beside the gradient: the parameters and two moments.
  var updateBytes: Int { 6 * range.count * MemoryLayout<Scalar>.stride }
}

extension FlatBuffer {
  /// One step of Adam on a range of elements of three buffers of one layout.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  @discardableResult
  package static func adam(
    _ gradient: GradientSlab<Scalar>, parameter: FlatBuffer, first: FlatBuffer, second: FlatBuffer,
    _ coefficients: AdamCoefficients<Scalar>
  ) -> Bool {
    let start = gradient.range.lowerBound
    return withExtendedLifetime(gradient) {
      Scalar.kernels.adam(
        gradient.range.count, gradient.pointer, parameter.pointer(at: start),
        first.pointer(at: start), second.pointer(at: start), coefficients)
    }
  }

  /// Some of the elements, as a gradient for an update.
  package func slab(_ range: Range<Int>) -> GradientSlab<Scalar> {
    GradientSlab(range: range, storage: storage, offset: range.lowerBound)
  }

  /// Keeps a gradient in its place: what an update does that only looks.
  package func store(_ gradient: GradientSlab<Scalar>) {
    pointer(at: gradient.range.lowerBound).update(
      from: gradient.pointer, count: gradient.range.count)
  }
}
