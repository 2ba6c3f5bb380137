// SPDX-License-Identifier: Apache-2.0

internal import Formats
public import Tensors

/// A field of a data set with its numbers, in memory or in a file that is read as it is needed.
public struct DataColumn: Sendable, Equatable {
  /// Name, shape and kind.
  public let field: DataField
  private let numbers: Numbers

  /// Where the numbers are, `[count]` + the field's shape.
  private enum Numbers: Sendable, Equatable {
    case bytes([UInt8])
    case integers([Int])
    case floats([Float])
    case doubles([Double])
    case file(MappedNPY, examples: Int)
  }

  /// Bytes: a grey level is byte / 255, any other number the byte itself.
  public init(_ field: DataField, _ values: [UInt8]) { self.init(field, .bytes(values)) }
  /// Whole numbers.
  public init(_ field: DataField, _ values: [Int]) { self.init(field, .integers(values)) }
  /// Numbers in single precision.
  public init(_ field: DataField, _ values: [Float]) { self.init(field, .floats(values)) }
  /// Numbers in double precision.
  public init(_ field: DataField, _ values: [Double]) { self.init(field, .doubles(values)) }

  private init(_ field: DataField, _ numbers: Numbers) {
    self.init(field, checked: numbers)
    let (total, each) = (elementCount, field.shape.reduce(1, *))
    precondition(
      each > 0 && total % each == 0,
      "\(total) numbers do not fill examples of shape \(field.shape) of field '\(field.name)'")
    if let wrong = misplaced {
      preconditionFailure(
        "field '\(field.name)' holds \(wrong.found) where \(wrong.expected) is expected")
    }
  }

  /// Numbers that are known to be of the field's shape and kind.
  private init(_ field: DataField, checked numbers: Numbers) {
    self.field = field
    self.numbers = numbers
  }

  /// The numbers of a NumPy file, which stay there until they are asked for: the file may be larger
  /// than memory, and must not change meanwhile. It is read once where the kind leaves out some numbers.
  ///
  /// - Parameters:
  ///   - field: What each example of the file's first axis is.
  ///   - path: A `.npy` file of `[count]` + the field's shape.
  /// - Throws: An error that names the file and what is wrong with it.
  public init(_ field: DataField, mapping path: String) throws {
    let file = try MappedNPY(path)
    guard let count = file.shape.first, Array(file.shape.dropFirst()) == field.shape, count > 0
    else {
      throw DatasetError.otherShape(
        path: path, field: field.name, found: file.shape, expected: field.shape)
    }
    self.init(field, checked: .file(file, examples: count))
    if let wrong = misplaced {
      throw DatasetError.notOfKind(
        path: path, field: field.name, example: wrong.place / numbersPerExample,
        found: wrong.found, expected: wrong.expected)
    }
  }

  /// The number of examples.
  public var count: Int { elementCount / max(numbersPerExample, 1) }

  private var numbersPerExample: Int { field.shape.reduce(1, *) }

  private var elementCount: Int {
    switch numbers {
    case .bytes(let values): values.count
    case .integers(let values): values.count
    case .floats(let values): values.count
    case .doubles(let values): values.count
    case .file(_, let examples): examples * numbersPerExample
    }
  }

