// SPDX-License-Identifier: Apache-2.0

internal import Formats

extension DataColumn {
  /// Some examples, in this order, in memory; of a file too large for it (see ``isSampled``) their
  /// places alone.
  ///
  /// - Parameter examples: Numbers from 0 to ``count`` - 1, at least one.
  /// - Returns: As many examples as were chosen.
  public func selecting(_ examples: [Int]) -> DataColumn {
    precondition(
      !examples.isEmpty && examples.allSatisfy { (0..<count).contains($0) },
      "some of the \(examples.count) examples are none of the \(count) of field '\(field.name)'")
    let each = field.shape.reduce(1, *)
    func chosen<Numbers: RandomAccessCollection<Element>, Element>(
      _ values: Numbers
    ) -> [Element] where Numbers.Index == Int {
      var kept: [Element] = []
      kept.reserveCapacity(examples.count * each)
      for example in examples { kept += values[example * each..<(example + 1) * each] }
      return kept
    }
    switch numbers {
    case .bytes(let values): return DataColumn(field, checked: .bytes(chosen(values)))
    case .integers(let values): return DataColumn(field, checked: .integers(chosen(values)))
    case .floats(let values): return DataColumn(field, checked: .floats(chosen(values)))
    case .doubles(let values): return DataColumn(field, checked: .doubles(chosen(values)))
    case .sparse(let rows): return DataColumn(field, checked: .sparse(rows.selecting(examples)))
    case .part(let file, let places):
      return DataColumn(
        field, checked: .part(file, places: examples.map { places[$0] }), isSampled: isSampled)
    case .file(let file, _) where isSampled:
      return DataColumn(field, checked: .part(file, places: examples), isSampled: true)
    case .file(let file, _):
      return withExtendedLifetime(file) {
        let numbers: Numbers =
          switch file.elements {
          case .uint8(let values): .bytes(chosen(values))
          case .float16(let values): .floats(chosen(values).map(Formats.Numbers.float(half:)))
          case .float32(let values): .floats(chosen(values))
          case .float64(let values): .doubles(chosen(values))
          case .int8(let values): .integers(chosen(values).map { Int($0) })
          case .int16(let values): .integers(chosen(values).map { Int($0) })
          case .int32(let values): .integers(chosen(values).map { Int($0) })
          case .int64(let values): .integers(chosen(values).map { Int($0) })
          case .uint16(let values): .integers(chosen(values).map { Int($0) })
          case .uint32(let values): .integers(chosen(values).map { Int($0) })
          case .uint64(let values): .doubles(chosen(values).map { Double($0) })
          }
        return DataColumn(field, checked: numbers)
      }
    }
  }
}

extension ArrayDataset {
  /// Some examples, in this order, in memory, as a part of the data.
  ///
  /// - Parameters:
  ///   - examples: Numbers from 0 to ``count`` - 1, at least one.
  ///   - split: "train", "validation" or "test".
  /// - Returns: As many examples as were chosen.
  public func selecting(_ examples: [Int], split: String) -> ArrayDataset {
    ArrayDataset(name: name, split: split, columns: columns.map { $0.selecting(examples) })
  }
}

extension DataColumn {
  /// The same numbers as examples of another shape.
  func reshaped(_ shape: [Int]) -> DataColumn {
    precondition(
      shape.reduce(1, *) == field.shape.reduce(1, *), "shape \(shape) for \(field.shape)")
    return DataColumn(
      DataField(field.name, shape: shape, kind: field.kind), checked: numbers,
      isSampled: isSampled)
  }
}
