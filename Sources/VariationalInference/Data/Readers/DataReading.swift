// SPDX-License-Identifier: Apache-2.0

public import Formats

/// How a file or folder becomes a data set, as far as it does not say so itself; what a run keeps, so
/// that the same data are found again.
public struct DataReading: Sendable, Equatable {
  /// Rows and columns to which pictures are brought; nil where they have one size.
  public var size: [Int]?
  /// How pictures of another shape come to have that size.
  public var fit: PictureFit = .crop
  /// How many random crops are taken of all pictures; nil takes each picture whole, once.
  public var patches: Int?
  /// Whether colours become grey.
  public var isGrey = false
  /// Whether grey pictures become colour ones; a model says so when it reads new pictures, no run does.
  public var isColour = false
  /// The member of an archive of arrays that is x.
  public var member: String?
  /// The columns of a table that are x; nil for all that are nothing else.
  public var columns: [String]?
  /// The column of labels, or the path of a file of labels.
  public var label: String?
  /// The column of weights, or the path of a file of weights.
  public var weight: String?
  /// The columns that are given to the model: c in p(x, z | c).
  public var conditions: [String] = []
  /// Kinds of columns that are not as they look.
  public var kinds: [String: TableColumn.Kind] = [:]
  /// The kind of every other column; nil for what the cells tell.
  public var kind: TableColumn.Kind?
  /// Whether reals of a table are standardised.
  public var standardises = true
  /// The shares of training, validation and test part; nil for 80, 10, 10.
  public var fractions: [Double]?
  /// The share of the training part that becomes the validation part, of data that come without one.
  public var validation: Double?
  /// Decides how the data are divided, and the crops.
  public var seed: UInt64 = 0

  /// As the files say.
  public init() {}

  /// What differs from ``init()``.
  public var json: JSONValue {
    func texts(_ list: [String]) -> JSONValue { .array(list.map(JSONValue.string)) }
    var json: JSONValue = ["seed": .string("\(seed)")]
    json["size"] = size.map { .array($0.map { JSONValue($0) }) }
    if fit != .crop { json["fit"] = .string(fit.rawValue) }
    json["patches"] = patches.map { JSONValue($0) }
    if isGrey { json["grey"] = .bool(true) }
    json["member"] = member.map(JSONValue.string)
    json["columns"] = columns.map(texts)
    json["label"] = label.map(JSONValue.string)
    json["weight"] = weight.map(JSONValue.string)
    if !conditions.isEmpty { json["conditions"] = texts(conditions) }
    if !kinds.isEmpty {
      json["kinds"] = .object(
        kinds.sorted { $0.key < $1.key }.map { .init($0.key, .string($0.value.rawValue)) })
    }
    json["kind"] = kind.map { .string($0.rawValue) }
    if !standardises { json["standardise"] = .bool(false) }
    json["fractions"] = fractions.map { .array($0.map { .number($0) }) }
    json["validation"] = validation.map(JSONValue.number)
    return json
  }

  /// What ``json`` wrote; nil where an entry is of another kind than that.
  public init?(json: JSONValue) {
    var reading = DataReading()
    func take<Value>(
      _ key: String, _ place: WritableKeyPath<DataReading, Value>, _ value: (JSONValue) -> Value?
    ) -> Bool {
      guard let entry = json[key] else { return true }
      guard let value = value(entry) else { return false }
      reading[keyPath: place] = value
      return true
    }
    func list<Element>(_ element: @escaping (JSONValue) -> Element?) -> (JSONValue) -> [Element]? {
      { entry in
        let all = entry.arrayValue?.map(element)
        return all?.contains { $0 == nil } == false ? all?.compactMap { $0 } : nil
      }
    }
    func kinds(_ entry: JSONValue) -> [String: TableColumn.Kind]? {
      var kinds: [String: TableColumn.Kind] = [:]
      for member in entry.members ?? [] {
        guard let kind = member.value.stringValue.flatMap(TableColumn.Kind.init) else { return nil }
        kinds[member.key] = kind
      }
      return kinds
    }
    func number(_ range: ClosedRange<Int>, _ entry: JSONValue) -> Int? {
      entry.intValue.flatMap { range.contains($0) ? $0 : nil }
    }
    let texts = list(\.stringValue)
    let isRight =
      take("seed", \.seed) { $0.stringValue.flatMap { UInt64($0) } }
      && take("size", \.size) { list { number(1...4096, $0) }($0) }
      && take("fit", \.fit) { $0.stringValue.flatMap(PictureFit.init) }
      && take("patches", \.patches) { number(1...100_000_000, $0) }
      && take("grey", \.isGrey) { $0.boolValue }
      && take("member", \.member) { $0.stringValue } && take("columns", \.columns) { texts($0) }
      && take("label", \.label) { $0.stringValue } && take("weight", \.weight) { $0.stringValue }
      && take("conditions", \.conditions, texts) && take("kinds", \.kinds, kinds)
      && take("kind", \.kind) { $0.stringValue.flatMap(TableColumn.Kind.init) }
      && take("standardise", \.standardises) { $0.boolValue }
      && take("fractions", \.fractions) { list(\.doubleValue)($0) }
      && take("validation", \.validation) { $0.doubleValue }
    let isSize = reading.size.map { $0.count == 2 } ?? true
    let areShares =
      reading.fractions.map {
        $0.count == 3 && $0.allSatisfy { $0 >= 0 } && $0[0] > 0 && $0.reduce(0, +).isFinite
      } ?? true
    let isShare = reading.validation.map { $0 > 0 && $0 < 1 } ?? true
    guard isRight, isSize, areShares, isShare else { return nil }
    self = reading
  }
}

extension DataReading {
  /// How examples that come undivided are divided.
  ///
  /// - Throws: ``DivisionError`` where there are too few.
  func division(
    of count: Int, groups: [Int]? = nil, in path: String
  ) throws -> DatasetDivision {
    let shares = fractions.map {
      DatasetDivision.Fractions(train: $0[0], validation: $0[1], test: $0[2])
    }
    return try DatasetDivision(
      count: count, fractions: shares ?? .standard, seed: seed, groups: groups, of: path)
  }
}

extension DatasetDivision {
  /// The examples of each part.
  var numbers: [DatasetSplit: [Int]] { [.train: train, .validation: validation, .test: test] }

  /// The sizes of the parts, in a line for people.
  func words(seed: UInt64) -> String {
    let parts = [("training", train), ("validation", validation), ("test", test)]
      .filter { !$0.1.isEmpty }
      .map { "\($0.1.count) \($0.0)" }
    return "divided by seed \(seed) into \(parts.joined(separator: ", ")) examples (--fractions)"
  }
}
