// SPDX-License-Identifier: Apache-2.0

internal import Formats

/// The text of a Stan program.
public struct StanProgram: Sendable {
  /// What it is called: the file's name without its ending.
  public let name: String
  /// As it was written.
  public let source: String
  /// Where its included files are; nil for nowhere.
  let folder: String?

  /// - Parameter path: A file of text in UTF-8, of at most 4 MB. Files that it includes are looked for in its
  ///   folder.
  /// - Throws: `FileError`, or ``StanError`` for what is no text.
  public init(path: String) throws {
    var bytes = try readFile(path)
    // The mark of UTF-8 that some editors write says nothing.
    if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { bytes.removeFirst(3) }
    let shownPath = path.shown(limit: 300)
    guard bytes.count <= 1 << 22 else {
      throw StanError("'\(shownPath)' has \(bytes.count) bytes: no Stan program is as long")
    }
    guard let source = String(validating: bytes, as: UTF8.self), !source.contains("\0") else {
      throw StanError("'\(shownPath)' is no text in UTF-8: expected a Stan program")
    }
    let file = path.split(separator: "/").last.map(String.init) ?? path
    let name = file.hasSuffix(".stan") ? String(file.dropLast(5)) : file
    let folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? "./"
    self.init(source, name: name, folder: folder)
  }

  /// A program in memory.
  public init(_ source: String, name: String = "program") {
    self.init(source, name: name, folder: nil)
  }

  private init(_ source: String, name: String, folder: String?) {
    (self.source, self.name, self.folder) = (source, name, folder)
  }

  /// The text with the files that it includes, as deep as they include others. What cannot be read stays
  /// as it is, for the compiler to tell.
  package var expanded: String {
    var left = 64
    return Self.expanded(source, folder: folder, left: &left)
  }

  /// A text with its included files, of which `left` more may be read, so that those which include each other
  /// end.
  private static func expanded(_ source: String, folder: String?, left: inout Int) -> String {
    guard let folder, source.contains("#include") else { return source }
    // In a comment it includes nothing.
    let code = String(decoding: StanText(source).code, as: UTF8.self)
    let lines = zip(
      source.split(separator: "\n", omittingEmptySubsequences: false),
      code.split(separator: "\n", omittingEmptySubsequences: false)
    ).map { line, code in
      let words = line.split(separator: " ", maxSplits: 1)
      guard left > 0, words.count == 2, code.drop(while: { $0 == " " }).hasPrefix("#include")
      else { return String(line) }
      let file = words[1].trimmingPrefix { " \"<".contains($0) }.prefix { !" \">\r".contains($0) }
      let path = file.hasPrefix("/") ? String(file) : folder + file
      guard let bytes = try? readFile(path),
        let text = String(validating: bytes, as: UTF8.self)
      else { return String(line) }
      left -= 1
      return expanded(text, folder: folder, left: &left)
    }
    return lines.joined(separator: "\n")
  }
}
