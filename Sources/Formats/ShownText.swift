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
      shown += scalar.isHarmless ? String(scalar) : "\\u{\(String(scalar.value, radix: 16))}"
    }
    return shown
  }
}

extension Unicode.Scalar {
  fileprivate var isHarmless: Bool {
    switch properties.generalCategory {
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
