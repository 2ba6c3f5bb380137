// SPDX-License-Identifier: Apache-2.0

internal import Formats

/// At what size pictures stand in a grid, and how many of them: bounded, whatever they are.
///
/// A grid covers at most ``mostArea`` and is at most ``mostWidth`` wide, and no picture has more
/// than ``largestSide`` pixels along a side. Larger pictures are reduced (a pixel is then the mean
/// over the area that it covers), small ones enlarged by a whole number; one that is very thin gets
/// each pixel several times across; of more pictures than there is room for, the first are shown.
package struct PictureTiles: Sendable {
  /// Pixels along the longer side of a picture in a grid, at most.
  package static let largestSide = 128
  /// In figure points.
  package static let mostWidth = 1100.0
  /// In square figure points: a PNG of two pixels a point has 10 million, and takes 30 MB to draw.
  package static let mostArea = 2.5e6
  /// The side that small pictures are enlarged to, in figure points.
  private static let usualSide = 60.0
  /// The shorter side is no smaller, in figure points: words stand beside it.
  private static let leastSide = 16.0

  /// Rows, columns and channels of a picture as it is.
  package let size: (height: Int, width: Int, channels: Int)
  /// How many there are.
  package let given: Int
  /// How many of them are shown.
  package let count: Int
  /// How many stand side by side.
  package let columns: Int
  /// Rows and columns of pixels of a picture in the grid.
  package let height: Int
  package let width: Int
  /// Figure points for a pixel.
  package let zoom: Int
  /// Between pictures, in pixels of the grid.
  package let gap: Int
  /// Rows and columns before pixels are repeated across.
  private let reduced: (height: Int, width: Int)

  /// - Parameters:
  ///   - size: Of all pictures.
  ///   - count: How many there are.
  ///   - copies: How many places each takes, as 2 for an original and its reconstruction.
  ///   - columns: How many should stand side by side; nil for a square.
  package init(
    _ size: (height: Int, width: Int, channels: Int), count: Int, copies: Int = 1,
    columns: Int? = nil
  ) {
    precondition(
      size.height > 0 && size.width > 0 && count >= 0 && copies > 0,
      "\(count) pictures of \(size.height) by \(size.width) pixels in a grid")
    (self.size, given) = (size, count)
    let longest = Double(max(size.height, size.width))
    let shrinking = min(1, Double(Self.largestSide) / longest)
    func shrunk(_ side: Int) -> Int { max(1, Int((Double(side) * shrinking).rounded())) }
    let reduced = (height: shrunk(size.height), width: shrunk(size.width))
    self.reduced = reduced
    let wanted = max(1, columns ?? Self.squareRoot(count))
    let usual = max(1, Int((Self.usualSide / Double(max(reduced.height, reduced.width))).rounded()))
    var plan = Plan(reduced, zoom: usual, wanted: wanted, count: count, copies: copies)
    while plan.count < count, plan.zoom > 1 {
      plan = Plan(reduced, zoom: plan.zoom - 1, wanted: wanted, count: count, copies: copies)
    }
    (self.columns, self.count, zoom, gap) = (plan.columns, plan.count, plan.zoom, plan.gap)
    (height, width) = (plan.height, plan.width)
  }

  /// Where pictures stand at one zoom.
  private struct Plan {
    let zoom: Int
    let gap: Int
    let height: Int
    let width: Int
    let columns: Int
    let count: Int

    init(
      _ reduced: (height: Int, width: Int), zoom: Int, wanted: Int, count: Int, copies: Int
    ) {
      self.zoom = zoom
      gap = max(1, 4 / zoom)
      func repeated(_ side: Int) -> Int {
        side * max(1, Int((leastSide / Double(side * zoom)).rounded(.up)))
      }
      (height, width) = (repeated(reduced.height), repeated(reduced.width))
      let across = Double((width + gap) * zoom)
      let down =
        Double((height + gap) * zoom * copies) + (copies > 1 ? ImageGrid.groupGap : 0)
      let most = max(1, Int(mostWidth / across))
      // A square of more pictures than fit side by side becomes longer, not smaller.
      columns = min(wanted, most, max(1, count))
      let rows = max(1, Int(mostArea / (down * across * Double(columns))))
      self.count = min(count, rows * columns)
    }
  }

  /// The smallest number whose square is at least `count`.
  private static func squareRoot(_ count: Int) -> Int {
    var root = Int(Double(count).squareRoot())
    while root * root < count { root += 1 }
    return root
  }

  /// The bytes of a picture as it stands in the grid.
  ///
  /// - Parameter bytes: Of one picture, `[height, width, channels]`.
  /// - Returns: As many rows and columns as the grid has for it.
  package func shown(_ bytes: [UInt8]) -> [UInt8] {
    let channels = size.channels
    precondition(
      bytes.count == size.height * size.width * channels,
      "\(bytes.count) bytes are no picture of \(size.height) by \(size.width) pixels")
    var pixels = bytes
    if reduced != (size.height, size.width) {
      pixels =
        Picture(height: size.height, width: size.width, channels: channels, bytes: bytes)
        .resized(height: reduced.height, width: reduced.width, fit: .stretch).bytes
    }
    if (height, width) == reduced { return pixels }
    let (down, across) = (height / reduced.height, width / reduced.width)
    return (0..<height).flatMap { row in
      (0..<width).flatMap { column in
        let start = ((row / down) * reduced.width + column / across) * channels
        return pixels[start..<start + channels]
      }
    }
  }

  /// What of the pictures is not as it is, in sentences; empty where all are shown as they are.
  package var words: String {
    var sentences: [String] = []
    if count < given {
      sentences.append("The first \(count) of \(given) pictures.")
    }
    if reduced != (size.height, size.width) {
      sentences.append(
        "Pictures of \(size.height) × \(size.width) pixels, reduced to \(reduced.height) × "
          + "\(reduced.width).")
    }
    return sentences.joined(separator: " ")
  }
}

extension ImageGrid {
  /// A grid of pictures as ``PictureTiles/shown(_:)`` made them, one after the other.
  package init(
    title: String, subtitle: String, caption: String = "", pixels: [UInt8], tiles: PictureTiles,
    rowLabels: [String] = [], rowsPerGroup: Int? = nil
  ) {
    self.init(
      title: title, subtitle: subtitle,
      caption: [caption, tiles.words].filter { !$0.isEmpty }.joined(separator: " "),
      pixels: pixels, imageWidth: tiles.width, imageHeight: tiles.height,
      imageChannels: tiles.size.channels, columns: tiles.columns, rowLabels: rowLabels,
      rowsPerGroup: rowsPerGroup, zoom: tiles.zoom, gap: tiles.gap)
  }
}
