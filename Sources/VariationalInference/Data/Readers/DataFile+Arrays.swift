// SPDX-License-Identifier: Apache-2.0

internal import Formats

extension DataFile {
  /// The parts that a file of arrays has; else its examples are divided.
  func array(_ reading: DataReading) throws -> DataRead {
    switch try arrays(reading).load() {
    case .parts where reading.fractions != nil: throw DividedFile(path: path)
    case .parts(let train, let validation, let test?):
      return DataRead(
        DatasetSplits(train: train, validation: validation, test: test),
        notes: [Self.words(train)])
    case .parts(let train, nil, nil): return try divided(train, reading)
    case .parts(let train, let validation?, nil):
      return DataRead(
        DatasetSplits(train: train, test: validation),
        notes: [
          Self.words(train), "'\(path)' has no test part; its validation part is in its place",
        ])
    case .undivided(let all): return try divided(all, reading)
    }
  }

  /// Every example in the file's order; nil where the file comes in parts.
  func arrayRows(_ reading: DataReading) throws -> RowsRead? {
    var reading = reading
    // New examples need no labels, unless the model is given them.
    if !reading.conditions.contains("label") { reading.label = nil }
    guard case .undivided(let all) = try arrays(reading).load() else { return nil }
    return RowsRead(all.selecting(Array(0..<all.count), "all"))
  }

  private func arrays(_ reading: DataReading) -> ArrayFile {
    ArrayFile(
      path, member: reading.member, labels: reading.label, missing: true, imageSize: reading.size,
      conditions: reading.conditions)
  }

  private func divided(_ all: any Dataset, _ reading: DataReading) throws -> DataRead {
    let division = try reading.division(of: all.count, in: path)
    func part(_ examples: [Int], _ split: DatasetSplit) -> (any Dataset)? {
      examples.isEmpty ? nil : all.selecting(examples, split.rawValue)
    }
    guard let train = part(division.train, .train), let test = part(division.test, .test) else {
      throw DatasetError.noExamples(data: all.name)
    }
    return DataRead(
      DatasetSplits(train: train, validation: part(division.validation, .validation), test: test),
      notes: [Self.words(all), division.words(seed: reading.seed)], numbers: division.numbers)
  }

  /// What the numbers are, in a line for people.
  private static func words(_ data: any Dataset) -> String {
    guard let field = data.field("x") else { return data.name }
    let shape = field.shape.map(String.init).joined(separator: " x ")
    let kind =
      switch field.kind {
      case .real: "real numbers"
      case .count: "counts"
      case .binary: "binary numbers"
      case .grey: "levels of pixels"
      case .category(let classes): classes.counted("class", plural: "classes")
      }
    let sparse = (data as? ArrayDataset)?.isSparse == true ? "sparse " : ""
    let labels = data.field("label") == nil ? "" : ", with labels"
    return
      "\(data.count.counted("example")) of \(shape.isEmpty ? "1" : shape) \(sparse)\(kind)\(labels)"
  }
}

/// Shares for a file that has its parts.
struct DividedFile: Error, CustomStringConvertible {
  let path: String

  var description: String {
    "--fractions is for data that come undivided, but '\(path)' holds a training part and others; leave it "
      + "out"
  }
}

extension ArrayDataset {
  /// Whether "x" is of sparse rows.
  package var isSparse: Bool { columns.contains { $0.field.name == "x" && $0.sparseRows != nil } }

  /// Whether some column lies in a file that is larger than memory.
  var isSampled: Bool { columns.contains(where: \.isSampled) }
}

extension Dataset {
  /// Some examples as a part, of the data sets that files give.
  func selecting(_ examples: [Int], _ split: String) -> any Dataset {
    if let images = self as? ImageDataset { return images.selecting(examples, split: split) }
    guard let arrays = self as? ArrayDataset else {
      preconditionFailure("'\(name)' is neither of images nor of arrays")
    }
    return arrays.selecting(examples, split: split)
  }
}
