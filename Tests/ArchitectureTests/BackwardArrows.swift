// SPDX-License-Identifier: Apache-2.0

/// A source file of a target.
struct SourceFile {
  /// From the target's folder: "Steps/GradientStep.swift".
  let path: String
  /// The words of each line, without comments and the text of strings.
  let lines: [[Substring]]
  /// Names that stand for any type: generic parameters and associated types.
  let placeholders: Set<Substring>

  init(path: String, text: String) {
    self.path = path
    // One pattern, so that a comment within a string is none, nor a string within a comment. Line breaks
    // stay, so that lines keep their numbers.
    let skipped = #/"""(?s:.*?)"""|"(?:\\.|[^"\\\n])*"|/\*(?s:.*?)\*/|//[^\n]*/#
    let code = text.replacing(skipped) { match in match.output.filter { $0 == "\n" } }
    lines = code.split(separator: "\n", omittingEmptySubsequences: false).map { line in
      line.split { !$0.isLetter && !$0.isNumber && $0 != "_" }
    }
    let generic = code.matches(
      of: #/(?:func|struct|class|enum|actor|typealias|init|subscript)\b\s*\w*<([^>]*)>/#)
    let parameters = generic.flatMap { match in
      match.output.1.split(separator: ",").compactMap { parameter in
        parameter.prefix { $0 != ":" }.split(separator: " ").last
      }
    }
    placeholders = Set(
      parameters + lines.compactMap { Self.name(after: ["associatedtype"], in: $0) })
  }

  /// The topmost folder; the file's own name where it is in none.
  var folder: String { String(path.prefix { $0 != "/" }) }

  /// The types that are declared, nested ones too, with their lines.
  fileprivate func declarations(private isPrivate: Bool) -> [(name: Substring, line: Int)] {
    lines.enumerated().compactMap { index, words in
      let keywords: [Substring] = ["struct", "class", "enum", "protocol", "actor", "typealias"]
      guard let name = Self.name(after: keywords, in: words), name.first?.isUppercase == true,
        words.contains(where: { $0 == "private" || $0 == "fileprivate" }) == isPrivate
      else { return nil }
      return (name, index + 1)
    }
  }

  /// The word after the first of some keywords in a line.
  private static func name(after keywords: [Substring], in words: [Substring]) -> Substring? {
    words.firstIndex(where: keywords.contains).flatMap { words.dropFirst($0 + 1).first }
  }
}

/// Where a folder names a type that is declared in a later one and in no earlier one, each as a sentence
/// with both places.
func backwardArrows(in files: [SourceFile], folders: [String]) -> [String] {
  let placeholders = files.reduce(into: Set()) { $0.formUnion($1.placeholders) }
  var first: [Substring: (folder: Int, place: String)] = [:]
  for (index, folder) in folders.enumerated() {
    for file in files where file.folder == folder {
      for (name, line) in file.declarations(private: false)
      where first[name] == nil && !placeholders.contains(name) {
        first[name] = (index, "\(file.path):\(line)")
      }
    }
  }
  return files.flatMap { file -> [String] in
    guard let own = folders.firstIndex(of: file.folder) else { return [] }
    let hidden = Set(file.declarations(private: true).map(\.name))
    return file.lines.enumerated().flatMap { index, words -> [String] in
      Set(words).subtracting(hidden).sorted().compactMap { name in
        guard let declared = first[name], declared.folder > own else { return nil }
        return "\(file.path):\(index + 1) names \(name), declared in \(declared.place)"
      }
    }
  }
}
