// SPDX-License-Identifier: Apache-2.0

/// An array of unsigned bytes in the IDX format, in which MNIST is published.
///
/// Layout: two zero bytes, the element type (08; others are read as numbers), the rank, each dimension as a big-endian 32-bit
/// number, then the elements row by row.
package struct IDX: Equatable, Sendable {
  /// The contents of one file, unpacked, may not exceed this many bytes.
  package static let sizeLimit = 4 << 30

  /// The lengths of the axes, the slowest first: [60000, 28, 28].
  package let dimensions: [Int]
  /// The elements, as many as the product of the dimensions.
  package let elements: [UInt8]

  /// - Precondition: There are as many elements as the product of the dimensions.
  package init(dimensions: [Int], elements: [UInt8]) {
    precondition(
      elements.count == dimensions.reduce(1, *),
      "IDX dimensions \(dimensions) do not fit \(elements.count) elements")
    self.dimensions = dimensions
    self.elements = elements
  }

  /// Reads an IDX file, plain or packed by gzip; which of the two, its first bytes tell.
  ///
  /// - Throws: `FileError` or `FormatError`, before taking memory for what the header promises.
  package static func read(_ path: String) throws -> IDX {
    try parse(contents(path), path: path)
  }

  /// Reads an IDX file of elements of any of the format's types.
  ///
  /// - Parameters:
  ///   - path: The file.
  ///   - inspecting: Gets the unpacked contents of the whole file first.
  /// - Returns: The array.
  /// - Throws: As `read(_:)` does, or what `inspecting` throws.
  package static func readNumbers(
    _ path: String, inspecting: ([UInt8]) throws -> Void = { _ in }
  ) throws -> NPY {
    let bytes = try contents(path)
    try inspecting(bytes)
    let header = try Header(parsing: bytes, path: path)
    guard header.dimensions.count <= NPYHeader.rankLimit else {
      throw FormatError(path: path, .array("has \(header.dimensions.count) axes; check the file"))
    }
    if header.type == .uint8 {
      return NPY(shape: header.dimensions, .uint8(try parse(consume bytes, path: path).elements))
    }
    try header.check(bytes.count, path: path)
    let elements = try Numbers.elements(
      bytes[header.size...], header.type, bigEndian: true, path: path)
    return NPY(shape: header.dimensions, elements)
  }

  /// The bytes of a file, unpacked.
  private static func contents(_ path: String) throws -> [UInt8] {
    let bytes = try readFile(path, limit: sizeLimit)
    guard Gzip.isGzip(bytes) else { return bytes }
    let prefix = try Gzip.prefix(Header.largestSize, of: bytes, path: path)
    let header = try Header(parsing: prefix, path: path)
    let (possible, _) = bytes.count.multipliedReportingOverflow(by: Gzip.largestRatio)
    guard header.fileSize <= min(possible, sizeLimit) else {
      let limit = min(possible, sizeLimit)
      throw FormatError(path: path, .idxTooLarge(dimensions: header.dimensions, limit: limit))
    }
    return try Gzip.decompress(bytes, path: path, limit: header.fileSize)
  }

  /// Reads the bytes of a whole, unpacked IDX file.
  ///
  /// - Throws: `FormatError`, also where the file is longer or shorter than its header promises.
  package static func parse(_ bytes: consuming [UInt8], path: String) throws -> IDX {
    var contents = bytes
    let header = try Header(parsing: contents, path: path)
    guard header.type == .uint8 else { throw FormatError(path: path, .idxElementType(contents[2])) }
    try header.check(contents.count, path: path)
    // In place where the caller has let go of the bytes: 47 MB are moved, not copied.
    contents.removeFirst(header.size)
    return IDX(dimensions: header.dimensions, elements: contents)
  }

  /// The bytes of the file.
  ///
  /// - Precondition: From 1 to 255 dimensions, each below 2^32.
  package func encoded() -> [UInt8] {
    precondition((1...255).contains(dimensions.count), "IDX needs from 1 to 255 dimensions")
    var bytes: [UInt8] = [0, 0, 0x08, UInt8(dimensions.count)]
    for dimension in dimensions {
      bytes += (0..<4).reversed().map { UInt8(truncatingIfNeeded: UInt32(dimension) >> ($0 * 8)) }
    }
    return bytes + elements
  }
}

extension IDX {
  /// The first bytes of a file, understood and checked.
  private struct Header {
    static let largestSize = 4 + 4 * 255

    let dimensions: [Int]
    let type: ElementType
    var size: Int { 4 + 4 * dimensions.count }
    /// The size of the whole file in bytes.
    let fileSize: Int

    init(parsing bytes: [UInt8], path: String) throws {
      guard bytes.count >= 4 else {
        throw FormatError(path: path, .idxHeaderTruncated(size: bytes.count))
      }
      guard bytes[0] == 0 && bytes[1] == 0 && bytes[3] > 0 && (8...14).contains(bytes[2]) else {
        throw FormatError(path: path, .idxMagic(Array(bytes[..<4])))
      }
      let types: [UInt8: ElementType] = [
        0x08: .uint8, 0x09: .int8, 0x0B: .int16, 0x0C: .int32, 0x0D: .float32, 0x0E: .float64,
      ]
      guard let type = types[bytes[2]] else {
        throw FormatError(path: path, .idxElementType(bytes[2]))
      }
      let rank = Int(bytes[3])
      guard bytes.count >= 4 + 4 * rank else {
        throw FormatError(path: path, .idxHeaderTruncated(size: bytes.count))
      }
      let dimensions = (0..<rank).map { axis in
        bytes[4 + 4 * axis..<8 + 4 * axis].reduce(0) { $0 << 8 | Int($1) }
      }
      guard let count = checkedProduct(dimensions + [type.width]), count <= .max - 4 - 4 * rank
      else {
        throw FormatError(path: path, .idxTooLarge(dimensions: dimensions, limit: sizeLimit))
      }
      self.dimensions = dimensions
      self.type = type
      fileSize = 4 + 4 * rank + count
    }

    func check(_ size: Int, path: String) throws {
      guard fileSize == size else {
        throw FormatError(
          path: path, .idxSize(dimensions: dimensions, expected: fileSize, found: size))
      }
    }
  }
}

/// The product of non-negative numbers, or nil where it, or a part of it, overflows.
func checkedProduct(_ numbers: [Int]) -> Int? {
  var product = 1
  for number in numbers {
    let (next, overflow) = product.multipliedReportingOverflow(by: number)
    if overflow { return nil }
    product = next
  }
  return product
}
