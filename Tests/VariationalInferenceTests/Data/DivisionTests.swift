// SPDX-License-Identifier: Apache-2.0

import Formats
import TestSupport
import Testing
import VariationalInference

@Suite("Data divided at random")
struct DivisionTests {
  @Test(
    "every example is in one part; parts are of the sizes asked for, at least one each",
    arguments: [
      (1000, [80.0, 10, 10], [800, 100, 100]), (3, [80, 10, 10], [1, 1, 1]),
      (4, [80, 10, 10], [2, 1, 1]), (10, [0.9, 0, 0.1], [9, 0, 1]), (2, [1, 0, 1], [1, 0, 1]),
      (3, [1, 49, 50], [1, 1, 1]), (5, [1, 0, 0], [5, 0, 0]),
      (1831, [80, 10, 10], [1465, 183, 183]),
      (7, [1, 1000, 0], [1, 6, 0]),
    ] as [(Int, [Double], [Int])])
  func sizes(_ count: Int, _ fractions: [Double], _ expected: [Int]) throws {
    let fractions = DatasetDivision.Fractions(
      train: fractions[0], validation: fractions[1], test: fractions[2])
    let division = try DatasetDivision(count: count, fractions: fractions, seed: 7)
    let parts = [division.train, division.validation, division.test]
    #expect(parts.map(\.count) == expected && division.count == count)
    #expect(parts.flatMap { $0 }.sorted() == Array(0..<count))
    #expect(parts.allSatisfy { $0 == $0.sorted() })
  }

  @Test("a seed gives one division, the one that it always gave; another seed another")
  func seeds() throws {
    func division(_ seed: UInt64, validation: Double = 10) throws -> DatasetDivision {
      try DatasetDivision(
        count: 30, fractions: .init(train: 90 - validation, validation: validation, test: 10),
        seed: seed)
    }
    #expect(try division(1) == division(1) && division(1) != division(2))
    // A larger validation part leaves the test part as it was.
    #expect(try division(1).test == division(1, validation: 30).test)
    let first = try division(1)
    #expect([first.validation, first.test] == [[1, 9, 25], [0, 18, 22]])
  }

  @Test("each example falls into the test part equally often")
  func uniform() throws {
    // 2000 divisions of 20 in which a tenth is the test part: each example is in 200 of them on
    // average, with a standard deviation of 13.4; five of them are allowed.
    var counts = [Int](repeating: 0, count: 20)
    for seed in 0..<2000 {
      for example in try DatasetDivision(count: 20, seed: UInt64(seed)).test {
        counts[example] += 1
      }
    }
    #expect(counts.allSatisfy { abs(Double($0) - 200) < 5 * 13.4 }, "\(counts)")
  }

  @Test("groups stay together")
  func groups() throws {
    let groups = (0..<60).map { $0 % 12 == 5 ? 99 : $0 % 12 }
    let division = try DatasetDivision(count: 60, seed: 3, groups: groups)
    let parts = [division.train, division.validation, division.test].map { part in
      Set(part.map { groups[$0] })
    }
    #expect(parts.map(\.count) == [10, 1, 1])
    #expect(parts[0].isDisjoint(with: parts[1]) && parts[0].isDisjoint(with: parts[2]))
    #expect(parts[1].isDisjoint(with: parts[2]) && division.count == 60)
    #expect(division.train == division.train.sorted())
  }

  @Test("too few are refused in a sentence")
  func few() {
    #expect(throws: DivisionError(found: 2, parts: 3, isOfGroups: false)) {
      try DatasetDivision(count: 2, seed: 0)
    }
    #expect(throws: DivisionError(found: 1, parts: 3, isOfGroups: true)) {
      try DatasetDivision(count: 9, seed: 0, groups: [Int](repeating: 4, count: 9))
    }
    #expect(
      DivisionError(found: 1, parts: 2, isOfGroups: true).description
        == "1 group cannot be divided into 2 parts with at least one each; take more data, or fewer"
        + " parts with --fractions, such as 90,0,10")
  }
}

