// SPDX-License-Identifier: Apache-2.0

/// The header of a safetensors file, checked before a byte of any tensor is touched.
///
/// Refused, as by the reference implementation: a header above 100 MB or longer than the file; one
/// that is not a JSON object; a name given twice; an unknown element type; shapes whose product
/// overflows or does not fit the byte range; byte ranges that overlap, leave a gap, begin after 0,
/// or do not end exactly at the end of the file. Beyond that, so that a header of 100 MB takes
/// little memory: more than ``tensorLimit`` tensors, ``metadataLimit`` metadata, or 64 axes of a
/// tensor.
struct SafetensorsHeader {
  static let lengthLimit = 100_000_000
  /// The most tensors and metadata that are read: a thousand times what models have.
  static let tensorLimit = 1 << 17
  static let metadataLimit = 1 << 16
  /// The most axes of a tensor, as in PyTorch and NumPy.
  static let rankLimit = 64
  /// The most values in the description of one tensor.
  private static let valuesOfTensor = 1000
  private static let metadataKey = "__metadata__"

  /// Where the tensors' bytes begin in the file.
  let dataStart: Int
  let entries: [Safetensors.Entry]
  let metadata: [String: String]

  private let path: String

  init(parsing bytes: [UInt8], path: String) throws {
    self.path = path
    let length = try Self.length(of: bytes, path: path)
    let start = 8 + length
    let (metadata, entries) = try bytes.withUnsafeBufferPointer { bytes in
      // The JSON has three levels; deeper ones are an attack or another file.
      var parser = JSONParser(
        UnsafeBufferPointer(rebasing: bytes[8..<start]), path: path, depthLimit: 8)
      return try parser.parse { try Self.members(&$0, dataStart: start, path: path) }
    }
    (dataStart, self.metadata) = (start, metadata)
    self.entries = entries.sorted { left, right in
      (left.range.lowerBound, left.range.upperBound)
        < (right.range.lowerBound, right.range.upperBound)
    }
    try checkCoverage(from: start, to: bytes.count)
  }

  /// Reads the header member by member, so that it is never in memory as a whole beside its text:
  /// one of 100 MB may hold fifty million values.
  private static func members(
    _ parser: inout JSONParser, dataStart: Int, path: String
  ) throws -> (metadata: [String: String], entries: [Safetensors.Entry]) {
    var metadata: [String: String]?
    var (entries, names): ([Safetensors.Entry], Set<String>) = ([], [])
    try parser.object(depth: 1) { parser, key in
      if key == metadataKey {
        guard metadata == nil else { return false }
        metadata = try strings(&parser, path: path)
        return true
      }
      guard names.insert(key).inserted else { return false }
      guard names.count <= tensorLimit else {
        throw FormatError(path: path, .safetensors(.tooMany("tensors", limit: tensorLimit)))
      }
      parser.allow(values: valuesOfTensor)
      entries.append(try entry(key, parser.value(depth: 1), dataStart: dataStart, path: path))
      return true
    }
    try parser.end()
    return (metadata ?? [:], entries)
  }

  /// The length of the header, which begins at byte 8 with a brace and lies within the file.
  private static func length(of bytes: [UInt8], path: String) throws -> Int {
    guard bytes.count >= 10 else {
      throw FormatError(path: path, .safetensors(.tooSmall(size: bytes.count)))
    }
    let length = bytes[..<8].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    if length > bytes.count - 8 || bytes[8] != UInt8(ascii: "{"), let isArchive = pytorch(bytes) {
      throw FormatError(path: path, .safetensors(.pytorch(isArchive: isArchive)))
    }
    guard length <= lengthLimit else {
      throw FormatError(
        path: path, .safetensors(.headerTooLong(length: length, limit: lengthLimit)))
    }
    guard Int(length) <= bytes.count - 8 else {
      throw FormatError(
        path: path, .safetensors(.headerBeyondFile(length: length, size: bytes.count)))
    }
    guard bytes[8] == UInt8(ascii: "{") else {
      throw FormatError(path: path, .safetensors(.headerStart(bytes[8])))
    }
    return Int(length)
  }

