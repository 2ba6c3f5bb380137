// SPDX-License-Identifier: Apache-2.0

/// Tensors side by side in one block of memory: all parameters, all gradients, or all moments.
///
/// `@unchecked Sendable`: a parallel step lets each thread write a range of its own; between steps
/// one thread reads.
public final class FlatBuffer<Scalar: TensorScalar>: @unchecked Sendable {
  /// The shape of each tensor.
  public let shapes: [[Int]]
  /// The elements of each tensor.
  package let ranges: [Range<Int>]
  let storage: Storage<Scalar>

  /// Tensors begin at multiples of this, so that no two share a cache line.
  private static var alignment: Int { 16 }

  /// Zeros for tensors of these shapes.
  public init(shapes: [[Int]]) {
    var end = 0
    ranges = shapes.map { shape in
      let start = (end + Self.alignment - 1) / Self.alignment * Self.alignment
      end = start + shape.elementCount
      return start..<end
    }
    self.shapes = shapes
    storage = Storage(capacity: end)
    Scalar.kernels.fill(end, 0, storage.base)
  }

  /// Copies of these tensors.
  public convenience init(_ tensors: [Tensor<Scalar>]) {
    self.init(shapes: tensors.map(\.shape))
    assign(tensors)
  }

  /// Copies of the tensors' present values, which later steps do not change.
  public var tensors: [Tensor<Scalar>] { views.map(\.copy) }

  /// Overwrites the values.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func assign(_ tensors: [Tensor<Scalar>]) {
    precondition(tensors.map(\.shape) == shapes, "tensors of other shapes than the buffer's")
    for (tensor, range) in zip(tensors, ranges) {
      withExtendedLifetime(tensor) {
        (storage.base + range.lowerBound).update(from: tensor.pointer, count: tensor.count)
      }
    }
  }

  /// Overwrites the values with those of a buffer of the same layout.
  package func copy(from other: FlatBuffer) {
    precondition(other.shapes == shapes, "a buffer of \(other.shapes) for one of \(shapes)")
    withExtendedLifetime(other) {
      storage.base.update(from: other.storage.base, count: elementCount)
    }
  }

  /// Tensors that share this memory: for use within one step only.
  var views: [Tensor<Scalar>] {
    zip(shapes, ranges).map { Tensor(shape: $0, storage: storage, offset: $1.lowerBound) }
  }

  /// The elements from `index` on.
  func pointer(at index: Int) -> UnsafeMutablePointer<Scalar> { storage.base + index }
}
