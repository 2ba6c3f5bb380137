// SPDX-License-Identifier: Apache-2.0

/// The gradient of some elements of the parameters' flat buffer, valid until its memory is reused.
public struct GradientSlab<Scalar: TensorScalar> {
  /// Which elements of the flat buffer.
  public let range: Range<Int>
  let storage: Storage<Scalar>
  /// Where in the storage the first of them is.
  let offset: Int

  var pointer: UnsafePointer<Scalar> { UnsafePointer(storage.base + offset) }

  /// Calls `body` with the gradient, an element for each of ``range``.
  public func withElements<Result>(
    _ body: (UnsafeBufferPointer<Scalar>) throws -> Result
  ) rethrows -> Result {
    try withExtendedLifetime(storage) {
      try body(UnsafeBufferPointer(start: pointer, count: range.count))
    }
  }

  /// The gradient of some of its elements.
  package subscript(part: Range<Int>) -> GradientSlab {
    precondition(
      part.lowerBound >= range.lowerBound && part.upperBound <= range.upperBound,
      "elements \(part) of a gradient of \(range)")
    return GradientSlab(
      range: part, storage: storage, offset: offset + part.lowerBound - range.lowerBound)
  }

  /// The sum of the squares of its elements.
  var sumOfSquares: Double {
    withExtendedLifetime(storage) { Scalar.kernels.sumOfSquares(range.count, pointer) }
  }

  /// Multiplies it where it lies.
  func scale(by factor: Scalar) {
    withExtendedLifetime(storage) {
      Scalar.kernels.scale(range.count, factor, storage.base + offset)
    }
  }

  /// What Adam reads and writes beside the gradient: the parameters and two moments.
  var updateBytes: Int { 6 * range.count * MemoryLayout<Scalar>.stride }
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

  /// Calls `body` with some of the elements, which it may change: for the rule of an optimiser, whose
  /// parts work on ranges that do not overlap.
  public func withElements<Result>(
    _ range: Range<Int>, _ body: (UnsafeMutableBufferPointer<Scalar>) throws -> Result
  ) rethrows -> Result {
    precondition(
      range.lowerBound >= 0 && range.upperBound <= elementCount,
      "elements \(range) of \(elementCount)")
    return try withExtendedLifetime(storage) {
      try body(
        UnsafeMutableBufferPointer(start: pointer(at: range.lowerBound), count: range.count))
    }
  }

  /// Moves a range of elements towards those of a buffer of the same layout:
  ///
  ///     y <- y + weight (x - y)
  package func approach(_ other: FlatBuffer, in range: Range<Int>, weight: Scalar) {
    precondition(other.shapes == shapes, "a buffer of \(other.shapes) for one of \(shapes)")
    withExtendedLifetime(other) {
      Scalar.kernels.approach(
        range.count, weight, other.pointer(at: range.lowerBound), pointer(at: range.lowerBound))
    }
  }

  /// The parts of a range that lie in one tensor each, with the tensor's shape.
  package func parts(of range: Range<Int>) -> [(shape: [Int], range: Range<Int>)] {
    zip(shapes, ranges).compactMap { shape, own in
      let part = own.clamped(to: range)
      return part.isEmpty ? nil : (shape, part)
    }
  }

  /// The number of elements, with those that only keep tensors apart.
  package var elementCount: Int { ranges.last?.upperBound ?? 0 }

  /// Some of the elements, as a gradient for an update.
  package func slab(_ range: Range<Int>) -> GradientSlab<Scalar> {
    GradientSlab(range: range, storage: storage, offset: range.lowerBound)
  }

  /// Multiplies all elements.
  package func scale(by factor: Scalar) { slab(0..<elementCount).scale(by: factor) }

  /// Keeps a gradient in its place: what an update does that only looks.
  package func store(_ gradient: GradientSlab<Scalar>) {
    pointer(at: gradient.range.lowerBound).update(
      from: gradient.pointer, count: gradient.range.count)
  }
}
