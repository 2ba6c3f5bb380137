// SPDX-License-Identifier: Apache-2.0

import Figures
import Testing

@Suite("Pictures in grids of bounded size")
struct PictureTilesTests {
  struct Case: Sendable, CustomTestStringConvertible {
    let height, width, channels, count, copies: Int
    var testDescription: String { "\(count) of \(height) x \(width) x \(channels), \(copies) each" }
    var tiles: PictureTiles {
      PictureTiles(
        (height, width, channels), count: count, copies: copies, columns: copies > 1 ? 16 : nil)
    }
  }

  static let cases = [
    (28, 28, 1, 64), (28, 28, 1, 100_000), (1, 1, 1, 100_000), (1, 100_000, 1, 64),
    (100_000, 1, 1, 64), (3000, 3000, 1, 32), (3000, 3000, 3, 64), (128, 128, 3, 64),
    (129, 40, 3, 50), (1, 28, 1, 10), (300, 2, 1, 1), (10_000_000, 1, 1, 4),
  ].flatMap { size in
    [1, 2].map {
      Case(height: size.0, width: size.1, channels: size.2, count: size.3, copies: $0)
    }
  }

  @Test("no grid is larger than is said, whatever pictures there are", arguments: cases)
  func bounded(_ sample: Case) {
    let tiles = sample.tiles
    #expect(tiles.count > 0 && tiles.count <= sample.count)
    #expect(max(tiles.height, tiles.width) * tiles.zoom <= 2 * PictureTiles.largestSide)
    #expect(min(tiles.height, tiles.width) * tiles.zoom >= 16, "words stand beside a picture")
    let bytes = [UInt8](
      repeating: 7,
      count: tiles.height * tiles.width * tiles.size.channels * tiles.count * sample.copies)
    let grid = ImageGrid(
      title: "Pictures", subtitle: "", pixels: bytes, tiles: tiles,
      rowLabels: sample.copies > 1 ? ["original", "reconstruction"] : [],
      rowsPerGroup: sample.copies > 1 ? 2 : nil)
    // Labels, margins and the gaps between groups come on top of the pictures.
    #expect(grid.size.width <= PictureTiles.mostWidth + 200)
    #expect(grid.size.width * grid.size.height <= 1.6 * PictureTiles.mostArea, "\(grid.size)")
    // A PNG of two pixels a point is drawn in so many bytes.
    #expect(grid.size.width * grid.size.height * 4 * 3 < 50e6)
  }

  @Test("usual pictures are shown as they are: each pixel a square of whole points")
  func usual() {
    let digits = PictureTiles((28, 28, 1), count: 32, copies: 2, columns: 16)
    #expect((digits.count, digits.columns, digits.zoom, digits.gap) == (32, 16, 2, 2))
    let picture = (0..<784).map { UInt8(truncatingIfNeeded: $0) }
    #expect(digits.shown(picture) == picture && digits.words == "")
    #expect(PictureTiles((32, 32, 3), count: 64).zoom == 2)
    #expect(PictureTiles((8, 8, 1), count: 4).zoom == 8)
  }

  @Test(
    "large pictures are reduced to means over areas, thin ones get pixels across, and it is said")
  func reduced() {
    let large = PictureTiles((256, 256, 1), count: 2)
    #expect((large.height, large.width) == (128, 128))
    // Squares of two by two, of 0 and 100.
    let checks = (0..<65536).map { UInt8($0 % 2 == 0 ? 0 : 100) }
    #expect(large.shown(checks).allSatisfy { $0 == 50 })
    #expect(large.words.contains("256 × 256 pixels, reduced to 128 × 128"))
    let thin = PictureTiles((1, 1280, 1), count: 2)
    #expect((thin.height, thin.width) == (16, 128))
    let ramp = (0..<1280).map { UInt8($0 / 10) }
    let shown = thin.shown(ramp)
    for row in 0..<16 {
      #expect(Array(shown[row * 128..<(row + 1) * 128]) == (0..<128).map { UInt8($0) })
    }
  }

  @Test("of more pictures than there is room for, the first are shown, and it is said")
  func most() {
    let tiles = PictureTiles((28, 28, 1), count: 100_000)
    #expect(tiles.count < 3000 && tiles.count > 1000)
    #expect(tiles.words == "The first \(tiles.count) of 100000 pictures.")
  }
}
