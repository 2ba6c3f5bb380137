// SPDX-License-Identifier: Apache-2.0

import Formats
import Foundation
import TestSupport
import Testing
import VariationalInference

/// Writes files into a new folder "pets" and hands it over.
private func withFolder(
  _ files: [String: [UInt8]], _ body: (PictureFolder) throws -> Void
) throws {
  try withTemporaryFolder { temporary in
    let folder = "\(temporary)/pets"
    try Files.createFolder(folder)
    for (name, bytes) in files {
      try Files.createFolder(Files.parent(of: "\(folder)/\(name)"))
      try AtomicFile.write(bytes, to: "\(folder)/\(name)")
    }
    try body(PictureFolder(folder))
  }
}

/// A grey picture whose pixels are all different where there are at most 256.
private func grey(_ height: Int, _ width: Int, from first: Int = 0) throws -> [UInt8] {
  try PNG.encode(
    (0..<height * width).map { UInt8(truncatingIfNeeded: first + $0) }, width: width,
    height: height, format: .grey)
}

private func red(_ height: Int, _ width: Int) throws -> [UInt8] {
  try PNG.encode(
    (0..<height * width).flatMap { _ -> [UInt8] in [255, 0, 0] }, width: width, height: height,
    format: .rgb)
}

@Suite("PictureFolder")
struct PictureFolderTests {
  @Test("pictures of one size are images in the order of their names, grey where all are")
  func flat() throws {
    let files = [
      "b.png": try grey(2, 3, from: 10), "a.png": try grey(2, 3), ".hidden.png": try grey(9, 9),
      "notes.txt": Array("text".utf8), ".folder/x.png": try grey(9, 9),
    ]
    try withFolder(files) { folder in
      let loaded = try folder.load()
      #expect(loaded.data.name == "pets" && loaded.data.split == "train")
      #expect(loaded.data.height == 2 && loaded.data.width == 3 && loaded.data.channels == 1)
      #expect(loaded.data.pixels == Array(0..<6) + Array(10..<16) && loaded.data.labels == nil)
      #expect(loaded.names == ["a.png", "b.png"] && loaded.source == [0, 1])
      #expect(loaded.labelNames == nil && loaded.skipped.count == 1)
      #expect(loaded.skipped[0].hasPrefix("'notes.txt' begins with the bytes 74 65 78 74 where"))
    }
  }

  @Test("one colour picture makes all of three channels, unless grey is asked for")
  func colour() throws {
    try withFolder(["a": try grey(1, 2), "b": try red(1, 2)]) { folder in
      let data = try folder.load().data
      #expect(data.channels == 3)
      #expect(data.pixels == [0, 0, 0, 1, 1, 1, 255, 0, 0, 255, 0, 0])
      let plain = try folder.load(PictureOptions(grey: true)).data
      #expect(plain.channels == 1 && plain.pixels == [0, 1, 76, 76])
    }
  }

  @Test("sub-folders are labels, at any depth below, links to files and folders too")
  func labels() throws {
    let files = [
      "dog/1.png": try grey(1, 1), "cat/deep/2.png": try grey(1, 1, from: 1),
      "cat/3.png": try grey(1, 1, from: 2), "empty/readme": [1, 2],
    ]
    try withFolder(files) { folder in
      let manager = FileManager.default
      try manager.createSymbolicLink(
        atPath: "\(folder.path)/dog/4.png", withDestinationPath: "../cat/3.png")
      // A circle.
      try manager.createSymbolicLink(
        atPath: "\(folder.path)/dog/up", withDestinationPath: folder.path)
      let loaded = try folder.load()
      #expect(loaded.labelNames == ["cat", "dog"])
      #expect(loaded.names == ["cat/3.png", "cat/deep/2.png", "dog/1.png", "dog/4.png"])
      #expect(loaded.data.labels == [0, 0, 1, 1] && loaded.data.pixels == [2, 1, 0, 2])
      #expect(loaded.data.field("label")?.kind == .category(classes: 2))

      try AtomicFile.write(try grey(1, 1), to: "\(folder.path)/beside.png")
      let mixed = try folder.load()
      #expect(mixed.labelNames == nil && mixed.data.labels == nil && mixed.data.count == 5)
    }
    try withFolder(["cat/1.png": try grey(1, 1)]) { folder in
      let loaded = try folder.load()
      #expect(loaded.labelNames == nil)
    }
  }

