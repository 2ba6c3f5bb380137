// SPDX-License-Identifier: Apache-2.0

internal import Formats

/// Takes entries out of a record, naming the one that is missing or of another kind.
struct RecordReader {
  let path: String
  let root: JSONValue

  func value<Value>(_ keys: String..., convert: (JSONValue) -> Value?) throws -> Value {
    try value(at: keys, convert: convert)
  }

  /// Nil where there is no such entry, as in a record of an earlier version, or where it is null, as
  /// in the record of such a run that was continued.
  func optional<Value>(_ keys: String..., convert: (JSONValue) -> Value?) throws -> Value? {
    guard let entry = keys.reduce(Optional(root), { $0?[$1] }), entry != .null else { return nil }
    return try value(at: keys, convert: convert)
  }

  func string(_ keys: String...) throws -> String { try value(at: keys) { $0.stringValue } }

  /// A size: at least 1, and such that the product of two is still a number.
  func integer(_ keys: String...) throws -> Int {
    try value(at: keys) { $0.intValue.flatMap { Self.sizes.contains($0) ? $0 : nil } }
  }

  static let sizes = 1...1_000_000_000
  /// So many sizes one list may have.
  static let longestList = 1000

  /// Whether an example of this shape has a number of elements that is a size.
  static func isShape(_ sizes: [Int]) -> Bool {
    sizes.reduce(Optional(1)) { product, size in
      product.flatMap { product in
        let (result, overflow) = product.multipliedReportingOverflow(by: size)
        return overflow || !Self.sizes.contains(result) ? nil : result
      }
    } != nil
  }

  func integers(_ keys: String...) throws -> [Int] {
    try value(at: keys) { list in
      let numbers = list.arrayValue?.compactMap(\.intValue).filter(Self.sizes.contains)
      guard let numbers, numbers.count == list.arrayValue?.count else { return nil }
      return numbers.count <= Self.longestList ? numbers : nil
    }
  }

  private func value<Value>(at keys: [String], convert: (JSONValue) -> Value?) throws -> Value {
    let found = keys.reduce(Optional(root)) { $0?[$1] }
    guard let value = found.flatMap(convert) else {
      throw RunError.unreadableRecord(path: path, key: keys.joined(separator: "."))
    }
    return value
  }
}
