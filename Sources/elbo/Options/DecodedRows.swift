// SPDX-License-Identifier: Apache-2.0

internal import VariationalInference

/// Rows that a model makes, some at a time, so that memory does not grow with their number.
struct DecodedRows {
  private(set) var count: Int
  /// Numbers of a row.
  let width: Int
  /// How many are made at a time.
  let atOnce: Int
  /// Makes some of them, `[rows, width]`.
  let make: (Range<Int>) throws -> Tensor<Float>

  init(
    _ count: Int, of architecture: AutoencoderArchitecture,
    make: @escaping (Range<Int>) throws -> Tensor<Float>
  ) {
    (self.count, self.make) = (count, make)
    (width, atOnce) = (architecture.data, architecture.rowsAtOnce)
  }

  /// The first of them.
  func first(_ count: Int) -> DecodedRows {
    var rows = self
    rows.count = min(count, rows.count)
    return rows
  }

  /// Calls `body` with one block after the other.
  ///
  /// - Throws: ``UndefinedResult`` where `what` is infinite or undefined; what `body` throws.
  func forEachBlock(
    of model: String, _ what: String, _ body: (Tensor<Float>) throws -> Void
  ) throws {
    for start in stride(from: 0, to: count, by: atOnce) {
      let block = try make(start..<min(start + atOnce, count))
      if block.firstNonFinite != nil { throw UndefinedResult(model: model, what: what) }
      try body(block)
    }
  }
}
