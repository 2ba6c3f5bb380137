// SPDX-License-Identifier: Apache-2.0

package import Formats
public import Tensors

/// A field of a data set with its numbers, in memory or in a file that is read as it is needed.
public struct DataColumn: Sendable, Equatable {
  /// Name, shape and kind.
  public let field: DataField
  let numbers: Numbers
  /// Whether the numbers lie in a file so large that its fingerprint, and the check of its kind, look
  /// at 1,024 blocks of it alone.
  public let isSampled: Bool

  /// Where the numbers are, `[count]` + the field's shape.
  enum Numbers: Sendable, Equatable {
    case bytes([UInt8])
    case integers([Int])
    case floats([Float])
    case doubles([Double])
    /// The first examples of a file.
    case file(MappedNPY, examples: Int)
    /// Chosen examples of a file, by their places there.
    case part(MappedNPY, places: [Int])
    case sparse(SparseRows)
  }

  /// Files of more bytes stay where they are and are known by samples.
  public static let largestInMemory = 256 << 20

  /// Of such a file so many bytes are read together.
  static let bytesReadTogether = 128 << 10

  /// Of such a file so many examples are one block of an epoch's order, four times what is read
  /// together, so that little is read for two blocks; nil of any other numbers.
  var examplesPerBlock: Int? {
    switch numbers {
    case .file(let file, _) where isSampled, .part(let file, _) where isSampled:
      max(1, 4 * Self.bytesReadTogether * file.shape[0] / file.bytes.count)
    default: nil
    }
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
  init(_ field: DataField, checked numbers: Numbers, isSampled: Bool = false) {
    self.field = field
    self.numbers = numbers
    self.isSampled = isSampled
  }

  /// Rows most of whose numbers are zero, which stay so in memory.
  ///
  /// - Precondition: The field has as many numbers as the matrix has columns, and is no category.
  package init(_ field: DataField, _ rows: SparseRows) {
    if case .category = field.kind { preconditionFailure("sparse rows are no categories") }
    precondition(
      field.shape.reduce(1, *) == rows.shape[1],
      "rows of \(rows.shape[1]) numbers for field '\(field.name)' of shape \(field.shape)")
    self.init(field, .sparse(rows))
  }

  /// The rows, where they are sparse.
  package var sparseRows: SparseRows? {
    if case .sparse(let rows) = numbers { rows } else { nil }
  }

  /// The numbers of a NumPy file, which stay there until they are asked for: the file may be larger
  /// than memory, and must not change meanwhile. It is read once where the kind leaves out some numbers; of a
  /// file of more than ``largestInMemory`` bytes 1,024 blocks are.
  ///
  /// - Parameters:
  ///   - field: What each example of the file's first axis is.
  ///   - path: A `.npy` file of `[count]` + the field's shape, of any numeric type, least significant
  ///     byte first and row by row.
  /// - Throws: An error that names the file and what is wrong with it.
  public init(_ field: DataField, mapping path: String) throws {
    try self.init(field, mapping: path, sampledAbove: Self.largestInMemory)
  }

  /// The same, with another size above which the file is sampled.
  package init(_ field: DataField, mapping path: String, sampledAbove limit: Int) throws {
    let file = try MappedNPY(path)
    guard let count = file.shape.first, Array(file.shape.dropFirst()) == field.shape, count > 0
    else {
      throw DatasetError.otherShape(
        path: path, field: field.name, found: file.shape, expected: field.shape)
    }
    let isSampled = file.bytes.count > limit
    if isSampled { file.expectRandomAccess() }
    self.init(field, checked: .file(file, examples: count), isSampled: isSampled)
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
    case .part(_, let places): places.count * numbersPerExample
    case .sparse(let rows): rows.shape[0] * numbersPerExample
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
      func search(
        _ file: MappedNPY, _ number: (Int) -> Double
      ) -> (Int, Double)? {
        for range in Self.blocks(of: file, isSampled: isSampled) {
          for place in range where !isRight(number(place)) { return (place, number(place)) }
        }
        return nil
      }
      let wrong: (Int, Double)? =
        switch numbers {
        case .bytes(let values): search(values)
        case .integers(let values): search(values)
        case .floats(let values): search(values)
        case .doubles(let values): search(values)
        case .sparse(let rows):
          search(rows.values).map { wrong in
            let (row, column) = rows.position(of: wrong.0)
            return (row * rows.shape[1] + column, wrong.1)
          }
        case .file(let file, _), .part(let file, _):
          withExtendedLifetime(file) {
            switch file.elements {
            case .float16(let values):
              search(file) { Double(Formats.Numbers.float(half: values[$0])) }
            case .float32(let values): search(file) { Double(values[$0]) }
            case .float64(let values): search(file) { Double(values[$0]) }
            case .int8(let values): search(file) { Double(values[$0]) }
            case .int16(let values): search(file) { Double(values[$0]) }
            case .int32(let values): search(file) { Double(values[$0]) }
            case .int64(let values): search(file) { Double(values[$0]) }
            case .uint8(let values): search(file) { Double(values[$0]) }
            case .uint16(let values): search(file) { Double(values[$0]) }
            case .uint32(let values): search(file) { Double(values[$0]) }
            case .uint64(let values): search(file) { Double(values[$0]) }
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
    case .file(let file, _), .part(let file, _):
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
      DataColumn(
        field, checked: .file(file, examples: min(maximum, examples)), isSampled: isSampled)
    case .part(let file, let places):
      DataColumn(
        field, checked: .part(file, places: Array(places.prefix(maximum))), isSampled: isSampled)
    case .sparse(let rows):
      DataColumn(
        field, checked: .sparse(rows.selecting(Array(0..<min(maximum, rows.shape[0])))))
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
    case .sparse(let matrix):
      rows.update(repeating: 0)
      for (row, example) in examples.enumerated() {
        let start = row * numbersPerExample
        for place in matrix.rowStarts[example]..<matrix.rowStarts[example + 1] {
          rows[start + Int(matrix.columns[place])] = Scalar(matrix.values[place])
        }
      }
    case .file(let file, _): write(file, examples, to: rows)
    case .part(let file, let places): write(file, examples.map { places[$0] }, to: rows)
    }
  }

  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  private func write<Scalar: TensorScalar>(
    _ file: MappedNPY, _ places: [Int], to rows: UnsafeMutableBufferPointer<Scalar>
  ) {
    if isSampled {
      // What is read together for the batch is asked for at once, so that the disk is not waited for
      // row by row; its other rows are those of batches soon to come (see EpochOrder).
      let (width, size) = (file.bytes.count / file.shape[0], Self.bytesReadTogether)
      for window in Set(places.map { $0 * width / size }) {
        file.prefetch(window * size..<min((window + 1) * size, file.bytes.count))
      }
      // A row may end in the next window.
      for place in places where place * width / size != ((place + 1) * width - 1) / size {
        file.prefetch(place * width..<(place + 1) * width)
      }
    }
    withExtendedLifetime(file) {
      switch file.elements {
      case .uint8(let values):
        let scale: Scalar = field.kind == .grey ? 255 : 1
        write(places, to: rows) { Scalar(values[$0]) / scale }
      case .float16(let values):
        write(places, to: rows) { Scalar(Formats.Numbers.float(half: values[$0])) }
      case .float32(let values): write(places, to: rows) { Scalar(values[$0]) }
      case .float64(let values): write(places, to: rows) { Scalar(values[$0]) }
      case .int8(let values): write(places, to: rows) { Scalar(values[$0]) }
      case .int16(let values): write(places, to: rows) { Scalar(values[$0]) }
      case .int32(let values): write(places, to: rows) { Scalar(values[$0]) }
      case .int64(let values): write(places, to: rows) { Scalar(values[$0]) }
      case .uint16(let values): write(places, to: rows) { Scalar(values[$0]) }
      case .uint32(let values): write(places, to: rows) { Scalar(values[$0]) }
      case .uint64(let values): write(places, to: rows) { Scalar(values[$0]) }
      }
    }
  }

  /// Each number as it is, or as the row of zeros and a 1 that its class is.
  @inline(__always)
  private func write<Scalar: TensorScalar>(
    _ examples: [Int], to rows: UnsafeMutableBufferPointer<Scalar>, _ number: (Int) -> Scalar
  ) {
    let each = numbersPerExample
    // The places of a part are those of its whole file.
    let bound = if case .part(let file, _) = numbers { file.shape[0] } else { count }
    var place = 0
    for example in examples {
      precondition((0..<bound).contains(example), "example \(example) of \(bound)")
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
    case .sparse(let rows):
      rows.rowStarts.withUnsafeBytes { fingerprint.add($0) }
      rows.columns.withUnsafeBytes { fingerprint.add($0) }
      rows.values.withUnsafeBytes { fingerprint.add($0) }
    case .file(let file, let examples) where isSampled:
      addSample(of: file, to: &fingerprint)
      fingerprint.add("first \(examples)")
    case .file(let file, let examples):
      // Of a prefix the bytes of its examples alone.
      let part = file.bytes.count / max(file.shape.first ?? 1, 1) * examples
      withExtendedLifetime(file) {
        fingerprint.add(UnsafeRawBufferPointer(rebasing: file.bytes[..<part]))
      }
    case .part(let file, let places):
      addSample(of: file, to: &fingerprint)
      places.withUnsafeBytes { fingerprint.add($0) }
    }
  }

  /// The header of a file, its length, and 1,024 blocks of it.
  private func addSample(of file: MappedNPY, to fingerprint: inout Fingerprint) {
    withExtendedLifetime(file) {
      fingerprint.add(file.header)
      fingerprint.add("\(file.bytes.count) bytes")
      let width = file.bytes.count / max(file.shape.reduce(1, *), 1)
      for range in Self.blocks(of: file, isSampled: true) {
        fingerprint.add(
          UnsafeRawBufferPointer(
            rebasing: file.bytes[range.lowerBound * width..<range.upperBound * width]))
      }
    }
  }

  /// Places of all elements of a file, or of 1,024 blocks of 4,096 bytes that are spread evenly over
  /// it, the first and the last included.
  private static func blocks(of file: MappedNPY, isSampled: Bool) -> [Range<Int>] {
    let count = file.shape.reduce(1, *)
    let length = 4096 / (file.bytes.count / max(count, 1))
    guard isSampled, count > 1024 * length else { return [0..<count] }
    let ranges = (0..<1024).map { block in
      let start = (count - length) / 1023 * block
      return block == 1023 ? count - length..<count : start..<start + length
    }
    let width = file.bytes.count / count
    for range in ranges { file.prefetch(range.lowerBound * width..<range.upperBound * width) }
    return ranges
  }
}

extension [DataColumn] {
  /// The column of a field.
  func column(_ field: DataField) -> DataColumn { column(named: field.name) }

  /// The column of the field `name`.
  func column(named name: String) -> DataColumn {
    guard let column = first(where: { $0.field.name == name }) else {
      preconditionFailure(
        "no field '\(name)' among \(map(\.field.name).joined(separator: ", "))")
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

  /// Names, shapes and numbers of all columns count. "sampled-" comes before the digits where some
  /// lie in a file so large that its header, its length and 1,024 blocks of it count alone.
  public func fingerprint() -> String {
    var fingerprint = Fingerprint(count, columns.count)
    for column in columns {
      fingerprint.add("\(column.field.name) \(column.field.shape) \(column.field.kind)")
      column.add(to: &fingerprint)
    }
    return (columns.contains(where: \.isSampled) ? "sampled-" : "") + fingerprint.digits
  }

  /// The first `maximum` examples, or all where there are fewer.
  public func prefix(_ maximum: Int) -> ArrayDataset {
    precondition(maximum >= 1, "a data set has at least one example; \(maximum) were asked for")
    return ArrayDataset(name: name, split: split, columns: columns.map { $0.prefix(maximum) })
  }
}

extension Dataset {
  /// How many examples come from the disk together, where they are too many for memory.
  var examplesPerBlock: Int? {
    (self as? ArrayDataset)?.columns.compactMap(\.examplesPerBlock).min()
  }
}
