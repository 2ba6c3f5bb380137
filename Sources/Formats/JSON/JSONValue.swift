// SPDX-License-Identifier: Apache-2.0

/// A JSON value; objects keep the order of their keys, so a file reads as it was written.
package enum JSONValue: Equatable, Sendable {
  case object([Member])
  case array([JSONValue])
  case string(String)
  /// A number with a fraction or an exponent, or beyond `Int64`.
  case number(Double)
  case integer(Int64)
  case bool(Bool)
  case null

  /// A key and its value.
  package struct Member: Equatable, Sendable {
    package var key: String
    package var value: JSONValue

    package init(_ key: String, _ value: JSONValue) {
      self.key = key
      self.value = value
    }
  }
}

// MARK: Making values

extension JSONValue {
  /// An integer.
  package init(_ value: Int) { self = .integer(Int64(value)) }

  /// A number; one that is not finite is written as `null`.
  package init(_ value: Double) { self = .number(value) }

  /// A number with the shortest digits that identify the `Float`: 0.1, not 0.10000000149011612.
  package init(_ value: Float) { self = .number(Double(value.description) ?? Double(value)) }

  /// A string.
  package init(_ value: String) { self = .string(value) }

  /// A truth value.
  package init(_ value: Bool) { self = .bool(value) }

  /// An array of numbers.
  package init(_ values: [Double]) { self = .array(values.map(JSONValue.number)) }
}

extension JSONValue: ExpressibleByStringInterpolation, ExpressibleByIntegerLiteral,
  ExpressibleByFloatLiteral, ExpressibleByBooleanLiteral, ExpressibleByNilLiteral,
  ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
  package init(stringLiteral value: String) { self = .string(value) }
  package init(integerLiteral value: Int64) { self = .integer(value) }
  package init(floatLiteral value: Double) { self = .number(value) }
  package init(booleanLiteral value: Bool) { self = .bool(value) }
  package init(nilLiteral: ()) { self = .null }
  package init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
  package init(dictionaryLiteral elements: (String, JSONValue)...) {
    self = .object(elements.map(Member.init))
  }
}

// MARK: Taking values apart

extension JSONValue {
  /// The value of `key`, or nil where this is no object or has no such key.
  ///
  /// Setting replaces the value in place or appends the key; nil removes it. Setting into anything
  /// but an object makes it an object.
  package subscript(key: String) -> JSONValue? {
    get { members?.first { $0.key == key }?.value }
    set {
      var members = members ?? []
      let index = members.firstIndex { $0.key == key }
      switch (index, newValue) {
      case (let index?, let value?): members[index].value = value
      case (let index?, nil): members.remove(at: index)
      case (nil, let value?): members.append(Member(key, value))
      case (nil, nil): break
      }
      self = .object(members)
    }
  }

  /// The element at `index`, or nil where this is no array or has no such element.
  package subscript(index: Int) -> JSONValue? {
    guard let array = arrayValue, array.indices.contains(index) else { return nil }
    return array[index]
  }

  /// The keys and values of an object, in order.
  package var members: [Member]? {
    if case .object(let members) = self { members } else { nil }
  }

  /// The elements of an array.
  package var arrayValue: [JSONValue]? {
    if case .array(let elements) = self { elements } else { nil }
  }

  /// The text of a string.
  package var stringValue: String? {
    if case .string(let text) = self { text } else { nil }
  }

  /// An integer, or nil for any other value, 1.0 included.
  package var intValue: Int? {
    if case .integer(let value) = self { Int(exactly: value) } else { nil }
  }

  /// A number or an integer.
  package var doubleValue: Double? {
    switch self {
    case .number(let value): value
    case .integer(let value): Double(value)
    default: nil
    }
  }

  /// A truth value.
  package var boolValue: Bool? {
    if case .bool(let value) = self { value } else { nil }
  }
}
