// SPDX-License-Identifier: Apache-2.0

internal import CDeflate
internal import CZlib

/// Gzip files (RFC 1952): of one sound member through libdeflate, of any other kind through zlib, which
/// knows streams and says what is wrong.
package enum Gzip {
  /// Deflate cannot make more than 1032 bytes out of one, so a larger promise is a false one.
  package static let largestRatio = 1032

  /// Whether `bytes` begins as a gzip file does, whatever its name says.
  package static func isGzip(_ bytes: some Collection<UInt8>) -> Bool {
    bytes.starts(with: [0x1F, 0x8B])
  }

  /// Unpacks all members of a gzip file and checks the CRC and length of each.
  ///
  /// Memory grows with the bytes really unpacked, never with what the file promises.
  ///
  /// - Parameters:
  ///   - bytes: The whole file; zeros after the last member are padding and ignored.
  ///   - path: Its path, for the error.
  ///   - limit: The most bytes it may unpack to; a decompression bomb stops there.
  /// - Returns: The contents.
  /// - Throws: `FormatError`.
  package static func decompress(_ bytes: [UInt8], path: String, limit: Int) throws -> [UInt8] {
    guard isGzip(bytes) else { throw FormatError(path: path, .gzipExpected) }
    if let whole = soundMember(bytes, limit: limit) { return whole }
    return try bytes.withUnsafeBufferPointer { input in
      var inflater = try Inflater(input, path: path)
      var output: [UInt8] = []
      var room = min(limit, promisedSize(bytes))
      repeat {
        // One byte more than allowed: filling it is how too long a content shows.
        let chunk = try inflater.next(atMost: room + 1)
        if output.isEmpty { output = chunk } else { output += chunk }
        guard output.count <= limit else {
          throw FormatError(path: path, .unpacksBeyond(limit: limit))
        }
        room = min(limit - output.count, max(output.count, 1 << 20))
      } while !inflater.isFinished
      return output
    }
  }

  /// The contents of a file that is one member, unpacks to what it promises, and no more than `limit`;
  /// nil of any other.
  private static func soundMember(_ bytes: [UInt8], limit: Int) -> [UInt8]? {
    let size = promisedSize(bytes)
    guard size <= limit, let decompressor = libdeflate_alloc_decompressor() else { return nil }
    defer { libdeflate_free_decompressor(decompressor) }
    var (isSound, consumed) = (false, 0)
    let contents = [UInt8](unsafeUninitializedCapacity: size) { output, count in
      let result = libdeflate_gzip_decompress_ex(
        decompressor, bytes, bytes.count, output.baseAddress, size, &consumed, &count)
      isSound = result == LIBDEFLATE_SUCCESS && consumed == bytes.count
      if !isSound { count = 0 }
    }
    return isSound ? contents : nil
  }

  /// Unpacks only the first `count` bytes, or fewer where the contents are shorter.
  ///
  /// - Throws: `FormatError`.
  package static func prefix(_ count: Int, of bytes: [UInt8], path: String) throws -> [UInt8] {
    guard isGzip(bytes) else { throw FormatError(path: path, .gzipExpected) }
    return try bytes.withUnsafeBufferPointer { input in
      var inflater = try Inflater(input, path: path)
      return try inflater.next(atMost: count)
    }
  }

  /// Packs `bytes` into one gzip member without name or time: the same bytes each time.
  ///
  /// - Parameters:
  ///   - bytes: The contents.
  ///   - level: From 1 (fast) to 9 (small).
  /// - Returns: The bytes of the gzip file.
  package static func compress(_ bytes: [UInt8], level: Int = 6) -> [UInt8] {
    precondition((1...9).contains(level), "the gzip level is from 1 to 9, not \(level)")
    let stream = startDeflate(level: level)
    defer {
      deflateEnd(stream)
      stream.deallocate()
    }
    var output: [UInt8] = []
    bytes.withUnsafeBufferPointer { input in
      var rest = input[...]
      var result = Z_OK
      while result != Z_STREAM_END {
        if stream.pointee.avail_in == 0 { hand(&rest, to: stream) }
        output += [UInt8](unsafeUninitializedCapacity: 1 << 18) { chunk, count in
          stream.pointee.next_out = chunk.baseAddress
          stream.pointee.avail_out = 1 << 18
          result = deflate(stream, rest.isEmpty ? Z_FINISH : Z_NO_FLUSH)
          count = 1 << 18 - Int(stream.pointee.avail_out)
        }
      }
    }
    return output
  }

  // Streams live on the heap, because zlib keeps and checks their address.
  private static func startDeflate(level: Int) -> UnsafeMutablePointer<z_stream> {
    let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
    stream.initialize(to: z_stream())
    let code = deflateInit2_(
      stream, Int32(level), Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION,
      Int32(MemoryLayout<z_stream>.size))
    precondition(code == Z_OK, "zlib could not start (code \(code)): out of memory")
    return stream
  }

  /// Makes the next part of `rest`, as much as zlib can count, the input of `stream`.
  fileprivate static func hand(
    _ rest: inout Slice<UnsafeBufferPointer<UInt8>>, to stream: UnsafeMutablePointer<z_stream>
  ) {
    let part = UnsafeBufferPointer(rebasing: rest.prefix(1 << 30))
    stream.pointee.next_in = UnsafeMutablePointer(mutating: part.baseAddress)
    stream.pointee.avail_in = UInt32(part.count)
    rest = rest.dropFirst(part.count)
  }

  /// What the last four bytes say, as far as it is possible at all.
  private static func promisedSize(_ bytes: [UInt8]) -> Int {
    let size = bytes.suffix(4).reversed().reduce(0) { $0 << 8 | Int($1) }
    return min(max(size, 1 << 16), bytes.count.multipliedReportingOverflow(by: largestRatio).0)
  }
}

