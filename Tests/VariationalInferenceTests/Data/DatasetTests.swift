// SPDX-License-Identifier: Apache-2.0

import Formats
import TestSupport
import Testing
import VariationalInference

/// The numbers of some examples of a field, row by row.
private func rows(
  _ data: some Dataset, _ name: String, _ examples: [Int],
  _ round: DataRound = .evaluation(seed: 0)
) throws -> [Double] {
  let field = try #require(data.field(name))
  return Tensor<Double>(shape: [examples.count, field.width]) {
    data.write(field, of: examples, round: round, to: $0)
  }.scalars
}

@Suite("Data sets of named fields")
struct DatasetTests {
  private let table = ArrayDataset(
    name: "table",
    columns: [
      DataColumn(DataField("x", shape: [2]), [1.5, -2, 3, 4, 0.25, 6]),
      DataColumn(DataField("group", kind: .category(classes: 3)), [2, 0, 1]),
      DataColumn(DataField("hits", kind: .count), [7, 0, 1 << 20]),
      DataColumn(
        DataField("shade", shape: [1, 2, 1], kind: .grey), [UInt8]([0, 255, 51, 0, 1, 2])),
      DataColumn(DataField("weight"), [Float]([1, 0.5, 2])),
    ])

  @Test("examples come in the order asked for, also twice; categories are one number of several")
  func writing() throws {
    #expect(try rows(table, "x", [2, 0, 2]) == [0.25, 6, 1.5, -2, 0.25, 6])
    #expect(try rows(table, "group", [0, 1, 2]) == [0, 0, 1, 1, 0, 0, 0, 1, 0])
    #expect(try rows(table, "hits", [2, 0]) == [1_048_576, 7])
    #expect(try rows(table, "shade", [1, 0]) == [51.0 / 255, 0, 0, 1])
    #expect(try rows(table, "weight", [1]) == [0.5])
    #expect(table.count == 3 && table.fields.map(\.width) == [2, 3, 1, 2, 1])
  }

