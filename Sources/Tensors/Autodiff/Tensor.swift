// SPDX-License-Identifier: Apache-2.0

internal import CKernels

/// A dense array of numbers in row-major order, which may be recorded on a ``Tape``.
///
/// A tensor is a value: no operation changes one that exists. Where an input of an operation is
/// traced, so is its result, and ``Tape/gradients(of:at:seed:)`` can differentiate it. The same
/// function therefore computes values and, given traced arguments, gradients.
///
/// Shapes are arrays of sizes, the slowest axis first: a batch of 128 images of 784 pixels is
/// `[128, 784]`; a scalar is `[]`. A negative size, or more elements than memory could hold, is a
/// mistake of the caller.
public struct Tensor<Scalar: TensorScalar>: Sendable {
  /// The size of each axis.
  public let shape: [Int]
  /// The number of elements: the product of the sizes.
  public let count: Int
  var storage: Storage<Scalar>
  let offset: Int
  let trace: Trace<Scalar>?
  /// How many rows of a parallel step's batch the first axis holds; nil where it holds none.
  ///
  /// The first axis is then `rows` long, or a multiple for several draws of each row, one row's beside
  /// each other. This is a fact and never guessed from sizes: what a step's inputs create is marked,
  /// and an operation carries the mark where each index of the result's first axis belongs to one row,
  /// in the order of the rows. A tensor without a mark is right wherever one with it is; its gradients
  /// are then summed shard by shard, which is slower.
  var rows: Int?

  /// The initialiser that all others come to: it checks the shape.
  ///
  /// - Parameters:
  ///   - shape: The size of each axis, none of them negative.
  ///   - storage: Where the elements are, from `offset` on; new memory when nil.
  ///   - offset: The place of the first element.
  ///   - rows: The mark of rows of a batch.
  ///   - trace: Where the tensor stands on a tape.
  init(
    shape: [Int], storage: Storage<Scalar>? = nil, offset: Int = 0, rows: Int? = nil,
    trace: Trace<Scalar>? = nil
  ) {
    let count = shape.elementCount
    self.shape = shape
    self.count = count
    self.storage = storage ?? Storage(capacity: count)
    self.offset = offset
    self.rows = rows
    self.trace = trace
  }

  /// A tensor with uninitialised elements, for an operation to write.
  init(uninitialized shape: [Int], rows: Int? = nil) { self.init(shape: shape, rows: rows) }
}

extension Tensor {
  /// A tensor with these elements, in row-major order.
  ///
  /// - Precondition: `scalars.count` is the product of `shape`.
  public init(_ scalars: [Scalar], shape: [Int]) {
    precondition(
      scalars.count == shape.elementCount,
      "\(scalars.count) numbers do not fill a tensor of shape \(shape)")
    self.init(uninitialized: shape)
    scalars.withUnsafeBufferPointer { source in
      if let base = source.baseAddress { mutablePointer.update(from: base, count: count) }
    }
  }

  /// A vector with these elements.
  public init(_ scalars: [Scalar]) { self.init(scalars, shape: [scalars.count]) }

  /// A scalar: a tensor of shape `[]`.
  public init(_ scalar: Scalar) { self.init([scalar], shape: []) }

  /// A tensor of equal elements.
  public init(repeating value: Scalar, shape: [Int]) {
    self.init(uninitialized: shape)
    Scalar.kernels.fill(count, value, mutablePointer)
  }

  /// A tensor of zeros.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public static func zeros(_ shape: [Int]) -> Tensor { Tensor(repeating: 0, shape: shape) }

  /// A tensor whose elements are written by `body`, in row-major order.
  ///
  /// - Parameters:
  ///   - shape: The size of each axis.
  ///   - body: Must write every element.
  public init(
    shape: [Int], initializedBy body: (UnsafeMutableBufferPointer<Scalar>) throws -> Void
  ) rethrows {
    self.init(uninitialized: shape)
    try body(UnsafeMutableBufferPointer(start: mutablePointer, count: count))
  }

