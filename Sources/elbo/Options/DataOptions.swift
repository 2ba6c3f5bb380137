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
    The images: 'digits' (built in, no download), 'mnist' or 'fashion-mnist' (downloaded once), \
    'static-mnist' (files put into the cache by hand), or a folder of IDX files, plain or gzip.
    """

  /// Loads the training and test data of what `--data` was given.
  static func load(
    _ name: String, binarized binarization: Binarization, workers: WorkerPool
  ) throws -> DatasetSplits {
    let all = try loadAll(name, workers: workers)
    return DatasetSplits(
      train: try all.train.binarized(as: binarization), validation: all.validation,
      test: try all.test.binarized(as: binarization))
  }

  private static func loadAll(_ name: String, workers: WorkerPool) throws -> DatasetSplits {
    if name == "digits" { return .digits(workers: workers) }
    if let source = DatasetSource.named(name) {
      return try fetched(source).loadAll(name: name)
    }
    return try folder(name).loadAll()
  }

  /// Loads one part alone.
  static func load(
    _ name: String, _ split: DatasetSplit, workers: WorkerPool
  ) throws -> any Dataset {
    if name == "digits" {
      if split == .validation { throw MissingSplit(data: name, split: split) }
      return ImageDataset.digits(split == .train ? .training : .test, workers: workers)
    }
    if let source = DatasetSource.named(name) {
      return try fetched(source).load(split, name: name)
    }
    return try folder(name).load(split)
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
    return String(cString: path)
  }

  private static func folder(_ name: String) throws -> IDXFolder {
    if !Files.isFolder(name) { throw UnknownData(name: name) }
    return IDXFolder(name)
  }

  private static func fetched(_ source: DatasetSource) throws -> IDXFolder {
    let folder = try source.fetch(into: cacheFolder) { progress in
      guard Terminal.isInteractive else { return }
      switch progress {
      case .waiting: Terminal.redraw("Waiting for another download of \(source.name) to finish")
      case .receiving(let file, let number, let fileCount, let bytes, let total):
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

/// `--data` names neither a set nor a folder.
struct UnknownData: Error, CustomStringConvertible {
  let name: String

  var description: String {
    let sets = (["digits"] + DatasetSource.all.map(\.name)).joined(separator: ", ")
    return "'\(name)' is neither a known data set nor a folder; give one of \(sets), or a folder "
      + "of IDX files"
  }
}

/// A built-in data set without the part that was asked for.
struct MissingSplit: Error, CustomStringConvertible {
  let data: String
  let split: DatasetSplit

  var description: String {
    "the data set '\(data)' has no \(split) images; take --split train or test"
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
