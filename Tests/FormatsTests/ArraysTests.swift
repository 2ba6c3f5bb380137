// SPDX-License-Identifier: Apache-2.0

import Formats
import TestSupport
import Testing

@Suite("IDX")
struct IDXTests {
  private let small: [UInt8] = [0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 3, 1, 2, 3, 4, 5, 6]

  private func expect(_ fault: FormatFault, _ bytes: [UInt8]) {
    #expect(throws: FormatError(path: "x", fault)) { try IDX.parse(bytes, path: "x") }
  }

  @Test("a file by hand is read and written")
  func knownAnswer() throws {
    let array = IDX(dimensions: [2, 3], elements: [1, 2, 3, 4, 5, 6])
    #expect(try IDX.parse(small, path: "x") == array)
    #expect(array.encoded() == small)
  }

  @Test("round trips of any rank", arguments: [[0], [5], [2, 3], [2, 0, 3], [1, 2, 3, 4, 1]])
  func roundTrip(dimensions: [Int]) throws {
    let count = dimensions.reduce(1, *)
    let array = IDX(dimensions: dimensions, elements: (0..<count).map { UInt8($0) })
    #expect(try IDX.parse(array.encoded(), path: "x") == array)
  }

  @Test("plain and packed files are told apart by their bytes, not their names")
  func files() throws {
    try withTemporaryFolder { folder in
      let array = try IDX.parse(small, path: "x")
      try AtomicFile.write(small, to: "\(folder)/plain.gz")
      try AtomicFile.write(Gzip.compress(small), to: "\(folder)/packed")
      #expect(try IDX.read("\(folder)/plain.gz") == array)
      #expect(try IDX.read("\(folder)/packed") == array)
    }
  }

  @Test("faults of the header are named")
  func header() {
    expect(.idxMagic([1, 0, 8, 1]), [1, 0, 8, 1])
    expect(.idxMagic([0, 0, 8, 0]), [0, 0, 8, 0])
    expect(.idxMagic(Array("<!DO".utf8)), Array("<!DOCTYPE html>".utf8))
    expect(.idxElementType(0x0D), [0, 0, 0x0D, 1, 0, 0, 0, 0])
    expect(.idxHeaderTruncated(size: 2), [0, 0])
    expect(.idxHeaderTruncated(size: 9), Array(small.prefix(9)))
  }

  @Test("too few and too many bytes are named")
  func size() {
    expect(.idxSize(dimensions: [2, 3], expected: 18, found: 17), small.dropLast())
    expect(.idxSize(dimensions: [2, 3], expected: 18, found: 19), small + [0])
  }

  @Test("a header that promises terabytes, or more than a number holds, is refused")
  func promises() throws {
    let huge = [UInt8](repeating: 0xFF, count: 12)
    expect(
      .idxTooLarge(dimensions: [4_294_967_295, 4_294_967_295, 4_294_967_295], limit: 4 << 30),
      [0, 0, 8, 3] + huge)
    let terabytes: [UInt8] = [0, 0, 8, 2, 0, 0x10, 0, 0, 0, 0x10, 0, 0]
    expect(
      .idxSize(dimensions: [1 << 20, 1 << 20], expected: 1 << 40 + 12, found: 12), terabytes)
    try withTemporaryFolder { folder in
      try AtomicFile.write(Gzip.compress(terabytes), to: "\(folder)/x.gz")
      let message = sentence { _ = try IDX.read("\(folder)/x.gz") }
      #expect(message?.contains("promises 1048576 x 1048576 bytes") == true, "\(message ?? "")")
    }
  }

  @Test("a packed file that goes on after its array is refused")
  func packedTooLong() throws {
    try withTemporaryFolder { folder in
      let bytes = small + [UInt8](repeating: 0, count: 10_000_000)
      try AtomicFile.write(Gzip.compress(bytes), to: "\(folder)/x.gz")
      #expect(throws: FormatError(path: "\(folder)/x.gz", .unpacksBeyond(limit: 18))) {
        try IDX.read("\(folder)/x.gz")
      }
    }
  }
}

@Suite("NPY")
struct NPYTests {
  /// `numpy.save` of `numpy.array([[1, 2, 3]], dtype='<f4')`, NumPy 2.
  private var known: [UInt8] {
    let text = "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 3), }"
    let header = text + String(repeating: " ", count: 118 - text.utf8.count - 1) + "\n"
    return [0x93] + Array("NUMPY".utf8) + [1, 0, 118, 0] + Array(header.utf8)
      + [0, 0, 0x80, 0x3F, 0, 0, 0, 0x40, 0, 0, 0x40, 0x40]
  }

