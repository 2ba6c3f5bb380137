// SPDX-License-Identifier: Apache-2.0

import Formats
import TestSupport
import Testing
import VariationalInference

/// The numbers of some examples of a field, row by row.
private func rows(_ data: any Dataset, _ name: String, _ examples: [Int]) throws -> [Double] {
  let field = try #require(data.field(name))
  return Tensor<Double>(shape: [examples.count, field.width]) {
    data.write(field, of: examples, round: .evaluation(seed: 0), to: $0)
  }.scalars
}

@Suite("Files of arrays as data sets")
struct ArrayFileTests {
  private func load(
    _ array: NPY, missing: Bool = false, labels: NPY? = nil
  ) throws -> any Dataset {
    try withTemporaryFolder { folder in
      try array.write(to: "\(folder)/points.v1.npy")
      try labels?.write(to: "\(folder)/y.npy")
      let file = ArrayFile(
        "\(folder)/points.v1.npy", labels: labels.map { _ in "\(folder)/y.npy" }, missing: missing)
      guard case .undivided(let data) = try file.load() else {
        throw ArrayFileError.noExamples(path: "parts", shape: [])
      }
      #expect(data.name == "points")
      return data
    }
  }

  @Test("the numbers tell the kind of field x")
  func kinds() throws {
    #expect(try load(NPY(shape: [2, 2], .float64([0, 1, 1, 0]))).field("x")?.kind == .binary)
    #expect(try load(NPY(shape: [2, 2], .integers([0, 7, 1, 0]))).field("x")?.kind == .count)
    #expect(try load(NPY(shape: [2, 2], .integers([0, -7, 1, 0]))).field("x")?.kind == .real)
    let real = try load(NPY(shape: [3], .float32([0.5, 2, 1])))
    #expect(real.field("x")?.kind == .real && real.count == 3 && real.field("x")?.shape == [1])
    #expect(try rows(real, "x", [2, 0]) == [1, 0.5])
  }

  @Test("bytes of two axes, or with colour, are images; of 0 and 1 black and white ones")
  func images() throws {
    let grey = try load(
      NPY(shape: [2, 1, 2], .uint8([0, 51, 255, 2])), labels: NPY(shape: [2], .integers([300, 1])))
    #expect(grey is ImageDataset && grey.field("x")?.shape == [1, 2, 1])
    #expect(grey.field("label")?.width == 301)
    let colour = try load(NPY(shape: [1, 1, 2, 3], .uint8([0, 51, 255, 2, 3, 4])))
    #expect((colour as? ImageDataset)?.channels == 3)
    let binary = try load(NPY(shape: [1, 1, 2], .uint8([0, 1])))
    #expect(try binary.field("x")?.kind == .binary && rows(binary, "x", [0]) == [0, 1])
  }

  @Test("what is no number is named by row and column, or is missing where that is allowed")
  func missing() throws {
    let array = NPY(shape: [2, 2], .float64([1, 2, 3, .nan]))
    let message = sentence { _ = try load(array) }
    #expect(message?.contains("nan in row 1, column 1") == true, "\(message ?? "no error")")
    let data = try load(array, missing: true)
    #expect(try rows(data, "x", [1]) == [3, 0] && rows(data, "mask", [0, 1]) == [1, 1, 1, 0])
    let infinite = NPY(shape: [1, 2], .float32([.nan, .infinity]))
    let other = sentence { _ = try load(infinite, missing: true) }
    #expect(other?.contains("inf in row 0, column 1") == true, "\(other ?? "no error")")
  }

  @Test("labels are one whole number for each example")
  func labels() throws {
    let x = NPY(shape: [2, 2], .float32([1.5, 2, 3, 4]))
    let data = try load(x, labels: NPY(shape: [2, 1], .uint8([2, 0])))
    #expect(try rows(data, "label", [0, 1]) == [0, 0, 1, 1, 0, 0])
    for (labels, words) in [
      (NPY(shape: [3], .uint8([1, 2, 3])), "shape 3 for 2 examples"),
      (NPY(shape: [2], .float64([1, 0.5])), "label 0.5 in row 1"),
      (NPY(shape: [2], .integers([-1, 0])), "label -1.0 in row 0"),
    ] {
      let message = sentence { _ = try load(x, labels: labels) }
      #expect(message?.contains(words) == true, "\(message ?? "no error")")
    }
  }

