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
  fileprivate let storage: Storage<Scalar>

  /// Tensors begin at multiples of this, so that no two share a cache line.
  private static var alignment: Int { 16 }

  /// Zeros for tensors of these shapes.
  public init(shapes: [[Int]]) {
    var end = 0
    ranges = shapes.map { shape in
      let start = (end + Self.alignment - 1) / Self.alignment * Self.alignment
      end = start + shape.reduce(1, *)
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

  /// Tensors that share this memory: for use within one step only.
  var views: [Tensor<Scalar>] {
    zip(shapes, ranges).map { Tensor(shape: $0, storage: storage, offset: $1.lowerBound) }
  }

  /// The elements from `index` on.
  func pointer(at index: Int) -> UnsafeMutablePointer<Scalar> { storage.base + index }
}

extension FlatBuffer {
  /// One step of Adam on a range of elements of three buffers of one layout. Returns whether the
  /// parameters and moments there are finite now.
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