  /// Independent standard normal numbers, the same for the same key on every machine of one kind.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public static func standardNormal(_ shape: [Int], key: NoiseKey) -> Tensor {
    let result = Tensor(uninitialized: shape)
    Scalar.kernels.normal(result.count, key, result.mutablePointer)
    return result
  }

  /// Independent numbers uniform in `range`, the same for the same key on every machine of one kind.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public static func uniform(_ shape: [Int], in range: Range<Scalar>, key: NoiseKey) -> Tensor {
    let result = Tensor(uninitialized: shape)
    Scalar.kernels.uniform(result.count, key, range, result.mutablePointer)
    return result
  }

  /// The elements in row-major order.
  public var scalars: [Scalar] { withScalars { Array($0) } }

  /// The elements in row-major order, as `Double`.
  public var doubles: [Double] {
    [Double](unsafeUninitializedCapacity: count) { buffer, initialized in
      if let target = buffer.baseAddress {
        withExtendedLifetime(storage) { Scalar.kernels.toDoubles(count, pointer, target) }
      }
      initialized = count
    }
  }

  /// The size of the elements in memory.
  var byteCount: Int { count * MemoryLayout<Scalar>.stride }

  /// The only element of a tensor that has one.
  public var scalar: Scalar {
    precondition(count == 1, "a tensor of shape \(shape) is not one number")
    return withScalars { $0[0] }
  }

  /// Calls `body` with the elements in row-major order.
  public func withScalars<Result>(
    _ body: (UnsafeBufferPointer<Scalar>) throws -> Result
  ) rethrows -> Result {
    try withExtendedLifetime(storage) {
      try body(UnsafeBufferPointer(start: pointer, count: count))
    }
  }

  /// The number of axes.
  public var rank: Int { shape.count }

  /// The same numbers, off the tape: no gradient flows through the result.
  public var detached: Tensor {
    Tensor(shape: shape, storage: storage, offset: offset, rows: rows)
  }

  /// A copy in memory of its own, off the tape.
  public var copy: Tensor {
    Tensor.generate(shape, self) { $0.update(from: $1, count: count) }
  }

  /// The same numbers in another precision, off the tape.
  public func converted<Other: TensorScalar>(to type: Other.Type) -> Tensor<Other> {
    let result = Tensor<Other>(uninitialized: shape, rows: rows)
    doubles.withUnsafeBufferPointer { source in
      if let base = source.baseAddress {
        Other.kernels.fromDoubles(count, base, result.mutablePointer)
      }
    }
    return result
  }

  /// The index in row-major order of the first element that is infinite or not a number, if any.
  public var firstNonFinite: Int? {
    let index = withExtendedLifetime(storage) { Scalar.kernels.firstNonFinite(count, pointer) }
    return index < count ? index : nil
  }

  /// Whether a gradient flows back through this tensor.
  public var isTraced: Bool { trace != nil }
}

// MARK: - Memory, for the operations of this module

extension Tensor {
  /// The first element. The caller keeps the storage alive.
  var pointer: UnsafePointer<Scalar> { UnsafePointer(storage.base + offset) }

  /// The first element of a tensor that its creator has not yet shown to anyone.
  var mutablePointer: UnsafeMutablePointer<Scalar> { storage.base + offset }

  /// This tensor with a mark of rows of a batch, or without. A scalar has none.
  func marked(_ rows: Int?) -> Tensor {
    var result = self
    result.rows = shape.isEmpty ? nil : rows
    return result
  }

  /// Adds `other` to this tensor: in place where nobody else holds its memory.
  mutating func accumulate(_ other: Tensor) {
    precondition(shape == other.shape, "cannot add gradients of shapes \(shape) and \(other.shape)")
    if isKnownUniquelyReferenced(&storage) {
      withExtendedLifetime(other) {
        Scalar.kernels.accumulate(count, other.pointer, mutablePointer)
      }
    } else {
      self = Tensor.generate(shape, self, other) {
        Scalar.kernels.binary(ElboAdd, count, $1, 1, $2, 1, $0)
      }
    }
  }
}

extension Tensor: CustomStringConvertible {
  /// The shape and the first elements.
  public var description: String {
    let shown = scalars.prefix(8).map { "\($0)" }.joined(separator: ", ")
    return "Tensor\(shape)[\(shown)\(count > 8 ? ", ..." : "")]"
  }
}
