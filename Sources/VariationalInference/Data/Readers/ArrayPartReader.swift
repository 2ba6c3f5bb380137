// SPDX-License-Identifier: Apache-2.0

internal import Formats

/// An array that becomes a part of a data set, with its labels.
struct ArrayPart {
  let array: NPY
  let path: String
  let split: DatasetSplit
  let labels: (NPY, String)?
}

/// Makes data sets of arrays: what their numbers are decides the fields.
struct ArrayPartReader {
  let name: String
  let missing: Bool
  /// Height and width of images, where the axes do not tell.
  let imageSize: [Int]?

  /// One part, which is the whole.
  func dataset(
    _ array: NPY, path: String, split: DatasetSplit, labels: (NPY, String)?
  ) throws -> any Dataset {
    let part = ArrayPart(array: array, path: path, split: split, labels: labels)
    guard let data = try datasets([part], path: path)[split] else {
      preconditionFailure("no data set of the part \(split)")
    }
    return data
  }

  /// Parts, all of whose examples have the same fields.
  func datasets(_ parts: [ArrayPart], path: String) throws -> [DatasetSplit: any Dataset] {
    for part in parts {
      let shape = part.array.shape
      guard !shape.isEmpty, !shape.contains(0) else {
        throw ArrayFileError.noExamples(path: part.path, shape: shape)
      }
      let (own, first) = (Array(shape.dropFirst()), Array(parts[0].array.shape.dropFirst()))
      guard own == first else {
        throw ArrayFileError.shapesDiffer(
          path: path, train: first, other: part.split, otherShape: own)
      }
    }
    if let images = try images(parts) { return images }
    var contents: [NumberContents] = []
    for part in parts { contents.append(try NumberContents(part, missing: missing)) }
    let kind = NumberContents.kind(of: contents)
    let hasMask = contents.contains { !$0.isComplete }
    let classes = try self.classes(parts)
    var sets: [DatasetSplit: any Dataset] = [:]
    for (part, contents) in zip(parts, contents) {
      let own = Array(part.array.shape.dropFirst())
      let shape = own.isEmpty ? [1] : own
      var columns = [Self.column(DataField("x", shape: shape, kind: kind), contents.elements)]
      if hasMask {
        columns.append(DataColumn(DataField("mask", shape: shape, kind: .binary), contents.mask))
      }
      if let label = try Self.label(part, classes: classes) { columns.append(label) }
      sets[part.split] = ArrayDataset(name: name, split: part.split.rawValue, columns: columns)
    }
    return sets
  }

  /// Images, where the arrays are bytes of two axes or of three whose last is 1 or 3, or of one that has
  /// the pixels of such images.
  private func images(_ parts: [ArrayPart]) throws -> [DatasetSplit: any Dataset]? {
    let shape = try imageShape(parts[0])
    guard shape.count == 3 || shape.count == 4 && [1, 3].contains(shape[3]) else { return nil }
    var pixels: [[UInt8]] = []
    for part in parts {
      guard case .uint8(let bytes) = part.array.elements else { return nil }
      pixels.append(bytes)
    }
    // Truth values, and bytes of no others, are black and white.
    let isBinary = pixels.allSatisfy { bytes in bytes.allSatisfy { $0 <= 1 } }
    let classes = try self.classes(parts)
    var sets: [DatasetSplit: any Dataset] = [:]
    for (part, bytes) in zip(parts, pixels) {
      let label = try Self.label(part, classes: classes)
      sets[part.split] = ImageDataset(
        name: name, split: part.split.rawValue, height: shape[1], width: shape[2],
        channels: shape.count == 4 ? shape[3] : 1,
        pixels: isBinary ? bytes.map { $0 * 255 } : bytes, columns: label.map { [$0] } ?? [])
    }
    return sets
  }

  private func imageShape(_ part: ArrayPart) throws -> [Int] {
    let shape = part.array.shape
    guard let imageSize else { return shape }
    let pixels = imageSize.reduce(1, *)
    guard case .uint8 = part.array.elements, shape.count >= 2,
      shape.count == 2
        ? [pixels, 3 * pixels].contains(shape[1]) : Array(shape[1...2]) == imageSize
    else {
      throw ArrayFileError.noImages(path: part.path, shape: shape, size: imageSize)
    }
    if shape.count > 2 { return shape }
    return [shape[0]] + imageSize + (shape[1] == pixels ? [] : [3])
  }

  private static func column(_ field: DataField, _ elements: NPY.Elements) -> DataColumn {
    switch elements {
    case .uint8(let values): DataColumn(field, values)
    case .integers(let values): DataColumn(field, values)
    case .float32(let values): DataColumn(field, values)
    case .float64(let values): DataColumn(field, values)
    }
  }

  /// Sparse rows, which stay so.
  func dataset(
    _ rows: SparseRows, path: String, labels: (NPY, String)?
  ) throws -> any Dataset {
    if let place = rows.values.firstIndex(where: { !$0.isFinite }) {
      let (row, column) = rows.position(of: place)
      throw ArrayFileError.notFinite(
        path: path, row: row, column: column, found: rows.values[place])
    }
    let kind = NumberContents.kind(of: rows.values)
    let x = DataColumn(DataField("x", shape: [rows.shape[1]], kind: kind), rows)
    return try dataset(x, labels)
  }

