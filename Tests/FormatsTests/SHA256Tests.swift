// SPDX-License-Identifier: Apache-2.0

import Formats
import TestSupport
import Testing

@Suite("SHA256")
struct SHA256Tests {
  /// FIPS 180-2, appendix B, and the empty message of NIST's CAVP.
  @Test(
    "the vectors of NIST",
    arguments: [
      ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
      ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
      (
        "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
      ),
      (
        "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqr"
          + "lmnopqrsmnopqrstnopqrstu",
        "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1"
      ),
    ])
  func vectors(text: String, digest: String) {
    #expect(SHA256.hexadecimal(of: text.utf8) == digest)
    #expect(withoutInstructions(Array(text.utf8)) == digest)
  }

  @Test("one million letters a")
  func million() {
    #expect(
      SHA256.hexadecimal(of: [UInt8](repeating: 0x61, count: 1_000_000))
        == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0")
  }

  private func withoutInstructions(_ bytes: [UInt8]) -> String {
    var hash = SHA256(usingInstructions: false)
    hash.update(bytes)
    return hash.hexadecimal()
  }

  @Test("the instructions of the CPU give the hash of shifts and additions")
  func instructions() {
    var generator = Xorshift(state: 3)
    for count in [63, 64, 65, 127, 128, 129, 1000, 4096, 10_000] {
      let bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }
      #expect(SHA256.hexadecimal(of: bytes) == withoutInstructions(bytes), "\(count) bytes")
    }
  }

  @Test("pieces of any size give the hash of the whole")
  func pieces() {
    let bytes = (0..<1000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
    let whole = SHA256.hexadecimal(of: bytes)
    for size in [1, 3, 55, 56, 63, 64, 65, 127, 128, 999] {
      var hash = SHA256()
      for start in stride(from: 0, to: bytes.count, by: size) {
        hash.update(bytes[start..<min(start + size, bytes.count)])
      }
      #expect(hash.hexadecimal() == whole, "pieces of \(size) bytes")
    }
  }

  @Test("50 MB take well below a second")
  func speed() {
    let bytes = [UInt8](repeating: 1, count: 50_000_000)
    let time = ContinuousClock().measure { _ = SHA256.hexadecimal(of: bytes) }
    #expect(time < .seconds(4), "took \(time); 0.33 s on an idle machine, the rest is for load")
  }
}
