// SPDX-License-Identifier: Apache-2.0

/// How many examples of one part of the data also stand in another, number by number: a test part
/// should share none with what a model learned from.
///
/// Rows of "x", with those of "mask" where there is one, are compared by 128 bits mixed from them,
/// in single precision, which is what models see: among 10^8 rows two different ones are taken for
/// the same with a probability of about 10^-22. Images are compared by their grey levels, whatever
/// is drawn by them; other data by their draw for evaluations with seed 0.
///
/// - Parameters:
///   - test: The part whose examples are counted.
///   - train: The part in which they are looked for.
/// - Returns: A number from 0 to `test.count`; 0 where the two have no "x" of one width.
public func sharedExamples(_ test: any Dataset, with train: any Dataset) -> Int {
  guard let width = test.field("x")?.width, width == train.field("x")?.width, width > 0 else {
    return 0
  }
  var there: Set<RowDigest> = []
  forEachDigest(of: train) { there.insert($0) }
  var shared = 0
  forEachDigest(of: test) { shared += there.contains($0) ? 1 : 0 }
  return shared
}

/// Calls `body` with the digest of each example in turn.
private func forEachDigest(of data: any Dataset, _ body: (RowDigest) -> Void) {
  let plain = (data as? ImageDataset).flatMap { try? $0.binarized(.none) }
  let data: any Dataset = plain ?? data
  let fields = ["x", "mask"].compactMap { data.field($0) }
  let widest = fields.map(\.width).max() ?? 1
  // A block fits into the second-level cache.
  let block = max(1, min(1024, (1 << 17) / max(widest, 1)))
  var rows = [Float](repeating: 0, count: block * widest)
  var digests = [RowDigest](repeating: RowDigest(), count: block)
  for start in stride(from: 0, to: data.count, by: block) {
    let examples = Array(start..<min(start + block, data.count))
    for index in examples.indices { digests[index] = RowDigest() }
    for field in fields {
      let count = examples.count * field.width
      rows.withUnsafeMutableBufferPointer { rows in
        let part = UnsafeMutableBufferPointer(rebasing: rows[..<count])
        data.write(field, of: examples, round: .evaluation(seed: 0), to: part)
        let numbers = UnsafeBufferPointer(part)
        for index in examples.indices {
          let row = numbers[index * field.width..<(index + 1) * field.width]
          digests[index].add(UnsafeBufferPointer(rebasing: row))
        }
      }
    }
    for index in examples.indices { body(digests[index]) }
  }
}

/// 128 bits mixed from the numbers of a row.
private struct RowDigest: Hashable {
  private var low: UInt64 = 0x9e37_79b9_7f4a_7c15
  private var high: UInt64 = 0xc2b2_ae3d_27d4_eb4f

  /// Adds numbers; 0 and -0 are the same.
  mutating func add(_ numbers: UnsafeBufferPointer<Float>) {
    var (low, high) = (self.low, self.high)
    for number in numbers {
      let word = UInt64((number + 0).bitPattern)
      low = Self.mix(low, word, 0x9fb2_1c65_1e98_df25)
      high = Self.mix(high, word, 0xd6e8_feb8_6659_fd93)
    }
    (self.low, self.high) = (low, high)
  }

  /// One-to-one in the word, so that rows that differ in one number never agree.
  private static func mix(_ state: UInt64, _ word: UInt64, _ factor: UInt64) -> UInt64 {
    let product = (state ^ word) &* factor
    return product ^ (product >> 29)
  }
}
