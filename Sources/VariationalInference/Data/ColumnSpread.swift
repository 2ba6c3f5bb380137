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
    guard let width = field("x")?.width else { return [] }
    // Relative to the first number seen, so that a large mean takes no digits from the deviation.
    var first = [Double?](repeating: nil, count: width)
    var sums = [(count: Double, first: Double, second: Double)](
      repeating: (0, 0, 0), count: width)
    forEachRowOfX(most: 20_000) { _, x, observed in
      for column in x.indices where observed[column] != 0 {
        let start = first[column] ?? x[column]
        first[column] = start
        let rest = x[column] - start
        sums[column].count += 1
        sums[column].first += rest
        sums[column].second += rest * rest
      }
      return true
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
