// SPDX-License-Identifier: Apache-2.0

import Figures
import Formats
import Testing

struct FigureTests {
  @Test("SVG is well formed", arguments: Sample.all)
  func svgIsWellFormed(_ sample: Sample) throws {
    try XMLChecker.check(sample.figure.svg())
  }

  @Test("PNG has the size of the figure times the scale", arguments: Sample.all)
  func pngHasTheSizeOfTheFigureTimesTheScale(_ sample: Sample) throws {
    let figure = sample.figure
    for scale in [1, 2] {
      let png = try figure.png(scale: scale)
      let (_, width, height) = try PNG.decode(png, path: "test", format: .rgb)
      #expect(Double(width) == figure.size.width * Double(scale))
      #expect(Double(height) == figure.size.height * Double(scale))
    }
  }

  @Test("same figure, same bytes", arguments: Sample.all)
  func sameFigureSameBytes(_ sample: Sample) throws {
    let figure = sample.figure
    #expect(try figure.svg() == figure.svg())
    #expect(figure.bitmap(scale: 1) == figure.bitmap(scale: 1))
    #expect(figure.bitmap(theme: .dark, scale: 1) != figure.bitmap(scale: 1))
  }

  @Test("words do not overlap and stay on the page", arguments: Sample.all)
  func wordsDoNotOverlapAndStayOnThePage(_ sample: Sample) {
    let canvas = sample.figure.canvas
    let boxes = canvas.marks.compactMap { mark -> (String, Rect)? in
      guard case .text(let text, let point) = mark else { return nil }
      return (text.runs.map(\.string).joined(), text.bounds(at: point))
    }
    for (index, (name, box)) in boxes.enumerated() {
      for (other, otherBox) in boxes.dropFirst(index + 1) {
        #expect(!box.overlaps(otherBox), "'\(name)' lies on '\(other)'")
      }
      #expect(box.x >= 0 && box.maxX <= canvas.size.width, "'\(name)' leaves the page")
      #expect(box.y >= 0 && box.maxY <= canvas.size.height, "'\(name)' leaves the page")
    }
  }

  @Test("nothing to draw is said in words", arguments: Sample.degenerate)
  func nothingToDrawIsSaidInWords(_ sample: Sample) {
    let canvas = sample.figure.canvas
    let drawsData = canvas.marks.contains { mark in
      switch mark {
      case .circle, .dots, .polygon, .rectangle, .image: true
      case .path(_, let stroke): stroke.ink != .grid && stroke.ink != .axis
      case .text: false
      }
    }
    let says = canvas.marks.contains { mark in
      guard case .text(let text, _) = mark else { return false }
      return text.runs.contains { $0.string.contains("no data") || $0.string == "no images" }
    }
    #expect(drawsData || says)
  }

  @Test("both files are written") func bothFilesAreWritten() throws {
    let folder = "/tmp"
    let name = "elbo-figure-test-\(UInt64.random(in: 0 ... .max))"
    let paths = try write(Sample.ladder, to: folder, name: name)
    #expect(paths == ["/tmp/\(name).svg", "/tmp/\(name).png"])
    let written = try readFile(paths[0])
    #expect(try written == Array(Sample.ladder.svg().utf8))
    for path in paths { try Files.remove(path) }
  }
}

struct ContentTests {
  private func texts(_ figure: some Figure) -> [String] {
    figure.canvas.marks.compactMap { mark in
      guard case .text(let text, _) = mark else { return nil }
      return text.runs.map(\.string).joined()
    }
  }

  @Test("lines are named with their last value") func linesAreNamedWithTheirLastValue() {
    let chart = LineChart(panels: [
      .init(
        xLabel: "epoch", yLabel: "nats",
        series: [.init(name: "test", y: [165, 128, 101.93, .nan])])
    ])
    #expect(texts(chart).contains("test  101.9"))
  }

  @Test("a gap splits a line") func aGapSplitsALine() {
    let chart = LineChart(panels: [
      .init(xLabel: "x", yLabel: "y", series: [.init(name: "a", y: [1, 2, .nan, 3, 4])])
    ])
    let lines = chart.canvas.marks.count { mark in
      if case .path(_, let stroke) = mark { stroke.ink == .series(0) } else { false }
    }
    #expect(lines == 2)
  }

  @Test("a line of one name has one colour in all panels")
  func aLineOfOneNameHasOneColourInAllPanels() {
    let panels = [["train", "test"], ["test"]].map { names in
      LineChart.Panel(
        xLabel: "x", yLabel: "y", series: names.map { .init(name: $0, y: [1, 2]) })
    }
    let inks = LineChart(panels: panels).canvas.marks.compactMap { mark -> Ink? in
      if case .path(let points, let stroke) = mark, points.count == 2, stroke.width == 2 {
        stroke.ink
      } else {
        nil
      }
    }
    #expect(inks == [.series(0), .series(1), .series(1)])
  }

