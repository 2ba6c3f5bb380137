// SPDX-License-Identifier: Apache-2.0

extension Dataset {
  /// Goes through rows of field "x" in their order, as an evaluation has them.
  ///
  /// - Parameters:
  ///   - most: Of at least twice as many rows about so many are read, spread over all.
  ///   - body: Hears an example's number, its x and where it was observed (1, else 0); false ends it.
  func forEachRowOfX(
    most: Int = .max, _ body: (_ example: Int, _ x: [Double], _ observed: [Double]) -> Bool
  ) {
    guard let field = field("x") else { return }
    let mask = self.field("mask")
    var x = [Double](repeating: 0, count: field.width)
    var observed = [Double](repeating: 1, count: field.width)
    func read(_ field: DataField, _ example: Int, _ row: inout [Double]) {
      row.withUnsafeMutableBufferPointer {
        write(field, of: [example], round: .evaluation(seed: 0), to: $0)
      }
    }
    for example in stride(from: 0, to: count, by: max(1, count / most)) {
      read(field, example, &x)
      if let mask { read(mask, example, &observed) }
      guard body(example, x, observed) else { return }
    }
  }
}
