// SPDX-License-Identifier: Apache-2.0

extension Dataset {
  /// The class of each example, where there is a field "label" of classes; else nil.
  var classNumbers: [Int]? {
    guard let field = field("label"), case .category(let classes) = field.kind else { return nil }
    var numbers: [Int] = []
    numbers.reserveCapacity(count)
    for start in stride(from: 0, to: count, by: 4096) {
      let examples = Array(start..<min(start + 4096, count))
      var rows = [Float](repeating: 0, count: examples.count * classes)
      rows.withUnsafeMutableBufferPointer {
        write(field, of: examples, round: .evaluation(seed: 0), to: $0)
      }
      for first in stride(from: 0, to: rows.count, by: classes) {
        let row = rows[first..<first + classes]
        numbers.append((row.firstIndex(of: 1) ?? first) - first)
      }
    }
    return numbers
  }
}
