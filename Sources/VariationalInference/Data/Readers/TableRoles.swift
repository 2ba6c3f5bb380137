// SPDX-License-Identifier: Apache-2.0

/// Which columns of a file are read, and as what.
struct TableRoles {
  /// What each column that is read is to be.
  private(set) var aims: [(name: String, aim: CellReader.Aim)] = []
  /// Where it stands in the file.
  private(set) var places: [Int] = []
  /// Places among ``aims``.
  private(set) var x: [Int] = []
  private(set) var label: Int?
  private(set) var weight: Int?
  private(set) var conditions: [Int] = []
  /// Whether the label is left out where its cells are not all known.
  private(set) var hasOptionalLabel = false
  /// Whether weights are left out where they are not usable.
  private(set) var hasOptionalWeight = false

  private let there: [String: Int]
  private let names: [String]
  private let path: String

  /// - Throws: ``TableError`` for a name that no column has, or a column that is to be two things.
  init(
    _ names: [String], _ options: TableOptions, _ schema: TableSchema?, path: String
  ) throws {
    there = Dictionary(uniqueKeysWithValues: names.enumerated().map { ($1, $0) })
    self.names = names
    self.path = path
    if let schema {
      try take(schema, options)
    } else {
      try take(options)
    }
  }

  /// By a model's schema.
  private mutating func take(_ schema: TableSchema, _ options: TableOptions) throws {
    let missing = (schema.columns + schema.conditions).map(\.name).filter { there[$0] == nil }
    guard missing.isEmpty else {
      throw TableError(path: path, .columnsMissing(missing, there: names))
    }
    for column in schema.columns { x.append(try add(column.name, .known(column))) }
    for column in schema.conditions { conditions.append(try add(column.name, .known(column))) }
    if options.labelFile == nil, let column = schema.label,
      case let name = options.label ?? column.name, options.label != nil || there[name] != nil
    {
      let known = TableColumn(name, .category, levels: column.levels)
      hasOptionalLabel = options.label == nil
      label = try add(name, .known(known, orMissing: hasOptionalLabel))
    }
    if schema.label == nil, let name = options.label { label = try add(name, .label) }
    if options.weightFile == nil, let name = options.weight ?? schema.weight,
      options.weight != nil || there[name] != nil
    {
      weight = try add(name, .kind(.real))
      hasOptionalWeight = options.weight == nil
    }
  }

  /// By what is asked for.
  private mutating func take(_ options: TableOptions) throws {
    for name in options.kinds.keys.sorted() { try check(name) }
    var uses: [String: String] = [:]
    func use(_ name: String, _ role: String) throws {
      if let other = uses.updateValue(role, forKey: name) {
        throw TableError(path: path, .usedTwice(name, other, role))
      }
    }
    let inner = [(options.label, "label"), (options.weight, "weight")]
    for case (let name?, let role) in inner { try use(name, role) }
    for name in options.conditions where name != options.label { try use(name, "condition") }
    for name in options.columns ?? [] { try use(name, "data") }
    let data = options.columns ?? names.filter { uses[$0] == nil }
    guard !data.isEmpty else { throw TableError(path: path, .noColumns) }
    for name in data {
      let kind = options.kinds[name] ?? options.kind
      x.append(try add(name, kind.map { .kind($0) } ?? .told))
    }
    label = try options.label.map { try add($0, .label) }
    weight = try options.weight.map { try add($0, .kind(.real)) }
    for name in options.conditions {
      if TableSchema.ownFields.contains(name) {
        throw TableError(path: path, .reservedName(name))
      }
      let aim: CellReader.Aim = name == options.label ? .label : .told
      conditions.append(try add(name, options.kinds[name].map { .kind($0) } ?? aim))
    }
  }

  private mutating func add(_ name: String, _ aim: CellReader.Aim) throws -> Int {
    places.append(try check(name))
    aims.append((name, aim))
    return aims.count - 1
  }

  @discardableResult
  private func check(_ name: String) throws -> Int {
    guard let place = there[name] else {
      throw TableError(path: path, .unknownColumn(name, there: names))
    }
    return place
  }
}
