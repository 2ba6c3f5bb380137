// SPDX-License-Identifier: Apache-2.0

extension Safetensors {
  /// A tensor to be written.
  public struct Tensor: Sendable {
    /// Its name in the file.
    public let name: String
    /// The type of its elements.
    public let type: ElementType
    /// The lengths of the axes; empty for a single number.
    public let shape: [Int]
    /// The elements, row by row, little endian.
    public let bytes: [UInt8]

    /// A tensor of any type, its elements as bytes.
    ///
    /// - Precondition: The bytes are as many as shape and type need.
    public init(name: String, type: ElementType, shape: [Int], bytes: [UInt8]) {
      precondition(
        shape.reduce(type.bitCount, *) == bytes.count * 8,
        "tensor \"\(name)\": shape \(shape) of \(type.rawValue) does not fit \(bytes.count) bytes")
      self.name = name
      self.type = type
      self.shape = shape
      self.bytes = bytes
    }

    /// A tensor of type F32.
    ///
    /// - Precondition: The values are as many as the product of the shape.
    public init(name: String, shape: [Int], _ values: [Float]) {
      self.init(
        name: name, type: .f32, shape: shape, bytes: Numbers.bytes(littleEndian: values))
    }

    /// A tensor of type F64.
    ///
    /// - Precondition: The values are as many as the product of the shape.
    public init(name: String, shape: [Int], _ values: [Double]) {
      self.init(
        name: name, type: .f64, shape: shape, bytes: Numbers.bytes(littleEndian: values))
    }
  }

  /// Writes a file, whole or not at all; wider elements come first, else in the given order.
  ///
  /// - Precondition: The names differ.
  /// - Throws: `FileError`; an earlier file of that name is then untouched.
  public static func write(
    _ tensors: [Tensor], metadata: [String: String] = [:], to path: String
  ) throws {
    let ordered = aligned(tensors)
    try AtomicFile.write(
      parts: [header(ordered, metadata: metadata)] + ordered.map(\.bytes), to: path)
  }

  /// The bytes of a file; the same tensors and strings give the same bytes.
  public static func encoded(
    _ tensors: [Tensor], metadata: [String: String] = [:]
  ) -> [UInt8] {
    let ordered = aligned(tensors)
    return ordered.reduce(into: header(ordered, metadata: metadata)) { $0 += $1.bytes }
  }

  /// The ``checksum`` that a file of these tensors has: 64 hexadecimal digits.
  public static func checksum(of tensors: [Tensor]) -> String {
    var hash = SHA256()
    for tensor in aligned(tensors) { hash.update(tensor.bytes) }
    return hash.hexadecimal()
  }

  /// In the given order, but wider elements first: then every tensor begins at a multiple of its
  /// element's size, on which PyTorch insists.
  private static func aligned(_ tensors: [Tensor]) -> [Tensor] {
    // Swift's sort is stable, though only by implementation; the index makes it so by contract.
    tensors.enumerated()
      .sorted { ($1.element.type.bitCount, $0.offset) < ($0.element.type.bitCount, $1.offset) }
      .map(\.element)
  }

  /// Length and JSON, padded with spaces so that the data begins at a multiple of eight bytes.
  private static func header(_ tensors: [Tensor], metadata: [String: String]) -> [UInt8] {
    let names = Set(tensors.map(\.name))
    precondition(
      names.count == tensors.count && !names.contains(reservedName),
      "the names of the tensors of a file must differ from each other and from \(reservedName)")
    var members: [JSONValue.Member] = []
    if !metadata.isEmpty {
      let strings = metadata.sorted { $0.key < $1.key }
      let json = strings.map { JSONValue.Member($0.key, .string($0.value)) }
      members.append(JSONValue.Member(reservedName, .object(json)))
    }
    var offset = 0
    for tensor in tensors {
      members.append(JSONValue.Member(tensor.name, description(of: tensor, at: offset)))
      offset += tensor.bytes.count
    }
    var text = Array(JSONValue.object(members).compact.utf8)
    text += [UInt8](repeating: 0x20, count: (8 - text.count % 8) % 8)
    return (0..<8).map { UInt8(truncatingIfNeeded: text.count >> ($0 * 8)) } + text
  }

  private static let reservedName = "__metadata__"

  private static func description(of tensor: Tensor, at offset: Int) -> JSONValue {
    [
      "dtype": .string(tensor.type.rawValue),
      "shape": .array(tensor.shape.map { JSONValue($0) }),
      "data_offsets": [JSONValue(offset), JSONValue(offset + tensor.bytes.count)],
    ]
  }
}