  /// The first number that is not of the field's kind, its place among all, and what was expected.
  private var misplaced: (place: Int, found: Double, expected: String)? {
    func first(_ expected: String, _ isRight: (Double) -> Bool) -> (Int, Double, String)? {
      func search(_ values: some Collection<some BinaryInteger>) -> (Int, Double)? {
        values.enumerated().lazy.map { ($0, Double($1)) }.first { !isRight($0.1) }
      }
      func search(_ values: some Collection<some BinaryFloatingPoint>) -> (Int, Double)? {
        values.enumerated().lazy.map { ($0, Double($1)) }.first { !isRight($0.1) }
      }
      let wrong: (Int, Double)? =
        switch numbers {
        case .bytes(let values): search(values)
        case .integers(let values): search(values)
        case .floats(let values): search(values)
        case .doubles(let values): search(values)
        case .file(let file, _):
          withExtendedLifetime(file) {
            switch file.elements {
            case .uint8(let values): search(values)
            case .float32(let values): search(values)
            case .float64(let values): search(values)
            }
          }
        }
      return wrong.map { ($0.0, $0.1, expected) }
    }
    switch field.kind {
    case .real: return nil
    case .count: return first("a whole number of at least 0") { $0 >= 0 && $0.rounded() == $0 }
    case .category(let classes):
      return first("a class from 0 to \(classes - 1)") {
        $0 >= 0 && $0 < Double(classes) && $0.rounded() == $0
      }
    case .binary: return first("0 or 1") { $0 == 0 || $0 == 1 }
    case .grey: return holdsBytes ? nil : first("a level from 0 to 1") { $0 >= 0 && $0 <= 1 }
    }
  }

  /// Whether grey levels are bytes, all of which are levels.
  private var holdsBytes: Bool {
    switch numbers {
    case .bytes: return true
    case .file(let file, _):
      if case .uint8 = file.elements { return true }
      return false
    default: return false
    }
  }

  /// The first `maximum` examples, or all where there are fewer.
  func prefix(_ maximum: Int) -> DataColumn {
    let kept = min(maximum, count) * numbersPerExample
    return switch numbers {
    case .bytes(let values): DataColumn(field, checked: .bytes(Array(values.prefix(kept))))
    case .integers(let values): DataColumn(field, checked: .integers(Array(values.prefix(kept))))
    case .floats(let values): DataColumn(field, checked: .floats(Array(values.prefix(kept))))
    case .doubles(let values): DataColumn(field, checked: .doubles(Array(values.prefix(kept))))
    case .file(let file, let examples):
      DataColumn(field, checked: .file(file, examples: min(maximum, examples)))
    }
  }

  /// Writes some examples, ``DataField/width`` numbers each.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  func write<Scalar: TensorScalar>(
    _ examples: [Int], to rows: UnsafeMutableBufferPointer<Scalar>
  ) {
    switch numbers {
    case .bytes(let values):
      let scale: Scalar = field.kind == .grey ? 255 : 1
      values.withUnsafeBufferPointer { values in
        write(examples, to: rows) { Scalar(values[$0]) / scale }
      }
    case .integers(let values):
      values.withUnsafeBufferPointer { values in
        write(examples, to: rows) { Scalar(values[$0]) }
      }
    case .floats(let values):
      values.withUnsafeBufferPointer { values in
        write(examples, to: rows) { Scalar(values[$0]) }
      }
    case .doubles(let values):
      values.withUnsafeBufferPointer { values in
        write(examples, to: rows) { Scalar(values[$0]) }
      }
    case .file(let file, _):
      withExtendedLifetime(file) {
        switch file.elements {
        case .uint8(let values):
          let scale: Scalar = field.kind == .grey ? 255 : 1
          write(examples, to: rows) { Scalar(values[$0]) / scale }
        case .float32(let values): write(examples, to: rows) { Scalar(values[$0]) }
        case .float64(let values): write(examples, to: rows) { Scalar(values[$0]) }
        }
      }
    }
  }

  /// Each number as it is, or as the row of zeros and a 1 that its class is.
  @inline(__always)
  private func write<Scalar: TensorScalar>(
    _ examples: [Int], to rows: UnsafeMutableBufferPointer<Scalar>, _ number: (Int) -> Scalar
  ) {
    let each = numbersPerExample
    var place = 0
    for example in examples {
      precondition((0..<count).contains(example), "example \(example) of \(count)")
      for index in example * each..<(example + 1) * each {
        if case .category(let classes) = field.kind {
          for other in 0..<classes { rows[place + other] = 0 }
          // A file may have changed since it was checked: a class that there is not leaves its row at 0
          // and writes nowhere else.
          let own = number(index)
          if own >= 0, own < Scalar(classes) { rows[place + Int(own)] = 1 }
          place += classes
        } else {
          rows[place] = number(index)
          place += 1
        }
      }
    }
  }

  fileprivate func add(to fingerprint: inout Fingerprint) {
    switch numbers {
    case .bytes(let values): values.withUnsafeBytes { fingerprint.add($0) }
    case .integers(let values): values.withUnsafeBytes { fingerprint.add($0) }
    case .floats(let values): values.withUnsafeBytes { fingerprint.add($0) }
    case .doubles(let values): values.withUnsafeBytes { fingerprint.add($0) }
    case .file(let file, let examples):
      // Of a prefix the bytes of its examples alone.
      let part = file.bytes.count / max(file.shape.first ?? 1, 1) * examples
      withExtendedLifetime(file) {
        fingerprint.add(UnsafeRawBufferPointer(rebasing: file.bytes[..<part]))
      }
    }
  }
}

