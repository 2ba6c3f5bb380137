// SPDX-License-Identifier: Apache-2.0

/// An object of numbers and arrays of numbers by name, read without a ``JSONValue`` for each
/// number: 24 bytes at most instead of 100.
package enum JSONNumbers {
  /// An array, or a number.
  package struct Entry: Sendable {
    /// The key.
    package let name: String
    /// The lengths of the axes; empty for a number.
    package let shape: [Int]
    /// The numbers, row by row.
    package let numbers: [Double]
  }

  /// Reads the text of an object.
  ///
  /// - Parameters:
  ///   - bytes: The text in UTF-8.
  ///   - path: Where it came from, for the error.
  ///   - number: The number that a value is; nil where it is none.
  /// - Returns: The entries in order.
  /// - Throws: `FormatError`, also for what is neither a number nor an array whose rows have equal
  ///   lengths.
  package static func parse(
    _ bytes: [UInt8], path: String, number: (JSONValue) -> Double?
  ) throws -> [Entry] {
    try bytes.withUnsafeBufferPointer { text in
      var parser = JSONParser(text, path: path, valueLimit: .max)
      return try parser.parse { parser in
        parser.skipSpace()
        guard parser.current == UInt8(ascii: "{") else {
          // What is no JSON at all is called that.
          parser.allow(values: JSONValue.valueLimit)
          _ = try parser.document()
          throw FormatError(
            path: path, .namedData("is no JSON object; expected {\"name\": numbers, ...}"))
        }
        var (entries, names): ([Entry], Set<String>) = ([], [])
        try parser.object(depth: 1) { parser, key in
          guard names.insert(key).inserted else { return false }
          var numbers: [Double] = []
          guard let shape = try parser.numbers(depth: 1, into: &numbers, number) else {
            throw FormatError(
              path: path,
              .namedData(
                "holds under '\(key.shown())' what is neither a number nor an array of numbers"
                  + " whose rows have equal lengths"))
          }
          entries.append(Entry(name: key, shape: shape, numbers: numbers))
          return true
        }
        try parser.end()
        return entries
      }
    }
  }
}