/// A gzip stream being unpacked; `input` must outlive it.
private struct Inflater: ~Copyable {
  private let stream: UnsafeMutablePointer<z_stream>
  private let input: UnsafeBufferPointer<UInt8>
  /// The input that has not been handed to zlib yet.
  private var rest: Slice<UnsafeBufferPointer<UInt8>>
  private let path: String
  private(set) var isFinished = false

  init(_ input: UnsafeBufferPointer<UInt8>, path: String) throws {
    self.input = input
    self.path = path
    rest = input[...]
    stream = .allocate(capacity: 1)
    stream.initialize(to: z_stream())
    let code = inflateInit2_(stream, 15 + 16, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
    guard code == Z_OK else {
      throw FormatError(path: path, .gzipDamaged(offset: 0, reason: "zlib code \(code)"))
    }
  }

  deinit {
    inflateEnd(stream)
    stream.deallocate()
  }

  private var consumed: Int { rest.startIndex - Int(stream.pointee.avail_in) }

  /// The next bytes of the contents: `limit` of them, or fewer at the end.
  mutating func next(atMost limit: Int) throws -> [UInt8] {
    try [UInt8](unsafeUninitializedCapacity: limit) { chunk, count in
      while count < limit && !isFinished {
        count += try step(into: UnsafeMutableBufferPointer(rebasing: chunk[count..<limit]))
      }
    }
  }

  /// One call of zlib; returns the number of bytes it put out.
  private mutating func step(into room: UnsafeMutableBufferPointer<UInt8>) throws -> Int {
    if stream.pointee.avail_in == 0 { Gzip.hand(&rest, to: stream) }
    let asked = min(room.count, 1 << 30)
    stream.pointee.next_out = room.baseAddress
    stream.pointee.avail_out = UInt32(asked)
    switch inflate(stream, Z_NO_FLUSH) {
    case Z_OK: break
    case Z_STREAM_END: try finishMember()
    case Z_BUF_ERROR where consumed == input.count:
      throw FormatError(path: path, .gzipTruncated)
    case let code:
      let reason = stream.pointee.msg.map { String(cString: $0) } ?? "zlib code \(code)"
      throw FormatError(path: path, .gzipDamaged(offset: consumed, reason: reason))
    }
    return asked - Int(stream.pointee.avail_out)
  }

  /// Goes on to the next member, or finishes at the end or at padding.
  private mutating func finishMember() throws {
    let rest = input[consumed...]
    if Gzip.isGzip(rest) {
      inflateReset(stream)
    } else if rest.allSatisfy({ $0 == 0 }) {
      isFinished = true
    } else {
      throw FormatError(path: path, .gzipTrailing(offset: consumed))
    }
  }
}