  private func withHeader(_ text: String, data: [UInt8] = []) -> [UInt8] {
    [0x93] + Array("NUMPY".utf8)
      + [1, 0, UInt8(text.utf8.count & 0xFF), UInt8(text.utf8.count >> 8)] + Array(text.utf8) + data
  }

  private func expect(_ fault: FormatFault, _ bytes: [UInt8]) {
    #expect(throws: FormatError(path: "x.npy", fault)) { try NPY.parse(bytes, path: "x.npy") }
  }

  @Test("what numpy.save writes is read, and written with the same bytes")
  func knownAnswer() throws {
    let array = try NPY.parse(known, path: "x")
    #expect(array == NPY(shape: [1, 3], .float32([1, 2, 3])))
    #expect(array.encoded() == known)
  }

  @Test(
    "round trips of every type and rank",
    arguments: [
      NPY(shape: [], .float64([.pi])), NPY(shape: [0, 4], .uint8([])),
      NPY(shape: [3], .uint8([0, 128, 255])),
      NPY(shape: [2, 1, 2], .float64([1, -0.5, 1e300, .leastNonzeroMagnitude])),
      NPY(shape: [2, 2], .float32([1, .infinity, -3, .leastNonzeroMagnitude])),
    ])
  func roundTrip(array: NPY) throws {
    let bytes = array.encoded()
    #expect(try NPY.parse(bytes, path: "x") == array)
    #expect((bytes.count - array.elements.count * array.width) % 64 == 0, "data begins aligned")
  }

  @Test("what is written to a file is read back")
  func file() throws {
    try withTemporaryFolder { folder in
      let array = NPY(shape: [2, 2], .float64([1, -0.5, .pi, 0]))
      try array.write(to: "\(folder)/x.npy")
      #expect(try NPY.read("\(folder)/x.npy") == array)
    }
  }

  @Test("a header of version 2 is read")
  func versionTwo() throws {
    let text = "{'descr': '|u1', 'fortran_order': False, 'shape': (2,), }\n"
    let bytes =
      [0x93] + Array("NUMPY".utf8) + [2, 0, UInt8(text.utf8.count), 0, 0, 0]
      + Array(text.utf8) + [7, 8]
    #expect(try NPY.parse(bytes, path: "x") == NPY(shape: [2], .uint8([7, 8])))
  }

