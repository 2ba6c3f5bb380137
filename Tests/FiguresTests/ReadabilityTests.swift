// SPDX-License-Identifier: Apache-2.0

import Figures
import Testing

@Suite("The part of an axis on which later epochs can be read")
struct CourseRangeTests {
  private func line(_ y: [Double]) -> LineChart.Series { .init(name: "test", y: y) }

  @Test("the later half and at most twice its range beyond: the first epoch does not take the axis")
  func rule() throws {
    // Epochs 5 to 8 go from -110 to -107: 3 nats, so that 6 more are shown, and 6 % of all that as
    // air.
    let epochs = line([-165, -121, -115, -112, -110, -109, -108, -107])
    let range = try #require(CourseRange.of([epochs]))
    #expect(abs(range.lowerBound - (-116 - 0.54)) < 1e-9, "\(range)")
    #expect(abs(range.upperBound - (-107 + 0.54)) < 1e-9, "\(range)")
    // Falling lines are cut at the other end.
    let fallen = try #require(CourseRange.of([line(epochs.y.map { -$0 })]))
    #expect(abs(fallen.upperBound + range.lowerBound) < 1e-9)
    #expect(abs(fallen.lowerBound + range.upperBound) < 1e-9)
  }

  @Test("two epochs, one, none, and a course without a far start are shown whole")
  func whole() throws {
    for y in [[-165.0, -121], [-165], [3, 2, 1, 0], [-110, -109, -108, -107, -120]] {
      let range = try #require(CourseRange.of([line(y)]))
      #expect(y.allSatisfy(range.contains), "\(y): \(range)")
    }
    #expect(CourseRange.of([line([])]) == nil)
    #expect(CourseRange.of([line([.nan, .infinity])]) == nil)
  }

  @Test("three epochs: the last two decide")
  func three() throws {
    let range = try #require(CourseRange.of([line([-1000, -20, -10])]))
    #expect(range.lowerBound > -60 && range.contains(-20) && range.contains(-10))
  }

  @Test("a later half that hardly moves keeps the axis from showing rounding errors alone")
  func flat() throws {
    let range = try #require(CourseRange.of([line([-600, -100, -100, -100.000001, -100, -100])]))
    #expect(range.upperBound - range.lowerBound > 5)
    #expect(range.lowerBound > -200)
  }

  @Test("what is left out is marked by an arrow and told in words; the best epoch has its place")
  func marks() {
    let y: [Double] = [-165, -121, -115, -112, -110, -109, -108, -107]
    func texts(_ chart: LineChart) -> [String] {
      chart.canvas.marks.compactMap { mark in
        guard case .text(let text, _) = mark else { return nil }
        return text.runs.map(\.string).joined()
      }
    }
    func chart(_ range: ClosedRange<Double>?) -> LineChart {
      LineChart(panels: [
        .init(
          xLabel: "epoch", yLabel: "nats", series: [line(y)], yRange: range, marksCuts: true,
          mark: .init(x: 8, label: "best: epoch 8", series: "test"))
      ])
    }
    func arrows(_ chart: LineChart) -> Int {
      chart.canvas.marks.count { if case .polygon(let p, _) = $0 { p.count == 3 } else { false } }
    }
    let cut = chart(CourseRange.of([line(y)]))
    #expect(texts(cut).contains("test starts at −165.00"))
    #expect(texts(cut).contains("best: epoch 8"))
    #expect(arrows(cut) == 1)
    let whole = chart(nil)
    #expect(!texts(whole).contains { $0.contains("starts") } && arrows(whole) == 0)
    let rings = cut.canvas.marks.count {
      if case .circle(_, let radius, let fill) = $0 {
        radius == 5.5 && fill.ink == .text
      } else {
        false
      }
    }
    #expect(rings == 1)
  }
}

@Suite("Bounds that are close")
struct LadderTests {
  private func bands(_ chart: LadderChart, _ ink: Ink) -> [Rect] {
    chart.canvas.marks.compactMap { mark in
      guard case .rectangle(let rect, let fill) = mark, fill.ink == ink else { return nil }
      return rect
    }
  }

