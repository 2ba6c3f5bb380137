// SPDX-License-Identifier: Apache-2.0

import Testing
import VariationalInference

@Suite("Data drawn anew")
struct PredictionTests {
  private static let seen = Value([1.5, -0.5, 2, 4])
  private static let counts = Value([3.0, 0, 7])

  private static let model = Model { z in
    let mu = z.latent("mu", Normal(0, 5))
    let sigma = z.latent("sigma", HalfNormal(2))
    z.observe("y", Normal(mu + Value([0, 1, 2, 3]), sigma), seen)
    z.observe("n", Poisson(4), counts)
    z.define("twice", 2 * mu)
  }

  /// The same point as many rows.
  private static func rows(_ point: [Double], _ count: Int) -> Tensor<Double> {
    Tensor((0..<count).flatMap { _ in point }, shape: [count, point.count])
  }

  @Test("the data that were seen, and draws of their law at each row")
  func laws() throws {
    let density = try Self.model.density()
    // mu = 1, sigma = exp(0.5): the mean of y[i] is 1 + i, that of a count 4 whatever the row.
    let count = 20_000
    let predictions = try density.predictions(at: Self.rows([1, 0.5], count), seed: 3)
    #expect(predictions.map(\.name) == ["y", "n"])
    #expect(predictions[0].observed == Self.seen.tensor.scalars)
    #expect(predictions[1].observed == Self.counts.tensor.scalars)
    #expect(predictions.map(\.drawn.shape) == [[count, 4], [count, 3]])
    let sigma = 1.6487212707001282
    for place in 0..<4 {
      let (mean, variance) = moments(predictions[0].drawn, place)
      let error = sigma / Double(count).squareRoot()
      #expect((mean - Double(1 + place)).magnitude < 5 * error)
      // The variance's standard error is sigma^2 sqrt(2 / n).
      #expect((variance / (sigma * sigma) - 1).magnitude < 5 * (2 / Double(count)).squareRoot())
    }
    for place in 0..<3 {
      let (mean, _) = moments(predictions[1].drawn, place)
      #expect((mean - 4).magnitude < 5 * 2 / Double(count).squareRoot())
      let column = predictions[1].drawn.scalars
      #expect(column.allSatisfy { $0 >= 0 && $0 == $0.rounded() })
    }
  }

  private func moments(_ drawn: Tensor<Double>, _ place: Int) -> (mean: Double, variance: Double) {
    let (numbers, width) = (drawn.scalars, drawn.shape[1])
    let column = stride(from: place, to: numbers.count, by: width).map { numbers[$0] }
    let mean = column.reduce(0, +) / Double(column.count)
    let squares = column.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    return (mean, squares / Double(column.count - 1))
  }

  @Test("each row's data follow its own parameters; the same seed gives the same draws")
  func rowsOfTheirOwn() throws {
    let density = try Self.model.density()
    let points = Tensor<Double>([-50, -5, 60, -5], shape: [2, 2])
    let y = try density.predictions(at: points, seed: 8)[0].drawn.scalars
    // sigma = exp(-5): five standard deviations are 0.034.
    for (place, mean) in [-50.0, -49, -48, -47, 60, 61, 62, 63].enumerated() {
      #expect((y[place] - mean).magnitude < 0.04)
    }
    #expect(try density.predictions(at: points, seed: 8)[0].drawn.scalars == y)
    #expect(try density.predictions(at: points, seed: 9)[0].drawn.scalars != y)
    // One row is no other case.
    let one = try density.predictions(at: Self.rows([60, -5], 1), seed: 8)[0]
    #expect(one.drawn.shape == [1, 4] && (one.drawn.scalars[0] - 60).magnitude < 0.04)
  }

  @Test("what has no draws is left out; where nothing has, the reason is told")
  func withoutDraws() throws {
    let both = Model { z in
      let mu = z.latent("mu", Normal(0, 1))
      z.observe("y", Normal(mu, 1), [0.3])
      z.observe("none", Drawless(), [0.1, 0.2])
    }
    let point = Tensor<Double>([0.0], shape: [1, 1])
    #expect(try both.density().predictions(at: point, seed: 1).map(\.name) == ["y"])
    let only = Model { z in
      z.latent("mu", Normal(0, 1))
      z.observe("none", Drawless(), [0.1, 0.2])
    }
    #expect(throws: ModelError.self) { try only.density().predictions(at: point, seed: 1) }
    let nothing = Model { z in z.latent("mu", Normal(0, 1)) }
    #expect(try nothing.density().predictions(at: point, seed: 1).isEmpty)
  }

  @Test("a posterior draws data from the draws that it recommends, by their weights")
  func posterior() throws {
    // With an improper prior mu | y ~ N(mean, 1/4), so that new data have the variance 1 + 1/4.
    let model = Model { z in
      let mu = z.latent("mu", Flat())
      z.observe("y", Normal(mu, 1), Self.seen)
    }
    let drawn = try model.fit().predictions(draws: 4000, seed: 2)[0].drawn
    let (mean, variance) = moments(drawn, 2)
    #expect((mean - 1.75).magnitude < 5 * (1.25 / 4000).squareRoot())
    #expect((variance / 1.25 - 1).magnitude < 5 * (2.0 / 4000).squareRoot())
  }
}

/// A law that cannot be drawn from: flat, as its support is the whole line.
private struct Drawless: Law {
  var support: Constraint { .real }
  var shape: [Int] { [] }
  func logDensity(of x: Value) -> Value { x * 0 }
  func draw(_ shape: [Int], from source: inout DrawSource) -> Value {
    Flat().draw(shape, from: &source)
  }
}
