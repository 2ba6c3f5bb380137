// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing
import VariationalInference

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

private func stream(_ logWeights: [Double]) -> ImportanceWeights {
  var weights = ImportanceWeights(expected: logWeights.count)
  for weight in logWeights { weights.add(weight) }
  return weights
}

@Suite("Importance weights")
struct ImportanceWeightsTests {
  private let logWeights = Tensor<Double>.pseudoRandom([1000], .uniform(-9...3), seed: 21).scalars

  /// A sum of 1000 positive terms errs by at most 1000 roundings of 1.1e-16.
  @Test("mean and effective sample size, as from all weights at once")
  func formulas() {
    let weights = logWeights.map { exp($0) }
    let (sum, squares) = (weights.reduce(0, +), weights.reduce(0) { $0 + $1 * $1 })
    let streamed = stream(logWeights)
    #expect((streamed.logMean - log(sum / 1000)).magnitude < 1e-12)
    #expect(relativeError([streamed.effectiveSampleSize], [sum * sum / squares]) < 1e-12)
  }

  @Test("weights whose exponential overflows or underflows", arguments: [-3000.0, 3000])
  func extremes(_ offset: Double) {
    let (plain, moved) = (stream(logWeights), stream(logWeights.map { $0 + offset }))
    // Rounding of an offset of 3000: 4.5e-13 in each logarithm.
    #expect((moved.logMean - offset - plain.logMean).magnitude < 1e-11)
    #expect((moved.effectiveSampleSize / plain.effectiveSampleSize - 1).magnitude < 1e-11)
  }

  @Test("weights of zero count as weights; undefined ones are not hidden")
  func zeros() {
    let half = stream([-.infinity, 1, 1, -.infinity])
    #expect((half.logMean - (1 + log(0.5))).magnitude < 1e-15 && half.effectiveSampleSize == 2)
    #expect(stream([-.infinity, -.infinity]).logMean == -.infinity)
    for weights in [stream([0, .nan]), stream([.nan, 0]), stream([.nan])] {
      #expect(weights.logMean.isNaN && weights.effectiveSampleSize.isNaN)
    }
  }

  @Test("infinite weights: an infinite mean, and nothing to tell them apart by")
  func infinite() {
    let infinity = Double.infinity
    for weights in [[infinity, 1], [1, infinity], [infinity, infinity, -infinity, 3]] {
      let streamed = stream(weights)
      #expect(streamed.logMean == .infinity && streamed.effectiveSampleSize.isNaN, "\(weights)")
    }
    #expect(stream([infinity, .nan]).logMean.isNaN && stream([.nan, infinity]).logMean.isNaN)
  }

  @Test("equal weights: all count, and there is no tail")
  func equal() {
    let weights = stream([Double](repeating: -7, count: 500))
    #expect(weights.logMean == -7 && weights.effectiveSampleSize == 500)
    #expect(weights.paretoShape == nil)
  }
}

@Suite("Pareto shape")
struct ParetoShapeTests {
  private static let samples = 40_000

  private func uniform(_ seed: UInt64) -> [Double] {
    var generator = SplitMix64(seed: seed)
    return (0..<Self.samples).map { _ in
      (Double(generator.next() >> 11) + 0.5) * 0x1p-53
    }
  }

  /// What the prior of PSIS, worth ten weights of shape 1/2, makes of a shape.
  private func shrunk(_ k: Double) -> Double {
    let n = Double(ParetoShape.tailSize(samples: Self.samples))
    return (k * n + 5) / (n + 10)
  }