  @Test("a value that the threshold's line would cross is written beyond it")
  func valuesKeepClearOfTheThreshold() {
    let chart = BarChart(
      bars: [.init("a", 0.97), .init("b", 0.5), .init("c", 1.2)], valueLabel: "ratio",
      threshold: .init(1, label: "one", greysShorter: false))
    let line = chart.canvas.marks.compactMap { mark -> Double? in
      if case .path(let points, let stroke) = mark, stroke.dash != nil { points[0].x } else { nil }
    }[0]
    let starts = chart.canvas.marks.compactMap { mark -> Double? in
      if case .text(let text, let point) = mark, text.anchor == .start, point.x > 100,
        ["0.97", "0.50", "1.20"].contains(text.runs[0].string)
      {
        point.x
      } else {
        nil
      }
    }
    #expect(starts.count == 3)
    #expect(starts[0] > line && starts[0] < line + 8)
    #expect(starts[1] < line - 100)
    #expect(starts[2] > line + 8)
  }

  @Test("bars are sorted, and grey under the threshold")
  func barsAreSortedAndGreyUnderTheThreshold() {
    let chart = BarChart(
      bars: [.init("a", 0.004), .init("b", 2), .init("c", 1)], valueLabel: "nats",
      order: .descending, threshold: .init(0.01, label: "active"))
    let inks = chart.canvas.marks.compactMap { mark -> Ink? in
      if case .rectangle(_, let fill) = mark { fill.ink } else { nil }
    }
    #expect(inks == [.series(0), .series(0), .axis])
    let names = texts(chart).filter { ["a", "b", "c"].contains($0) }
    #expect(names == ["b", "c", "a"])
    #expect(texts(chart).contains("0.004"), "a small value must not read as zero")
  }

  @Test("a bar's interval need not be symmetric; bars are grey where asked, not under every line")
  func intervalsAndGreyBars() {
    let chart = BarChart(
      bars: [
        .init("a", 2, interval: 1.5...4), .init("b", 3, interval: nil, isGrey: true),
        .init("c", 0.5),
      ],
      valueLabel: "seconds", threshold: .init(1, label: "one", greysShorter: false))
    let bars = chart.canvas.marks.compactMap { mark -> (rect: Rect, ink: Ink)? in
      if case .rectangle(let rect, let fill) = mark { (rect, fill.ink) } else { nil }
    }
    #expect(bars.map(\.ink) == [.series(0), .axis, .series(0)])
    // Two seconds are so many points: the line runs from 1.5 to 4 of them.
    let (zero, second) = (bars[0].rect.x, bars[0].rect.width / 2)
    let lines = chart.canvas.marks.compactMap { mark -> [Point]? in
      if case .path(let points, let stroke) = mark, stroke.width == 1.25 { points } else { nil }
    }
    #expect(lines.count == 1)
    #expect(lines.first?.map { (($0.x - zero) / second * 100).rounded() / 100 } == [1.5, 4])
  }

  @Test("a ladder says how far the best bounds are apart")
  func aLadderSaysHowFarTheBestBoundsAreApart() {
    #expect(texts(Sample.ladder).contains("log p(x): best bounds 0.53 apart"))
    #expect(texts(Sample.ladder).contains("−101.93 ± 0.62"))
    let crossed = LadderChart(bounds: [
      .init("lower", -1, kind: .lower), .init("upper", -2, kind: .upper),
    ])
    #expect(!texts(crossed).contains { $0.contains("apart") })
  }

  @Test("panels over bands stand in rows of nearly equal length, marked ones in another colour")
  func panelsOverBands() {
    func lines(_ count: Int) -> [(Point, Ink)] {
      Sample.bands(count).canvas.marks.compactMap { mark in
        guard case .path(let points, let stroke) = mark, points.count > 2 else { return nil }
        return (points[0], stroke.ink)
      }
    }
    for (count, rows) in [(1, [1]), (4, [4]), (5, [3, 2]), (10, [4, 4, 2])] {
      let found = Dictionary(grouping: lines(count).map { $0.0.y.rounded() }, by: { $0 })
      #expect(found.sorted { $0.key < $1.key }.map(\.value.count) == rows)
    }
    #expect(lines(4).map(\.1) == [.series(1), .series(0), .series(0), .series(0)])
  }

  @Test("an image grid shows the bytes it was given") func anImageGridShowsTheBytesItWasGiven() {
    let grid = ImageGrid(
      pixels: [0, 100, 200, 255], imageWidth: 2, imageHeight: 2, columns: 1, zoom: 3, gap: 0)
    guard case .image(let pixels, let rect)? = grid.canvas.marks.last else {
      Issue.record("no image was drawn")
      return
    }
    #expect(pixels.bytes == [0, 100, 200, 255])
    #expect(rect.width == 6 && rect.height == 6)
    let picture = grid.bitmap(scale: 2)
    let (x, y) = (Int(rect.x) * 2, Int(rect.y) * 2)
    #expect(picture[x, y] == Color(0x000000))
    #expect(picture[x + 11, y + 11] == Color(0xFFFFFF))
    #expect(picture[x + 6, y + 5] == Color(0x646464))
  }
}
