// SPDX-License-Identifier: Apache-2.0

import Formats
import TestSupport
import Testing

@Suite("Safetensors")
struct SafetensorsTests {
  /// A file with the given header text and data, its length field set to fit.
  private func file(_ header: String, data: Int = 0) -> [UInt8] {
    let text = Array(header.utf8)
    return (0..<8).map { UInt8(truncatingIfNeeded: text.count >> ($0 * 8)) } + text
      + [UInt8](repeating: 0, count: data)
  }

  private func expect(_ fault: SafetensorsFault, _ bytes: [UInt8]) {
    #expect(throws: FormatError(path: "x", .safetensors(fault))) {
      try Safetensors(bytes: bytes, path: "x")
    }
  }

  @Test("tensors and metadata round-trip through a file")
  func roundTrip() throws {
    try withTemporaryFolder { folder in
      let path = "\(folder)/model.safetensors"
      let tensors = [
        Safetensors.Tensor(name: "w", shape: [2, 3], [1, 2, 3, 4, 5, -0.5] as [Float]),
        Safetensors.Tensor(name: "b", shape: [], [.pi] as [Double]),
        Safetensors.Tensor(name: "none", shape: [0, 5], [] as [Float]),
      ]
      try Safetensors.write(tensors, metadata: ["epoch": "3", "a \"b\"": "é"], to: path)
      let back = try Safetensors(path: path)
      #expect(back.metadata == ["epoch": "3", "a \"b\"": "é"])
      #expect(try back.floats("w") == [1, 2, 3, 4, 5, -0.5])
      #expect(try back.doubles("w") == [1, 2, 3, 4, 5, -0.5])
      #expect(try back.doubles("b") == [.pi] && back.floats("b") == [Float.pi.nextUp])
      #expect(try back.entry("none").shape == [0, 5] && back.floats("none").isEmpty)
      #expect(try back.entry("w").type == .f32 && back.entry("w").count == 6)
      #expect(try readFile(path) == Safetensors.encoded(tensors, metadata: back.metadata))
    }
  }

  @Test("the bytes of a small file, by hand")
  func knownAnswer() {
    let tensor = Safetensors.Tensor(name: "t", shape: [1], [1] as [Float])
    let header = #"{"t":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#
    #expect(header.utf8.count == 54)
    #expect(
      Safetensors.encoded([tensor])
        == [56, 0, 0, 0, 0, 0, 0, 0] + Array("\(header)  ".utf8) + [0, 0, 0x80, 0x3F])
  }

  @Test("wider elements come first, so that each tensor begins aligned")
  func alignment() throws {
    let tensors = [
      Safetensors.Tensor(name: "byte", type: .u8, shape: [3], bytes: [1, 2, 3]),
      Safetensors.Tensor(name: "float", shape: [1], [1] as [Float]),
      Safetensors.Tensor(name: "second", shape: [1], [2] as [Double]),
      Safetensors.Tensor(name: "first", shape: [1], [1] as [Double]),
    ]
    let file = try Safetensors(bytes: Safetensors.encoded(tensors), path: "x")
    #expect(file.entries.map(\.name) == ["second", "first", "float", "byte"])
    for entry in file.entries { #expect(entry.range.lowerBound % (entry.type.bitCount / 8) == 0) }
    #expect(try Array(file.bytes(of: "byte")) == [1, 2, 3])
  }

  @Test("F16 and BF16 convert")
  func halves() throws {
    let tensors = [
      Safetensors.Tensor(name: "half", type: .f16, shape: [2], bytes: [0, 0x3C, 0, 0xC0]),
      Safetensors.Tensor(name: "brain", type: .bf16, shape: [2], bytes: [0x80, 0x3F, 0x49, 0xC0]),
    ]
    let file = try Safetensors(bytes: Safetensors.encoded(tensors), path: "x")
    #expect(try file.floats("half") == [1, -2] && file.doubles("brain") == [1, -3.140625])
  }

  @Test("the checksum is the SHA-256 of the tensors' bytes in the order of the file")
  func checksum() throws {
    let tensors = [
      Safetensors.Tensor(name: "byte", type: .u8, shape: [3], bytes: [1, 2, 3]),
      Safetensors.Tensor(name: "float", shape: [1], [1] as [Float]),
    ]
    // The float comes first, because it is wider: 00 00 80 3f 01 02 03.
    let expected = SHA256.hexadecimal(of: [0, 0, 0x80, 0x3F, 1, 2, 3])
    #expect(Safetensors.checksum(of: tensors) == expected)
    let file = try Safetensors(
      bytes: Safetensors.encoded(tensors, metadata: ["sum": expected]), path: "x")
    #expect(file.checksum == expected)
    let nothing = try Safetensors(bytes: Safetensors.encoded([]), path: "x")
    #expect(
      nothing.checksum == SHA256.hexadecimal(of: [])
        && Safetensors.checksum(of: []) == nothing.checksum)
  }

  @Test("a missing tensor and one of integers are named")
  func wrongTensor() throws {
    let tensor = Safetensors.Tensor(name: "n", type: .i32, shape: [1], bytes: [1, 0, 0, 0])
    let file = try Safetensors(bytes: Safetensors.encoded([tensor]), path: "x")
    #expect(throws: FormatError(path: "x", .safetensors(.missing(tensor: "m", names: ["n"])))) {
      try file.floats("m")
    }
    #expect(
      throws: FormatError(path: "x", .safetensors(.notFloatingPoint(tensor: "n", type: "I32")))
    ) { try file.doubles("n") }
  }

  @Test("a file of no tensors is read")
  func empty() throws {
    #expect(try Safetensors(bytes: file("{}"), path: "x").entries.isEmpty)
    #expect(try Safetensors(bytes: file("{}   "), path: "x").entries.isEmpty)
  }

  @Test("faults of the header's length are named")
  func headerLength() {
    expect(.tooSmall(size: 3), [1, 2, 3])
    expect(
      .headerTooLong(length: 100_000_001, limit: 100_000_000),
      [0x01, 0xE1, 0xF5, 0x05, 0, 0, 0, 0, 0x7B, 0x7D])
    expect(
      .headerTooLong(length: .max, limit: 100_000_000),
      [UInt8](repeating: 0xFF, count: 8) + [0x7B, 0x7D])
    expect(.headerBeyondFile(length: 3, size: 10), [3, 0, 0, 0, 0, 0, 0, 0, 0x7B, 0x7D])
    expect(.headerStart(0x20), file(" {}"))
    expect(.headerStart(0x5B), file("[]"))
  }

  /// The first bytes of what `torch.save` writes today (a zip archive), and wrote before PyTorch 1.6.
  static let pytorch: [(Bool, [UInt8])] = [
    (true, [0x50, 0x4B, 3, 4, 0, 0, 8, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
    (true, [0x50, 0x4B, 3, 4] + [UInt8](repeating: 0, count: 18)),
    (false, [0x80, 2, 0x8A, 0x0A, 0x6C, 0xFC, 0x9C, 0x46, 0xF9, 0x20, 0x6A, 0xA8, 0x50, 0x19]),
    (false, [0x80, 4, 0x95, 0, 0, 0, 0, 0, 0, 0, 0, 0x7D]),
  ]

  @Test(
    "a file of PyTorch's own formats is called that, with the lines that convert it",
    arguments: pytorch)
  func pytorchFile(isArchive: Bool, bytes: [UInt8]) throws {
    expect(.pytorch(isArchive: isArchive), bytes)
    let message = sentence { _ = try Safetensors(bytes: bytes, path: "a \"b\"/vae.v2.pth") }
    let lines = message?.split(separator: "\n").map { $0.drop { $0 == " " } } ?? []
    try #require(lines.count == 3, "\(message ?? "no error")")
    #expect(lines[0].contains(isArchive ? "zip" : "pickle"))
    #expect(lines[1] == "import torch; from safetensors.torch import save_file")
    #expect(
      lines[2]
        == #"save_file(torch.load("a \"b\"/vae.v2.pth", map_location="cpu", weights_only=True), "#
        + #""a \"b\"/vae.v2.safetensors")"#)
  }

  @Test("a header whose length looks like the beginning of a pickle is read")
  func notPickled() throws {
    // 640 = 0x0280: the file begins with the bytes 80 02, as a pickle of protocol 2 does.
    let header = "{}" + String(repeating: " ", count: 638)
    #expect(file(header).starts(with: [0x80, 2]))
    #expect(try Safetensors(bytes: file(header), path: "x").entries.isEmpty)
  }

  @Test("names in messages are printable and short, whatever the file says")
  func shownNames() {
    let name = #"\u001b[2Jgone\nline two\u202e"# + String(repeating: "A", count: 100_000)
    let header = #"{"\#(name)":{"dtype":"\#(name)","shape":[1],"data_offsets":[0,4]}}"#
    let message = sentence { _ = try Safetensors(bytes: file(header, data: 4), path: "x") } ?? ""
    #expect(message.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control })
    #expect(
      message.contains(#"\u{1b}[2Jgone\u{a}line two\u{202e}AAA"#) && message.count < 500,
      "\(message)")
  }

  @Test(
    "a header that is not JSON, or names a tensor twice, is refused",
    arguments: [
      "{\"a\"", "{} x", #"{"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},"a":{}}"#,
      #"{"a":[[[[[[[[[[1]]]]]]]]]]}"#, "{\"\u{1}\":1}",
    ])
  func notJSON(header: String) {
    let message = sentence { _ = try Safetensors(bytes: file(header), path: "x") }
    #expect(message?.contains("is not valid JSON at byte") == true, "\(message ?? "no error")")
  }

  @Test(
    "an entry with missing or wrong parts is refused",
    arguments: [
      #"{"a":1}"#, #"{"a":{}}"#, #"{"a":{"dtype":"U8"}}"#,
      #"{"a":{"dtype":"U8","shape":[-1],"data_offsets":[0,0]}}"#,
      #"{"a":{"dtype":"U8","shape":[0.0],"data_offsets":[0,0]}}"#,
      #"{"a":{"dtype":"U8","shape":[99999999999999999999],"data_offsets":[0,0]}}"#,
      #"{"a":{"dtype":"U8","shape":[0],"data_offsets":[0]}}"#,
      #"{"a":{"dtype":"U8","shape":[0],"data_offsets":[1,0]}}"#,
      #"{"a":{"dtype":"U8","shape":[0],"data_offsets":[0,9223372036854775807]}}"#,
    ])
  func entries(header: String) {
    let message = sentence { _ = try Safetensors(bytes: file(header), path: "x") }
    #expect(message?.contains("describes tensor \"a\" wrongly") == true, "\(message ?? "no error")")
  }

  @Test("unknown types, wrong sizes and overflowing shapes are named")
  func shapes() {
    expect(
      .elementType(tensor: "a", "F99"),
      file(#"{"a":{"dtype":"F99","shape":[0],"data_offsets":[0,0]}}"#))
    expect(
      .byteCount(tensor: "a", shape: [2, 3], type: "F32", expected: 24, found: 20),
      file(#"{"a":{"dtype":"F32","shape":[2,3],"data_offsets":[0,20]}}"#, data: 20))
    expect(
      .overflow(tensor: "a", shape: [4_294_967_296, 4_294_967_296]),
      file(
        #"{"a":{"dtype":"U8","shape":[4294967296,4294967296],"data_offsets":[0,0]}}"#))
    expect(
      .byteCount(tensor: "a", shape: [1], type: "F4", expected: 1, found: 0),
      file(#"{"a":{"dtype":"F4","shape":[1],"data_offsets":[0,0]}}"#))
  }

  @Test("overlaps, gaps, a late beginning and foreign bytes are named")
  func coverage() {
    func two(_ a: String, _ b: String) -> String {
      #"{"a":{"dtype":"U8","shape":[2],"data_offsets":\#(a)},"#
        + #""b":{"dtype":"U8","shape":[2],"data_offsets":\#(b)}}"#
    }
    expect(
      .offsets(tensor: "b", begin: 1, end: 3, expectedBegin: 2),
      file(two("[0,2]", "[1,3]"), data: 3))
    expect(
      .offsets(tensor: "b", begin: 3, end: 5, expectedBegin: 2),
      file(two("[0,2]", "[3,5]"), data: 5))
    expect(
      .offsets(tensor: "a", begin: 1, end: 3, expectedBegin: 0),
      file(two("[1,3]", "[3,5]"), data: 5))
    expect(.dataSize(expected: 4, found: 5), file(two("[0,2]", "[2,4]"), data: 5))
    expect(.dataSize(expected: 4, found: 3), file(two("[2,4]", "[0,2]"), data: 3))
    expect(
      .offsets(tensor: "b", begin: 0, end: 2, expectedBegin: 2),
      file(two("[0,2]", "[0,2]"), data: 2))
  }

  @Test("metadata other than strings is refused")
  func metadata() {
    expect(.metadata(key: "epoch"), file(#"{"__metadata__":{"epoch":3}}"#))
    expect(.metadata(key: "__metadata__"), file(#"{"__metadata__":["epoch"]}"#))
  }

  @Test("any changed byte of the header is refused or read, never a crash")
  func changedBytes() throws {
    let tensors = [
      Safetensors.Tensor(name: "w", shape: [2, 3], [1, 2, 3, 4, 5, 6] as [Float]),
      Safetensors.Tensor(name: "b", shape: [2], [1, 2] as [Float]),
    ]
    let bytes = Safetensors.encoded(tensors, metadata: ["k": "v"])
    var generator = Xorshift(state: 11)
    for index in 0..<bytes.count - 32 {
      for _ in 0..<20 {
        var changed = bytes
        changed[index] = UInt8.random(in: 0...255, using: &generator)
        guard let file = try? Safetensors(bytes: changed, path: "x") else { continue }
        for entry in file.entries { _ = try? file.doubles(entry.name) }
      }
    }
  }

  @Test(
    "the reference file of PyTorch is read",
    .enabled(
      if: SharedData.holds("reference"), "../shared is absent: the reference files are not here"))
  func reference() throws {
    let path = SharedData.path("reference/vae-784-100-10.safetensors")
    let file = try Safetensors(path: path)
    #expect(file.metadata["layers"] == "784-100-10")
    #expect(try file.entry("x").shape == [32, 784])
    #expect(try file.entry("z").type == .f64)
    let (z, mu) = (try file.doubles("z"), try file.doubles("mu"))
    let (logVar, epsilon) = (try file.doubles("log_var"), try file.doubles("epsilon"))
    #expect(z.count == 320)
    // z = mu + exp(log_var / 2) epsilon: true of the numbers only if all four are read rightly.
    for i in z.indices {
      let expected = mu[i] + exponential(logVar[i] / 2) * epsilon[i]
      #expect(abs(z[i] - expected) <= 1e-13, "element \(i)")
    }
  }

  /// exp by its series, for |x| < 1: 20 terms leave less than 1e-18.
  private func exponential(_ x: Double) -> Double {
    (1...20).reversed().reduce(1) { 1 + $0 * x / Double($1) }
  }
}