  @Test("numbers that a file holds are those that memory would hold")
  func mapped() throws {
    let folder = try makeTemporaryFolder()
    defer { removeFolder(folder) }
    let numbers = (0..<60).map { Float($0) * 0.5 - 7 }
    let path = "\(folder)/x.npy"
    let bytes = NPY(shape: [12, 5], .float32(numbers)).encoded()
    try AtomicFile.write(bytes, to: path)
    let field = DataField("x", shape: [5])
    let file = ArrayDataset(name: "file", columns: [try DataColumn(field, mapping: path)])
    let memory = ArrayDataset(name: "memory", columns: [DataColumn(field, numbers)])
    let order = [11, 3, 3, 0]
    #expect(try rows(file, "x", order) == rows(memory, "x", order))
    #expect(file.fingerprint() == memory.fingerprint())
    #expect(file.prefix(4).fingerprint() == memory.prefix(4).fingerprint())
    #expect(file.prefix(4).count == 4)
    #expect(throws: DatasetError.self) {
      try DataColumn(DataField("x", shape: [4]), mapping: path)
    }
    try AtomicFile.write(Array(bytes.dropLast(4)), to: path)
    #expect(throws: FormatError.self) { try DataColumn(field, mapping: path) }
    #expect(throws: FileError.self) { try DataColumn(field, mapping: "\(folder)/none.npy") }
  }

  @Test("a fingerprint changes with a number, a name, a shape or a kind, not with the data's name")
  func fingerprints() {
    func data(_ field: DataField, _ last: Float = 4, name: String = "a") -> ArrayDataset {
      ArrayDataset(name: name, columns: [DataColumn(field, [1, 2, 3, last])])
    }
    let base = data(DataField("x", shape: [2])).fingerprint()
    #expect(data(DataField("x", shape: [2]), name: "b").fingerprint() == base)
    let others = [
      data(DataField("x", shape: [2]), 4.5), data(DataField("y", shape: [2])),
      data(DataField("x", shape: [4])), data(DataField("x", shape: [2], kind: .count)),
    ]
    #expect(Set(others.map { $0.fingerprint() } + [base]).count == 5)
    #expect(base.count == 16)
  }

  @Test("images are fields: pixels, label, further columns; colour is three numbers a pixel")
  func images() throws {
    let grey = ImageDataset(
      name: "grey", split: "test", height: 1, width: 2, pixels: [0, 51, 255, 102],
      labels: [1, 2], columns: [DataColumn(DataField("angle"), [0.5, -1])])
    #expect(grey.fields.map(\.name) == ["x", "label", "angle"])
    #expect(grey.field("x")?.shape == [1, 2, 1] && grey.field("x")?.kind == .grey)
    #expect(try rows(grey, "x", [1, 0]) == [1, 0.4, 0, 0.2])
    #expect(try rows(grey, "label", [0, 1]) == [0, 1, 0, 0, 0, 1])
    #expect(try rows(grey, "angle", [1]) == [-1])
    let cut = try grey.binarized(.threshold)
    #expect(cut.field("x")?.kind == .binary)
    #expect(try rows(cut, "x", [0, 1]) == [0, 0, 1, 0])
    let colour = ImageDataset(
      name: "colour", split: "test", height: 1, width: 1, channels: 3,
      pixels: [255, 0, 51, 0, 0, 255])
    #expect(colour.count == 2 && colour.field("x")?.imageSize.map { $0.channels } == 3)
    #expect(try rows(colour, "x", [0]) == [1, 0, 0.2])
    let flat = ImageDataset(
      name: "flat", split: "test", height: 1, width: 3, pixels: [255, 0, 51, 0, 0, 255])
    #expect(flat.fingerprint() != colour.fingerprint())
  }

  @Test("the built-in digits bring their true factors")
  func factors() throws {
    let digits = ImageDataset.digits(.test, count: 20, workers: WorkerPool(count: 2))
    let synthesiser = DigitSynthesiser(seed: 0, split: .test)
    let slants = try rows(digits, "slant", Array(0..<20))
    #expect(slants == (0..<20).map { synthesiser.factors(of: $0).slant })
    let styles = try rows(digits, "style", [7])
    #expect(styles.firstIndex(of: 1) == synthesiser.factors(of: 7).style)
    #expect(styles.reduce(0, +) == 1)
  }

  @Test(
    "drawn pixels depend on example and epoch, not on the batch; an evaluation repeats its draw")
  func rounds() throws {
    let images = try ImageDataset.bars(count: 10).binarized(.dynamic)
    let training = { DataRound.training(seed: 3, epoch: $0) }
    let all = try rows(images, "x", Array(0..<10), training(1))
    #expect(try rows(images, "x", [4], training(1)) == Array(all[4 * 64..<5 * 64]))
    #expect(try rows(images, "x", [4], training(2)) != Array(all[4 * 64..<5 * 64]))
    let judged = try rows(images, "x", [4], .evaluation(seed: 3))
    #expect(try rows(images, "x", [4], .evaluation(seed: 3)) == judged)
    #expect(judged != Array(all[4 * 64..<5 * 64]))
    #expect(try rows(images, "x", [4], .evaluation(seed: 4)) != judged)
  }

  @Test("a model is refused data that lack a field it reads, by name, before the first step")
  func refusal() throws {
    var generator = SplitMix64(seed: 1)
    func model(_ fields: AutoencoderFields, data: Int = 2) -> VariationalAutoencoder<Double> {
      VariationalAutoencoder(
        .init(data: data, hidden: [3], latent: 1, fields: fields), using: &generator)
    }
    func message(_ model: VariationalAutoencoder<Double>) throws -> String {
      let options = TrainingOptions(epochs: 1)
      let error = try #require(throws: DatasetError.self) {
        try Trainer(model, data: table, options: options)
      }
      #expect(throws: error) { try model.evaluate(on: table, workers: WorkerPool(count: 1)) }
      #expect(throws: error) {
        try model.importanceWeightedBound(on: table, samples: 2, workers: WorkerPool(count: 1))
      }
      #expect(throws: error) { try model.encode(table, workers: WorkerPool(count: 1)) }
      return error.description
    }
    let missing = try message(model(.init(conditions: [.init("colour", width: 3)])))
    #expect(missing.contains("no field 'colour'") && missing.contains("condition"))
    #expect(missing.contains("x, group, hits, shade, weight"))
    let wide = try message(model(.init(), data: 5))
    #expect(wide.contains("'x'") && wide.contains("2 numbers") && wide.contains("5"))
    let mask = try message(model(.init(mask: "weight")))
    #expect(mask.contains("'weight'") && mask.contains("takes 2"))
  }

  @Test("columns that cannot be are refused, as the caller's mistake")
  func mistakes() async {
    await #expect(processExitsWith: .failure) {
      _ = DataColumn(DataField("x", shape: [2]), [1.0, 2, 3])
    }
    await #expect(processExitsWith: .failure) {
      _ = DataColumn(DataField("x", kind: .category(classes: 2)), [0, 2])
    }
    await #expect(processExitsWith: .failure) {
      _ = DataColumn(DataField("x", kind: .binary), [0, 0.5])
    }
    await #expect(processExitsWith: .failure) {
      _ = ArrayDataset(
        name: "twice",
        columns: [DataColumn(DataField("x"), [1.0]), DataColumn(DataField("x"), [2.0])])
    }
    await #expect(processExitsWith: .failure) {
      _ = ArrayDataset(
        name: "uneven",
        columns: [DataColumn(DataField("x"), [1.0]), DataColumn(DataField("y"), [2.0, 3])])
    }
  }
}

