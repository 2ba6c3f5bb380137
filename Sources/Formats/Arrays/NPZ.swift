// SPDX-License-Identifier: Apache-2.0

/// A file of arrays by name.
package protocol ArrayArchive {
  /// The path of the file.
  var path: String { get }
  /// The names of the arrays.
  var names: [String] { get }
  /// An array.
  ///
  /// - Throws: `FormatError`, also where there is none of the name.
  func array(_ name: String) throws -> NPY
  /// The shape of an array.
  ///
  /// - Throws: `FormatError`.
  func shape(_ name: String) throws -> [Int]
  /// How an array is called in an error.
  func place(_ name: String) -> String
}

/// Arrays by name: what `numpy.savez`, `numpy.savez_compressed` and `scipy.sparse.save_npz` write.
package struct NPZ: ArrayArchive, Sendable {
  /// The path of the file.
  package let path: String
  /// The names of the arrays, in the order of the file, without ".npy".
  package let names: [String]
  private let archive: ZIPArchive
  /// The place of each member by its name; of two of one name that of the first.
  private let places: [String: Int]

  /// Opens the file at `path` and reads its list of members.
  ///
  /// - Throws: `FileError` or `FormatError`.
  package init(_ path: String) throws {
    self.path = path
    archive = try ZIPArchive(path)
    names = archive.members.map(\.name).filter { $0.hasSuffix(".npy") }.map {
      String($0.dropLast(4))
    }
    places = Dictionary(
      zip(archive.members.map(\.name), archive.members.indices),
      uniquingKeysWith: { first, _ in first })
    guard !names.isEmpty else {
      throw FormatError(
        path: path,
        .array(
          "holds no array (members: \(shownList(archive.members.map(\.name)))); save it with"
            + " numpy.savez"))
    }
  }

  /// An array.
  ///
  /// - Throws: `FormatError`, also where there is none of the name.
  package func array(_ name: String) throws -> NPY {
    try NPY.parse(archive.contents(of: member(name)), path: place(name))
  }

  /// The shape of an array, of which only the head is unpacked.
  ///
  /// - Throws: `FormatError`.
  package func shape(_ name: String) throws -> [Int] {
    try NPYHeader(parsing: archive.prefix(1 << 17, of: member(name)), path: place(name)).shape
  }

  /// A single text, such as the name of a format; nil where the array holds something else.
  package func text(_ name: String) throws -> String? {
    let bytes = try archive.contents(of: member(name))
    let header = try NPYHeader(parsing: bytes, path: place(name))
    guard header.shape.allSatisfy({ $0 == 1 }) else { return nil }
    let data = bytes[header.size...]
    switch header.type.prefix(2) {
    case "|S": return String(decoding: data.prefix { $0 != 0 }, as: UTF8.self)
    case "<U":
      let scalars = Numbers.map(data, as: UInt32.self) { UInt32(littleEndian: $0) }
      var text = ""
      for scalar in scalars.prefix(while: { $0 != 0 }) {
        guard let scalar = Unicode.Scalar(scalar) else { return nil }
        text.unicodeScalars.append(scalar)
      }
      return text
    default: return nil
    }
  }

  /// How an array is called in an error.
  package func place(_ name: String) -> String { "\(path)[\(name.shown())]" }

  private func member(_ name: String) throws -> ZIPArchive.Member {
    guard let place = places[name + ".npy"] else {
      throw FormatError(
        path: path, .array("holds no array '\(name.shown())'; it holds \(shownList(names))"))
    }
    return archive.members[place]
  }
}
