// SPDX-License-Identifier: Apache-2.0

internal import CKernels

/// The SHA-256 hash (FIPS 180-4), fed piece by piece.
///
/// It recognises files and data; it guards no secrets.
package struct SHA256: Sendable {
  private var state: SIMD8<UInt32> = [
    0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a,
    0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19,
  ]
  /// Bytes that do not fill a block yet; always fewer than 64.
  private var pending: [UInt8] = []
  private var byteCount: UInt64 = 0

  /// Whether the CPU's own instructions for this are used, at five times the speed.
  private let hasInstructions: Bool

  /// The hash of nothing so far.
  ///
  /// - Parameter usingInstructions: Whether the CPU's instructions may be used, where it has them.
  package init(usingInstructions: Bool = true) {
    hasInstructions = usingInstructions && elbo_has_sha256() != 0
  }

  /// Adds `bytes` to what is hashed.
  package mutating func update(_ bytes: some Collection<UInt8>) {
    let done: Void? = bytes.withContiguousStorageIfAvailable { update(UnsafeRawBufferPointer($0)) }
    if done == nil { Array(bytes).withUnsafeBytes { update($0) } }
  }

  /// Adds the bytes of `buffer` to what is hashed.
  package mutating func update(_ buffer: UnsafeRawBufferPointer) {
    byteCount &+= UInt64(buffer.count)
    var rest = buffer[...]
    if !pending.isEmpty {
      let missing = rest.prefix(64 - pending.count)
      pending += missing
      rest = rest.dropFirst(missing.count)
      guard pending.count == 64 else { return }
      pending.withUnsafeBytes { Self.compress($0, into: &state, hasInstructions) }
      pending.removeAll(keepingCapacity: true)
    }
    let whole = rest.prefix(rest.count & ~63)
    Self.compress(UnsafeRawBufferPointer(rebasing: whole), into: &state, hasInstructions)
    pending += rest.dropFirst(whole.count)
  }

  /// The 32 bytes of the hash of all bytes so far.
  package func digest() -> [UInt8] {
    var padded = pending + [0x80]
    padded += [UInt8](repeating: 0, count: (120 - padded.count) % 64)
    let bitCount = byteCount &* 8
    padded += (0..<8).reversed().map { UInt8(truncatingIfNeeded: bitCount >> ($0 * 8)) }
    var state = state
    padded.withUnsafeBytes { Self.compress($0, into: &state, hasInstructions) }
    return (0..<32).map { UInt8(truncatingIfNeeded: state[$0 / 4] >> (24 - $0 % 4 * 8)) }
  }

  /// The hash as 64 hexadecimal digits, as `sha256sum` prints it.
  package func hexadecimal() -> String {
    digest().map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }

  /// The hash of `bytes` as 64 hexadecimal digits.
  package static func hexadecimal(of bytes: some Collection<UInt8>) -> String {
    var hash = SHA256()
    hash.update(bytes)
    return hash.hexadecimal()
  }
}

extension SHA256 {
  /// Mixes whole blocks of 64 bytes into `state`.
  private static func compress(
    _ bytes: UnsafeRawBufferPointer, into state: inout SIMD8<UInt32>, _ hasInstructions: Bool
  ) {
    guard hasInstructions, let start = bytes.baseAddress else {
      return compress(bytes, into: &state)
    }
    withUnsafeMutableBytes(of: &state) { words in
      guard let words = words.baseAddress else { return }
      elbo_sha256_blocks(bytes.count / 64, start, roundConstants, words)
    }
  }

  /// The same on any CPU.
  private static func compress(_ bytes: UnsafeRawBufferPointer, into state: inout SIMD8<UInt32>) {
    withUnsafeTemporaryAllocation(of: UInt32.self, capacity: 64) { schedule in
      roundConstants.withUnsafeBufferPointer { constants in
        for start in stride(from: 0, to: bytes.count, by: 64) {
          expand(bytes, from: start, into: schedule)
          state &+= rounds(state, schedule, constants)
        }
      }
    }
  }