  @Test("the parts that a folder comes with share labels and colour")
  func parts() throws {
    let files = [
      "Train/cat/1.png": try grey(1, 1), "Train/dog/1.png": try grey(1, 1, from: 1),
      "val/dog/1.png": try grey(1, 1, from: 2), "testing/cat/1.png": try red(1, 1),
      "testing/emu/1.png": try grey(1, 1), "other/9.png": try grey(7, 7),
    ]
    try withFolder(files) { folder in
      #expect(folder.splits == [.train: "Train", .validation: "val", .test: "testing"])
      let train = try folder.load(split: .train)
      let validation = try folder.load(split: .validation)
      let test = try folder.load(split: .test)
      for part in [train, validation, test] {
        #expect(part.labelNames == ["cat", "dog", "emu"] && part.data.channels == 3)
        #expect(part.data.field("label")?.kind == .category(classes: 3))
      }
      #expect(train.names == ["Train/cat/1.png", "Train/dog/1.png"])
      #expect(train.data.labels == [0, 1] && train.data.split == "train")
      #expect(validation.data.labels == [1] && validation.data.split == "validation")
      #expect(test.data.labels == [0, 2] && test.data.pixels == [255, 0, 0, 0, 0, 0])

      // Five pictures of one pixel have five patches in all.
      let options = PictureOptions(size: (1, 1), patches: 5)
      let counts = try DatasetSplit.allCases.map { try folder.load(options, split: $0).data.count }
      #expect(counts == [2, 1, 2])
    }
    try withFolder(["train/1.png": try grey(1, 1)]) { folder in
      #expect(folder.splits == [.train: "train"])
      #expect(
        throws: DatasetError.missingPart(
          folder: folder.path, split: .test, names: ["test", "testing"])
      ) { try folder.load(split: .test) }
    }
  }

  @Test("a size brings pictures of all sizes together; without one two of them are named")
  func sizes() throws {
    let files = ["a.png": try grey(4, 4), "b.png": try grey(2, 6), "c.png": try red(2, 2)]
    try withFolder(files) { folder in
      for fit in PictureFit.allCases {
        let loaded = try folder.load(PictureOptions(size: (2, 2), fit: fit))
        #expect(loaded.data.count == 3 && loaded.data.height == 2 && loaded.data.channels == 3)
        // Means of blocks of two by two: (0 + 1 + 4 + 5) / 4 to the next byte.
        #expect(loaded.data.image(at: 0).first == 3)
        let second: [PictureFit: [UInt8]] = [
          // Columns 2 and 3; means over three columns; a third of the height, black below.
          .crop: [2, 3, 8, 9], .stretch: [1, 4, 7, 10], .pad: [4, 7, 0, 0],
        ]
        let greys = stride(from: 0, to: 12, by: 3).map { Array(loaded.data.image(at: 1))[$0] }
        #expect(greys == second[fit], "\(fit): \(greys)")
      }
      #expect(
        sentence { _ = try folder.load() }
          == "in '\(folder.path)' the picture 'a.png' has 4 x 4 pixels (height x width) but "
          + "'b.png' has 2 x 6; give one size for all by --size, as --size 32x32")
    }
  }

  @Test("patches are different crops, equally many of each picture that has so many")
  func patches() throws {
    let files = [
      "a.png": try grey(10, 10), "b.png": try grey(2, 3, from: 100), "c.png": try grey(9, 12),
      "d.png": try grey(1, 9),
    ]
    try withFolder(files) { folder in
      // b has two crops; of the other 40 a and c give equally many.
      let options = PictureOptions(size: (2, 2), patches: 42, seed: 3)
      let loaded = try folder.load(options)
      #expect(loaded.data.count == 42 && loaded.names.count == 42)
      let counts = Dictionary(grouping: loaded.names, by: { $0 }).mapValues(\.count)
      #expect(counts == ["a.png": 20, "b.png": 2, "c.png": 20])
      #expect(Set(loaded.source) == [0, 1, 2] && loaded.source == loaded.source.sorted())
      let images = (0..<42).map { Array(loaded.data.image(at: $0)) }
      #expect(Set(images).count == 42)
      for (image, source) in zip(images, loaded.source) {
        let width = [10, 3, 12][source]
        #expect(image.map { Int($0) - Int(image[0]) } == [0, 1, width, width + 1])
      }
      #expect(
        loaded.skipped == [
          "'d.png' is a picture of 1 x 9 pixels, too small for a patch of 2 x 2"
        ])

      #expect(try folder.load(options).data == loaded.data)
      var other = options
      other.seed = 4
      #expect(try folder.load(other).data != loaded.data)
      // 81 + 2 + 88 crops there are.
      other.patches = 171
      #expect(try folder.load(other).data.count == 171)
      other.patches = 172
      #expect(
        sentence { _ = try folder.load(other) }
          == "the pictures in '\(folder.path)' have 171 different patches of 2 x 2 pixels where "
          + "172 are asked for; ask for fewer or for smaller ones")
      other.size = nil
      #expect(throws: DatasetError.patchesWithoutSize(folder: folder.path)) {
        try folder.load(other)
      }
    }
  }

  /// Each of 9 places is taken 1/3 of the time; 900 draws of 3 places: within 5 standard errors of
  /// 300, 5 sqrt(900 (1/3) (2/3)) = 71.
  @Test("all places of a crop are equally likely")
  func places() throws {
    try withFolder(["a.png": try grey(3, 3)]) { folder in
      var counts = [Int](repeating: 0, count: 9)
      for seed in 0..<900 {
        let options = PictureOptions(size: (1, 1), patches: 3, seed: UInt64(seed))
        for pixel in try folder.load(options).data.pixels { counts[Int(pixel)] += 1 }
      }
      #expect(counts.allSatisfy { abs($0 - 300) < 71 }, "\(counts)")
    }
  }

  @Test("damaged pictures are skipped with a reason, and others give their patches")
  func damaged() throws {
    let whole = try grey(8, 8)
    // The header is sound, the pixels end early.
    let files = [
      "a.png": whole, "b.png": Array(whole.dropLast(20)), "c.png": Array(whole.prefix(20)),
      "d.png": try grey(8, 8, from: 90), "e.png": [],
    ]
    try withFolder(files) { folder in
      let end = "is not a readable PNG image (the file ends too early); get it again"
      let loaded = try folder.load()
      #expect(loaded.names == ["a.png", "d.png"])
      #expect(
        loaded.skipped == [
          "'c.png' \(end)", "'b.png' \(end)",
          "'e.png' is empty where a PNG or JPEG picture is expected; get it again",
        ])
      let patches = try folder.load(PictureOptions(size: (2, 2), patches: 30))
      #expect(patches.data.count == 30 && patches.source.filter { $0 == 0 }.count == 15)
      #expect(patches.skipped == loaded.skipped)
    }
  }

  @Test("a folder without pictures says what was looked for and what was found")
  func nothing() throws {
    let files: [String: [UInt8]] = [
      "a.gif": Array("GIF89a".utf8), "b.txt": [1], "c.png": Array(try grey(3, 3).prefix(30)),
    ]
    try withFolder(files) { folder in
      #expect(
        sentence { _ = try folder.load() }
          == "the folder '\(folder.path)' holds no picture that can be read; looked for files that "
          + "begin as PNG or JPEG, in it and its sub-folders, and found 1 damaged picture (the "
          + "first: 'c.png' is not a readable PNG image (the file ends too early); get it again) "
          + "and 2 other files (a.gif, b.txt); name the folder that holds the pictures, or convert "
          + "them")
    }
    try withFolder([:]) { folder in
      #expect(sentence { _ = try folder.load() }?.contains("and found no file;") == true)
    }
    #expect(throws: DatasetError.missingFolder(path: "/nowhere")) {
      try PictureFolder("/nowhere").load()
    }
  }

  @Test("more sub-folders than a byte can count are refused")
  func manyLabels() throws {
    let picture = try grey(1, 1)
    let files = Dictionary(uniqueKeysWithValues: (0..<257).map { ("\($0)/a.png", picture) })
    try withFolder(files) { folder in
      #expect(throws: DatasetError.tooManyLabels(folder: folder.path, found: 257)) {
        try folder.load()
      }
      try Files.remove("\(folder.path)/0/a.png")
      #expect(try folder.load().data.labels?.last == 255)
    }
  }

  @Test("more than memory should hold is refused before it is taken")
  func tooLarge() throws {
    let picture = try grey(1, 1)
    let files = Dictionary(uniqueKeysWithValues: (0..<17).map { ("\($0).png", picture) })
    try withFolder(files) { folder in
      let error = DatasetError.picturesTooLarge(
        folder: folder.path, count: 17, size: [1 << 16, 1 << 16, 1], limit: 1 << 36)
      #expect(throws: error) { try folder.load(PictureOptions(size: (1 << 16, 1 << 16))) }
    }
  }

  @Test(
    "photographs become small colour images and patches",
    .enabled(if: SharedData.holds("own-images"), "../shared is absent: the pictures are not here"))
  func photographs() throws {
    let folder = PictureFolder(SharedData.path("own-images"))
    let loaded = try folder.load(PictureOptions(size: (32, 32)))
    #expect(loaded.data.count == 15 && loaded.data.channels == 3 && loaded.labelNames == nil)
    #expect(loaded.names.first == "astronaut.png" && loaded.names.last == "rocket.jpg")
    #expect(loaded.skipped.count == 1 && loaded.skipped[0].hasPrefix("'SOURCE.md' begins"))
    let patches = try folder.load(PictureOptions(size: (32, 32), patches: 1000, grey: true))
    #expect(patches.data.count == 1000 && patches.data.channels == 1)
    #expect(Set(patches.source).count == 15)
    #expect(throws: DatasetError.self) { try folder.load() }
  }
}

@Suite("Images selected")
struct ImageSelectionTests {
  @Test("pixels, labels and columns of the images chosen, with all classes")
  func selection() throws {
    let data = ImageDataset(
      name: "tiny", split: "train", height: 1, width: 2, pixels: [0, 255, 7, 3, 4, 5],
      labels: [0, 4, 2],
      columns: [DataColumn(DataField("weight", shape: [2]), [1.0, 2, 3, 4, 5, 6])])
    let part = data.selecting([2, 0, 0], split: "test")
    #expect(part.pixels == [4, 5, 0, 255, 0, 255] && part.labels == [2, 0, 0])
    #expect(part.split == "test" && part.name == "tiny" && part.count == 3)
    #expect(part.columns == [DataColumn(DataField("weight", shape: [2]), [5.0, 6, 1, 2, 1, 2])])
    #expect(part.fields == data.fields)
    // Black and white alone, but a part of grey images.
    let black = data.selecting([0], split: "test")
    #expect(!black.isBinary && black.field("x")?.kind == .grey)
    #expect(black.prefix(1) == black && black.selecting([0], split: "test") == black)
  }
}
