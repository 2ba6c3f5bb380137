// SPDX-License-Identifier: Apache-2.0

internal import Formats

// Containers whose checksums are right whatever is in them: changed at random, a checksum is wrong
// in nearly every input, and what lies behind it is never reached.

extension FuzzReader {
  /// The file that an input of the fuzzer stands for.
  ///
  /// That of `png` has its chunks' checksums set right, `sparse` is members of an archive, and any
  /// other input is the file itself.
  package func file(from input: [UInt8]) -> [UInt8] {
    switch self {
    case .png: withChunkChecksums(input)
    case .sparse: ZIPWriter.archive(ofPieces: input)
    default: input
    }
  }
}

/// A PNG file with the checksum of each whole chunk set right.
private func withChunkChecksums(_ bytes: [UInt8]) -> [UInt8] {
  var (file, start) = (bytes, 8)
  while start + 12 <= file.count {
    let length = file[start..<start + 4].reduce(0) { $0 << 8 | Int($1) }
    guard length <= file.count - start - 12 else { break }
    let end = start + 8 + length
    let sum = CRC32.of(file[start + 4..<end])
    for place in 0..<4 { file[end + place] = UInt8(truncatingIfNeeded: sum >> (24 - 8 * place)) }
    start = end + 4
  }
  return file
}

/// CRC-32 as of gzip, zip and PNG.
enum CRC32 {
  private static let table: [UInt32] = (0..<256).map { index in
    (0..<8).reduce(UInt32(index)) { value, _ in
      value & 1 == 1 ? 0xEDB8_8320 ^ value >> 1 : value >> 1
    }
  }

  static func of(_ bytes: some Sequence<UInt8>) -> UInt32 {
    ~bytes.reduce(~0) { table[Int(($0 ^ UInt32($1)) & 0xFF)] ^ $0 >> 8 }
  }
}

/// A zip archive of small members, stored or deflated.
enum ZIPWriter {
  /// Names of members by the byte that stands for them.
  static let names = [
    "format", "shape", "data", "indptr", "indices", "row", "col", "x", "y", "x_train", "y_train",
    "x_test", "train_images", "train_labels", "label", "\u{1B}[2J",
  ]

  /// The archive of pieces: a byte for name and packing, two for the length, and the contents.
  static func archive(ofPieces input: [UInt8]) -> [UInt8] {
    var (members, start) = ([(name: String, contents: [UInt8], packed: Bool)](), 0)
    while start + 3 <= input.count, members.count < 32 {
      let (kind, length) = (input[start], Int(input[start + 1]) | Int(input[start + 2]) << 8)
      let end = min(start + 3 + length, input.count)
      members.append(
        (names[Int(kind & 15)] + ".npy", Array(input[start + 3..<end]), kind & 16 != 0))
      start = end
    }
    return archive(members)
  }

  /// The pieces of which `archive(ofPieces:)` makes an archive.
  static func pieces(_ members: [(name: String, contents: [UInt8])], packed: Bool) -> [UInt8] {
    members.flatMap { name, contents -> [UInt8] in
      let kind = UInt8(names.firstIndex(of: name) ?? 0) | (packed ? 16 : 0)
      return [kind] + little(contents.count, 2) + contents
    }
  }

  static func archive(_ members: [(name: String, contents: [UInt8], packed: Bool)]) -> [UInt8] {
    var (file, list): ([UInt8], [UInt8]) = ([], [])
    for (name, contents, packed) in members {
      // A gzip member is deflated data between a head of 10 bytes and an end of 8.
      let data = packed ? Array(Gzip.compress(contents).dropFirst(10).dropLast(8)) : contents
      var common: [UInt8] = little(20, 2) + little(0, 2)
      common += little(packed ? 8 : 0, 2) + little(0, 4)
      common += little(Int(CRC32.of(contents)), 4)
      common += little(data.count, 4) + little(contents.count, 4)
      common += little(name.utf8.count, 2) + little(0, 2)
      list += [0x50, 0x4B, 1, 2] + little(20, 2) + common
      list += little(0, 10) + little(file.count, 4)
      list += Array(name.utf8)
      file += [0x50, 0x4B, 3, 4] + common
      file += Array(name.utf8)
      file += data
    }
    var end: [UInt8] = [0x50, 0x4B, 5, 6] + little(0, 4)
    end += little(members.count, 2) + little(members.count, 2)
    end += little(list.count, 4) + little(file.count, 4)
    return file + list + end + little(0, 2)
  }

  private static func little(_ number: Int, _ size: Int) -> [UInt8] {
    (0..<size).map { $0 < 8 ? UInt8(truncatingIfNeeded: number >> (8 * $0)) : 0 }
  }
}
