// SPDX-License-Identifier: Apache-2.0

/// An array in NumPy's NPY format: what `numpy.save` writes and `numpy.load` reads.
///
/// Read are floating-point numbers of 16, 32 and 64 bits, whole numbers of 8 to 64 bits, and truth
/// values, of any rank, in either order of bytes and of axes, in versions 1.0, 2.0 and 3.0 of the
/// format. Written are `<f4`, `<f8`, `|u1` and `<i8`, row by row.
public struct NPY: Equatable, Sendable {
  /// The elements, row by row, in one of four types, none of which changes a number.
  public enum Elements: Equatable, Sendable {
    /// `<f4`, and half precision.
    case float32([Float])
    /// `<f8`.
    case float64([Double])
    /// `|u1`, and truth values as 0 and 1.
    case uint8([UInt8])
    /// All other whole numbers.
    case integers([Int])
  }

  /// The lengths of the axes; empty for a single number.
  public let shape: [Int]
  /// The elements, as many as the product of the shape.
  public let elements: Elements

  /// An array of that shape.
  ///
  /// - Precondition: There are as many elements as the product of the shape, which has at most 64
  ///   axes.
  public init(shape: [Int], _ elements: Elements) {
    precondition(shape.count <= NPYHeader.rankLimit, "an NPY array of \(shape.count) axes")
    precondition(
      elements.count == shape.reduce(1, *),
      "NPY shape \(shape) does not fit \(elements.count) elements")
    self.shape = shape
    self.elements = elements
  }

  /// Reads the file at `path`.
  ///
  /// - Throws: `FileError` or `FormatError`.
  public static func read(_ path: String) throws -> NPY {
    try parse(readFile(path), path: path)
  }

  /// Reads the bytes of a whole NPY file.
  ///
  /// - Throws: `FormatError`.
  public static func parse(_ bytes: [UInt8], path: String) throws -> NPY {
    let header = try NPYHeader(parsing: bytes, path: path)
    let data = bytes[header.size...]
    let (type, isBigEndian) = try checkSize(header, bytes: data.count, path: path)
    // Turned before they become numbers, which may be wider.
    let turned =
      header.isFortranOrder ? Numbers.rowMajor(data, type.width, header.shape)[...] : data
    let elements = try Numbers.elements(turned, type, bigEndian: isBigEndian, path: path)
    return NPY(shape: header.shape, elements)
  }

  /// Refuses a header that does not fit the bytes after it; returns what its elements are.
  static func checkSize(
    _ header: NPYHeader, bytes: Int, path: String
  ) throws -> (type: ElementType, isBigEndian: Bool) {
    guard let element = ElementType.parse(header.type) else {
      throw FormatError(path: path, .npyElementType(header.type))
    }
    guard let count = checkedProduct(header.shape),
      case let (size, overflow) = count.multipliedReportingOverflow(by: element.type.width),
      !overflow
    else {
      throw FormatError(path: path, .npyHeader(problem: "its shape overflows"))
    }
    guard size == bytes else {
      throw FormatError(path: path, .npySize(shape: header.shape, expected: size, found: bytes))
    }
    return element
  }

  /// Writes the file, in version 1.0, whole or not at all.
  ///
  /// - Throws: `FileError`; an earlier file of that name is then untouched.
  public func write(to path: String) throws {
    try AtomicFile.write(encoded(), to: path)
  }

  /// Writes a file of numbers in single precision, `<f4`, of which only a part is in memory.
  ///
  /// - Parameters:
  ///   - shape: The lengths of the axes.
  ///   - path: Where the file is to be.
  ///   - produce: Writes the numbers, row by row, in parts of any size.
  /// - Precondition: There are as many numbers as the product of the shape.
  /// - Throws: `FileError`, and what `produce` throws; an earlier file of that name is then
  ///   untouched.
  package static func write(
    shape: [Int], to path: String, _ produce: (_ file: Parts) throws -> Void
  ) throws {
    try AtomicFile.write(to: path) { file in
      try file.write(NPYHeader.encoded(type: "<f4", shape: shape))
      let parts = Parts(file)
      try produce(parts)
      precondition(
        parts.count == shape.reduce(1, *),
        "NPY shape \(shape) does not fit \(parts.count) elements")
    }
  }

  /// A file of numbers of which one part after the other is written.
  package final class Parts {
    private let file: AtomicFile.Parts
    fileprivate var count = 0

    fileprivate init(_ file: AtomicFile.Parts) { self.file = file }

    /// Adds numbers at the end.
    package func write(_ numbers: [Float]) throws {
      count += numbers.count
      try file.write(Numbers.bytes(littleEndian: numbers))
    }
  }

  /// The bytes of the file, in version 1.0.
  public func encoded() -> [UInt8] {
    let (type, data): (String, [UInt8]) =
      switch elements {
      case .float32(let values): ("<f4", Numbers.bytes(littleEndian: values))
      case .float64(let values): ("<f8", Numbers.bytes(littleEndian: values))
      case .uint8(let values): ("|u1", values)
      case .integers(let values): ("<i8", Numbers.bytes(littleEndian: values))
      }
    return NPYHeader.encoded(type: type, shape: shape) + data
  }
}

extension NPY.Elements {
  /// The number of elements.
  public var count: Int {
    switch self {
    case .float32(let values): values.count
    case .float64(let values): values.count
    case .uint8(let values): values.count
    case .integers(let values): values.count
    }
  }
}
