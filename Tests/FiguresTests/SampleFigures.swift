// SPDX-License-Identifier: Apache-2.0

import Figures
import Testing

/// A figure under test with a name for the report.
struct Sample: Sendable, CustomTestStringConvertible {
  let testDescription: String
  let figure: any Figure

  init(_ name: String, _ figure: any Figure) {
    testDescription = name
    self.figure = figure
  }

  static let all = ordinary + degenerate

  /// What our own reports show.
  static let ordinary = [
    Sample("image grid in pairs", pairs),
    Sample("image grid, ink on paper", inkGrid),
    Sample("line chart in a row", lines(.row)),
    Sample("line chart in a column", lines(.column)),
    Sample("scatter chart", scatter(classes: 10)),
    Sample("scatter chart without classes", scatter(classes: 0)),
    Sample("horizontal bars", bars(20, .horizontal)),
    Sample("vertical bars", bars(20, .vertical)),
    Sample("200 horizontal bars", bars(200, .horizontal)),
    Sample("200 vertical bars", bars(200, .vertical)),
    Sample("ladder", ladder),
    Sample("ladder of close bounds", closeLadder),
    Sample("line chart whose starts are cut off", cutLines),
    Sample("scatter chart of few points", scatter(classes: 4, count: 120)),
    Sample("scatter chart of 26 classes", scatter(classes: 26, count: 2000)),
    Sample("reduced pictures", reducedPictures),
    Sample("panels", panels(14, columns: 4)),
    Sample("a matrix of panels", matrix),
    Sample("one panel over bands", bands(1)),
    Sample("ten panels over bands", bands(10)),
  ]

  /// What must neither crash nor deceive.
  static let degenerate = [
    Sample("no panels of layers", PanelChart(panels: [], columns: 3)),
    Sample(
      "panels without axes", PanelChart(panels: [.init(x: nil, y: nil, layers: [])], columns: 1)),
    Sample("panels of missing values", missingPanels),
    Sample("no images", ImageGrid(pixels: [], imageWidth: 28, imageHeight: 28, columns: 8)),
    Sample("no panels", LineChart(panels: [])),
    Sample("no series", line([])),
    Sample("no points", line([.init(name: "a", y: [])])),
    Sample("one point", line([.init(name: "a", y: [-101.9])])),
    Sample("only missing values", line([.init(name: "a", y: [.nan, .infinity])])),
    Sample("constant", line([.init(name: "a", y: [3, 3, 3])])),
    Sample("huge", line([.init(name: "a", y: [-1e300, 1e300, 1e308])])),
    Sample("tiny", line([.init(name: "a", y: [1e-300, 2e-300, 0])])),
    Sample("far from zero", line([.init(name: "a", y: [1e9, 1e9 + 1e-3, 1e9 + 2e-3])])),
    Sample(
      "twenty lines that end together", line((0..<20).map { .init(name: "s\($0)", y: [1, 2]) })),
    Sample("no scatter", ScatterChart(x: [], y: [], classes: [])),
    Sample("one scattered point", ScatterChart(x: [1], y: [1], classes: [3])),
    Sample(
      "scatter of missing values", ScatterChart(x: [.nan, 1], y: [1, .infinity], classes: [0, 1])),
    Sample("no bars", BarChart(bars: [], valueLabel: "nats")),
    Sample("zero bars", BarChart(bars: [.init("a", 0), .init("b", 0)], valueLabel: "nats")),
    Sample(
      "missing bars",
      BarChart(bars: [.init("a", .nan), .init("b", 1, error: .nan)], valueLabel: "nats")),
    Sample("no panels over bands", BandGrid(panels: [])),
    Sample(
      "missing values over bands",
      BandGrid(panels: [.init(title: "a", x: [0, 1], y: [.nan, .infinity])])),
    Sample("no bounds", LadderChart(bounds: [])),
    Sample("one exact bound", LadderChart(bounds: [.init("exact", -3, kind: .value)])),
    Sample(
      "missing bounds",
      LadderChart(bounds: [
        .init("ELBO", .nan, kind: .lower), .init("AIS", -2, standardError: .nan, kind: .upper),
      ])),
  ]

