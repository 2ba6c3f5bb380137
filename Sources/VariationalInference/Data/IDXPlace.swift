// SPDX-License-Identifier: Apache-2.0

internal import Formats

/// Where the IDX files of a data set lie, and what stands before their usual names.
struct IDXPlace {
  enum Content: String {
    case images = "images?idx3-ubyte"
    case labels = "labels?idx1-ubyte"
  }

  let folder: String
  /// "emnist-letters-", or nothing.
  let prefix: String

  /// Folders below the root that torchvision is given.
  private static let raw = [
    "MNIST/raw", "FashionMNIST/raw", "KMNIST/raw", "EMNIST/raw", "QMNIST/raw", "raw",
  ]

  /// - Throws: ``DatasetError/missingFolder(path:)``, or ``DatasetError/severalSets(folder:names:)``
  ///   where it is not clear which set is meant.
  init(_ path: String) throws {
    let (parent, name) = (Files.parent(of: path), Files.name(of: path))
    guard Files.isFolder(path) else {
      // "FOLDER/emnist-letters" where the names of files begin so.
      let folders = [parent] + Self.raw.map { "\(parent)/\($0)" }
      for folder in folders where Self.prefixes(in: folder).contains(name + "-") {
        (self.folder, prefix) = (folder, name + "-")
        return
      }
      throw DatasetError.missingFolder(path: path)
    }
    let folders = [path] + Self.raw.map { "\(path)/\($0)" }
    var places: [(folder: String, prefix: String)] = []
    for folder in folders where Files.isFolder(folder) {
      let found = Self.prefixes(in: folder)
      // The usual names come first.
      if folder == path, found.contains("") {
        places = [(folder, "")]
        break
      }
      places += found.map { (folder, $0) }
    }
    guard places.count < 2 else {
      throw DatasetError.severalSets(
        folder: path,
        names: places.map { $0.prefix.isEmpty ? $0.folder : "\($0.folder)/\($0.prefix.dropLast())" }
      )
    }
    (self.folder, prefix) = places.first ?? (path, "")
  }

  /// What stands before the names of files of images in a folder.
  private static func prefixes(in folder: String) -> [String] {
    let usual = DatasetSplit.allCases.flatMap { names($0, .images) }
    let found = ((try? Files.list(folder)) ?? []).compactMap { name -> String? in
      let plain = name.hasSuffix(".gz") ? String(name.dropLast(3)) : name
      return usual.first { plain == $0 || plain.hasSuffix("-" + $0) }
        .map { String(plain.dropLast($0.count)) }
    }
    return Set(found).sorted()
  }

  /// The names that the file may have, without `.gz`; the usual one first.
  func fileNames(_ split: DatasetSplit, _ content: Content) -> [String] {
    Self.names(split, content).map { prefix + $0 }
  }

  private static func names(_ split: DatasetSplit, _ content: Content) -> [String] {
    let words =
      switch split {
      case .train: ["train"]
      case .validation: ["valid", "validation"]
      case .test: ["t10k", "test"]
      }
    return words.flatMap { word in
      ["-", "."].map { mark in
        "\(word)-" + content.rawValue.split(separator: "?").joined(separator: mark)
      }
    }
  }

  /// The file of a published data set; nil where it has none for a part.
  static func published(
    _ split: DatasetSplit, _ content: Content, _ source: DatasetSource
  ) -> DatasetSource.File? {
    let names = names(split, content)
    return source.files.first { names.contains($0.name) }
  }

  /// The path of the first file there is: a plain one before a packed one, and a file before one in
  /// a folder of its name.
  func find(_ split: DatasetSplit, _ content: Content) -> String? {
    let names = fileNames(split, content).flatMap { [$0, "\($0).gz"] }
    if let name = names.first(where: { Files.exists("\(folder)/\($0)") && !isFolder($0) }) {
      return "\(folder)/\(name)"
    }
    for outer in names where isFolder(outer) {
      if let inner = names.first(where: { Files.isRegular("\(folder)/\(outer)/\($0)") }) {
        return "\(folder)/\(outer)/\(inner)"
      }
    }
    return nil
  }

  private func isFolder(_ name: String) -> Bool { Files.isFolder("\(folder)/\(name)") }
}
