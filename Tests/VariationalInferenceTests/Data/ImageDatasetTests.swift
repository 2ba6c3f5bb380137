// SPDX-License-Identifier: Apache-2.0

import Formats
import TestSupport
import Testing
import VariationalInference

@Suite("ImageDataset")
struct ImageDatasetTests {
  private let data = ImageDataset(
    name: "tiny", split: "train", height: 1, width: 2, pixels: [0, 1, 2, 3, 4, 255],
    labels: [7, 8, 9])

  @Test("counts and images follow from the pixels")
  func counts() {
    #expect(data.count == 3 && data.pixelsPerImage == 2)
    #expect(Array(data.image(at: 1)) == [2, 3])
  }

  @Test("a prefix takes pixels and labels, at most all of them")
  func prefix() {
    let first = data.prefix(2)
    #expect(first.pixels == [0, 1, 2, 3] && first.labels == [7, 8] && first.name == "tiny")
    #expect(data.prefix(99) == data)
  }

  /// Computed by the same formula written in Python: whole groups of 32 bytes and a rest.
  @Test("the fingerprint is the same everywhere")
  func fingerprint() {
    #expect(data.fingerprint() == "c75be5cdb634487d")
    let larger = ImageDataset(
      name: "x", split: "test", height: 5, width: 4, pixels: (0..<40).map { UInt8($0) })
    #expect(larger.fingerprint() == "9f2669a6ef4a1bc7")
  }

  @Test("the fingerprint sees pixels and shape, not names and labels")
  func fingerprintDiffers() {
    func print(_ height: Int, _ width: Int, _ pixels: [UInt8], name: String = "x") -> String {
      ImageDataset(name: name, split: "test", height: height, width: width, pixels: pixels)
        .fingerprint()
    }
    #expect(print(1, 2, data.pixels, name: "y") == data.fingerprint())
    #expect(print(2, 1, data.pixels) != data.fingerprint())
    #expect(print(1, 2, [0, 1, 2, 3, 5, 255]) != data.fingerprint())
  }
}

@Suite("IDXFolder")
struct IDXFolderTests {
  private let images = IDX(dimensions: [3, 2, 2], elements: (0..<12).map { UInt8($0) })
  private let labels = IDX(dimensions: [3], elements: [5, 6, 7])

  /// Writes a folder "tiny" of the given files and hands it over.
  private func withData(
    _ files: [String: IDX], packed: Bool = false, _ body: (IDXFolder) throws -> Void
  ) throws {
    try withTemporaryFolder { temporary in
      let folder = "\(temporary)/tiny"
      try Files.createFolder(folder)
      for (name, array) in files {
        let bytes = array.encoded()
        try AtomicFile.write(packed ? Gzip.compress(bytes) : bytes, to: "\(folder)/\(name)")
      }
      try body(IDXFolder(folder))
    }
  }

  @Test("images and labels are loaded, plain and packed", arguments: [false, true])
  func load(packed: Bool) throws {
    let end = packed ? ".gz" : ""
    let files = [
      "train-images-idx3-ubyte\(end)": images, "train-labels-idx1-ubyte\(end)": labels,
      "t10k-images-idx3-ubyte\(end)": images,
    ]
    try withData(files, packed: packed) { folder in
      let train = try folder.load(.train)
      #expect(train.name == "tiny" && train.split == "train" && train.count == 3)
      #expect(train.height == 2 && train.width == 2 && train.pixels == images.elements)
      #expect(train.labels == [5, 6, 7])
      let all = try folder.loadAll(name: "other")
      let test = try #require(all.test as? ImageDataset)
      #expect(test.labels == nil && test.name == "other" && all.validation == nil)
      #expect(folder.holds(.test) && !folder.holds(.validation))
    }
  }

  @Test(
    "other names of the same files are known",
    arguments: [
      ("train-images.idx3-ubyte", DatasetSplit.train), ("t10k-images.idx3-ubyte.gz", .test),
      ("test-images-idx3-ubyte", .test), ("valid-images-idx3-ubyte.gz", .validation),
      ("validation-images-idx3-ubyte", .validation),
    ])
  func names(file: String, split: DatasetSplit) throws {
    try withData([file: images]) { folder in
      let data = try folder.load(split)
      #expect(data.split == split.rawValue)
    }
  }

