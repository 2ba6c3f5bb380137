// SPDX-License-Identifier: Apache-2.0

/// The header of a safetensors file, checked before a byte of any tensor is touched.
///
/// Refused, as by the reference implementation: a header above 100 MB or longer than the file; one
/// that is not a JSON object; a name given twice; an unknown element type; shapes whose product
/// overflows or does not fit the byte range; byte ranges that overlap, leave a gap, begin after 0,
/// or do not end exactly at the end of the file.
struct SafetensorsHeader {
  static let lengthLimit = 100_000_000
  private static let metadataKey = "__metadata__"

  /// Where the tensors' bytes begin in the file.
  let dataStart: Int
  let entries: [Safetensors.Entry]
  let metadata: [String: String]

  private let path: String

  init(parsing bytes: [UInt8], path: String) throws {
    let text = try Self.text(of: bytes, path: path)
    // The JSON has three levels; deeper ones are an attack or another file.
    let json = try JSONValue.parse(text, path: path, depthLimit: 8)
    self.path = path
    let start = 8 + text.count
    dataStart = start
    metadata = try Self.strings(json[Self.metadataKey], path: path)
    entries = try (json.members ?? [])
      .filter { $0.key != Self.metadataKey }
      .map { try Self.entry($0.key, $0.value, dataStart: start, path: path) }
      .sorted { left, right in
        (left.range.lowerBound, left.range.upperBound)
          < (right.range.lowerBound, right.range.upperBound)
      }
    try checkCoverage(from: start, to: bytes.count)
  }

  private static func text(of bytes: [UInt8], path: String) throws -> [UInt8] {
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
    return Array(bytes[8..<8 + Int(length)])
  }

  /// Whether bytes that are no safetensors file begin as one of `torch.save` does: as an archive
  /// (true) or as a pickle of protocol 2 to 5 (false); nil for neither.
  private static func pytorch(_ bytes: [UInt8]) -> Bool? {
    if bytes.starts(with: [0x50, 0x4B, 0x03, 0x04]) { return true }
    return bytes[0] == 0x80 && (2...5).contains(bytes[1]) ? false : nil
  }

  private static func strings(_ json: JSONValue?, path: String) throws -> [String: String] {
    guard let json, json != .null else { return [:] }
    guard let members = json.members else {
      throw FormatError(path: path, .safetensors(.metadata(key: metadataKey)))
    }
    var strings: [String: String] = [:]
    for member in members {
      guard let text = member.value.stringValue else {
        throw FormatError(path: path, .safetensors(.metadata(key: member.key)))
      }
      strings[member.key] = text
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
