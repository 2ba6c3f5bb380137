// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Formats
internal import VariationalInference

#if canImport(Glibc)
  internal import Glibc
#else
  internal import Darwin
#endif

/// Where images come from: a built-in set, a set to download once, or a folder.
enum DataSource {
  static let help: ArgumentHelp = """
    The data: 'digits' (built in, no download), 'mnist' or 'fashion-mnist' (downloaded once), \
    'static-mnist' (files put into the cache by hand); a folder of pictures (PNG, JPEG; sub-folders \
    are labels) or of IDX files; an array (.npy, .npz, SciPy's sparse .npz, .mtx, .h5ad, .h5); or a \
    table (.csv, .tsv) with a header.
    """

  /// Loads all parts of what `--data` was given, and says what there is to say of its reading.
  ///
  /// A table's columns are read as `table` says; nil finds it out.
  static func load(
    _ name: String, _ reading: DataReading = DataReading(), table: TableSchema? = nil,
    binarized binarization: Binarization, workers: WorkerPool
  ) throws -> DataRead {
    var read = try loadAll(name, reading, table, workers)
    if let share = reading.validation {
      read = try read.takingValidation(share, seed: reading.seed)
    }
    let parts = read.parts
    read.parts = DatasetSplits(
      train: try parts.train.binarized(as: binarization),
      validation: try parts.validation?.binarized(as: binarization),
      test: try parts.test.binarized(as: binarization))
    return read
  }

  private static func loadAll(
    _ name: String, _ reading: DataReading, _ table: TableSchema?, _ workers: WorkerPool
  ) throws -> DataRead {
    if name == "digits" {
      try DataFile.checkKnownSet(reading, name: name)
      return DataRead(.digits(workers: workers), notes: shadowed(name))
    }
    if let source = DatasetSource.named(name) {
      try DataFile.checkKnownSet(reading, name: name)
      return DataRead(try fetched(source).loadAll(name: name), notes: shadowed(name))
    }
    try MemoryNeed.crops(reading)?.check()
    return try file(name).read(reading, table: table)
  }

  /// A file or folder that bears the name of a known set is not what is meant.
  private static func shadowed(_ name: String) -> [String] {
    guard Files.exists(name) else { return [] }
    return ["--data \(name) means the known data set; for the file or folder here write ./\(name)"]
  }

  /// Loads one part alone.
  static func load(
    _ name: String, _ split: DatasetSplit, _ reading: DataReading = DataReading(),
    table: TableSchema? = nil, workers: WorkerPool
  ) throws -> RowsRead {
    if let share = reading.validation, split != .test {
      let read = try loadAll(name, reading, table, workers)
        .takingValidation(share, seed: reading.seed)
      guard let rows = read.rows(split) else { throw MissingSplit(data: name, split: split) }
      return rows
    }
    if name == "digits" {
      if split == .validation { throw MissingSplit(data: name, split: split) }
      return RowsRead(ImageDataset.digits(split == .train ? .training : .test, workers: workers))
    }
    if let source = DatasetSource.named(name) {
      return RowsRead(try fetched(source).load(split, name: name))
    }
    // A folder of IDX files may hold this part alone.
    if IDXFolder(name).holdsAnything { return RowsRead(try IDXFolder(name).load(split)) }
    guard let rows = try file(name).read(reading, table: table).rows(split) else {
      throw MissingSplit(data: name, split: split)
    }
    return rows
  }

  /// Loads every example of a file or folder, in its order; nil where `name` is a known set or comes
  /// divided.
  static func loadRows(
    _ name: String, _ reading: DataReading, table: TableSchema?
  ) throws -> RowsRead? {
    if name == "digits" || DatasetSource.named(name) != nil { return nil }
    return try file(name).readRows(reading, table: table)
  }

  /// Whether a name is the path of a table.
  static func isTable(_ name: String) throws -> Bool { try ownFile(name)?.isTable ?? false }

  /// Whether a name is the path of a folder of pictures.
  static func isPictures(_ name: String) throws -> Bool { try ownFile(name)?.isPictures ?? false }