  @Test("a missing folder and missing files are named")
  func missing() throws {
    #expect(throws: DatasetError.missingFolder(path: "/nowhere")) {
      try IDXFolder("/nowhere").load(.train)
    }
    try withData(["train-images-idx3-ubyte": images]) { folder in
      let message = sentence { _ = try folder.loadAll() }
      #expect(
        message?.hasSuffix(
          "holds no test images; none of these files is in it: t10k-images-idx3-ubyte[.gz], "
            + "t10k-images.idx3-ubyte[.gz], test-images-idx3-ubyte[.gz], "
            + "test-images.idx3-ubyte[.gz]; there is: train-images-idx3-ubyte; put them there or name another folder"
        ) == true,
        "\(message ?? "no error")")
    }
  }

  @Test("images and labels that differ in number are named")
  func counts() throws {
    let two = IDX(dimensions: [2], elements: [1, 2])
    let files = ["train-images-idx3-ubyte": images, "train-labels-idx1-ubyte": two]
    try withData(files) { folder in
      let error = DatasetError.countsDiffer(
        images: "\(folder.path)/train-images-idx3-ubyte", imageCount: 3,
        labels: "\(folder.path)/train-labels-idx1-ubyte", labelCount: 2)
      #expect(throws: error) { try folder.load(.train) }
    }
  }

  @Test("files of the wrong rank are named")
  func ranks() throws {
    try withData(["train-images-idx3-ubyte": labels]) { folder in
      let path = "\(folder.path)/train-images-idx3-ubyte"
      #expect(throws: DatasetError.notImages(path: path, dimensions: [3])) {
        try folder.load(.train)
      }
    }
    try withData(["train-images-idx3-ubyte": images, "train-labels-idx1-ubyte": images]) { folder in
      let path = "\(folder.path)/train-labels-idx1-ubyte"
      #expect(throws: DatasetError.notLabels(path: path, dimensions: [3, 2, 2])) {
        try folder.load(.train)
      }
    }
  }

  @Test("no images, or images without pixels, are refused", arguments: [[0, 28, 28], [3, 0, 28]])
  func empty(dimensions: [Int]) throws {
    let none = IDX(dimensions: dimensions, elements: [])
    try withData(["train-images-idx3-ubyte": none]) { folder in
      let path = "\(folder.path)/train-images-idx3-ubyte"
      #expect(throws: DatasetError.noImages(path: path, dimensions: dimensions)) {
        try folder.load(.train)
      }
    }
  }

  @Test("parts of different image sizes are refused", arguments: ["t10k", "valid"])
  func sizes(prefix: String) throws {
    let other = IDX(dimensions: [3, 1, 4], elements: images.elements)
    var files = ["train-images-idx3-ubyte": images, "t10k-images-idx3-ubyte": images]
    files["\(prefix)-images-idx3-ubyte"] = other
    try withData(files) { folder in
      let error = DatasetError.sizesDiffer(
        folder: folder.path, train: [2, 2], other: prefix == "t10k" ? .test : .validation,
        otherSize: [1, 4])
      #expect(throws: error) { try folder.loadAll() }
    }
  }

  @Test("a truncated packed file and a web page in its place are named")
  func damaged() throws {
    try withData([:]) { folder in
      let path = "\(folder.path)/train-images-idx3-ubyte.gz"
      let packed = Gzip.compress(images.encoded())
      try AtomicFile.write(Array(packed.dropLast(9)), to: path)
      #expect(throws: FormatError(path: path, .gzipTruncated)) { try folder.load(.train) }
      try AtomicFile.write(Array("<html>".utf8), to: path)
      #expect(throws: FormatError(path: path, .idxMagic(Array("<htm".utf8)))) {
        try folder.load(.train)
      }
    }
  }

  @Test(
    "MNIST and Fashion-MNIST load whole",
    .enabled(if: SharedData.holds("mnist"), "../shared is absent: the data are not here"),
    arguments: ["mnist", "fashion-mnist"])
  func published(name: String) throws {
    let data = try IDXFolder(SharedData.path(name)).loadImages()
    #expect(data.train.count == 60_000 && data.test.count == 10_000 && data.validation == nil)
    #expect(data.train.height == 28 && data.train.width == 28 && data.train.name == name)
    let labels = try #require(data.test.labels)
    #expect(Set(labels) == Set(0...9))
    #expect(labels.prefix(4) == (name == "mnist" ? [7, 2, 1, 0] : [9, 2, 1, 1]))
  }

  @Test(
    "the static binarised MNIST has three parts, no labels, and only black and white",
    .enabled(
      if: SharedData.holds("static-binarised-mnist/train-images-idx3-ubyte.gz"),
      "../shared is absent: the data are not here"))
  func binarised() throws {
    let folder = SharedData.path("static-binarised-mnist")
    let data = try IDXFolder(folder).loadImages()
    #expect(data.train.count == 50_000 && data.validation?.count == 10_000)
    #expect(data.test.count == 10_000 && data.train.labels == nil)
    #expect(data.test.pixels.allSatisfy { $0 == 0 || $0 == 255 })
  }

  @Test("a grey pixel is named where binary data are expected")
  func grey() throws {
    func images(_ pixels: [UInt8]) -> ImageDataset {
      ImageDataset(name: "pair", split: "test", height: 1, width: 2, pixels: pixels)
    }
    let (binary, grey) = (images([0, 255, 255, 0]), images([0, 255, 7, 0]))
    #expect(binary.isBinary && !grey.isBinary)
    for binarization in Binarization.allCases {
      #expect(try binary.binarized(binarization).binarization == binarization)
    }
    for binarization in [Binarization.none, .dynamic, .threshold] {
      #expect(try grey.binarized(binarization).binarization == binarization)
    }
    #expect(throws: DatasetError.notBinary(data: "pair", split: "test", image: 1, byte: 7)) {
      _ = try grey.binarized(.static)
    }
  }
}
