// SPDX-License-Identifier: Apache-2.0

/// An array in NumPy's NPY format whose elements stay in the file until they are looked at.
package struct MappedNPY: Sendable, Equatable {
  /// The elements, row by row; those of half precision as their bits, truth values as bytes.
  package enum Elements {
    case float16(UnsafeBufferPointer<UInt16>)
    case float32(UnsafeBufferPointer<Float>)
    case float64(UnsafeBufferPointer<Double>)
    case int8(UnsafeBufferPointer<Int8>)
    case int16(UnsafeBufferPointer<Int16>)
    case int32(UnsafeBufferPointer<Int32>)
    case int64(UnsafeBufferPointer<Int64>)
    case uint8(UnsafeBufferPointer<UInt8>)
    case uint16(UnsafeBufferPointer<UInt16>)
    case uint32(UnsafeBufferPointer<UInt32>)
    case uint64(UnsafeBufferPointer<UInt64>)
  }

  /// The path of the file.
  package let path: String
  /// The lengths of the axes.
  package let shape: [Int]
  private let file: MappedFile
  private let type: ElementType
  private let start: Int

  /// Opens the file at `path`, and reads its header.
  ///
  /// - Throws: `FileError` or `FormatError`.
  package init(_ path: String) throws {
    file = try MappedFile(path)
    // The header's length is two bytes in version 1.0, and four later: nothing longer is in use.
    let header = try NPYHeader(parsing: Array(file.bytes.prefix(1 << 17)), path: path)
    let (type, isBigEndian) = try NPY.checkSize(
      header, bytes: file.bytes.count - header.size, path: path)
    guard !isBigEndian && !header.isFortranOrder else {
      throw FormatError(path: path, .npyNotMapped(bigEndian: isBigEndian))
    }
    let width = type.width
    guard header.size.isMultiple(of: width) else {
      throw FormatError(
        path: path, .npyHeader(problem: "its data begin at no multiple of \(width) bytes"))
    }
    (self.path, shape, self.type, start) = (path, header.shape, type, header.size)
  }

  /// The elements as they lie in the file; valid as long as this value.
  package var bytes: UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(rebasing: file.bytes[start...])
  }

  /// The bytes before the elements.
  package var header: UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(rebasing: file.bytes[..<start])
  }

  /// Asks for the pages of some bytes of the elements, which the system then reads meanwhile.
  package func prefetch(_ range: Range<Int>) {
    file.prefetch(start + range.lowerBound..<start + range.upperBound)
  }

  /// Says that elements will be looked at in no order, so that nothing is read beside them.
  package func expectRandomAccess() { file.expectRandomAccess() }

  /// The elements; valid as long as this value.
  package var elements: Elements {
    switch type {
    case .float16: .float16(bytes.bindMemory(to: UInt16.self))
    case .float32: .float32(bytes.bindMemory(to: Float.self))
    case .float64: .float64(bytes.bindMemory(to: Double.self))
    case .int8: .int8(bytes.bindMemory(to: Int8.self))
    case .int16: .int16(bytes.bindMemory(to: Int16.self))
    case .int32: .int32(bytes.bindMemory(to: Int32.self))
    case .int64: .int64(bytes.bindMemory(to: Int64.self))
    case .uint8, .bool: .uint8(bytes.bindMemory(to: UInt8.self))
    case .uint16: .uint16(bytes.bindMemory(to: UInt16.self))
    case .uint32: .uint32(bytes.bindMemory(to: UInt32.self))
    case .uint64: .uint64(bytes.bindMemory(to: UInt64.self))
    }
  }

  /// Whether both are the same part of the same file.
  package static func == (a: MappedNPY, b: MappedNPY) -> Bool {
    a.path == b.path && a.shape == b.shape && a.type == b.type
  }
}
