// SPDX-License-Identifier: Apache-2.0

extension Picture {
  /// How a picture of other proportions is brought to a height and width.
  package enum Fitting: Sendable {
    /// The largest part in the middle that has the proportions.
    case crop
    /// The whole picture in the middle, black around it.
    case pad
    /// The whole picture, its proportions changed.
    case stretch
  }

  /// The picture in another size.
  ///
  /// Along an axis that shrinks, a pixel is the mean over the area that it covers, parts of pixels
  /// by their share (a box filter), so that the mean of the picture is kept. Along one that grows,
  /// it is taken linearly between the two nearest pixels' centres.
  ///
  /// - Parameters:
  ///   - height: Rows wanted.
  ///   - width: Columns wanted.
  ///   - fit: What is done where the proportions differ.
  /// - Returns: A picture of as many channels.
  package func resized(height: Int, width: Int, fit: Fitting) -> Picture {
    precondition(height > 0 && width > 0, "a picture of \(height) x \(width) pixels")
    if (height, width) == (self.height, self.width) { return self }
    let scales = (Double(self.height) / Double(height), Double(self.width) / Double(width))
    switch fit {
    case .stretch:
      return resampled(
        Taps(of: self.height, to: height), Taps(of: self.width, to: width))
    case .crop:
      let scale = min(scales.0, scales.1)
      return resampled(
        Taps(of: self.height, middle: scale * Double(height), to: height),
        Taps(of: self.width, middle: scale * Double(width), to: width))
    case .pad:
      let scale = max(scales.0, scales.1)
      let rows = min(height, max(1, Int((Double(self.height) / scale).rounded())))
      let columns = min(width, max(1, Int((Double(self.width) / scale).rounded())))
      return resampled(Taps(of: self.height, to: rows), Taps(of: self.width, to: columns))
        .padded(height: height, width: width)
    }
  }

  /// The picture in the middle of a larger black one.
  private func padded(height: Int, width: Int) -> Picture {
    var sheet = [UInt8](repeating: 0, count: height * width * channels)
    let (top, left) = ((height - self.height) / 2, (width - self.width) / 2)
    for row in 0..<self.height {
      let start = ((top + row) * width + left) * channels
      let source = row * self.width * channels
      sheet.replaceSubrange(
        start..<start + self.width * channels,
        with: bytes[source..<source + self.width * channels])
    }
    return Picture(height: height, width: width, channels: channels, bytes: sheet)
  }

  /// Sums of pixels by their weights, along columns and then rows, to the nearest byte.
  private func resampled(_ rows: Taps, _ columns: Taps) -> Picture {
    let stride = columns.count * channels
    var result: [UInt8] = []
    result.reserveCapacity(rows.count * stride)
    // A row of the source serves a few rows of the result in succession: two are kept.
    var kept = [(row: Int, values: [Float])](repeating: (-1, []), count: 2)
    func narrowed(_ row: Int) -> [Float] {
      if let found = kept.first(where: { $0.row == row }) { return found.values }
      let values = summed(row: row, columns)
      kept = [kept[1], (row, values)]
      return values
    }
    for row in 0..<rows.count {
      var sums = [Float](repeating: 0, count: stride)
      for tap in rows.range(row) {
        let weight = rows.weights[tap]
        let values = narrowed(rows.first[row] + tap - rows.range(row).lowerBound)
        for index in 0..<stride { sums[index] += weight * values[index] }
      }
      result += sums.lazy.map { UInt8(min(max($0 + 0.5, 0), 255)) }
    }
    return Picture(height: rows.count, width: columns.count, channels: channels, bytes: result)
  }

  /// One row of the source with the columns of the result.
  private func summed(row: Int, _ columns: Taps) -> [Float] {
    let start = row * width * channels
    return bytes.withUnsafeBufferPointer { bytes in
      [Float](unsafeUninitializedCapacity: columns.count * channels) { target, count in
        for column in 0..<columns.count {
          let range = columns.range(column)
          for channel in 0..<channels {
            var place = start + columns.first[column] * channels + channel
            var sum: Float = 0
            for tap in range {
              sum += columns.weights[tap] * Float(bytes[place])
              place += channels
            }
            target.initializeElement(at: column * channels + channel, to: sum)
          }
        }
        count = columns.count * channels
      }
    }
  }
}

/// For each pixel of the result along an axis: which pixels of the source it sums, and their
/// weights, whose sum is 1.
private struct Taps {
  /// The first pixel of the source for each pixel of the result.
  private(set) var first: [Int] = []
  /// The weights of all, in succession.
  private(set) var weights: [Float] = []
  private var ends: [Int] = []

  var count: Int { first.count }

  /// The places of a pixel's weights.
  func range(_ pixel: Int) -> Range<Int> { (pixel == 0 ? 0 : ends[pixel - 1])..<ends[pixel] }

  /// Of the middle `extent` pixels of `source`, all where it is nil, to `count` pixels.
  init(of source: Int, middle extent: Double? = nil, to count: Int) {
    let extent = extent ?? Double(source)
    let start = (Double(source) - extent) / 2
    let scale = extent / Double(count)
    for pixel in 0..<count {
      let begin = start + Double(pixel) * scale
      if scale >= 1 {
        addArea(from: max(begin, 0), to: min(begin + scale, Double(source)), of: source)
      } else {
        addBetween(begin + scale / 2 - 0.5, of: source)
      }
      ends.append(weights.count)
    }
  }

  private mutating func addArea(from begin: Double, to end: Double, of source: Int) {
    let low = min(Int(begin), source - 1)
    let high = max(low + 1, min(source, Int(end.rounded(.up))))
    first.append(low)
    let shares = (low..<high).map { max(min(end, Double($0 + 1)) - max(begin, Double($0)), 0) }
    let sum = shares.reduce(0, +)
    weights += shares.map { Float($0 / sum) }
  }

  private mutating func addBetween(_ place: Double, of source: Int) {
    let inside = min(max(place, 0), Double(source - 1))
    let low = Int(inside)
    first.append(low)
    let share = Float(inside - Double(low))
    weights += share > 0 ? [1 - share, share] : [1]
  }
}