  @Test("a Matrix Market file stays sparse; its rows are those of the dense matrix")
  func sparse() throws {
    try withTemporaryFolder { folder in
      let text = "%%MatrixMarket matrix coordinate integer general\n3 4 3\n1 2 5\n3 1 1\n3 4 2\n"
      try AtomicFile.write(Gzip.compress(Array(text.utf8)), to: "\(folder)/words.mtx.gz")
      guard case .undivided(let data) = try ArrayFile("\(folder)/words.mtx.gz").load() else {
        Issue.record("parts")
        return
      }
      #expect(data.count == 3 && data.field("x")?.kind == .count && data.name == "words")
      #expect(try rows(data, "x", [2, 1, 0]) == [1, 0, 0, 2, 0, 0, 0, 0, 0, 5, 0, 0])
      let table = try #require(data as? ArrayDataset)
      #expect(table.columns[0].sparseRows?.values.count == 3)
      let part = table.selecting([2, 0], split: "test")
      #expect(try rows(part, "x", [1, 0]) == [0, 5, 0, 0, 1, 0, 0, 2])
      #expect(try rows(table.prefix(1), "x", [0]) == [0, 5, 0, 0])
      #expect(part.fingerprint() != table.fingerprint())
    }
  }

  @Test("what is no file of arrays is refused by its first bytes")
  func unknown() throws {
    try withTemporaryFolder { folder in
      try AtomicFile.write(Array("GIF8".utf8), to: "\(folder)/x.npy")
      let message = sentence { _ = try ArrayFile("\(folder)/x.npy").load() }
      #expect(message?.contains("47 49 46 38") == true, "\(message ?? "no error")")
      #expect(!ArrayFile.recognises("\(folder)/x.npy"))
    }
  }
}

@Suite("Arrays larger than memory")
struct SampledColumnTests {
  @Test("a file beyond the limit is sampled: same numbers, parts by place, another fingerprint")
  func sampled() throws {
    try withTemporaryFolder { folder in
      // 1,024 blocks of 4,096 bytes are a quarter of the file.
      let count = 1 << 20
      let values = (0..<4 * count).map { Float($0 % 9973) }
      let path = "\(folder)/x.npy"
      try NPY(shape: [count, 4], .float32(values)).write(to: path)
      let field = DataField("x", shape: [4], kind: .count)
      let column = try DataColumn(field, mapping: path, sampledAbove: 1 << 20)
      let data = ArrayDataset(name: "large", columns: [column])
      #expect(column.isSampled && data.fingerprint().hasPrefix("sampled-"))
      let whole = ArrayDataset(name: "whole", columns: [try DataColumn(field, mapping: path)])
      #expect(!whole.columns[0].isSampled && whole.fingerprint().count == 16)
      let part = data.selecting([count - 1, 5], split: "test")
      #expect(try rows(part, "x", [0, 1]) == rows(whole, "x", [count - 1, 5]))
      #expect(try rows(part.prefix(1), "x", [0]) == rows(whole, "x", [count - 1]))
      #expect(part.columns[0].isSampled && part.fingerprint() != data.fingerprint())
      // The first and the last block are always looked at.
      for place in [0, 4 * count - 1] {
        var changed = values
        changed[place] += 1
        try NPY(shape: [count, 4], .float32(changed)).write(to: path)
        let other = try DataColumn(field, mapping: path, sampledAbove: 1 << 20)
        #expect(ArrayDataset(name: "a", columns: [other]).fingerprint() != data.fingerprint())
        changed[place] = -1
        try NPY(shape: [count, 4], .float32(changed)).write(to: path)
        #expect(throws: DatasetError.self) {
          try DataColumn(field, mapping: path, sampledAbove: 1 << 20)
        }
      }
    }
  }
}

