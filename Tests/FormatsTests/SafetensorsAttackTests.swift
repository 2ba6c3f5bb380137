// SPDX-License-Identifier: Apache-2.0

import Formats
import Testing

/// Malformed files that the tests of huggingface/safetensors (`safetensors/src/tensor.rs`) and its
/// folder `attacks` name, written anew; the names are theirs.
@Suite("Attacks on safetensors")
struct SafetensorsAttackTests {
  private static func file(_ header: String, data: Int = 0, length: UInt64? = nil) -> [UInt8] {
    let length = length ?? UInt64(header.utf8.count)
    return (0..<8).map { UInt8(truncatingIfNeeded: length >> ($0 * 8)) } + Array(header.utf8)
      + [UInt8](repeating: 0, count: data)
  }

  private static func one(_ shape: String, _ offsets: String, name: String = "test") -> String {
    #"{"\#(name)":{"dtype":"I32","shape":\#(shape),"data_offsets":\#(offsets)}}"#
  }

  private static func many(
    _ count: Int, name: (Int) -> String = { "weight_\($0)" }, offsets: (Int) -> String
  ) -> String {
    "{"
      + (0..<count).map {
        #""\#(name($0))":{"dtype":"F32","shape":[2,2],"data_offsets":\#(offsets($0))}"#
      }.joined(separator: ",") + "}"
  }

