// SPDX-License-Identifier: Apache-2.0

/// A JSON value; objects keep the order of their keys, so a file reads as it was written.
///
///     let value: JSONValue = ["latent": 20, "hidden": [400]]
///     value["latent"]?.intValue                          // 20
///     value.compact                                      // {"latent":20,"hidden":[400]}
///     try JSONValue.parse("[1, 2.5]")[1]?.doubleValue    // 2.5
public enum JSONValue: Equatable, Sendable {
  /// Keys and values, in order.
  case object([Member])
  /// Values in order.
  case array([JSONValue])
  /// A text.
  case string(String)
  /// A number with a fraction or an exponent, or beyond `Int64`.
  case number(Double)
  /// A number without fraction and exponent.
  case integer(Int64)
  /// A truth value.
  case bool(Bool)
  /// Nothing.
  case null

  /// A key and its value.
  public struct Member: Equatable, Sendable {
    /// The key.
    public var key: String
    /// The value.
    public var value: JSONValue

    /// A key and its value.
    public init(_ key: String, _ value: JSONValue) {
      self.key = key
      self.value = value
    }
  }
}

// MARK: Making values

extension JSONValue {
  /// An integer.
  public init(_ value: Int) { self = .integer(Int64(value)) }

  /// A number; one that is not finite is written as `null`.
  public init(_ value: Double) { self = .number(value) }

  /// A number with the shortest digits that identify the `Float`: 0.1, not 0.10000000149011612.
  public init(_ value: Float) { self = .number(Double(value.description) ?? Double(value)) }

  /// A string.
  public init(_ value: String) { self = .string(value) }

  /// A truth value.
  public init(_ value: Bool) { self = .bool(value) }

  /// An array of numbers.
  public init(_ values: [Double]) { self = .array(values.map(JSONValue.number)) }
}

extension JSONValue: ExpressibleByStringInterpolation, ExpressibleByIntegerLiteral,
  ExpressibleByFloatLiteral, ExpressibleByBooleanLiteral, ExpressibleByNilLiteral,
  ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
  /// A string.
  public init(stringLiteral value: String) { self = .string(value) }
  /// An integer.
  public init(integerLiteral value: Int64) { self = .integer(value) }
  /// A number.
  public init(floatLiteral value: Double) { self = .number(value) }
  /// A truth value.
  public init(booleanLiteral value: Bool) { self = .bool(value) }
  /// `null`.
  public init(nilLiteral: ()) { self = .null }
  /// An array.
  public init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
  /// An object; a key given twice stays there twice, and no reader will accept it.
  public init(dictionaryLiteral elements: (String, JSONValue)...) {
    self = .object(elements.map(Member.init))
  }
}

// MARK: Taking values apart

extension JSONValue {
  /// The value of `key`, or nil where this is no object or has no such key.
  ///
  /// Setting replaces the value in place or appends the key; nil removes it. Setting into anything
  /// but an object makes it an object.
  public subscript(key: String) -> JSONValue? {
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
  public subscript(index: Int) -> JSONValue? {
    guard let array = arrayValue, array.indices.contains(index) else { return nil }
    return array[index]
  }

  /// The keys and values of an object, in order.
  public var members: [Member]? {
    if case .object(let members) = self { members } else { nil }
  }

  /// The elements of an array.
  public var arrayValue: [JSONValue]? {
    if case .array(let elements) = self { elements } else { nil }
  }

  /// The text of a string.
  public var stringValue: String? {
    if case .string(let text) = self { text } else { nil }
  }

  /// An integer, or nil for any other value, 1.0 included.
  public var intValue: Int? {
    if case .integer(let value) = self { Int(exactly: value) } else { nil }
  }

  /// A number or an integer.
  public var doubleValue: Double? {
    switch self {
    case .number(let value): value
    case .integer(let value): Double(value)
    default: nil
    }
  }

  /// A truth value.
  public var boolValue: Bool? {
    if case .bool(let value) = self { value } else { nil }
  }
}
