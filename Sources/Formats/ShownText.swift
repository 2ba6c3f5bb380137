// SPDX-License-Identifier: Apache-2.0

extension String {
  /// The text as part of a one-line message: what would move the cursor, break the line, or hide or
  /// reorder its neighbours is escaped, and a long text is cut.
  ///
  /// What files say of themselves (names, types, keys) reaches people through this.
  ///
  /// - Parameter limit: The characters kept at most.
  /// - Returns: Printable text.
  package func shown(limit: Int = 60) -> String {
    var shown = ""
    for (index, scalar) in unicodeScalars.prefix(limit + 1).enumerated() {
      if index == limit { return shown + "..." }
      shown += scalar.shown
    }
    return shown
  }

  /// The text as a line of its own: escaped as by ``shown(limit:)``, and shortened in the middle
  /// where it is too long, as its end says what to do.
  ///
  /// The work and the memory are of the order of the limit, however long the text is.
  ///
  /// - Parameter limit: The characters kept at most, those of escapes included.
  /// - Returns: Printable text on one line.
  package func shownLine(limit: Int) -> String {
    let (whole, isWhole) = Self.shown(unicodeScalars, limit: limit)
    if isWhole { return whole.joined() }
    let ellipsis = " ... "
    let end = (limit - ellipsis.count) / 3
    let start = Self.shown(unicodeScalars, limit: limit - ellipsis.count - end).pieces
    let rest = Self.shown(unicodeScalars.reversed(), limit: end).pieces
    return start.joined() + ellipsis + rest.reversed().joined()
  }

  /// The first scalars as they are shown, as many as the limit takes, and whether those are all.
  private static func shown(
    _ scalars: some Sequence<Unicode.Scalar>, limit: Int
  ) -> (pieces: [String], isWhole: Bool) {
    var pieces: [String] = []
    var length = 0
    for scalar in scalars {
      let piece = scalar.shown
      length += piece.unicodeScalars.count
      if length > limit { return (pieces, false) }
      pieces.append(piece)
    }
    return (pieces, true)
  }
}

extension Unicode.Scalar {
  /// Itself, or its number where it would not be seen as itself.
  fileprivate var shown: String {
    isHarmless ? String(self) : "\\u{\(String(value, radix: 16))}"
  }

  /// Whether it neither moves the cursor nor hides or reorders its neighbours.
  var isHarmless: Bool {
    // Most of all text.
    if (0x20..<0x7F).contains(value) { return true }
    return switch properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .surrogate,
      .unassigned:
      false
    default: true
    }
  }
}

/// The first names of a list, for a message, and how many more there are.
package func shownList(_ names: [String], limit: Int = 6) -> String {
  if names.isEmpty { return "none" }
  let shown = names.prefix(limit).map { $0.shown(limit: 40) }.joined(separator: ", ")
  return names.count > limit ? "\(shown) and \(names.count - limit) more" : shown
}
