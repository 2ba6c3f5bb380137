// SPDX-License-Identifier: Apache-2.0

// Parts and joins along any axis, for laws and constraints, whose values have axes before their own.

extension Value {
  /// Indices `range` of an axis.
  func sliced(_ range: Range<Int>, along axis: Int) -> Value {
    map { $0.slice(range, along: axis) }
  }

  /// Values joined along an axis; all other sizes equal.
  static func joined(_ values: [Value], along axis: Int) -> Value {
    if let faulty = values.first(where: { $0.fault != nil }) { return faulty }
    let draws = values.map(\.draws).max() ?? 1
    return Value(.concatenated(values.map { $0.spread(draws).tensor }, along: axis))
  }

  /// Elements of the last axis, in any order and repeatedly.
  func taken(_ indices: [Int]) -> Value {
    guard let size = shape.last else { return self }
    if shape.count == 1 { return map { $0.selectingRows(indices) } }
    // Rows of all vectors, one after the other.
    let (outer, rest) = (shape.dropLast().reduce(1, *), Array(shape.dropLast()))
    let rows = (0..<outer).flatMap { vector in indices.map { vector * size + $0 } }
    return reshaped(to: [outer * size]).map { $0.selectingRows(rows) }
      .reshaped(to: rest + [indices.count])
  }

  /// A vector of `[..., n]` as a column, `[..., n, 1]`.
  var asColumn: Value { reshaped(to: shape + [1]) }
}