  private static func ownFile(_ name: String) throws -> DataFile? {
    name == "digits" || DatasetSource.named(name) != nil ? nil : try file(name)
  }

  /// A name for run folders: that of the set or of the folder.
  static func shortName(_ name: String) -> String {
    Files.name(of: absolute(name))
  }

  /// A folder's absolute path, a set's name as it is: right from any working directory.
  static func absolute(_ name: String) -> String {
    guard name != "digits", DatasetSource.named(name) == nil, let path = realpath(name, nil) else {
      return name
    }
    defer { free(path) }
    return String(validatingCString: path) ?? name
  }

  /// The absolute path of a file that is there; any other name as it is.
  static func absoluteFile(_ name: String) -> String {
    Files.isRegular(name) && name.contains(".") ? absolute(name) : name
  }

  private static func file(_ name: String) throws -> DataFile {
    if !Files.exists(name), !IDXFolder(name).holdsAnything { throw UnknownData(name: name) }
    return try DataFile(name)
  }

  private static func fetched(_ source: DatasetSource) throws -> IDXFolder {
    var (isWaiting, told) = (false, 0)
    let folder = try source.fetch(into: cacheFolder) { progress in
      switch progress {
      case .waiting(let folder):
        if !isWaiting {
          Terminal.clearLine()
          Terminal.tell("Waiting for another process, which downloads into '\(folder)'")
        }
        isWaiting = true
      case .nextMirror(let url, let reason):
        Terminal.clearLine()
        Terminal.tell("\(url): \(reason); trying the next server")
      case .receiving(let file, let number, let fileCount, let bytes, let total):
        guard Terminal.isInteractive else {
          if told != number { Terminal.tell("Downloading \(file) (\(number)/\(fileCount))") }
          told = number
          return
        }
        let share = total.map { " of \((Double($0) / 1e6).fixed(1))" } ?? ""
        Terminal.redraw(
          "Downloading \(file) (\(number)/\(fileCount)): "
            + "\((Double(bytes) / 1e6).fixed(1))\(share) MB")
      }
    }
    Terminal.clearLine()
    return folder
  }

  /// The user's folder for files that can be had again.
  static var cacheFolder: String {
    if let folder = environment("XDG_CACHE_HOME") { return "\(folder)/elbo" }
    let home = environment("HOME") ?? "."
    #if os(macOS)
      return "\(home)/Library/Caches/elbo"
    #else
      return "\(home)/.cache/elbo"
    #endif
  }

  private static func environment(_ name: String) -> String? {
    guard let value = getenv(name), value.pointee != 0 else { return nil }
    return String(cString: value)
  }
}

/// `--data` names neither a set nor a file or folder.
struct UnknownData: Error, CustomStringConvertible {
  let name: String

  var description: String {
    let sets = (["digits"] + DatasetSource.all.map(\.name)).joined(separator: ", ")
    return
      "'\(name)' is neither a known data set nor a file or folder; give one of \(sets), or the "
      + "path of \(DataFile.kindsInWords)"
  }
}

/// A built-in data set without the part that was asked for.
struct MissingSplit: Error, CustomStringConvertible {
  let data: String
  let split: DatasetSplit

  var description: String {
    "the data set '\(data)' has no \(split) part; take --split train or test"
  }
}

extension Dataset {
  /// These data with bytes made numbers as `--binarize` says; data that are no images stay as they are.
  func binarized(as binarization: Binarization) throws -> any Dataset {
    try (self as? ImageDataset)?.binarized(binarization) ?? self
  }

  /// What `--binarize` was for these data, as reports call it.
  var binarizationName: String {
    ((self as? ImageDataset)?.binarization ?? .none).rawValue
  }

  /// The fields of one example in words, as in "28 x 28".
  var exampleWords: String {
    let shape = fields.first?.shape ?? []
    let axes = shape.count == 3 && shape[2] == 1 ? Array(shape.prefix(2)) : shape
    return axes.map(String.init).joined(separator: " x ")
  }
}