  @Test("an interval of some size is wider than the mark of its estimate, which is 1.75 wide")
  func bandsShow() {
    // 0.06 of 6.5 nats: on the old axis the dot was wider.
    let chart = LadderChart(bounds: [
      .init("L[q]", -105.7, standardError: 0.59, kind: .lower),
      .init("L[q*]", -100.2, standardError: 0.0325, kind: .lower),
      .init("AIS", -99.9, kind: .lower),
    ])
    let found = bands(chart, .series(0))
    #expect(found.count == 2, "an exact bound has none")
    #expect(found.allSatisfy { $0.width > 6 && $0.height == 12 }, "\(found)")
    // A disc would lie over its band.
    #expect(!chart.canvas.marks.contains { if case .circle = $0 { true } else { false } })
  }

  @Test("bounds that are too near to be told apart are shown once more, enlarged")
  func enlarged() {
    let rooms = bands(Sample.closeLadder, .series(2))
    #expect(rooms.count == 2)
    #expect(rooms[0].width < 3, "as it is, the room cannot be seen: \(rooms)")
    #expect(rooms[1].width > 60, "\(rooms)")
    // The upper bound's interval: a speck above, wide below.
    #expect(bands(Sample.closeLadder, .series(1)).map { $0.width > 100 } == [false, true])
    #expect(bands(Sample.ladder, .series(2)).count == 1, "bounds that stand apart are shown once")
  }
}

@Suite("Classes in a scatter chart")
struct ScatterTests {
  @Test("each class has a line around its densest half, a name, and a picture of its own")
  func classes() {
    let chart = Sample.scatter(classes: 5, count: 1000)
    let marks = chart.canvas.marks
    for label in 0..<5 {
      let outlines = marks.count {
        if case .path(_, let stroke) = $0 { stroke.ink == .seriesText(label) } else { false }
      }
      let copies = marks.count {
        if case .dots(_, _, let fill) = $0 { fill.ink == .series(label) } else { false }
      }
      let names = marks.count {
        guard case .text(let text, _) = $0 else { return false }
        return text.runs.map(\.string) == ["\(label)"] && text.runs[0].ink == .seriesText(label)
      }
      #expect(outlines >= 1 && copies == 1 && names == 2, "class \(label)")
    }
  }

  @Test("about half of a class lies inside its line")
  func half() {
    var generator = TestGenerator(seed: 12)
    let x = (0..<4000).map { _ in generator.normal() }
    let y = (0..<4000).map { _ in generator.normal() }
    let chart = ScatterChart(x: x, y: y, classes: x.indices.map { $0 % 2 })
    let lines = chart.canvas.marks.compactMap { mark -> [Point]? in
      guard case .path(let line, let stroke) = mark, stroke.ink == .seriesText(0) else {
        return nil
      }
      return line
    }
    let dots = chart.canvas.marks.compactMap { mark -> Point? in
      guard case .circle(let center, _, let fill) = mark, fill.ink == .series(0) else { return nil }
      return center
    }
    func isInside(_ point: Point) -> Bool {
      lines.reduce(false) { inside, line in
        var result = inside
        for (a, b) in zip(line, line.dropFirst()) where (a.y > point.y) != (b.y > point.y) {
          if point.x < a.x + (point.y - a.y) / (b.y - a.y) * (b.x - a.x) { result.toggle() }
        }
        return result
      }
    }
    let share = Double(dots.count(where: isInside)) / Double(dots.count)
    // 2,000 points: four standard errors are 0.045, and the grid's squares are straight.
    #expect(dots.count == 2000 && abs(share - 0.5) < 0.06, "\(share)")
  }

  @Test("the denser points lie, the more transparent they are")
  func density() {
    var generator = TestGenerator(seed: 13)
    let x = (0..<5000).map { _ in generator.normal() }
    let y = (0..<5000).map { _ in generator.normal() }
    let chart = ScatterChart(x: x, y: y)
    let opacities = chart.canvas.marks.compactMap { mark -> Double? in
      guard case .circle(_, _, let fill) = mark else { return nil }
      return fill.opacity
    }
    #expect((opacities.max() ?? 0) > 0.7)
    // Some two discs lie over a place in the middle, where 1 - (1 - a)^2 is then 0.82.
    #expect((opacities.min() ?? 1) < 0.6)
    func mean(_ distances: ClosedRange<Double>) -> Double {
      let those = x.indices.filter {
        distances.contains((x[$0] * x[$0] + y[$0] * y[$0]).squareRoot())
      }
      return those.reduce(0) { $0 + opacities[$1] } / Double(those.count)
    }
    #expect(mean(0...0.5) < 0.7)
    #expect(mean(2.5...9) > 0.8)
  }
}
