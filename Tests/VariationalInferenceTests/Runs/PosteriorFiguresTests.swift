// SPDX-License-Identifier: Apache-2.0

import Figures
import Testing
import VariationalInference

@Suite("Pictures of a posterior")
struct PosteriorFiguresTests {
  private static let model = Model { z in
    let mu = z.latent("mu", Normal(0, 5))
    let tau = z.latent("tau", HalfNormal(2))
    let theta = z.latent("theta", Normal(mu, tau), count: 6, .nonCentred)
    z.observe("y", Normal(theta, 1), [1, 2, 0.5, 1.5, 2.5, 1])
    z.define("largest less smallest", theta[4] - theta[2])
  }

  private func texts(_ figure: any Figure) -> [String] {
    figure.canvas.marks.compactMap { mark in
      guard case .text(let text, _) = mark else { return nil }
      return text.runs.map(\.string).joined()
    }
  }

  @Test("all four, the same for the same seed; names, numbers and both p-values are told")
  func all() throws {
    let posterior = try Self.model.fit()
    let predictions = try posterior.predictions(draws: 500, seed: 1)
    let figures = posterior.figures(subtitle: "six groups", predictions: predictions)
    #expect(figures.map(\.name) == ["marginals", "pairs", "elbo", "predictive"])
    let again = posterior.figures(subtitle: "six groups", predictions: predictions)
    for (one, other) in zip(figures, again) {
      #expect(try one.figure.svg() == other.figure.svg())
      #expect(texts(one.figure).contains("six groups"))
    }
    let marginals = texts(figures[0].figure)
    for name in ["mu", "tau", "theta[1]", "theta[6]", "largest less smallest", "prior"] {
      #expect(marginals.contains(name), "\(name)")
    }
    let pairs = texts(figures[1].figure)
    #expect(pairs.contains("mu") && pairs.contains("tau") && !pairs.contains("theta[1]"))
    let elbo = texts(figures[2].figure)
    #expect(elbo.contains { $0.hasPrefix("ELBO of q") } && elbo.contains("steps"))
    #expect(elbo.contains { $0.hasPrefix("log evidence") })
    let words = figures[3].figure.caption
    #expect(words.contains("y: p of the mean 0.") && words.contains("of the standard deviation 0."))
  }

  @Test("what cannot be drawn is left out: steps, data, a second parameter, the prior")
  func leftOut() throws {
    let model = Model { z in
      let mu = z.latent("mu", Flat())
      z.observe("y", Normal(mu, 1), [1, 2])
    }
    let posterior = try model.density().posterior(FitOptions(family: .laplace))
    let figures = posterior.figures()
    #expect(figures.map(\.name) == ["marginals"])
    #expect(figures[0].figure.caption.contains("The prior is not drawn"))
    #expect(!texts(figures[0].figure).contains("prior"))
  }

  @Test("the density of a positive quantity is not drawn below 0")
  func positive() throws {
    let model = Model { z in
      z.latent("rate", Exponential(1))
      z.latent("other", Normal(0, 1))
    }
    let figure = try model.fit().figures()[0].figure
    // The areas' left ends: that of `rate` is where its axis has 0.
    let areas = figure.canvas.marks.compactMap { mark -> [Point]? in
      if case .polygon(let points, _) = mark { points } else { nil }
    }
    let zero = figure.canvas.marks.compactMap { mark -> Double? in
      guard case .text(let text, let point) = mark, text.anchor == .middle,
        ["0", "0.0"].contains(text.runs[0].string)
      else { return nil }
      return point.x
    }
    #expect(areas.count == 2)
    let left = areas[0].map(\.x).reduce(.infinity) { Swift.min($0, $1) }
    #expect((left - (zero.first ?? 0)).magnitude < 1e-6)
  }

  @Test("of long vectors some elements, spread out; short ones whole")
  func choice() {
    let parts = ["a"] + [String](repeating: "b", count: 100) + ["c"]
    let places = MarginalChoice.places(parts)
    #expect(places.first == 0 && places.last == 101 && places.count <= MarginalChoice.most)
    #expect(places.contains(1) && places.contains(100) && places.count > 8)
    #expect(places == places.sorted() && Set(places).count == places.count)
    let few = [String](repeating: "a", count: 20)
    #expect(MarginalChoice.places(few) == Array(0..<20))
    let many = (0..<60).map { "p\($0)" }
    #expect(MarginalChoice.places(many) == Array(0..<MarginalChoice.most))
  }
}

@Suite("Predictive checks")
struct PredictiveCheckTests {
  private func prediction(
    _ observed: [Double], rows: Int, _ value: (_ row: Int, _ place: Int) -> Double
  ) -> Prediction {
    let numbers = (0..<rows).flatMap { row in observed.indices.map { value(row, $0) } }
    return Prediction(
      name: "y", observed: observed, drawn: Tensor(numbers, shape: [rows, observed.count]))
  }

  private func key(_ check: PredictiveCheck) -> [String] {
    check.figure(subtitle: "")?.key.map(\.name) ?? []
  }

  @Test("p-values: the share of larger ones, ties by half")
  func values() {
    // Means of -1.5, -0.5, 0.5, 1.5, 2.5 against 0.5; all deviations equal.
    let check = PredictiveCheck([prediction([0, 1], rows: 5) { Double($0) - 2 + Double($1) }])
    #expect(check.parts.count == 1)
    #expect((check.parts[0].meanValue - 0.5).magnitude < 1e-12)
    #expect(check.parts[0].deviationValue == 0.5)
    let larger = PredictiveCheck([prediction([0, 1], rows: 4) { _, place in 5 * Double(place) }])
    #expect(larger.parts[0].meanValue == 1 && larger.parts[0].deviationValue == 1)
    let single = PredictiveCheck([prediction([0.5], rows: 4) { row, _ in Double(row) }])
    #expect(single.parts[0].deviationValue == nil && single.parts[0].meanValue == 0.75)
  }

  @Test("counts are bars, few numbers stand alone, many are densities")
  func kinds() {
    let coins = (0..<100).map { $0 % 3 == 0 ? 1.0 : 0 }
    let bars = PredictiveCheck([
      prediction(coins, rows: 20) { ($0 + $1) % 3 == 0 ? 1 : 0 }
    ])
    #expect(key(bars).contains("data") && key(bars).contains { $0.contains("median") })
    let few = (0..<30).map { Double($0) / 7 }
    let alone = PredictiveCheck([prediction(few, rows: 20) { Double($0) / 9 + few[$1] }])
    #expect(key(alone).contains("25 % to 75 %"))
    let many = (0..<31).map { Double($0) / 7 }
    let lines = PredictiveCheck([prediction(many, rows: 70) { Double($0) / 90 + many[$1] }])
    #expect(key(lines) == ["density of the data", "of 50 data sets drawn anew"])
  }

  @Test("data sets that are not finite are left out; where all are, so is the part")
  func notFinite() {
    let half = PredictiveCheck([prediction([1, 2], rows: 4) { row, _ in row < 2 ? .nan : 9 }])
    #expect(half.parts[0].meanValue == 1)
    let none = PredictiveCheck([prediction([1, 2], rows: 4) { _, _ in .infinity }])
    #expect(none.parts.isEmpty && none.figure(subtitle: "") == nil)
  }
}
