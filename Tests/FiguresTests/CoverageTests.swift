// SPDX-License-Identifier: Apache-2.0

import Figures
import Testing

struct FillCoverageTests {
  private let page = (width: 64, height: 48)

  /// The areas are exact sums of at most 64 × 48 numbers up to 1: 3072 roundings of 2⁻⁵³, twice.
  private let rounding = 1e-12

  @Test("a rectangle between pixels covers its area") func aRectangleBetweenPixelsCoversItsArea() {
    let corners = [Point(3.25, 4.5), Point(20.75, 4.5), Point(20.75, 9.1), Point(3.25, 9.1)]
    #expect(abs(FillCoverage.mask(of: corners, picture: page).area - 17.5 * 4.6) < rounding)
  }

  @Test("a half covered pixel is half covered") func aHalfCoveredPixelIsHalfCovered() {
    let corners = [Point(2, 2), Point(2.5, 2), Point(2.5, 3), Point(2, 3)]
    let mask = FillCoverage.mask(of: corners, picture: page)
    #expect(mask.values == [0.5])
    #expect((mask.x, mask.y) == (2, 2))
  }

  @Test("triangles cover their area, whichever way round")
  func trianglesCoverTheirAreaWhicheverWayRound() {
    var generator = TestGenerator(seed: 11)
    for _ in 0..<200 {
      let corners = (0..<3).map { _ in Point(generator.uniform() * 64, generator.uniform() * 48) }
      let (a, b, c) = (corners[0], corners[1], corners[2])
      let area = abs((b.x - a.x) * (c.y - a.y) - (c.x - a.x) * (b.y - a.y)) / 2
      // Pixels covered by less than 10⁻⁹ count as empty, of which there are at most 3072.
      #expect(abs(FillCoverage.mask(of: corners, picture: page).area - area) < 3072e-9)
      #expect(abs(FillCoverage.mask(of: corners.reversed(), picture: page).area - area) < 3072e-9)
    }
  }

  @Test("a shape beyond the page covers only the page") func aShapeBeyondThePageCoversOnlyThePage()
  {
    let corners = [Point(-100, -100), Point(300, -100), Point(300, 300), Point(-100, 300)]
    let mask = FillCoverage.mask(of: corners, picture: page)
    #expect(abs(mask.area - 64 * 48) < rounding)
    let outside = corners.map { Point($0.x + 1000, $0.y) }
    #expect(FillCoverage.mask(of: outside, picture: page).area == 0)
  }
}

struct StrokeCoverageTests {
  private let page = (width: 80, height: 80)

  /// Along its length a straight pen is exact; each round cap is off by at most the ring of pixels
  /// at its rim: the linear ramp adds π/12 pixels to a full disc (∫(r + ½ - d)2πd over the ramp).
  @Test(
    "a line covers its length times its width and two caps",
    arguments: [(3.0, 0.0), (2.0, 5.0), (1.0, 2.5), (7.5, 40.0)])
  func aLineCoversItsLengthTimesItsWidthAndTwoCaps(_ width: Double, _ rise: Double) {
    let (a, b) = (Point(20.3, 20.6), Point(60.3, 20.6 + rise))
    let length = ((b.x - a.x) * (b.x - a.x) + rise * rise).squareRoot()
    let expected = length * width + .pi * width * width / 4
    let area = StrokeCoverage.mask(of: [[a, b]], width: width, picture: page).area
    // A level line is exact but for the rims of its caps, under half a pixel. At 45° the profile is
    // sampled every 1/√2 pixels: the first aliased frequency f = √2 of a band of any width,
    // smoothed over one pixel, changes the width by at most 2/(πf) × |sinc f| = 0.45 × 0.217
    // < 0.098 pixels; other slopes sample finer.
    #expect(abs(area - expected) < 0.5 + (rise == 0 ? 0 : 0.098 * length))
  }

  @Test("a disc covers its area", arguments: [0.6, 1.4, 3.6, 12])
  func aDiscCoversItsArea(_ radius: Double) {
    // Averaged over 100 positions, since one position depends on where pixel centres fall.
    let areas = (0..<100).map { index in
      let center = Point(40 + Double(index % 10) / 10, 40 + Double(index / 10) / 10)
      return StrokeCoverage.mask(of: [[center]], width: 2 * radius, picture: page).area
    }
    let mean = areas.reduce(0, +) / 100
    // Ramp: π/12; averaging over the grid of positions is exact to a few hundredths.
    #expect(abs(mean - .pi * (radius * radius + 1.0 / 12)) < 0.05)
  }

  @Test("overlapping pieces never add up") func overlappingPiecesNeverAddUp() {
    let once = StrokeCoverage.mask(of: [[Point(10, 10), Point(50, 30)]], width: 3, picture: page)
    let twice = StrokeCoverage.mask(
      of: [[Point(10, 10), Point(50, 30), Point(10, 10)]], width: 3, picture: page)
    #expect(once.values == twice.values)
    #expect(once.values.allSatisfy { $0 <= 1 })
  }

  @Test("dashes have the lengths asked for") func dashesHaveTheLengthsAskedFor() {
    let dashes = Dashes.cut([Point(0, 0), Point(6, 8), Point(16, 8)], on: 4, off: 3)
    let lengths = dashes.map { dash in
      zip(dash, dash.dropFirst()).reduce(0) { sum, pair in
        let (dx, dy) = (pair.1.x - pair.0.x, pair.1.y - pair.0.y)
        return sum + (dx * dx + dy * dy).squareRoot()
      }
    }
    // 20 long: dashes at 0-4, 7-11 (around the corner) and 14-18.
    #expect(lengths.count == 3)
    #expect(lengths.allSatisfy { abs($0 - 4) < 1e-12 })
  }
}

struct LinePiecesTests {
  @Test("runs stop at gaps") func runsStopAtGaps() {
    let values = [1, .nan, 2, 3, .infinity, .nan, 4]
    #expect(
      LinePieces.runs(values.count) { Domain.isDrawable(values[$0]) } == [0..<1, 2..<4, 6..<7])
    #expect(LinePieces.runs(0) { _ in true }.isEmpty)
  }

  @Test("clipping cuts at the edge and splits") func clippingCutsAtTheEdgeAndSplits() {
    let line = [Point(0, 5), Point(5, 15), Point(10, 5)]
    let pieces = LinePieces.clipped(line, to: Rect(x: 0, y: 0, width: 10, height: 10))
    #expect(pieces == [[Point(0, 5), Point(2.5, 10)], [Point(7.5, 10), Point(10, 5)]])
  }

  @Test("a line inside stays as it is") func aLineInsideStaysAsItIs() {
    let line = [Point(1, 1), Point(2, 3), Point(4, 2)]
    #expect(LinePieces.clipped(line, to: Rect(x: 0, y: 0, width: 10, height: 10)) == [line])
  }

  @Test("thinning keeps ends and extremes") func thinningKeepsEndsAndExtremes() {
    var generator = TestGenerator(seed: 2)
    let line = (0..<50_000).map { Point(Double($0) / 100, generator.uniform() * 200) }
    let thin = LinePieces.thinned(line)
    #expect(thin.count <= 4 * 1001)
    #expect(thin.first == line.first && thin.last == line.last)
    #expect(thin.map(\.y).max() == line.map(\.y).max())
    #expect(thin.map(\.y).min() == line.map(\.y).min())
  }
}
