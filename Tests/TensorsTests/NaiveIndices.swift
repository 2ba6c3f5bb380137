// SPDX-License-Identifier: Apache-2.0

/// All index vectors of a shape in row-major order: what naive reference loops run over.
struct Indices: Sequence {
  let shape: [Int]
  init(_ shape: [Int]) { self.shape = shape }

  func makeIterator() -> AnyIterator<[Int]> {
    let count = shape.reduce(1, *)
    var next = 0
    return AnyIterator {
      if next == count { return nil }
      defer { next += 1 }
      var rest = next
      var index = [Int](repeating: 0, count: shape.count)
      for axis in shape.indices.reversed() {
        (rest, index[axis]) = rest.quotientAndRemainder(dividingBy: shape[axis])
      }
      return index
    }
  }
}

/// Where an element of a broadcast result comes from in an operand of `shape`.
func position(_ index: [Int], in shape: [Int]) -> Int {
  let own = index.suffix(shape.count)
  return zip(own, shape).reduce(0) { $0 * $1.1 + ($1.1 == 1 ? 0 : $1.0) }
}
