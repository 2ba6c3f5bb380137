// SPDX-License-Identifier: Apache-2.0

package import Formats

/// All parts of a data set that was read, and what there is to say of it.
public struct DataRead: Sendable {
  /// What a model learns from, and what it is judged by.
  public var parts: DatasetSplits
  /// The columns of x, where it is a table.
  public var table: TableSchema?
  /// What was found, left out or divided, in lines for people.
  public var notes: [String]
  /// The places of the parts' examples in their file; empty where it comes divided.
  var numbers: [DatasetSplit: [Int]]
  /// What the examples of each part are called, where they have names.
  var names: [DatasetSplit: [String]]
  /// The rows as their file has them, where it is a table.
  let source: Table?

  /// The group of each training example, such as the picture of a patch, where those of one group may
  /// not be parted.
  public var groups: [Int]?

  /// Parts with notes.
  public init(_ parts: DatasetSplits, table: TableSchema? = nil, notes: [String] = []) {
    self.init(parts, table: table, notes: notes, numbers: [:])
  }

  init(
    _ parts: DatasetSplits, table: TableSchema? = nil, notes: [String],
    numbers: [DatasetSplit: [Int]], names: [DatasetSplit: [String]] = [:], source: Table? = nil,
    groups: [Int]? = nil
  ) {
    (self.parts, self.table, self.notes) = (parts, table, notes)
    (self.numbers, self.names, self.source, self.groups) = (numbers, names, source, groups)
  }

  /// The examples of one part; nil where there is no such part.
  public func rows(_ split: DatasetSplit) -> RowsRead? {
    let part: (any Dataset)? =
      switch split {
      case .train: parts.train
      case .validation: parts.validation
      case .test: parts.test
      }
    return part.map {
      RowsRead($0, numbers: numbers[split], names: names[split], source: source)
    }
  }
}

/// Examples in the order of their file, each with its number there and a name.
public struct RowsRead: Sendable {
  /// The examples.
  public let data: any Dataset
  /// The place of each in the file, from 0.
  public let numbers: [Int]
  /// A name for each: that of its picture, or its number.
  public let names: [String]
  private let source: Table?

  /// These examples; nil for numbers from 0, and for names that are the numbers.
  public init(_ data: any Dataset, numbers: [Int]? = nil, names: [String]? = nil) {
    self.init(data, numbers: numbers, names: names, source: nil)
  }

  init(_ data: any Dataset, numbers: [Int]? = nil, names: [String]? = nil, source: Table?) {
    (self.data, self.source) = (data, source)
    self.numbers = numbers ?? Array(0..<data.count)
    self.names = names ?? self.numbers.map(String.init)
  }

  /// The same examples as other data, binarised ones for instance.
  public func replacing(_ data: any Dataset) -> RowsRead {
    RowsRead(data, numbers: numbers, names: names, source: source)
  }

  /// The cells of all columns of the table that the examples are rows of, as its file has them; nil where
  /// there is none.
  ///
  /// - Throws: An error that names the file, where it cannot be read again.
  package func cells() throws -> CSV? {
    guard let source else { return nil }
    let text = try DelimitedText(source.path)
    let places = Dictionary(uniqueKeysWithValues: numbers.enumerated().map { ($1, $0) })
    var rows = [[String]](repeating: [], count: numbers.count)
    var number = 0
    try text.forEachRow { cells, _ in
      if let place = places[number] {
        rows[place] = cells.map { String(decoding: $0, as: UTF8.self) }
      }
      number += 1
    }
    return CSV(columns: text.columns, rows: rows)
  }
}

/// A file or folder of data in one of the formats that are read.
public struct DataFile: Sendable, Equatable {
  /// What is read in one way.
  enum Kind: String, Sendable {
    case known = "a known data set"
    case idx = "a folder of IDX files"
    case pictures = "a folder of pictures"
    case array = "a file of arrays"
    case table = "a table"
  }

  /// The path.
  public let path: String
  let kind: Kind

  /// Whether it is a table.
  public var isTable: Bool { kind == .table }

  /// Whether it is a folder of pictures.
  public var isPictures: Bool { kind == .pictures }

  /// What there is to read, in words.
  public static let kindsInWords =
    "a folder of pictures (PNG, JPEG) or of IDX files, an array (.npy, .npz, .mtx, .h5ad, .h5) or a table"
    + " (.csv, .tsv)"

  /// The file or folder at `path`; its kind is told by its ending, that of a folder by what is in it.
  ///
  /// - Throws: ``UnknownFormat``, or an error that names the folder.
  public init(_ path: String) throws {
    self.path = path
    if IDXFolder(path).holdsAnything {
      kind = .idx
      return
    }
    if Files.isFolder(path) {
      kind = .pictures
      return
    }
    let name = Files.name(of: path).lowercased()
    func ends(_ endings: String...) -> Bool {
      endings.contains { name.hasSuffix($0) || name.hasSuffix($0 + ".gz") }
    }
    if ends(".csv", ".tsv", ".tab", ".txt") {
      kind = .table
    } else if ends(".npy", ".npz", ".mtx", ".h5ad", ".h5", ".hdf5") || ArrayFile.recognises(path) {
      kind = .array
    } else {
      throw UnknownFormat(path: path)
    }
  }