  /// An array that stays in its file.
  func mapped(_ path: String, labels: (NPY, String)?) throws -> any Dataset {
    let shape = try MappedNPY(path).shape
    guard shape.count >= 2, !shape.contains(0) else {
      throw ArrayFileError.noExamples(path: path, shape: shape)
    }
    let own = Array(shape.dropFirst())
    // The narrowest kind that the sampled numbers have; bytes of images are grey levels.
    let isImages = try MappedNPY(path).holdsBytes && own.count >= 2
    let size = own.count == 2 ? own + [1] : own
    let kinds: [DataField.Kind] = isImages ? [.grey] : [.binary, .count]
    for kind in kinds {
      let field = DataField("x", shape: own, kind: kind)
      if let column = try? DataColumn(field, mapping: path) {
        let isPicture = isImages && size.count == 3 && [1, 3].contains(size[2])
        return try dataset(isPicture ? column.reshaped(size) : column, labels)
      }
    }
    return try dataset(DataColumn(DataField("x", shape: own), mapping: path), labels)
  }

  private func dataset(_ x: DataColumn, _ labels: (NPY, String)?) throws -> any Dataset {
    let label = try labels.map { labels in
      try Self.label(labels, count: x.count, classes: Self.classes(labels))
    }
    return ArrayDataset(name: name, columns: [x] + (label.map { [$0] } ?? []))
  }

  // MARK: Labels

  private func classes(_ parts: [ArrayPart]) throws -> Int {
    try parts.compactMap(\.labels).map(Self.classes).max() ?? 1
  }

  /// One more than the largest label.
  private static func classes(_ labels: (NPY, String)) throws -> Int {
    let numbers = labels.0.elements.doubles
    if let row = numbers.firstIndex(where: { !(0...65_535 ~= $0) || $0.rounded() != $0 }) {
      throw ArrayFileError.label(path: labels.1, row: row, found: numbers[row])
    }
    return Int(numbers.max() ?? 0) + 1
  }

  private static func label(_ part: ArrayPart, classes: Int) throws -> DataColumn? {
    try part.labels.map { try label($0, count: part.array.shape[0], classes: classes) }
  }

  private static func label(
    _ labels: (NPY, String), count: Int, classes: Int
  ) throws -> DataColumn {
    let shape = labels.0.shape
    guard shape == [count] || shape == [count, 1] else {
      throw ArrayFileError.labelCount(path: labels.1, found: shape, expected: count)
    }
    return DataColumn(
      DataField("label", kind: .category(classes: classes)),
      labels.0.elements.doubles.map { Int($0) })
  }
}

/// The numbers of an array as a data set takes them, and what they are.
private struct NumberContents {
  let elements: NPY.Elements
  /// 1 where there is a number, 0 where it is missing.
  var mask: [UInt8] { isComplete ? [UInt8](repeating: 1, count: elements.count) : holes }
  var isComplete: Bool { holes.isEmpty }
  private let holes: [UInt8]

  /// - Throws: ``ArrayFileError/notFinite(path:row:column:found:)``.
  init(_ part: ArrayPart, missing: Bool) throws {
    let width = part.array.elements.count / part.array.shape[0]
    func filled<Number: BinaryFloatingPoint>(_ values: [Number]) throws -> ([Number], [UInt8]) {
      guard let first = values.firstIndex(where: { !$0.isFinite }) else { return (values, []) }
      if let place = missing ? values.firstIndex(where: { $0.isInfinite }) : first {
        throw ArrayFileError.notFinite(
          path: part.path, row: place / width, column: place % width, found: Double(values[place]))
      }
      return (values.map { $0.isNaN ? 0 : $0 }, values.map { $0.isNaN ? 0 : 1 })
    }
    switch part.array.elements {
    case .float32(let values):
      let (numbers, mask) = try filled(values)
      (elements, holes) = (.float32(numbers), mask)
    case .float64(let values):
      let (numbers, mask) = try filled(values)
      (elements, holes) = (.float64(numbers), mask)
    case let whole: (elements, holes) = (whole, [])
    }
  }

  /// The kind of which all numbers are.
  static func kind(of parts: [NumberContents]) -> DataField.Kind {
    let kinds = parts.map { part in
      switch part.elements {
      case .uint8(let values): kind(of: values)
      case .integers(let values): kind(of: values)
      case .float32(let values): kind(of: values)
      case .float64(let values): kind(of: values)
      }
    }
    return kinds.contains(.real) ? .real : kinds.contains(.count) ? .count : .binary
  }

  static func kind(of values: [some BinaryFloatingPoint]) -> DataField.Kind {
    guard values.allSatisfy({ $0 >= 0 && $0.rounded() == $0 }) else { return .real }
    return values.allSatisfy { $0 <= 1 } ? .binary : .count
  }

  static func kind(of values: [some BinaryInteger]) -> DataField.Kind {
    guard values.allSatisfy({ $0 >= 0 }) else { return .real }
    return values.allSatisfy { $0 <= 1 } ? .binary : .count
  }
}

extension MappedNPY {
  fileprivate var holdsBytes: Bool { if case .uint8 = elements { true } else { false } }
}
