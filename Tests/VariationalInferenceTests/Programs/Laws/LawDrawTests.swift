// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing
import VariationalInference

@Suite("Draws of laws of numbers")
struct LawDrawTests {
  /// The Kolmogorov-Smirnov distance at known quantiles, in units of each fraction's standard
  /// error. At 4.5 of them a right law fails at one of 9 quantiles with probability below 7e-5; at
  /// the median the bound is 2.25 / sqrt(n), the critical value of the whole distance at 8e-5.
  @Test("lie below known quantiles in the right fractions", arguments: LawDigits.quantiles)
  func fractions(_ row: LawDigits.QuantileRow) throws {
    let count = 20_000
    let parameters = row.parameters
    let model = Model { z in z.latent("x", NamedLaws.law(row.law, parameters)) }
    let draws = try model.prior(draws: count, seed: 5)["x"].draws[0]
    #expect(draws.count == count)
    for (p, quantile) in zip(LawDigits.probabilities, row.quantiles) {
      let fraction = Double(draws.count { $0 <= quantile }) / Double(count)
      let error = (p * (1 - p) / Double(count)).squareRoot()
      #expect(
        (fraction - p).magnitude < 4.5 * error, "\(row.law): \(fraction) below the \(p)-quantile")
    }
  }

  /// The Kolmogorov-Smirnov distance of 20,000 draws. F at the ascending draws is that at the nearest known
  /// quantile and the integral of the density from there, by Simpson's rule from draw to draw; the density's
  /// digits are tested by themselves. sqrt(n) D exceeds 2.2 with probability 1.2e-4.
  /// Where the density is unbounded, no such rule integrates it.
  @Test(
    "have the law's distribution function",
    arguments: LawDigits.quantiles.filter { row in
      row.law == "beta"
        ? row.parameters.allSatisfy { $0 >= 1 }
        : !["gamma", "weibull"].contains(row.law) || row.parameters[0] >= 1
    })
  func kolmogorovSmirnov(_ row: LawDigits.QuantileRow) throws {
    let count = 20_000
    let law = NamedLaws.law(row.law, row.parameters)
    let model = Model { z in z.latent("x", law) }
    let x = try model.prior(draws: count, seed: 7)["x"].draws[0].sorted()
    func densities(_ points: [Double]) -> [Double] {
      // A uniform density is one number.
      (law.logDensity(of: Value(points)) + Value(points) * 0).numbers.map { exp($0) }
    }
    let middles = zip(x, x.dropFirst()).map { ($0 + $1) / 2 }
    let (f, between) = (densities(x), densities(middles))
    let steps = middles.indices.map { i in
      (x[i + 1] - x[i]) * (f[i] + 4 * between[i] + f[i + 1]) / 6
    }
    // Sums from the first draw; those of known quantiles are between two draws.
    let sums = steps.reduce(into: [0.0]) { $0.append($0[$0.count - 1] + $1) }
    let anchors = zip(LawDigits.probabilities, row.quantiles).map { p, quantile -> (Int, Double) in
      let place = min(max(x.firstIndex { $0 > quantile } ?? count - 1, 1), count - 1)
      let inside = (quantile - x[place - 1]) * (f[place - 1] + f[place]) / 2
      return (place, p - sums[place - 1] - inside)
    }
    var distance = 0.0
    for i in x.indices {
      let anchor = anchors.min { abs($0.0 - i) < abs($1.0 - i) }
      let value = sums[i] + (anchor?.1 ?? .nan)
      distance = max(
        distance, abs(value - Double(i) / Double(count)), abs(value - Double(i + 1) / Double(count))
      )
    }
    #expect(distance < 2.2 / Double(count).squareRoot(), "\(row.law): \(distance)")
  }

  @Test("take the parameters of each element and draw")
  func parametersOfEach() throws {
    let model = Model { z in
      let shape = z.latent("shape", Uniform(1, 50))
      z.latent("x", Gamma(shape * [1, 2], 0.5))
    }
    let drawn = try model.prior(draws: 4000, seed: 1)
    let shapes = drawn["shape"].draws[0]
    for (element, times) in [1.0, 2.0].enumerated() {
      // (x - 2 s) / sqrt(4 s) has mean 0 and variance 1, its mean a standard error of 1 / sqrt(n).
      let standardised = zip(drawn["x"].draws[element], shapes).map { x, shape in
        (x - 2 * times * shape) / (4 * times * shape).squareRoot()
      }
      let mean = standardised.reduce(0, +) / 4000
      #expect(mean.magnitude < 4.5 / 4000.0.squareRoot())
    }
  }

  @Test("of small shapes are not all 0 in logarithms")
  func smallShapes() throws {
    // A gamma number is near (u gamma(shape + 1))^(1 / shape): 1 / it has the median 2^(1 / shape).
    let model = Model { z in z.latent("x", InverseGamma(0.01, 1)) }
    let draws = try model.prior(draws: 2000, seed: 1)["x"].draws[0].sorted()
    #expect((log(draws[1000]) / (log(2) / 0.01) - 1).magnitude < 0.1)
  }

  @Test("of standard normal noise have its probabilities", arguments: NamedLaws.cumulativeRows)
  func nonCentred(_ row: LawDigits.QuantileRow) throws {
    let noise = Value([-5, -3, -1, -0.3, 0.1, 0.4, 2, 3, 5])
    let x = try #require(row.cumulative.transform(ofNoise: noise))
    // x is rounded, by some 2e-16, and the smaller tail of 3e-7 with it.
    let (below, above) = (row.cumulative.logCDF(of: x), row.cumulative.logSurvival(of: x))
    let known = (noise.tensor.normalLogCDF(), (-noise.tensor).normalLogCDF())
    expectEqual(
      zip(below.numbers, above.numbers).map(min), zip(known.0.scalars, known.1.scalars).map(min),
      within: 1e-8, "\(row.law)")
    expectEqual(
      zip(below.numbers, above.numbers).map { $0 < $1 ? -1 : 1 },
      zip(known.0.scalars, known.1.scalars).map { $0 < $1 ? -1 : 1 }, within: 0, "\(row.law)'s side"
    )
  }

  @Test(
    "of standard normal noise have the gradients of differences",
    arguments: NamedLaws.cumulativeRows)
  func gradientsOfNonCentred(_ row: LawDigits.QuantileRow) {
    let function = { (all: [Tensor<Double>]) -> Tensor<Double> in
      let values = all.map { Value($0) }
      let law = NamedLaws.cumulative(row.law, Array(values.dropFirst()))
      return law?.transform(ofNoise: values[0])?.tensor ?? Tensor([.nan])
    }
    let parameters = row.parameters.map { p in Tensor((0..<4).map { p + 0.01 * Double($0) }) }
    checkGradients(of: function, at: [Tensor([-1.5, 0.3, 1.2], shape: [3, 1])] + parameters)
  }
}
