// SPDX-License-Identifier: Apache-2.0

internal import Formats

/// Data of a model by name: numbers and arrays, from a file or from memory.
///
///     let data = try ModelData(json: "eight_schools.json")
///     let model = Model { z in
///       let mu = z.latent("mu", Normal(0, 5))
///       z.observe("y", Normal(mu, data["sigma"]), data["y"])
///     }
public struct ModelData: Sendable {
  /// The names, in the order of the file.
  public let names: [String]
  private let values: [String: Value]
  /// What the data are called in a sentence.
  private let source: String

  /// Data in memory.
  public init(_ values: [String: Value]) {
    self.init(values, names: values.keys.sorted(), source: "the data")
  }

  private init(_ values: [String: Value], names: [String], source: String) {
    (self.values, self.names, self.source) = (values, names, source)
  }

  /// Data as CmdStan reads and writes them: one object whose values are numbers, or arrays of numbers
  /// nested as deep as they have axes. "NaN", "Inf" and "-Inf" are numbers too; `true` counts as 1.
  ///
  /// - Throws: `FormatError` or `FileError` naming the file, and the name of what is not so.
  /// - Source: "CmdStan user's guide", JSON format.
  public init(json path: String) throws {
    let entries = try JSONNumbers.parse(readFile(path), path: path, number: Self.number)
    let values = entries.map { ($0.name, Value($0.numbers, shape: $0.shape)) }
    self.init(
      Dictionary(uniqueKeysWithValues: values), names: entries.map(\.name), source: "'\(path)'")
  }

  /// The columns of a table, each a vector: a CSV file whose first line names them.
  ///
  /// - Parameters:
  ///   - path: The file.
  ///   - columns: Those that are read; nil for all. Others may hold texts.
  /// - Throws: `FormatError` or `FileError` naming the file, and line and column of what is no number.
  public init(csv path: String, columns: [String]? = nil) throws {
    let table = try CSV.parse(readFile(path), path: path)
    let wanted = columns ?? table.columns
    let places = Dictionary(
      uniqueKeysWithValues: zip(table.columns, table.columns.indices))
    var values: [String: Value] = [:]
    for name in wanted {
      guard let column = places[name] else {
        throw FormatError(
          path: path,
          .namedData(
            "has no column '\(name.shown())'; there are \(shownList(table.columns))"))
      }
      let numbers = try table.rows.enumerated().map { (row: Int, fields: [String]) -> Double in
        guard let number = Self.number(fields[column]) else {
          throw FormatError(
            path: path,
            .namedData(
              "has '\(fields[column].shown())' in column '\(name.shown())', row \(row + 1); expected"
                + " a number"
            ))
        }
        return number
      }
      values[name] = Value(numbers)
    }
    self.init(values, names: wanted, source: "'\(path)'")
  }

  /// A number or an array. A name that is not there gives a value that says so to the statement that
  /// meets it.
  public subscript(_ name: String) -> Value {
    values[name]
      ?? Value(
        fault: "there is no '\(name.shown())' in \(source); there are \(shownList(names))")
  }

  /// A whole number.
  ///
  /// - Throws: ``ModelError`` where there is no such name, or something else.
  public func integer(_ name: String) throws -> Int {
    let all = try integers(name)
    guard all.count == 1 else {
      throw ModelError("data \"\(name)\"", "it has \(all.count) numbers where one is expected")
    }
    return all[0]
  }

  /// Whole numbers, in row-major order.
  ///
  /// - Throws: ``ModelError`` where there is no such name, or a number is not whole.
  public func integers(_ name: String) throws -> [Int] {
    let statement = "data \"\(name)\""
    let value = self[name]
    if let fault = value.fault { throw ModelError(statement, fault) }
    return try value.tensor.scalars.enumerated().map { index, number in
      guard let whole = Int(exactly: number) else {
        throw ModelError(statement, "element \(index) is \(number), which is not whole")
      }
      return whole
    }
  }

  private static func number(_ json: JSONValue) -> Double? {
    if let truth = json.boolValue { return truth ? 1 : 0 }
    return json.doubleValue ?? json.stringValue.flatMap(number)
  }

  /// A decimal number, or one of the names of what is not finite.
  private static func number(_ text: String) -> Double? {
    switch text {
    case "NaN", "nan": return .nan
    case "Inf", "+Inf", "Infinity", "+Infinity", "inf": return .infinity
    case "-Inf", "-Infinity", "-inf": return -.infinity
    default:
      let trimmed = String(text.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
      // Swift would read hexadecimal numbers too.
      let isDecimal = trimmed.utf8.allSatisfy {
        (0x30...0x39).contains($0) || "+-.eE".utf8.contains($0)
      }
      return isDecimal ? Double(trimmed) : nil
    }
  }
}