extension [DataColumn] {
  /// The column of a field.
  func column(_ field: DataField) -> DataColumn {
    guard let column = first(where: { $0.field.name == field.name }) else {
      preconditionFailure(
        "no field '\(field.name)' among \(map(\.field.name).joined(separator: ", "))")
    }
    return column
  }

  /// Refuses columns of other lengths, and two fields of one name.
  func check(_ fields: [DataField], count: Int) {
    for column in self {
      precondition(
        column.count == count,
        "\(column.count) rows of field '\(column.field.name)' for \(count) examples")
    }
    precondition(
      Set(fields.map(\.name)).count == fields.count,
      "two fields of one name among \(fields.map(\.name).joined(separator: ", "))")
  }
}

/// Columns side by side: arrays in memory or in files.
///
///     let data = ArrayDataset(
///       name: "points", columns: [
///         DataColumn(DataField("x", shape: [3]), numbers),
///         DataColumn(DataField("group", kind: .category(classes: 4)), groups),
///       ])
public struct ArrayDataset: Dataset, Equatable {
  /// The name of the data.
  public let name: String
  /// Which part of the data this is: "train", "validation" or "test".
  public let split: String
  /// The fields with their numbers.
  public let columns: [DataColumn]

  /// A data set of these columns.
  ///
  /// - Precondition: At least one column, all of the same number of examples, at least one, and of
  ///   different names.
  public init(name: String, split: String = "train", columns: [DataColumn]) {
    precondition((columns.first?.count ?? 0) > 0, "the data set '\(name)' has no example")
    self.name = name
    self.split = split
    self.columns = columns
    columns.check(columns.map(\.field), count: count)
  }

  /// The number of examples.
  public var count: Int { columns[0].count }

  /// Those of the columns.
  public var fields: [DataField] { columns.map(\.field) }

  /// Whether numbers are real, binary or otherwise.
  public var meaning: String {
    switch columns[0].field.kind {
    case .real: "log-density of real numbers, which may be positive"
    case .count: "log-probability of counts"
    case .category: "log-probability of classes"
    case .binary: "log-probability of binary numbers"
    case .grey: "cross-entropy on grey levels (not a normalised density)"
    }
  }

  /// Rows of the field's column.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func write<Scalar: TensorScalar>(
    _ field: DataField, of examples: [Int], round: DataRound,
    to rows: UnsafeMutableBufferPointer<Scalar>
  ) {
    columns.column(field).write(examples, to: rows)
  }

  /// Names, shapes and numbers of all columns count.
  public func fingerprint() -> String {
    var fingerprint = Fingerprint(count, columns.count)
    for column in columns {
      fingerprint.add("\(column.field.name) \(column.field.shape) \(column.field.kind)")
      column.add(to: &fingerprint)
    }
    return fingerprint.digits
  }

  /// The first `maximum` examples, or all where there are fewer.
  public func prefix(_ maximum: Int) -> ArrayDataset {
    precondition(maximum >= 1, "a data set has at least one example; \(maximum) were asked for")
    return ArrayDataset(name: name, split: split, columns: columns.map { $0.prefix(maximum) })
  }
}
