// SPDX-License-Identifier: Apache-2.0

/// Mean and standard deviation of a column of x.
struct ColumnSpread {
  var mean = 0.0
  /// 0 of a column that is the same in every row.
  var deviation = 0.0
}

extension Dataset {
  /// The mean of each number of field "x"; of images, of their grey levels.
  var meanOfX: [Double] {
    if let images = self as? ImageDataset { return images.meanPixels }
    return spreadOfX.map(\.mean)
  }

  /// Mean and standard deviation of each number of field "x", over the examples in which it was
  /// observed; of more than 20,000 examples over so many that are spread over all.
  var spreadOfX: [ColumnSpread] {
    guard let field = field("x") else { return [] }
    let mask = self.field("mask")
    var x = [Double](repeating: 0, count: field.width)
    var observed = [Double](repeating: 1, count: field.width)
    // Relative to the first number seen, so that a large mean takes no digits from the deviation.
    var first = [Double?](repeating: nil, count: field.width)
    var sums = [(count: Double, first: Double, second: Double)](
      repeating: (0, 0, 0), count: field.width)
    for example in stride(from: 0, to: count, by: max(1, count / 20_000)) {
      func read(_ field: DataField, _ row: inout [Double]) {
        row.withUnsafeMutableBufferPointer {
          write(field, of: [example], round: .evaluation(seed: 0), to: $0)
        }
      }
      read(field, &x)
      if let mask { read(mask, &observed) }
      for column in x.indices where observed[column] != 0 {
        let start = first[column] ?? x[column]
        first[column] = start
        let rest = x[column] - start
        sums[column].count += 1
        sums[column].first += rest
        sums[column].second += rest * rest
      }
    }
    return sums.indices.map { column in
      let (count, firsts, seconds) = sums[column]
      guard count > 0, let start = first[column] else { return ColumnSpread() }
      let mean = firsts / count
      return ColumnSpread(
        mean: start + mean, deviation: max(seconds / count - mean * mean, 0).squareRoot())
    }
  }
}
