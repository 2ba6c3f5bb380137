// SPDX-License-Identifier: Apache-2.0

/// An array in NumPy's NPY format whose elements stay in the file until they are looked at.
package struct MappedNPY: Sendable, Equatable {
  /// The elements, row by row, in one of the types that ``NPY`` reads.
  package enum Elements {
    case float32(UnsafeBufferPointer<Float>)
    case float64(UnsafeBufferPointer<Double>)
    case uint8(UnsafeBufferPointer<UInt8>)
  }

  /// The path of the file.
  package let path: String
  /// The lengths of the axes.
  package let shape: [Int]
  private let file: MappedFile
  private let type: String
  private let start: Int

  /// Opens the file at `path`, and reads its header.
  ///
  /// - Throws: `FileError` or `FormatError`.
  package init(_ path: String) throws {
    file = try MappedFile(path)
    // The header's length is two bytes in version 1.0, and four later: nothing longer is in use.
    let header = try NPYHeader(parsing: Array(file.bytes.prefix(1 << 17)), path: path)
    let width = try NPY.checkSize(header, bytes: file.bytes.count - header.size, path: path)
    guard header.size.isMultiple(of: width) else {
      throw FormatError(
        path: path, .npyHeader(problem: "its data begin at no multiple of \(width) bytes"))
    }
    (self.path, shape, type, start) = (path, header.shape, header.type, header.size)
  }

  /// The elements as they lie in the file; valid as long as this value.
  package var bytes: UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(rebasing: file.bytes[start...])
  }

  /// The elements; valid as long as this value.
  package var elements: Elements {
    switch type {
    case "<f4": .float32(bytes.bindMemory(to: Float.self))
    case "<f8": .float64(bytes.bindMemory(to: Double.self))
    default: .uint8(bytes.bindMemory(to: UInt8.self))
    }
  }

  /// Whether both are the same part of the same file.
  package static func == (a: MappedNPY, b: MappedNPY) -> Bool {
    a.path == b.path && a.shape == b.shape && a.type == b.type
  }
}
