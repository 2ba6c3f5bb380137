// SPDX-License-Identifier: Apache-2.0

/// A safetensors file: named tensors and a few strings, readable from PyTorch and NumPy.
///
/// Layout: the length of the header (8 bytes, little endian), the header in JSON, then the tensors'
/// bytes without gaps. What the reference implementation (huggingface/safetensors) refuses is
/// refused here too: headers above 100 MB or beyond the file, names given twice, shapes that do not
/// fit their bytes, bytes that overlap, leave gaps or are left over.
///
///     let file = try Safetensors(path: "model.safetensors")
///     let weight = try file.floats("encoder.fc1.weight")
///     try Safetensors.write(
///       [Safetensors.Tensor(name: "z", shape: [2, 3], [1, 2, 3, 4, 5, 6] as [Float])], to: "z.safetensors")
public struct Safetensors: Sendable {
  /// One tensor: its name, type, shape, and where its bytes are.
  public struct Entry: Equatable, Sendable {
    /// Its name in the file.
    public let name: String
    /// The type of its elements.
    public let type: ElementType
    /// The lengths of the axes; empty for a single number.
    public let shape: [Int]
    /// Where the tensor lies in the file, in bytes.
    public let range: Range<Int>

    /// The number of elements.
    public var count: Int { shape.reduce(1, *) }
  }

  /// The path of the file, for errors.
  public let path: String
  /// The tensors in the order of their bytes.
  public let entries: [Entry]
  /// The free strings of the header.
  public let metadata: [String: String]

  private let bytes: [UInt8]
  private let dataStart: Int
  private let indices: [String: Int]

  /// Reads and checks the header of the file at `path`.
  ///
  /// - Throws: `FileError` or `FormatError`.
  public init(path: String) throws {
    try self.init(bytes: readFile(path), path: path)
  }

  /// Reads and checks the header of a whole file.
  ///
  /// - Throws: `FormatError`.
  public init(bytes: [UInt8], path: String) throws {
    let header = try SafetensorsHeader(parsing: bytes, path: path)
    self.path = path
    self.bytes = bytes
    dataStart = header.dataStart
    entries = header.entries
    metadata = header.metadata
    indices = Dictionary(uniqueKeysWithValues: zip(entries.map(\.name), entries.indices))
  }

  /// Whether there is a tensor of that name.
  public func contains(_ name: String) -> Bool { indices[name] != nil }

  /// The tensor of that name.
  ///
  /// - Throws: `FormatError` that lists the names there are.
  public func entry(_ name: String) throws -> Entry {
    guard let index = indices[name] else {
      throw error(.missing(tensor: name, names: entries.map(\.name)))
    }
    return entries[index]
  }

  /// The bytes of a tensor, row by row, little endian; shared with the file, not copied.
  ///
  /// - Throws: `FormatError` where there is no such tensor.
  public func bytes(of name: String) throws -> ArraySlice<UInt8> {
    bytes[try entry(name).range]
  }

  /// The elements of a tensor of type F32, F16, BF16 (all exact) or F64 (rounded), row by row.
  ///
  /// - Throws: `FormatError` where there is no such tensor or it holds no floating-point numbers.
  public func floats(_ name: String) throws -> [Float] {
    let (entry, bytes) = (try entry(name), try bytes(of: name))
    switch entry.type {
    case .f32: return Numbers.floats(littleEndian: bytes)
    case .f64: return Numbers.doubles(littleEndian: bytes).map { Float($0) }
    case .f16:
      return Numbers.map(bytes, as: UInt16.self) { Numbers.float(half: UInt16(littleEndian: $0)) }
    case .bf16:
      return Numbers.map(bytes, as: UInt16.self) { Numbers.float(brain: UInt16(littleEndian: $0)) }
    default: throw error(.notFloatingPoint(tensor: name, type: entry.type.rawValue))
    }
  }

  /// The elements of a tensor of type F64, F32, F16 or BF16, row by row; all exact.
  ///
  /// - Throws: `FormatError` where there is no such tensor or it holds no floating-point numbers.
  public func doubles(_ name: String) throws -> [Double] {
    if try entry(name).type == .f64 { return Numbers.doubles(littleEndian: try bytes(of: name)) }
    return try floats(name).map { Double($0) }
  }

  /// The SHA-256 of the bytes of all tensors, in the order of the file: 64 hexadecimal digits.
  ///
  /// Metadata do not count, so they can hold it: ``checksum(of:)``.
  public var checksum: String { SHA256.hexadecimal(of: bytes[dataStart...]) }

  private func error(_ fault: SafetensorsFault) -> FormatError {
    FormatError(path: path, .safetensors(fault))
  }
}

extension Safetensors {
  /// The types a tensor's elements may have, by the names in the file.
  public enum ElementType: String, Sendable, CaseIterable {
    /// Truth values, a byte each.
    case bool = "BOOL"
    /// Unsigned integers of 8 bits.
    case u8 = "U8"
    /// Integers of 8 bits.
    case i8 = "I8"
    /// Unsigned integers of 16 bits.
    case u16 = "U16"
    /// Integers of 16 bits.
    case i16 = "I16"
    /// Unsigned integers of 32 bits.
    case u32 = "U32"
    /// Integers of 32 bits.
    case i32 = "I32"
    /// Unsigned integers of 64 bits.
    case u64 = "U64"
    /// Integers of 64 bits.
    case i64 = "I64"
    /// IEEE 754 double precision.
    case f64 = "F64"
    /// IEEE 754 single precision.
    case f32 = "F32"
    /// IEEE 754 half precision.
    case f16 = "F16"
    /// The upper half of a single-precision number.
    case bf16 = "BF16"
    /// 8 bits: 5 of exponent, 2 of fraction.
    case f8E5M2 = "F8_E5M2"
    /// 8 bits: 4 of exponent, 3 of fraction.
    case f8E4M3 = "F8_E4M3"
    /// 8 bits, all of them exponent.
    case f8E8M0 = "F8_E8M0"
    /// 6 bits: 2 of exponent, 3 of fraction.
    case f6E2M3 = "F6_E2M3"
    /// 6 bits: 3 of exponent, 2 of fraction.
    case f6E3M2 = "F6_E3M2"
    /// 4 bits: 2 of exponent, 1 of fraction.
    case f4 = "F4"
    /// Complex numbers of two single-precision parts.
    case c64 = "C64"

    /// The bits an element takes.
    public var bitCount: Int {
      switch self {
      case .f4: 4
      case .f6E2M3, .f6E3M2: 6
      case .bool, .u8, .i8, .f8E5M2, .f8E4M3, .f8E8M0: 8
      case .u16, .i16, .f16, .bf16: 16
      case .u32, .i32, .f32: 32
      case .u64, .i64, .f64, .c64: 64
      }
    }
  }
}