@Suite("Examples that two parts share")
struct SharedExamplesTests {
  private func data(_ rows: [[Double]], mask: [[UInt8]]? = nil) -> ArrayDataset {
    let field = DataField("x", shape: [rows[0].count])
    var columns = [DataColumn(field, rows.flatMap { $0 })]
    if let mask {
      columns.append(
        DataColumn(DataField("mask", shape: field.shape, kind: .binary), mask.flatMap { $0 }))
    }
    return ArrayDataset(name: "data", columns: columns)
  }

  @Test("equal rows are counted, each of the test part once")
  func counted() {
    let train = data([[1, 2, 3], [4, 5, 6], [0, 0, 0]])
    let test = data([[4, 5, 6], [3, 2, 1], [-0.0, 0, 0], [4, 5, 6], [1, 2, 3.0001]])
    #expect(sharedExamples(test, with: train) == 3)
    #expect(sharedExamples(train, with: train) == 3)
    #expect(sharedExamples(data([[1, 2]]), with: train) == 0)
  }

  @Test("a missing number is another one than a zero")
  func masks() {
    let train = data([[1, 0]], mask: [[1, 1]])
    #expect(sharedExamples(data([[1, 0]], mask: [[1, 0]]), with: train) == 0)
    #expect(sharedExamples(data([[1, 0]], mask: [[1, 1]]), with: train) == 1)
  }

  @Test("many examples, across blocks: those and no others")
  func many() {
    var random = SplitMix64(seed: 9)
    var rows: [[Double]] = []
    for _ in 0..<5000 { rows.append((0..<7).map { _ in Double(random.next() % 1000) }) }
    var test: [[Double]] = []
    for index in 0..<3000 {
      test.append(index % 3 == 0 ? rows[index + 1000] : rows[index].map { $0 + 0.5 })
    }
    #expect(sharedExamples(data(test), with: data(rows)) == 1000)
  }

  @Test("images are compared by their bytes, whatever is drawn")
  func images() throws {
    var random = SplitMix64(seed: 2)
    func images(_ pixels: [UInt8]) throws -> ImageDataset {
      try ImageDataset(name: "i", split: "test", height: 4, width: 4, pixels: pixels)
        .binarized(.dynamic)
    }
    let pixels = (0..<10 * 16).map { _ in UInt8(random.next() % 256) }
    let test = try images(Array(pixels[48..<96]) + (0..<16).map { _ in UInt8(7) })
    #expect(sharedExamples(test, with: try images(pixels)) == 3)
  }

  @Test("chosen examples come in their order, of every type of number and of files")
  func selecting() throws {
    let numbers = (0..<12).map { Double($0) * 0.5 }
    let path = try makeTemporaryFolder()
    defer { removeFolder(path) }
    let field = DataField("mapped", shape: [2])
    try NPY(shape: [6, 2], .float64(numbers)).write(to: "\(path)/x.npy")
    let data = ArrayDataset(
      name: "all",
      columns: [
        DataColumn(DataField("x", shape: [2]), numbers),
        DataColumn(DataField("float"), (0..<6).map { Float($0) }),
        DataColumn(DataField("class", kind: .category(classes: 6)), Array(0..<6)),
        DataColumn(DataField("grey", kind: .grey), (0..<6).map { UInt8($0) }),
        try DataColumn(field, mapping: "\(path)/x.npy"),
      ])
    let chosen = data.selecting([4, 0, 4], split: "test")
    #expect(chosen.count == 3 && chosen.split == "test" && chosen.fields == data.fields)
    for field in data.fields {
      func rows(_ data: ArrayDataset, _ examples: [Int]) -> [Double] {
        Tensor<Double>(shape: [3, field.width]) {
          data.write(field, of: examples, round: .evaluation(seed: 0), to: $0)
        }.scalars
      }
      #expect(rows(chosen, [0, 1, 2]) == rows(data, [4, 0, 4]), "\(field.name)")
    }
  }
}