@Suite("Order of an epoch")
struct EpochOrderTests {
  /// Version 0.1.0 took the order from the standard library, with this generator and stream.
  @Test("it is the order of version 0.1.0", arguments: [1, 2, 3, 10, 301, 60_000])
  func order(_ count: Int) throws {
    for epoch in [0, 1, 7] {
      var generator = CounterGenerator(seed: 5, stream: 0x6f72 << 48 | UInt64(epoch))
      let expected = Array(0..<count).shuffled(using: &generator)
      let order = EpochOrder(examples: count, batchSize: 32, seed: 5, epoch: epoch).order
      #expect(order == expected)
    }
  }

  @Test("an order by blocks has each example once, and 64 blocks together at any time")
  func blocks() {
    func order(_ epoch: Int) -> [Int] {
      EpochOrder(examples: 10_001, batchSize: 32, seed: 5, epoch: epoch, block: 20).order
    }
    let first = order(0)
    #expect(first.sorted() == Array(0..<10_001))
    #expect(order(0) == first && order(1) != first)
    // 501 blocks, the last of one example.
    let pool = first.prefix(64 * 20)
    #expect((64...65).contains(Set(pool.map { $0 / 20 }).count))
    #expect(pool.first.map { $0 / 20 } != pool.dropFirst().first.map { $0 / 20 })
    let whole = EpochOrder(examples: 50, batchSize: 32, seed: 5, epoch: 0, block: 20).order
    #expect(whole.sorted() == Array(0..<50) && whole != Array(0..<50))
  }

  /// Wide bounds make the generator draw anew about half the time: the branch that small ones never
  /// take is the standard library's too.
  @Test("numbers below a bound are those of the standard library, whatever the bound")
  func bounds() {
    let bounds: [UInt64] = [1, 3, 1 << 31, (1 << 63) + 1, .max]
    for bound in bounds {
      var (ours, theirs) = (SplitMix64(seed: 9), SplitMix64(seed: 9))
      for _ in 0..<200 {
        #expect(
          EpochOrder.uniform(below: bound, using: &ours)
            == UInt64.random(in: 0..<bound, using: &theirs))
      }
    }
  }
}
