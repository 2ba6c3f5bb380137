// SPDX-License-Identifier: Apache-2.0

internal import Tensors

extension ArrayDataset {
  /// The same examples with one field more, "total" `[]`: the sum of each row of x, for laws of counts that
  /// are given it. Missing numbers count as 0.
  public func addingTotals() -> ArrayDataset {
    let x = columns.column(named: "x"), mask = columns.first { $0.field.name == "mask" }
    let width = x.field.width
    var totals = [Double](repeating: 0, count: count)
    // Blocks, as the whole of x may be larger than memory.
    let rows = max(1, (1 << 20) / max(width, 1))
    var (numbers, observed) = ([Double](), [Double]())
    for start in stride(from: 0, to: count, by: rows) {
      let examples = Array(start..<min(start + rows, count))
      func read(_ column: DataColumn, _ target: inout [Double]) {
        if target.count != examples.count * width {
          target = [Double](repeating: 0, count: examples.count * width)
        }
        target.withUnsafeMutableBufferPointer { column.write(examples, to: $0) }
      }
      read(x, &numbers)
      if let mask { read(mask, &observed) }
      for (row, example) in examples.enumerated() {
        for index in row * width..<(row + 1) * width where mask == nil || observed[index] != 0 {
          totals[example] += numbers[index]
        }
      }
    }
    return ArrayDataset(
      name: name, split: split, columns: columns + [DataColumn(DataField("total"), totals)])
  }
}