  /// A name, the file, and words of the sentence in which it is refused.
  static let attacks: [(name: String, bytes: [UInt8], words: String)] = [
    ("header_too_small", [], "at least 10"),
    ("invalid_header_length", file("", length: 60), "at least 10"),
    (
      "header_too_large", file(one("[2,2]", "[0,16]"), data: 16, length: 0xFFFF_FF00_0000_003C),
      "at most 100000000"
    ),
    (
      "abuse_attempt_1, a header longer than the file", file("{}", length: 1000),
      "announces a header of 1000 bytes but holds only 10"
    ),
    ("invalid_header_non_utf8", [1, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0x20], "the byte ff"),
    (
      "a key that is not UTF-8", [5, 0, 0, 0, 0, 0, 0, 0, 0x7B, 0x22, 0xFF, 0x22, 0x7D],
      "not valid UTF-8"
    ),
    ("invalid_header_not_json", [1, 0, 0, 0, 0, 0, 0, 0, 0x7B, 0x20], "ends too early"),
    ("whitespace_start_padded_header", file("\t\n{}\r "), "the byte 09"),
    ("a list for a header", file("[]"), "'['"),
    (
      "json_attack, ten tensors in one place", file(many(10) { _ in "[0,16]" }, data: 16),
      "no overlap, no gap"
    ),
    (
      "overlapping offsets", file(many(2) { "[\($0 * 8),\($0 * 8 + 16)]" }, data: 24),
      "no overlap, no gap"
    ),
    ("a hole", file(many(2) { "[\($0 * 20),\($0 * 20 + 16)]" }, data: 36), "no overlap, no gap"),
    ("a hole at the beginning", file(one("[2,2]", "[4,20]"), data: 20), "no overlap, no gap"),
    (
      "metadata_incomplete_buffer, a polyglot file", file(one("[2,2]", "[0,16]"), data: 50),
      "holds 50 bytes of tensor data where its header describes 16"
    ),
    (
      "metadata_incomplete_buffer, two bytes missing", file(one("[2,2]", "[0,16]"), data: 14),
      "holds 14 bytes of tensor data where its header describes 16"
    ),
    ("invalid_info", file(one("[2,2]", "[0,4]")), "4 bytes where I32 2 x 2 needs 16"),
    ("offsets that fall", file(one("[2,2]", "[16,0]"), data: 16), "two rising numbers"),
    ("negative offsets", file(one("[2,2]", "[-16,0]"), data: 16), "two rising numbers"),
    ("three offsets", file(one("[2,2]", "[0,8,16]"), data: 16), "two rising numbers"),
    (
      "offsets at the end of 64 bits",
      file(one("[0]", "[9223372036854775807,9223372036854775807]")),
      "two rising numbers"
    ),
    (
      "validation_overflow, a length beyond 64 bits",
      file(one("[2,18446744073709551614]", "[0,16]"), data: 16), "not a list of whole numbers"
    ),
    (
      "validation_overflow, in the product",
      file(one("[2,9223372036854775807]", "[0,16]"), data: 16), "impossible shape"
    ),
    (
      "validation_overflow, beside a length of 0",
      file(one("[9223372036854775807,9223372036854775807,0]", "[0,0]")), "impossible shape"
    ),
    ("negative shape", file(one("[-2,-2]", "[0,16]"), data: 16), "not a list of whole numbers"),
    ("fractional shape", file(one("[2.0,2]", "[0,16]"), data: 16), "not a list of whole numbers"),
    (
      "a shape of 65 axes",
      file(one("[" + String(repeating: "1,", count: 64) + "1]", "[0,4]"), data: 4),
      "more than 64 axes"
    ),
    (
      "a shape of a million axes",
      file(one("[" + String(repeating: "1,", count: 1_000_000) + "1]", "[0,4]"), data: 4),
      "more than the 1000 values"
    ),
    (
      "unknown dtype", file(#"{"a":{"dtype":"I33","shape":[],"data_offsets":[0,4]}}"#, data: 4),
      "unknown type"
    ),
    (
      "duplicate keys",
      file(many(2, name: { _ in "w" }) { "[\($0 * 16),\($0 * 16 + 16)]" }, data: 32),
      "appears twice"
    ),
    (
      "duplicate keys in one tensor",
      file(#"{"a":{"dtype":"U8","dtype":"I8","shape":[],"data_offsets":[0,1]}}"#, data: 1),
      "appears twice"
    ),
    (
      "duplicate keys, one of them escaped",
      file(
        #"{"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},"#
          + #""\u0061":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}"#), "appears twice"
    ),
    ("two blocks of metadata", file(#"{"__metadata__":{},"__metadata__":{}}"#), "appears twice"),
    ("a key of metadata twice", file(#"{"__metadata__":{"a":"1","a":"2"}}"#), "appears twice"),
    ("metadata that are no strings", file(#"{"__metadata__":{"a":{"b":"c"}}}"#), "not a string"),
    (
      "nesting of 10,000 levels", file(#"{"a":"# + String(repeating: "[", count: 10_000)),
      "more than 8 levels"
    ),
    (
      "text after the header", file(#"{"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}{}"#),
      "more text follows"
    ),
    ("a NUL byte after the header", file("{}\0"), "more text follows"),
  ]

  @Test(
    "a malformed file is refused in a short sentence that names what is wrong", arguments: attacks)
  func refused(name: String, bytes: [UInt8], words: String) {
    do {
      _ = try Safetensors(bytes: bytes, path: "x")
      Issue.record("\(name) is read")
    } catch {
      let sentence = "\(error)"
      #expect(sentence.contains(words), "\(name): \(sentence)")
      #expect(sentence.count < 500, "\(name): \(sentence)")
    }
  }

  /// What the same tests want to be read.
  static let sound: [(name: String, bytes: [UInt8])] = [
    ("empty_shapes_allowed", file(one("[]", "[0,4]"), data: 4)),
    ("zero_sized_tensor", file(one("[2,0]", "[0,0]"))),
    ("whitespace_padded_header", file("{}\r \t\n")),
    ("metadata that are null", file(#"{"__metadata__":null}"#)),
    (
      "a key that is not known",
      file(#"{"a":{"x":[1],"dtype":"U8","shape":[0],"data_offsets":[0,0]}}"#)
    ),
    (
      "tensors in another order than their bytes",
      file(many(3) { "[\(32 - $0 * 16),\(48 - $0 * 16)]" }, data: 48)
    ),
    (
      "a shape of 64 axes",
      file(one("[" + String(repeating: "1,", count: 63) + "1]", "[0,4]"), data: 4)
    ),
  ]

  @Test("what looks odd but is sound is read", arguments: sound)
  func read(name: String, bytes: [UInt8]) throws {
    _ = try Safetensors(bytes: bytes, path: "x")
  }

  @Test("more tensors or metadata than are read are refused before the rest of the header")
  func counts() {
    let none = #"{"dtype":"U8","shape":[0],"data_offsets":[0,0]}"#
    let tensors = "{" + (0...1 << 17).map { "\"\($0)\":\(none)" }.joined(separator: ",") + "}"
    let strings = (0...1 << 16).map { "\"\($0)\":\"\"" }.joined(separator: ",")
    let metadata = #"{"__metadata__":{"# + strings + "}}"
    for (header, fault) in [
      (tensors, SafetensorsFault.tooMany("tensors", limit: 1 << 17)),
      (metadata, .tooMany("metadata", limit: 1 << 16)),
    ] {
      #expect(throws: FormatError(path: "x", .safetensors(fault))) {
        try Safetensors(bytes: Self.file(header), path: "x")
      }
    }
  }
}