  /// Standard error of k by maximum likelihood from n exceedances: (1 + k) / sqrt n (Smith 1987), for
  /// k > -1/2. The tail of a generalised Pareto distribution is one again, of the same k.
  @Test(
    "weights from a generalised Pareto distribution: its shape within 4 standard errors",
    arguments: [-0.3, 0.2, 0.5, 0.7, 1.0, 1.6])
  func generalisedPareto(_ k: Double) throws {
    let logWeights = uniform(31).map { log((pow($0, -k) - 1) / k) }
    let shape = try #require(stream(logWeights).paretoShape)
    let error = (1 + k) / Double(ParetoShape.tailSize(samples: Self.samples)).squareRoot()
    let check = StatisticalCheck(
      "k", observed: shape, expected: shrunk(k), standardError: error)
    #expect(check.isWithin(4), "\(check)")
  }

  /// With p = N(0, s^2) and q = N(0, t^2), t < s: w is exp(a e^2 / 2) times a constant, where e is
  /// N(0, 1) and a = 1 - t^2 / s^2; P(w > u) ~ u^(-1/a) / sqrt(log u), so k = a in the limit. At the
  /// threshold e0 the slope of the logarithm gives a / (1 + 1 / e0^2), the least that a finite tail
  /// can show.
  @Test("a Gaussian proposal too narrow: k = 1 - t^2 / s^2", arguments: [0.2, 0.5, 0.8, 0.95])
  func narrowProposal(_ a: Double) throws {
    let e = Tensor<Double>.standardNormal([Self.samples], key: NoiseKey(seed: 4)).scalars
    let shape = try #require(stream(e.map { a * $0 * $0 / 2 }).paretoShape)
    let tail = ParetoShape.tailSize(samples: Self.samples)
    let threshold = e.map { $0 * $0 }.sorted()[Self.samples - tail - 1]
    let error = 4 * (1 + a) / Double(tail).squareRoot()
    #expect(
      shape < shrunk(a) + error && shape > shrunk(a / (1 + 1 / threshold)) - error, "\(shape)")
  }

  @Test("a Gaussian proposal too wide: bounded weights, k below 0")
  func wideProposal() throws {
    let e = Tensor<Double>.standardNormal([Self.samples], key: NoiseKey(seed: 4)).scalars
    let shape = try #require(stream(e.map { -$0 * $0 / 2 }).paretoShape)
    #expect(shape < 0, "\(shape)")
  }

  @Test("only ratios of weights count; the size of the tail is that of the article")
  func invariance() throws {
    let logWeights = uniform(33).map { -0.6 * log($0) }
    let shape = try #require(stream(logWeights).paretoShape)
    let moved = try #require(stream(logWeights.map { $0 - 2000 }).paretoShape)
    #expect((shape - moved).magnitude < 1e-9)
    #expect(
      ParetoShape.tailSize(samples: 100) == 20 && ParetoShape.tailSize(samples: 10_000) == 300)
  }

  @Test("nothing to fit: too few weights; weights of which all but one are zero")
  func nothing() throws {
    #expect(stream([1, 2, 3, 4]).paretoShape == nil && stream([]).paretoShape == nil)
    let one = [0] + [Double](repeating: -.infinity, count: 99)
    #expect(try #require(stream(one).paretoShape) > 1)
    // Equal but for less than a rounding of the weights themselves.
    let tiny = (0..<100).map { Double($0) * 1e-19 }
    #expect(stream(tiny).paretoShape == nil)
  }

  /// A NaN compares as false with everything, so that one in the heap of the largest weights stays
  /// wherever it comes to lie, and one that arrives later is passed over.
  @Test("weights that are infinite or undefined have no shape, wherever they stand")
  func undefined() throws {
    let weights = Array(uniform(3).prefix(1000)).map { -0.5 * log($0) }
    #expect(try #require(stream(weights).paretoShape).isFinite)
    for place in [0, 1, 50, 500, 1000] {
      for fault in [Double.nan, .infinity] {
        var faulty = weights
        faulty.insert(fault, at: place)
        let shape = try #require(stream(faulty).paretoShape)
        #expect(shape.isNaN, "\(fault) at \(place): \(shape)")
      }
    }
    #expect(try #require(stream([.nan, 1, 2]).paretoShape).isNaN)
  }
}
