// SPDX-License-Identifier: Apache-2.0

internal import Formats

/// The pictures of a folder by their headers, in the order of their names.
struct PictureScan {
  /// A picture that may be loaded.
  struct Source {
    /// From the folder's path.
    let name: String
    let header: PictureHeader
    /// The sub-folder by which it is labelled; nil beside all sub-folders.
    let label: String?
    /// Whether it is of the part that was asked for.
    let isWanted: Bool
  }

  let folder: String
  private(set) var sources: [Source] = []
  /// Sentences on pictures that are damaged.
  private(set) var damaged: [String] = []
  /// Sentences on other files, and their names.
  private(set) var foreign: [(sentence: String, name: String)] = []

  init(_ folder: String) {
    self.folder = folder
  }

  /// Adds the pictures of a sub-folder, or all.
  mutating func add(part: String?, isWanted: Bool) throws {
    var visited: Set<SIMD2<UInt64>> = []
    try add(inside: part, depth: 0, label: nil, isWanted: isWanted, &visited)
  }

  private mutating func add(
    inside place: String?, depth: Int, label: String?, isWanted: Bool,
    _ visited: inout Set<SIMD2<UInt64>>
  ) throws {
    let path = place.map { "\(folder)/\($0)" } ?? folder
    // A link may lead back to a folder above.
    if let identity = Files.identity(path), !visited.insert(identity).inserted { return }
    for name in try Files.list(path) where !name.hasPrefix(".") {
      let inside = place.map { "\($0)/\(name)" } ?? name
      if Files.isFolder("\(path)/\(name)") {
        try add(
          inside: inside, depth: depth + 1, label: depth == 0 ? name : label, isWanted: isWanted,
          &visited)
      } else {
        add(file: inside, label: label, isWanted: isWanted)
      }
    }
  }

  private mutating func add(file name: String, label: String?, isWanted: Bool) {
    do {
      let header = try PictureHeader(of: "\(folder)/\(name)")
      sources.append(Source(name: name, header: header, label: label, isWanted: isWanted))
    } catch let error as FormatError {
      guard isWanted else { return }
      let sentence = "\(FormatError(path: name, error.fault))"
      if case .pictureMagic = error.fault {
        foreign.append((sentence, name))
      } else {
        damaged.append(sentence)
      }
    } catch {
      if isWanted { damaged.append("\(error)") }
    }
  }

  /// The sub-folders that serve as labels: at least two, and no picture beside them.
  ///
  /// - Throws: ``DatasetError`` where there are more than a byte can count.
  func labelNames() throws -> [String]? {
    let names = Set(sources.compactMap(\.label))
    guard names.count >= 2, sources.allSatisfy({ $0.label != nil }) else { return nil }
    guard names.count <= 256 else {
      throw DatasetError.tooManyLabels(folder: folder, found: names.count)
    }
    return names.sorted()
  }
}
