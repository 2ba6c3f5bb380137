// SPDX-License-Identifier: Apache-2.0

import Figures
import Testing

@Suite("Panels of layers")
struct PanelChartTests {
  private func texts(_ figure: some Figure) -> [String] {
    figure.canvas.marks.compactMap { mark in
      guard case .text(let text, _) = mark else { return nil }
      return text.runs.map(\.string).joined()
    }
  }

  private func chart(_ layers: [PanelChart.Layer]) -> PanelChart {
    PanelChart(
      panels: [.init(x: 0...10, y: 0...1, layers: layers, numbers: [], hasGrid: false)],
      columns: 1, plotSize: Size(width: 100, height: 50))
  }

  @Test("points beyond the axes are not drawn, lines are cut there")
  func clipping() {
    let points = chart([
      .points(x: [1, 5, 11, 5], y: [0.5, 0.9, 0.5, -0.1], radius: 2, Fill(.series(0)))
    ])
    let circles = points.canvas.marks.count { if case .circle = $0 { true } else { false } }
    #expect(circles == 2)
    let line = chart([.line(x: [0, 10], y: [0, 2], Stroke(.series(3), width: 1))])
    let paths = line.canvas.marks.compactMap { mark -> [Point]? in
      if case .path(let points, let stroke) = mark, stroke.ink == .series(3) { points } else { nil }
    }
    #expect(paths.count == 1)
    // Half of the way it is at the top: 50 of 100 points to the right, 50 up.
    let (start, end) = (paths[0][0], paths[0][paths[0].count - 1])
    #expect((end.x - start.x - 50).magnitude < 1e-9 && (start.y - end.y - 50).magnitude < 1e-9)
  }

  @Test("bars and areas stand on zero, intervals where they are told")
  func geometry() {
    let figure = chart([
      .bars(x: [5], y: [0.5], width: 2, Fill(.series(0))),
      .intervals(x: [5], lower: [0.2], upper: [0.4], Stroke(.series(1), width: 1)),
    ])
    let bars = figure.canvas.marks.compactMap { mark -> Rect? in
      if case .rectangle(let rect, _) = mark { rect } else { nil }
    }
    #expect(bars.count == 1)
    #expect((bars[0].width - 20).magnitude < 1e-9 && (bars[0].height - 25).magnitude < 1e-9)
    let lines = figure.canvas.marks.compactMap { mark -> [Point]? in
      if case .path(let points, let stroke) = mark, stroke.ink == .series(1) { points } else { nil }
    }
    #expect(lines.count == 1)
    #expect((bars[0].maxY - lines[0][0].y - 10).magnitude < 1e-9)
    #expect((bars[0].maxY - lines[0][1].y - 20).magnitude < 1e-9)
  }

  @Test("a long name is cut, numbers are where they are asked for, the key is said once")
  func words() {
    let figure = Sample.panels(5, columns: 3)
    #expect(texts(figure).contains { $0.hasPrefix("a_name_that") && $0.hasSuffix("…") })
    #expect(texts(figure).count { $0 == "draws" } == 1)
    var panel = Sample.panel("one")
    #expect(texts(PanelChart(panels: [panel], columns: 1)).contains("−2"))
    panel.numbers = []
    #expect(!texts(PanelChart(panels: [panel], columns: 1)).contains("−2"))
  }

  @Test("an axis too narrow for its numbers has the first and the last")
  func narrowAxis() {
    let figure = PanelChart(
      panels: [.init(x: -3e9...3e9, y: 0...1, layers: [.upright(x: 0, Stroke(.text, width: 1))])],
      columns: 1, plotSize: Size(width: 165, height: 60))
    #expect(texts(figure).contains("−2×10⁹") && texts(figure).contains("2×10⁹"))
    #expect(Ticks(in: 0...1, about: 5).ends.labels == ["0.0", "1.0"])
  }
}

@Suite("Contours")
struct ContourTests {
  private let grid = (0...40).map { Double($0) / 10 - 2 }

  @Test("of a cone: one closed circle")
  func circle() {
    let heights = grid.map { y in grid.map { x in -(x * x + y * y).squareRoot() } }
    let lines = Contours.lines(heights, x: grid, y: grid, level: -1.23)
    #expect(lines.count == 1)
    #expect(lines[0].count > 40 && lines[0].first == lines[0].last)
    // Between grid points at 0.1 the cone is straight up to 0.1^2 / 8 / 1.23.
    for point in lines[0] {
      #expect(((point.x * point.x + point.y * point.y).squareRoot() - 1.23).magnitude < 2e-3)
    }
  }

  @Test("a plane's line ends at the rim, no level is met where there is none")
  func plane() {
    let heights = grid.map { y in grid.map { x in x + 2 * y } }
    let lines = Contours.lines(heights, x: grid, y: grid, level: 0.33)
    #expect(lines.count == 1)
    #expect(lines[0].allSatisfy { ($0.x + 2 * $0.y - 0.33).magnitude < 1e-9 })
    let ends = [lines[0][0].x, lines[0][lines[0].count - 1].x].sorted()
    #expect(ends == [-2, 2])
    #expect(Contours.lines(heights, x: grid, y: grid, level: 7).isEmpty)
  }

  @Test("a saddle's lines do not cross: the middle decides")
  func saddle() {
    // Corners 1 and 3 are high; the middle is 0.5.
    let heights = [[0.0, 1], [1, 0]]
    for (level, corner) in [(0.4, 0.0), (0.6, 1.0)] {
      let lines = Contours.lines(heights, x: [0, 1], y: [0, 1], level: level)
      #expect(lines.count == 2)
      // Below the middle the low corners are cut off, above it the high ones.
      let isCut = lines.contains { line in
        line.allSatisfy { $0.x <= 0.5 && (corner == 0 ? $0.y <= 0.5 : $0.y >= 0.5) }
      }
      #expect(isCut, "level \(level)")
    }
  }

  @Test("two hills have two lines")
  func hills() {
    let heights = grid.map { y in
      grid.map { x in
        let (a, b) = ((x - 1) * (x - 1) + y * y, (x + 1) * (x + 1) + y * y)
        return -min(a, b)
      }
    }
    let lines = Contours.lines(heights, x: grid, y: grid, level: -0.25)
    #expect(lines.count == 2 && lines.allSatisfy { $0.first == $0.last })
  }
}