  @Test("Fortran order is turned; where it lies it is refused")
  func fortran() throws {
    let bytes = withHeader(
      "{'descr': '|u1', 'fortran_order': True, 'shape': (2, 3), }", data: [1, 2, 3, 4, 5, 6])
    let turned = NPY(shape: [2, 3], .uint8([1, 3, 5, 2, 4, 6]))
    #expect(try NPY.parse(bytes, path: "x") == turned)
    try withTemporaryFolder { folder in
      let path = "\(folder)/x.npy"
      try AtomicFile.write(bytes, to: path)
      #expect(throws: FormatError(path: path, .npyNotMapped(bigEndian: false))) {
        try MappedNPY(path)
      }
    }
  }

  @Test(
    "every numeric type, by its bytes",
    arguments: [
      ("<f2", [0, 0x3C, 0, 0xC0], .float32([1, -2])),
      (">f4", [0x3F, 0x80, 0, 0, 0xC0, 0, 0, 0], .float32([1, -2])),
      (">f8", [0x3F, 0xF0, 0, 0, 0, 0, 0, 0, 0x40, 0, 0, 0, 0, 0, 0, 0], .float64([1, 2])),
      ("|i1", [0xFF, 2], .integers([-1, 2])), ("<i2", [0xFE, 0xFF, 1, 0], .integers([-2, 1])),
      (">i2", [0xFF, 0xFE, 0, 1], .integers([-2, 1])),
      ("<i4", [0, 0, 1, 0, 3, 0, 0, 0], .integers([65_536, 3])),
      (">u4", [0xFF, 0, 0, 0, 0, 0, 0, 3], .integers([0xFF00_0000, 3])),
      ("<u2", [0xFF, 0xFF, 1, 0], .integers([65_535, 1])),
      ("<i8", [1, 0, 0, 0, 0, 0, 0, 0] + [UInt8](repeating: 0xFF, count: 8), .integers([1, -1])),
      ("|b1", [1, 0], .uint8([1, 0])),
    ] as [(String, [UInt8], NPY.Elements)])
  func types(type: String, data: [UInt8], elements: NPY.Elements) throws {
    let bytes = withHeader(
      "{'descr': '\(type)', 'fortran_order': False, 'shape': (2,), }", data: data)
    #expect(try NPY.parse(bytes, path: "x") == NPY(shape: [2], elements))
  }

  @Test("unsigned numbers of 64 bits are read while they are numbers of ours")
  func unsigned() throws {
    let head = "{'descr': '<u8', 'fortran_order': False, 'shape': (1,), }"
    let large = withHeader(head, data: [UInt8](repeating: 0xFF, count: 8))
    let message = sentence { _ = try NPY.parse(large, path: "x.npy") }
    #expect(message?.contains("18446744073709551615") == true, "\(message ?? "no error")")
  }

  @Test(
    "types that hold no numbers are named",
    arguments: [
      ("'|O'", "Python objects"), ("'<c16'", "complex numbers"), ("'<U3'", "texts"),
      ("'<M8[ns]'", "times"), ("'<f16'", "not known"), ("[('a', '|u1')]", "several fields"),
    ])
  func otherTypes(type: String, words: String) {
    let bytes = withHeader("{'descr': \(type), 'fortran_order': False, 'shape': (1,), }")
    let message = sentence { _ = try NPY.parse(bytes, path: "x.npy") }
    #expect(message?.contains(words) == true, "\(message ?? "no error")")
  }

  @Test(
    "damaged headers are refused",
    arguments: [
      "", "{", "{'descr': '|u1'}", "{'descr': '|u1', 'fortran_order': 0, 'shape': (1,)}",
      "{'descr': '|u1', 'fortran_order': False, 'shape': (-1,)}",
      "{'descr': '|u1', 'fortran_order': False, 'shape': (99999999999999999999,)}",
      "{'descr': '|u1', 'fortran_order': False, 'shape': (1 2)}",
      "{'descr': '|u1', 'fortran_order': False, 'shape': (1,)} x",
      "{'descr': [('a', '|u1'), 'fortran_order': False, 'shape': (1,)}",
      "{'evil': __import__('os')}",
      "{'descr': '|u1', 'fortran_order': False, 'shape': (4294967296, 4294967296, 4294967296)}",
    ])
  func headers(text: String) {
    let message = sentence { _ = try NPY.parse(withHeader(text), path: "x.npy") }
    #expect(message?.contains("damaged NPY header") == true, "\(message ?? "no error")")
  }

  @Test("a wrong magic, version or size is named")
  func outerFaults() {
    expect(.npyMagic, Array("PK".utf8))
    expect(.npyVersion(major: 9, minor: 0), [0x93] + Array("NUMPY".utf8) + [9, 0, 0, 0, 0, 0])
    expect(.npyHeader(problem: "it is truncated"), Array(known.prefix(50)))
    expect(.npySize(shape: [1, 3], expected: 12, found: 11), known.dropLast())
    expect(.npySize(shape: [1, 3], expected: 12, found: 13), known + [0])
  }
}

extension NPY {
  fileprivate var width: Int {
    switch elements {
    case .float32: 4
    case .float64, .integers: 8
    case .uint8: 1
    }
  }
}

@Suite("Numbers")
struct NumbersTests {
  @Test(
    "half-precision numbers have their IEEE 754 values",
    arguments: [
      (0x0000, 0), (0x3C00, 1), (0xC000, -2), (0x7BFF, 65504), (0x0001, 0x1p-24),
      (0x03FF, 0x1.FF8p-15), (0x0400, 0x1p-14), (0x3555, 0.333251953125), (0x7C00, .infinity),
      (0xFC00, -.infinity),
    ] as [(UInt16, Float)])
  func half(bits: UInt16, value: Float) {
    #expect(Numbers.float(half: bits) == value)
    #expect(Numbers.float(half: 0x8000).sign == .minus)
    #expect(Numbers.float(half: 0x7E00).isNaN)
  }

  @Test("bfloat16 is the upper half of a Float")
  func brain() {
    #expect(Numbers.float(brain: 0x3F80) == 1 && Numbers.float(brain: 0xC049) == -3.140625)
  }

  @Test("bytes are little endian")
  func bytes() {
    #expect(Numbers.bytes(littleEndian: [Float(1)]) == [0, 0, 0x80, 0x3F])
    #expect(Numbers.bytes(littleEndian: [-2.0]) == [0, 0, 0, 0, 0, 0, 0, 0xC0])
  }
}
