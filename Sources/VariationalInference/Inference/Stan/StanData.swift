// SPDX-License-Identifier: Apache-2.0

internal import Formats

/// Data of a Stan program, in the JSON that CmdStan takes: one object, `{"N": 3, "y": [1, 2, 4]}`.
public struct StanData: Sendable {
  /// What the data are called in a sentence.
  let source: String
  private var members: [JSONValue.Member]

  /// No data.
  public init() { (source, members) = ("no data", []) }

  /// - Throws: `FileError` or `FormatError` naming the file, and where it is no JSON object.
  public init(path: String) throws {
    try self.init(readFile(path), source: path)
  }

  /// - Parameter json: The text of the object.
  /// - Throws: `FormatError` with the place of the fault.
  public init(json: String) throws { try self.init(Array(json.utf8), source: "data") }

  private init(_ bytes: [UInt8], source: String) throws {
    let root = try JSONValue.parse(bytes, path: source, valueLimit: JSONValue.dataLimit)
    guard let members = root.members else {
      throw FormatError(
        path: source, .namedData("is no JSON object; expected {\"name\": numbers, ...}"))
    }
    guard !members.contains(where: { $0.key == "__stanli" }) else {
      throw FormatError(
        path: source, .namedData("holds '__stanli', a name that no Stan program has; remove it"))
    }
    (self.source, self.members) = ("'\(source.shown(limit: 300))'", members)
  }

  /// The names, in the order of the file.
  public var names: [String] { members.map(\.key) }

  /// The numbers under a name, row by row; nil where there are none, or other things too.
  func numbers(_ name: String) -> [Double]? {
    var numbers: [Double] = []
    func add(_ value: JSONValue) -> Bool {
      if let elements = value.arrayValue { return elements.allSatisfy(add) }
      guard let number = value.doubleValue else { return false }
      numbers.append(number)
      return true
    }
    guard let value = members.first(where: { $0.key == name })?.value, add(value) else {
      return nil
    }
    return numbers
  }

  /// The text that a library takes, with a member that says which program it is.
  func text(with program: JSONValue.Member?) -> String {
    JSONValue.object((program.map { [$0] } ?? []) + members).compact
  }

  /// The same data, with some numbers replaced by others, laid out as those were.
  ///
  /// - Parameter numbers: By name, row by row, as many as there are.
  /// - Returns: Data of the same shapes.
  func replacing(_ numbers: [String: [Double]]) -> StanData {
    var copy = self
    for (index, member) in members.enumerated() {
      guard let new = numbers[member.key] else { continue }
      var place = 0
      func replaced(_ value: JSONValue) -> JSONValue {
        if let elements = value.arrayValue { return .array(elements.map(replaced)) }
        defer { place += 1 }
        // Whole numbers stay whole numbers: the program may declare integers.
        return Int64(exactly: new[place]).map(JSONValue.integer) ?? .number(new[place])
      }
      copy.members[index].value = replaced(member.value)
    }
    return copy
  }
}