  /// Whether bytes that are no safetensors file begin as one of `torch.save` does: as an archive
  /// (true) or as a pickle of protocol 2 to 5 (false); nil for neither.
  private static func pytorch(_ bytes: [UInt8]) -> Bool? {
    if bytes.starts(with: [0x50, 0x4B, 0x03, 0x04]) { return true }
    return bytes[0] == 0x80 && (2...5).contains(bytes[1]) ? false : nil
  }

  private static func strings(
    _ parser: inout JSONParser, path: String
  ) throws -> [String: String] {
    guard parser.current == UInt8(ascii: "{") else {
      parser.allow(values: valuesOfTensor)
      if try parser.value(depth: 1) == .null { return [:] }
      throw FormatError(path: path, .safetensors(.metadata(key: metadataKey)))
    }
    var strings: [String: String] = [:]
    try parser.object(depth: 2) { parser, key in
      guard strings[key] == nil else { return false }
      guard strings.count < metadataLimit else {
        throw FormatError(path: path, .safetensors(.tooMany("metadata", limit: metadataLimit)))
      }
      guard parser.current == UInt8(ascii: "\"") else {
        throw FormatError(path: path, .safetensors(.metadata(key: key)))
      }
      strings[key] = try parser.string()
      return true
    }
    return strings
  }

  /// One tensor, its range moved from the data's beginning to the file's.
  private static func entry(
    _ name: String, _ json: JSONValue, dataStart: Int, path: String
  ) throws -> Safetensors.Entry {
    func refuse(_ fault: SafetensorsFault) -> FormatError {
      FormatError(path: path, .safetensors(fault))
    }
    guard let typeName = json["dtype"]?.stringValue else {
      throw refuse(.entry(tensor: name, problem: "it has no dtype"))
    }
    guard let type = Safetensors.ElementType(rawValue: typeName) else {
      throw refuse(.elementType(tensor: name, typeName))
    }
    guard let shape = naturals(json["shape"]) else {
      throw refuse(.entry(tensor: name, problem: "its shape is not a list of whole numbers"))
    }
    guard shape.count <= rankLimit else {
      throw refuse(.entry(tensor: name, problem: "its shape has more than \(rankLimit) axes"))
    }
    guard let offsets = naturals(json["data_offsets"]), offsets.count == 2,
      offsets[0] <= offsets[1], offsets[1] <= .max - dataStart
    else {
      throw refuse(.entry(tensor: name, problem: "its data_offsets are not two rising numbers"))
    }
    guard let bits = checkedProduct(shape + [type.bitCount]) else {
      throw refuse(.overflow(tensor: name, shape: shape))
    }
    let found = offsets[1] - offsets[0]
    guard bits % 8 == 0, bits / 8 == found else {
      throw refuse(
        .byteCount(
          tensor: name, shape: shape, type: typeName, expected: (bits + 7) / 8, found: found))
    }
    return Safetensors.Entry(
      name: name, type: type, shape: shape,
      range: dataStart + offsets[0]..<dataStart + offsets[1])
  }

  private static func naturals(_ json: JSONValue?) -> [Int]? {
    guard let elements = json?.arrayValue else { return nil }
    let numbers = elements.compactMap(\.intValue).filter { $0 >= 0 }
    return numbers.count == elements.count ? numbers : nil
  }

  /// Checks that the tensors follow each other without gap or overlap, and fill the file.
  private func checkCoverage(from start: Int, to end: Int) throws {
    var position = start
    for entry in entries {
      guard entry.range.lowerBound == position else {
        throw FormatError(
          path: path,
          .safetensors(
            .offsets(
              tensor: entry.name, begin: entry.range.lowerBound - start,
              end: entry.range.upperBound - start, expectedBegin: position - start)))
      }
      position = entry.range.upperBound
    }
    guard position == end else {
      throw FormatError(
        path: path, .safetensors(.dataSize(expected: position - start, found: end - start)))
    }
  }
}