  static func panel(_ title: String, numbers: PanelChart.Panel.Numbers = [.x, .y])
    -> PanelChart.Panel
  {
    let x = (0...20).map { Double($0) / 4 - 2.5 }
    return PanelChart.Panel(
      title: title, xLabel: "value", yLabel: "0.1 ± 1.2", x: -2...2, y: 0...6,
      layers: [
        .area(x: x, y: x.map { $0 * $0 }, Fill(.series(0), opacity: 0.2)),
        .line(x: x, y: x.map { $0 * $0 }, Stroke(.series(0), width: 2)),
        .points(x: x, y: x.map { 3 + $0 }, radius: 2, Fill(.series(1))),
        .bars(x: [-1, 1], y: [2, 3], width: 0.5, Fill(.axis)),
        .intervals(x: [-1, 1], lower: [1, 2], upper: [3, 9], Stroke(.text, width: 1)),
        .upright(x: 0.5, Stroke(.text, width: 1)),
      ], numbers: numbers)
  }

  static let key: [PanelChart.KeyEntry] = [
    .init("draws", .area(Fill(.series(0), opacity: 0.2)), .line(Stroke(.series(0), width: 2))),
    .init("a meaning that takes many words to be told", .point(radius: 2, Fill(.series(1)))),
    .init("bars", .area(Fill(.axis))),
  ]

  static func panels(_ count: Int, columns: Int) -> PanelChart {
    PanelChart(
      title: "Small multiples", subtitle: "of one size", caption: "Some words.",
      panels: (0..<count).map { panel($0 == 3 ? "a_name_that_is_too_long_for_a_panel" : "p\($0)") },
      columns: columns, key: key)
  }

  private static let matrix = PanelChart(
    title: "Pairs",
    panels: [
      panel("a", numbers: []), .init(words: ["0.95", "q 0.93"]), nil,
      panel("b", numbers: .y), panel("c", numbers: []), .init(words: ["−0.20"]),
      panel("d"), panel("e", numbers: .x), panel("f", numbers: .x),
    ], columns: 3, key: key)

  private static let missingPanels = PanelChart(
    panels: [
      PanelChart.Panel(
        title: "missing", x: 0...1, y: 0...1,
        layers: [
          .line(x: [0, .nan, 1], y: [0, 0.5, .infinity], Stroke(.series(0), width: 1)),
          .points(x: [.nan], y: [0], radius: 1, Fill(.series(0))),
          .area(x: [0, 0.5], y: [0.2, 0.4], Fill(.series(0))),
        ])
    ], columns: 1)

  private static func line(_ series: [LineChart.Series]) -> LineChart {
    LineChart(
      title: "Degenerate", panels: [.init(xLabel: "epoch", yLabel: "nats", series: series)])
  }

  private static func images(_ count: Int) -> [UInt8] {
    (0..<(count * 64)).map { UInt8(truncatingIfNeeded: $0 &* 37) }
  }

  static let pairs = ImageGrid(
    title: "Reconstructions", subtitle: "test images", caption: "Small print.",
    pixels: images(32), imageWidth: 8, imageHeight: 8, columns: 8,
    rowLabels: ["original", "reconstruction"], rowsPerGroup: 2, zoom: 3)

  static let inkGrid = ImageGrid(
    pixels: images(13), imageWidth: 8, imageHeight: 8, columns: 5, gap: 0, polarity: .darkOnLight)

  static func lines(_ arrangement: LineChart.Arrangement) -> LineChart {
    let elbo = (1...50).map { 101 + 60 / Double($0) }
    func panel(_ title: String, _ shift: Double) -> LineChart.Panel {
      let y = elbo.map { $0 + shift }
      return .init(
        title: title, xLabel: "epoch", yLabel: "nats per image",
        series: [
          .init(name: "train", y: y, style: .dashed),
          .init(
            name: "test", y: y.map { $0 + 0.3 },
            band: .init(lower: y.map { $0 - 1 }, upper: y.map { $0 + 1 })),
        ])
    }
    return LineChart(
      title: "Training", subtitle: "MNIST",
      panels: [panel("Negative ELBO", 0), panel("Reconstruction", -25), panel("KL", -80)],
      arrangement: arrangement)
  }

