// SPDX-License-Identifier: Apache-2.0

/// The bytes of a Stan program, and a copy in which comments and texts in quotes are blank: what is found in
/// the copy stands at the same place in the program.
struct StanText {
  let bytes: [UInt8]
  private(set) var code: [UInt8]

  init(_ source: String) {
    bytes = Array(source.utf8)
    code = bytes
    var place = 0
    func starts(_ word: StaticString) -> Bool {
      place + 1 < bytes.count
        && bytes[place] == word.utf8Start[0] && bytes[place + 1] == word.utf8Start[1]
    }
    func end(of body: (Int) -> Bool) -> Int {
      var end = place
      while end < bytes.count, !body(end) { end += 1 }
      return end
    }
    while place < bytes.count {
      var stop = place
      if starts("//") {
        stop = end { bytes[$0] == UInt8(ascii: "\n") }
      } else if starts("/*") {
        let first = place + 2
        stop = min(
          bytes.count,
          end {
            $0 > first && bytes[$0] == UInt8(ascii: "/") && bytes[$0 - 1] == UInt8(ascii: "*")
          } + 1)
      } else if bytes[place] == UInt8(ascii: "\"") {
        let first = place
        stop = min(bytes.count, end { $0 > first && bytes[$0] == UInt8(ascii: "\"") } + 1)
      }
      for blank in place..<stop where code[blank] != UInt8(ascii: "\n") {
        code[blank] = UInt8(ascii: " ")
      }
      place = max(place + 1, stop)
    }
  }

  subscript(_ range: Range<Int>) -> String { String(decoding: bytes[range], as: UTF8.self) }

  /// Without the white space around.
  func trimmed(_ range: Range<Int>) -> Range<Int> {
    var (start, end) = (range.lowerBound, range.upperBound)
    while start < end, Self.isSpace(code[start]) { start += 1 }
    while end > start, Self.isSpace(code[end - 1]) { end -= 1 }
    return start..<end
  }

  /// The first place from `start` on that is no white space.
  func next(_ start: Int) -> Int {
    var place = start
    while place < code.count, Self.isSpace(code[place]) { place += 1 }
    return place
  }

  func byte(_ place: Int) -> Unicode.Scalar? {
    code.indices.contains(place) ? Unicode.Scalar(code[place]) : nil
  }

  /// The name that begins here.
  func name(at start: Int) -> Range<Int>? {
    guard start < code.count, Self.isLetter(code[start]) else { return nil }
    var end = start
    while end < code.count, Self.isLetter(code[end]) || Self.isDigit(code[end]) { end += 1 }
    return start..<end
  }

  /// The names in a part, whole words only.
  func names(in range: Range<Int>) -> [Range<Int>] {
    var (found, place): ([Range<Int>], Int) = ([], range.lowerBound)
    while place < range.upperBound {
      if let name = name(at: place) {
        found.append(name)
        place = name.upperBound
      } else {
        // The digits and letters of a number, as in 1e3, are no name.
        let isNumber = Self.isDigit(code[place])
        place += 1
        while isNumber, place < range.upperBound,
          Self.isDigit(code[place]) || Self.isLetter(code[place])
        { place += 1 }
      }
    }
    return found
  }

  /// The place of the bracket that closes the one at `open`.
  func closing(_ open: Int) -> Int? {
    var depth = 0
    for place in open..<code.count {
      switch byte(place) {
      case "(", "[", "{": depth += 1
      case ")", "]", "}":
        depth -= 1
        if depth == 0 { return place }
      default: break
      }
    }
    return nil
  }

  /// Parts of a range between separators that stand in no bracket. `<` and `>` count as brackets where
  /// `angles`, as in declarations.
  func parts(_ range: Range<Int>, at separator: Unicode.Scalar, angles: Bool = false)
    -> [Range<Int>]
  {
    var (parts, depth, start): ([Range<Int>], Int, Int) = ([], 0, range.lowerBound)
    for place in range {
      switch byte(place) {
      case "(", "[", "{": depth += 1
      case ")", "]", "}": depth -= 1
      case "<" where angles: depth += 1
      case ">" where angles: depth -= 1
      case separator where depth == 0:
        parts.append(start..<place)
        start = place + 1
      default: break
      }
    }
    return parts + [start..<range.upperBound]
  }

  /// Statements, wherever they are nested: what stands between semicolons and braces, without the heads of
  /// loops and conditions before it. White space around is left out.
  func statements(in range: Range<Int>) -> [Range<Int>] {
    var (found, depth, start): ([Range<Int>], Int, Int) = ([], 0, range.lowerBound)
    for place in range {
      switch byte(place) {
      case "(", "[": depth += 1
      case ")", "]": depth -= 1
      case ";", "{", "}":
        if depth == 0 {
          found.append(start..<place)
          start = place + 1
        }
      default: break
      }
    }
    return found.map { trimmed(withoutHeads($0)) }.filter { !$0.isEmpty }
  }

  private func withoutHeads(_ statement: Range<Int>) -> Range<Int> {
    var start = statement.lowerBound
    while start < statement.upperBound, let word = name(at: next(start)) {
      if self[word] == "else" {
        start = word.upperBound
      } else if ["for", "while", "if"].contains(self[word]),
        let close = closing(next(word.upperBound)), close < statement.upperBound
      {
        start = close + 1
      } else {
        break
      }
    }
    return start..<statement.upperBound
  }

  /// The body of a block, as `transformed data`.
  func block(_ title: String) -> Range<Int>? {
    let words = title.split(separator: " ").map(String.init)
    let all = topNames
    for (index, name) in all.enumerated() where self[name] == words.last {
      let before = index > 0 ? self[all[index - 1]] : ""
      let isTransformed = before == "transformed" || before == "generated"
      guard isTransformed == (words.count == 2), words.count == 1 || before == words[0],
        case let open = next(name.upperBound), byte(open) == "{", let close = closing(open)
      else { continue }
      return open + 1..<close
    }
    return nil
  }

  /// Whether a condition decides in the model which laws count.
  var hasConditions: Bool {
    guard let model = block("model") else { return false }
    return names(in: model).contains { ["if", "while"].contains(self[$0]) }
      || code[model].contains(UInt8(ascii: "?"))
  }

  /// Names that stand in no bracket: those of the blocks.
  private var topNames: [Range<Int>] {
    var (found, place): ([Range<Int>], Int) = ([], 0)
    while place < code.count {
      if let name = name(at: place) {
        found.append(name)
        place = name.upperBound
      } else if byte(place) == "{" {
        place = (closing(place) ?? code.count - 1) + 1
      } else {
        place += 1
      }
    }
    return found
  }

  private static func isSpace(_ byte: UInt8) -> Bool { byte == 32 || (9...13).contains(byte) }
  private static func isDigit(_ byte: UInt8) -> Bool { (48...57).contains(byte) }
  private static func isLetter(_ byte: UInt8) -> Bool {
    (65...90).contains(byte) || (97...122).contains(byte) || byte == 95
  }
}