@Suite("IDX files as they are found")
struct FoundIDXTests {
  private let images = IDX(dimensions: [2, 1, 2], elements: [0, 51, 255, 2]).encoded()
  private let labels = IDX(dimensions: [2], elements: [3, 1]).encoded()

  private func withFiles(
    _ files: [String: [UInt8]], _ body: (String) throws -> Void
  ) throws {
    try withTemporaryFolder { folder in
      for (name, bytes) in files {
        try Files.createFolder(Files.parent(of: "\(folder)/\(name)"))
        try AtomicFile.write(bytes, to: "\(folder)/\(name)")
      }
      try body(folder)
    }
  }

  @Test(
    "Kaggle's folders, torchvision's root and names with something before them",
    arguments: [
      "train-images-idx3-ubyte/train-images-idx3-ubyte", "MNIST/raw/train-images-idx3-ubyte",
      "FashionMNIST/raw/train-images-idx3-ubyte.gz", "emnist-letters-train-images-idx3-ubyte",
      "EMNIST/raw/emnist-letters-train-images-idx3-ubyte", "train-images.idx3-ubyte",
    ])
  func layouts(name: String) throws {
    let other = name.split(separator: "images").joined(separator: "labels")
      .split(separator: "idx3").joined(separator: "idx1")
    try withFiles([name: images, other: labels]) { folder in
      let data = try IDXFolder(folder).load(.train)
      #expect(data.pixels == [0, 51, 255, 2] && data.labels == [3, 1])
    }
  }

  @Test("several sets side by side are listed, and one can be named")
  func several() throws {
    let names = ["emnist-letters", "emnist-digits"]
    let files = names.map { ("EMNIST/raw/\($0)-train-images-idx3-ubyte", images) }
    try withFiles(Dictionary(uniqueKeysWithValues: files)) { folder in
      let message = sentence { _ = try IDXFolder(folder).load(.train) }
      #expect(
        message?.contains("/EMNIST/raw/emnist-digits'") == true, "\(message ?? "no error")")
      for name in ["EMNIST/raw/emnist-digits", "emnist-letters"] {
        let data = try IDXFolder("\(folder)/\(name)").load(.train)
        #expect(data.count == 2)
      }
      #expect(throws: DatasetError.missingFolder(path: "\(folder)/emnist")) {
        try IDXFolder("\(folder)/emnist").load(.train)
      }
    }
  }

  @Test("four axes are colour where the last is 3; elements may be wider while they are bytes")
  func elements() throws {
    let colour = IDX(dimensions: [1, 1, 2, 3], elements: [1, 2, 3, 4, 5, 6]).encoded()
    let shorts: [UInt8] = [0, 0, 0x0B, 3, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 2, 0, 255, 0, 7]
    let wide: [UInt8] = [0, 0, 0x0B, 3, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 2, 1, 0, 0, 7]
    let doubles: [UInt8] =
      [0, 0, 0x0E, 3, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1] + [0x40, 0x08, 0, 0, 0, 0, 0, 0]
    let label: [UInt8] = [0, 0, 0x0C, 1, 0, 0, 0, 1, 0, 0, 1, 44]
    func load(_ bytes: [UInt8]) throws -> ImageDataset {
      let files = ["train-images-idx3-ubyte": bytes, "train-labels-idx1-ubyte": label]
      var data: ImageDataset?
      try withFiles(files) { data = try IDXFolder($0).load(.train) }
      return try #require(data)
    }
    #expect(try load(colour).channels == 3 && load(colour).pixels == [1, 2, 3, 4, 5, 6])
    #expect(try load(shorts).pixels == [255, 7] && load(doubles).pixels == [3])
    #expect(try load(shorts).labels == nil && load(shorts).field("label")?.width == 301)
    let message = sentence { _ = try load(wide) }
    #expect(message?.contains("256.0 at example 0") == true, "\(message ?? "no error")")
    let first = IDX(dimensions: [1, 3, 2, 2], elements: [UInt8](repeating: 1, count: 12))
    #expect(throws: DatasetError.self) { try load(first.encoded()) }
  }
}