  /// As training goes: much in the first epochs, little in the later ones.
  static let cutLines = LineChart(
    title: "Training",
    panels: ["ELBO", "Reconstruction", "KL"].map { title in
      let sign = title == "Reconstruction" ? 1.0 : -1.0
      let series = ["train", "test"].enumerated().map { index, name in
        LineChart.Series(
          name: name,
          y: (1...12).map { sign * (100 + Double(index) + 60 / Double($0 * $0 * $0)) })
      }
      return LineChart.Panel(
        title: title, xLabel: "epoch", yLabel: "nats per image", series: series,
        yRange: CourseRange.of(series), marksCuts: true,
        mark: .init(x: 9, label: "best: epoch 9", series: "test"))
    })

  static let closeLadder = LadderChart(
    title: "log p(x) from both sides",
    bounds: [
      .init("ELBO, L[q]", -130.756, standardError: 0.946, kind: .lower),
      .init("AIS", -121.996, kind: .lower),
      .init("reverse AIS", -121.967, standardError: 0.02, kind: .upper),
    ])

  static let reducedPictures: ImageGrid = {
    let tiles = PictureTiles((height: 300, width: 200, channels: 1), count: 3)
    let picture = (0..<60000).map { UInt8(truncatingIfNeeded: $0) }
    return ImageGrid(
      title: "Pictures", subtitle: "large", pixels: (0..<3).flatMap { _ in tiles.shown(picture) },
      tiles: tiles)
  }()

  static func scatter(classes: Int, count: Int = 500) -> ScatterChart {
    var generator = TestGenerator(seed: 9)
    let labels = (0..<count).map { classes == 0 ? 0 : $0 % classes }
    return ScatterChart(
      title: "Latent space", x: labels.map { Double($0 % 3) + generator.normal() },
      y: labels.map { Double($0 / 3) + generator.normal() }, classes: classes == 0 ? [] : labels,
      xLabel: "z₁", yLabel: "z₂")
  }

  static func bars(_ count: Int, _ orientation: BarChart.Orientation) -> BarChart {
    BarChart(
      title: "KL per dimension",
      bars: (0..<count).map { .init("z\($0)", Double($0 % 7) / 3, error: 0.05) },
      valueLabel: "nats per image", nameLabel: "dimension", orientation: orientation,
      order: .descending, threshold: .init(0.01, label: "active above 0.01"),
      bodySize: Size(width: 560, height: 480))
  }

  static func bands(_ count: Int) -> BandGrid {
    let x = (0...40).map { Double($0) / 40 }
    let edge = x.map { 0.2 * ($0 * (1 - $0)).squareRoot() }
    let band = BandGrid.Band(x: x, lower: edge.map { -1.2 * $0 }, upper: edge)
    func panel(_ number: Int) -> BandGrid.Panel {
      let size = 0.3 * Double(number + 1)
      let y = x.map { (x: Double) -> Double in size * x * (1 - x) * (0.5 - x) }
      let isMarked = number == 0
      return BandGrid.Panel(
        title: number == 1 ? "a name that is much too long for its panel" : "theta[\(number)]",
        note: isMarked ? "too narrow, p 0.0003" : "p 0.41", isMarked: isMarked, x: x, y: y,
        bands: [band])
    }
    return BandGrid(
      title: "Ranks", subtitle: "100 simulations", caption: "Small print.",
      panels: (0..<count).map(panel), xLabel: "rank among the draws", yLabel: "difference")
  }

  static let ladder = LadderChart(
    title: "How far is the ELBO from log p(x)?",
    bounds: [
      .init("ELBO", -101.93, standardError: 0.31, kind: .lower),
      .init("IWAE-5000", -96.12, standardError: 0.28, kind: .lower),
      .init("AIS", -95.71, standardError: 0.29, kind: .lower),
      .init("reverse AIS", -95.18, standardError: 0.3, kind: .upper),
    ])
}
