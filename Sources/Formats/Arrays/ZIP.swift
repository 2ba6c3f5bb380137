// SPDX-License-Identifier: Apache-2.0

internal import CDeflate
internal import CZlib

/// A zip archive whose members are stored or deflated, as `numpy.savez` writes it, beyond 4 GB too.
///
/// What the list at the end of the file says is held against the file before memory is taken.
///
/// - Source: PKWARE, APPNOTE.TXT, "ZIP File Format Specification", version 6.3.10.
package struct ZIPArchive: Sendable {
  /// A file in the archive.
  package struct Member: Sendable, Equatable {
    /// Its name, with folders.
    package let name: String
    /// Its size in bytes when unpacked.
    package let size: Int
    fileprivate let method: UInt16
    fileprivate let isEncrypted: Bool
    fileprivate let packedSize: Int
    fileprivate let checksum: UInt32
    fileprivate let headerOffset: Int
  }

  /// The path of the archive.
  package let path: String
  /// The files in it, in the order of its list.
  package let members: [Member]
  private let file: MappedFile

  /// Whether bytes begin as those of a zip archive, an empty one included.
  package static func isZIP(_ bytes: some Collection<UInt8>) -> Bool {
    bytes.starts(with: [0x50, 0x4B, 3, 4]) || bytes.starts(with: [0x50, 0x4B, 5, 6])
  }

  /// Opens the archive at `path` and reads its list.
  ///
  /// - Throws: `FileError` or `FormatError`.
  package init(_ path: String) throws {
    file = try MappedFile(path)
    self.path = path
    members = try ZIPDirectory(file.bytes, path: path).members()
  }

  /// The contents of a member.
  ///
  /// - Throws: `FormatError` where it is damaged, encrypted, or packed in another way.
  package func contents(of member: Member) throws -> [UInt8] {
    let packed = try packedBytes(of: member)
    let contents: [UInt8]
    if member.method == 0 {
      contents = Array(packed)
    } else {
      guard let decompressor = libdeflate_alloc_decompressor() else {
        throw fault(member, "cannot be unpacked, for want of memory")
      }
      defer { libdeflate_free_decompressor(decompressor) }
      var isSound = false
      contents = [UInt8](unsafeUninitializedCapacity: member.size) { output, count in
        // An empty array may have no address, which libdeflate takes for no place at all.
        var empty: UInt8 = 0
        isSound = withUnsafeMutablePointer(to: &empty) {
          libdeflate_deflate_decompress(
            decompressor, packed.baseAddress, packed.count, output.baseAddress ?? $0, member.size,
            nil) == LIBDEFLATE_SUCCESS
        }
        count = isSound ? member.size : 0
      }
      guard isSound else { throw fault(member, "is damaged; get the archive again") }
    }
    guard
      contents.withUnsafeBytes({ libdeflate_crc32(0, $0.baseAddress, $0.count) })
        == member.checksum || contents.isEmpty && member.checksum == 0
    else { throw fault(member, "is damaged (its checksum is another); get the archive again") }
    return contents
  }

  /// The first bytes of a member, `count` or fewer where it is shorter, without a check of the rest.
  ///
  /// - Throws: `FormatError`.
  package func prefix(_ count: Int, of member: Member) throws -> [UInt8] {
    let packed = try packedBytes(of: member)
    let wanted = min(count, member.size)
    if member.method == 0 { return Array(packed.prefix(wanted)) }
    let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
    stream.initialize(to: z_stream())
    defer { stream.deallocate() }
    // Negative bits: deflated data without a header.
    let code = inflateInit2_(stream, -15, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
    guard code == Z_OK else { throw fault(member, "cannot be unpacked (zlib code \(code))") }
    defer { inflateEnd(stream) }
    let input = packed.prefix(1 << 28)
    return try [UInt8](unsafeUninitializedCapacity: wanted) { output, filled in
      stream.pointee.next_in = UnsafeMutablePointer(
        mutating: packed.baseAddress?.assumingMemoryBound(to: UInt8.self))
      stream.pointee.avail_in = UInt32(input.count)
      stream.pointee.next_out = output.baseAddress
      stream.pointee.avail_out = UInt32(wanted)
      let code = inflate(stream, Z_SYNC_FLUSH)
      guard [Z_OK, Z_STREAM_END, Z_BUF_ERROR].contains(code) else {
        throw fault(member, "is damaged; get the archive again")
      }
      filled = wanted - Int(stream.pointee.avail_out)
    }
  }

  private func fault(_ member: Member, _ words: String) -> FormatError {
    FormatError(path: path, .zip("has a member '\(member.name.shown())' that \(words)"))
  }

  /// The bytes of a member as they lie in the file, which can hold as many as it promises.
  private func packedBytes(of member: Member) throws -> UnsafeRawBufferPointer {
    guard !member.isEncrypted else {
      throw fault(member, "is encrypted; unpack the archive and name the file")
    }
    guard member.method == 0 || member.method == 8 else {
      throw fault(
        member,
        "is packed by method \(member.method) where stored (0) or deflated (8) is expected; save it"
          + " with numpy.savez_compressed, or unpack the archive")
    }
    let bytes = file.bytes
    let header = member.headerOffset
    guard header <= bytes.count - 30, bytes.littleEndian(header, as: UInt32.self) == 0x0403_4B50
    else { throw fault(member, "is not where the list says; get the archive again") }
    // Names and notes before the data have lengths of their own, which the list does not know.
    let start =
      header + 30 + Int(bytes.littleEndian(header + 26, as: UInt16.self))
      + Int(bytes.littleEndian(header + 28, as: UInt16.self))
    guard start <= bytes.count, member.packedSize <= bytes.count - start else {
      throw fault(member, "goes on after the end of the file; it is truncated, so get it again")
    }
    let (possible, overflow) = member.packedSize.multipliedReportingOverflow(
      by: Gzip.largestRatio)
    guard
      member.method == 0 ? member.size == member.packedSize : overflow || member.size <= possible
    else {
      throw fault(
        member,
        "promises \(member.size) bytes where its \(member.packedSize) packed ones cannot hold them;"
          + " get the archive again")
    }
    return UnsafeRawBufferPointer(rebasing: bytes[start..<start + member.packedSize])
  }

  /// The list of an archive, at its end.
  private struct ZIPDirectory {
    let bytes: UnsafeRawBufferPointer
    let path: String

    init(_ bytes: UnsafeRawBufferPointer, path: String) { (self.bytes, self.path) = (bytes, path) }

    private func fault(_ words: String) -> FormatError { FormatError(path: path, .zip(words)) }

    func members() throws -> [Member] {
      let (count, size, offset) = try place()
      guard offset >= 0, size >= 0, offset <= bytes.count, size <= bytes.count - offset,
        count <= size / 46
      else { throw fault("has a damaged list of members; get the archive again") }
      var members: [Member] = []
      members.reserveCapacity(count)
      var position = offset
      for _ in 0..<count {
        guard position <= offset + size - 46,
          bytes.littleEndian(position, as: UInt32.self) == 0x0201_4B50
        else { throw fault("has a damaged list of members; get the archive again") }
        let lengths = [28, 30, 32].map { Int(bytes.littleEndian(position + $0, as: UInt16.self)) }
        let end = position + 46 + lengths.reduce(0, +)
        guard end <= offset + size else {
          throw fault("has a damaged list of members; get the archive again")
        }
        members.append(try member(at: position, name: lengths[0], extra: lengths[1]))
        position = end
      }
      return members
    }

    /// Where the list is: the record at the end of the file, and the larger one that it may stand for.
    private func place() throws -> (count: Int, size: Int, offset: Int) {
      let last = bytes.count - 22
      // A comment of up to 65,535 bytes may follow.
      let first = max(0, last - 65_535)
      guard last >= 0,
        let end = (first...last).reversed().first(where: {
          bytes.littleEndian($0, as: UInt32.self) == 0x0605_4B50
            && $0 + 22 + Int(bytes.littleEndian($0 + 20, as: UInt16.self)) <= bytes.count
        })
      else {
        throw fault(
          "has no list of members at its end, where a zip archive has one; it is truncated or no"
            + " archive")
      }
      let locator = end - 20
      if locator >= 0, bytes.littleEndian(locator, as: UInt32.self) == 0x0706_4B50 {
        guard let record = Int(exactly: bytes.littleEndian(locator + 8, as: UInt64.self)),
          record <= bytes.count - 56, bytes.littleEndian(record, as: UInt32.self) == 0x0606_4B50,
          let count = Int(exactly: bytes.littleEndian(record + 32, as: UInt64.self)),
          let size = Int(exactly: bytes.littleEndian(record + 40, as: UInt64.self)),
          let offset = Int(exactly: bytes.littleEndian(record + 48, as: UInt64.self))
        else { throw fault("has a damaged list of members; get the archive again") }
        return (count, size, offset)
      }
      return (
        Int(bytes.littleEndian(end + 10, as: UInt16.self)),
        Int(bytes.littleEndian(end + 12, as: UInt32.self)),
        Int(bytes.littleEndian(end + 16, as: UInt32.self))
      )
    }

    private func member(at position: Int, name: Int, extra: Int) throws -> Member {
      let start = position + 46
      // Sizes that 32 bits do not hold stand in the extra field 1, in this order, where they are all
      // ones.
      var wide = try wideNumbers(start + name..<start + name + extra)[...]
      func number(_ offset: Int) throws -> Int {
        let short = bytes.littleEndian(position + offset, as: UInt32.self)
        guard short == .max else { return Int(short) }
        guard let long = wide.popFirst() else {
          throw fault("has a member whose size is missing from its list; get the archive again")
        }
        return long
      }
      let size = try number(24)
      let packed = try number(20)
      let offset = try number(42)
      return Member(
        name: String(decoding: bytes[start..<start + name], as: UTF8.self), size: size,
        method: bytes.littleEndian(position + 10, as: UInt16.self),
        isEncrypted: bytes.littleEndian(position + 8, as: UInt16.self) & 1 != 0,
        packedSize: packed, checksum: bytes.littleEndian(position + 16, as: UInt32.self),
        headerOffset: offset)
    }

    private func wideNumbers(_ range: Range<Int>) throws -> [Int] {
      var position = range.lowerBound
      while position + 4 <= range.upperBound {
        let kind = bytes.littleEndian(position, as: UInt16.self)
        let length = Int(bytes.littleEndian(position + 2, as: UInt16.self))
        guard position + 4 + length <= range.upperBound else { break }
        if kind == 1 {
          return try (0..<length / 8).map { index in
            let number = bytes.littleEndian(position + 4 + 8 * index, as: UInt64.self)
            guard let number = Int(exactly: number) else {
              throw fault("promises a member of \(number) bytes; get the archive again")
            }
            return number
          }
        }
        position += 4 + length
      }
      return []
    }
  }
}

extension UnsafeRawBufferPointer {
  /// The number at an offset, least significant byte first.
  fileprivate func littleEndian<Number: FixedWidthInteger & BitwiseCopyable>(
    _ offset: Int, as type: Number.Type
  ) -> Number {
    Number(littleEndian: loadUnaligned(fromByteOffset: offset, as: type))
  }
}