  /// The parts that the file comes with, else those into which it is divided.
  ///
  /// - Parameters:
  ///   - reading: How it is read and divided.
  ///   - table: How the columns of a table are read; nil finds it out.
  /// - Returns: The parts.
  /// - Throws: An error that names the file and what is wrong with it.
  public func read(_ reading: DataReading, table: TableSchema? = nil) throws -> DataRead {
    try Self.check(reading, for: kind, path)
    var read =
      switch kind {
      case .known, .idx: DataRead(try IDXFolder(path).loadAll())
      case .pictures: try pictures(reading)
      case .array: try array(reading)
      case .table: try self.table(reading, table)
      }
    // Of a file that is larger than memory not every example is looked at.
    if (read.parts.train as? ArrayDataset)?.isSampled == true { return read }
    let shared = sharedExamples(read.parts.test, with: read.parts.train)
    if shared > 0 {
      read.notes.append(
        "\(shared) of the \(read.parts.test.count) test examples also stand in the training part: their "
          + "numbers are of examples that were learned")
    }
    return read
  }

  /// Every example in the file's order; nil where the file comes divided.
  public func readRows(_ reading: DataReading, table: TableSchema? = nil) throws -> RowsRead? {
    switch kind {
    case .known, .idx: return nil
    case .pictures: return try pictureRows(reading)
    case .array: return try arrayRows(reading)
    case .table:
      var options = reading.tableOptions(for: table)
      // New rows need neither.
      if table != nil {
        (options.label, options.labelFile) = (nil, nil)
        (options.weight, options.weightFile) = (nil, nil)
      }
      let file = try TableFile(path).read(options, schema: table)
      return RowsRead(try file.dataset(file.schema(), split: "all"), source: file)
    }
  }

  /// Refuses options that say nothing of a known data set.
  ///
  /// - Throws: An error that names the first of them.
  public static func checkKnownSet(_ reading: DataReading, name: String) throws {
    try check(reading, for: .known, name)
  }

  private static func check(_ reading: DataReading, for kind: Kind, _ path: String) throws {
    let usual = DataReading()
    let given = [
      ("--size", reading.size != nil, [Kind.pictures, .array]),
      ("--fit", reading.fit != usual.fit, [.pictures]),
      ("--patches", reading.patches != nil, [.pictures]), ("--grey", reading.isGrey, [.pictures]),
      ("--member", reading.member != nil, [.array]),
      ("--columns", reading.columns != nil, [.table]),
      ("--label", reading.label != nil, [.table, .array]),
      ("--weight", reading.weight != nil, [.table]),
      ("--kinds", !reading.kinds.isEmpty || reading.kind != nil, [.table]),
      ("--no-standardise", !reading.standardises, [.table, .array]),
      ("--fractions", reading.fractions != nil, [.pictures, .array, .table]),
    ]
    if let (option, _, kinds) = given.first(where: { $0.1 && !$0.2.contains(kind) }) {
      throw UnusedReading(path: path, kind: kind, option: option, kinds: kinds)
    }
  }

  private func table(_ reading: DataReading, _ schema: TableSchema?) throws -> DataRead {
    let file = try TableFile(path).read(reading.tableOptions(for: schema), schema: schema)
    let division = try reading.division(of: file.count, in: path)
    let parts = try file.divided(division)
    guard let test = parts.test else {
      throw DatasetError.noExamples(data: file.name)
    }
    return DataRead(
      DatasetSplits(train: parts.train, validation: parts.validation, test: test),
      table: parts.schema, notes: file.describe() + [division.words(seed: reading.seed)],
      numbers: division.numbers, source: file)
  }
}

extension DataReading {
  /// What is asked of a table. A label or weight is a column unless it is the path of a file; of a schema
  /// the columns are known.
  func tableOptions(for schema: TableSchema?) -> TableOptions {
    func isFile(_ name: String?) -> Bool {
      name.map { Files.hasFolder($0) || Files.isRegular($0) && $0.contains(".") } ?? false
    }
    return TableOptions(
      columns: columns, label: isFile(label) ? nil : label, labelFile: isFile(label) ? label : nil,
      weight: isFile(weight) ? nil : weight, weightFile: isFile(weight) ? weight : nil,
      conditions: conditions, kinds: kinds, kind: kind, standardises: standardises)
  }
}

/// An option that says nothing of such a file.
struct UnusedReading: Error, CustomStringConvertible {
  let path: String
  let kind: DataFile.Kind
  let option: String
  let kinds: [DataFile.Kind]

  var description: String {
    let other = kinds.map(\.rawValue).joined(separator: " or ")
    return "\(option) is for \(other), but '\(path)' is \(kind.rawValue); leave it out"
  }
}

/// A file whose name does not tell a format that is read.
public struct UnknownFormat: Error, Sendable, Equatable, CustomStringConvertible {
  /// The path.
  public let path: String

  /// One sentence, without a full stop.
  public var description: String {
    "'\(path)' is of no format that is read; give \(DataFile.kindsInWords); .csv, .tsv and .mtx also "
      + "packed as .gz"
  }
}