  /// The message schedule W of FIPS 180-4, section 6.2.2, step 1.
  @inline(__always)
  private static func expand(
    _ bytes: UnsafeRawBufferPointer, from start: Int,
    into w: UnsafeMutableBufferPointer<UInt32>
  ) {
    for t in 0..<16 {
      w[t] = bytes.loadUnaligned(fromByteOffset: start + 4 * t, as: UInt32.self).bigEndian
    }
    for t in 16..<64 {
      let (a, b) = (w[t - 15], w[t - 2])
      let s0 = rotate(a, 7) ^ rotate(a, 18) ^ a >> 3
      let s1 = rotate(b, 17) ^ rotate(b, 19) ^ b >> 10
      w[t] = w[t - 16] &+ s0 &+ w[t - 7] &+ s1
    }
  }

  /// The 64 rounds of section 6.2.2, step 3.
  @inline(__always)
  private static func rounds(
    _ state: SIMD8<UInt32>, _ w: UnsafeMutableBufferPointer<UInt32>,
    _ k: UnsafeBufferPointer<UInt32>
  ) -> SIMD8<UInt32> {
    var (a, b, c, d) = (state[0], state[1], state[2], state[3])
    var (e, f, g, h) = (state[4], state[5], state[6], state[7])
    for t in 0..<64 {
      let s1 = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)
      let t1 = h &+ s1 &+ (g ^ (e & (f ^ g))) &+ k[t] &+ w[t]
      let s0 = rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)
      let t2 = s0 &+ ((a & b) | (c & (a | b)))
      (h, g, f, e) = (g, f, e, d &+ t1)
      (d, c, b, a) = (c, b, a, t1 &+ t2)
    }
    return [a, b, c, d, e, f, g, h]
  }

  @inline(__always)
  private static func rotate(_ word: UInt32, _ count: UInt32) -> UInt32 {
    word &>> count | word &<< (32 &- count)
  }

  /// The first 32 bits of the fractional parts of the cube roots of the first 64 primes.
  private static let roundConstants: [UInt32] = [
    0x428a_2f98, 0x7137_4491, 0xb5c0_fbcf, 0xe9b5_dba5, 0x3956_c25b, 0x59f1_11f1, 0x923f_82a4,
    0xab1c_5ed5, 0xd807_aa98, 0x1283_5b01, 0x2431_85be, 0x550c_7dc3, 0x72be_5d74, 0x80de_b1fe,
    0x9bdc_06a7, 0xc19b_f174, 0xe49b_69c1, 0xefbe_4786, 0x0fc1_9dc6, 0x240c_a1cc, 0x2de9_2c6f,
    0x4a74_84aa, 0x5cb0_a9dc, 0x76f9_88da, 0x983e_5152, 0xa831_c66d, 0xb003_27c8, 0xbf59_7fc7,
    0xc6e0_0bf3, 0xd5a7_9147, 0x06ca_6351, 0x1429_2967, 0x27b7_0a85, 0x2e1b_2138, 0x4d2c_6dfc,
    0x5338_0d13, 0x650a_7354, 0x766a_0abb, 0x81c2_c92e, 0x9272_2c85, 0xa2bf_e8a1, 0xa81a_664b,
    0xc24b_8b70, 0xc76c_51a3, 0xd192_e819, 0xd699_0624, 0xf40e_3585, 0x106a_a070, 0x19a4_c116,
    0x1e37_6c08, 0x2748_774c, 0x34b0_bcb5, 0x391c_0cb3, 0x4ed8_aa4a, 0x5b9c_ca4f, 0x682e_6ff3,
    0x748f_82ee, 0x78a5_636f, 0x84c8_7814, 0x8cc7_0208, 0x90be_fffa, 0xa450_6ceb, 0xbef9_a3f7,
    0xc671_78f2,
  ]
}
