// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing
import VariationalInference

@Suite("Simultaneous bands of ranks")
struct UniformityTestTests {
  @Test("three numbers: by all ways in which they fall into three parts")
  func enumeration() {
    let test = UniformityTest(count: 3)
    let (third, half): (Double, Double) = (1 / 3.0, 0.5)
    let places: [Double] = [third, 2 * third]
    #expect(test.places == places)
    func binomial(_ p: Double) -> [Double] {
      let q: Double = 1 - p
      return [q * q * q, 3 * p * q * q, 3 * p * p * q, p * p * p]
    }
    func tail(_ masses: [Double], _ x: Int) -> Double {
      2 * min(masses[...x].reduce(0, +), masses[x...].reduce(0, +))
    }
    // Parts of unequal size too: 0.2, 0.5, 0.3, as under an alternative.
    let cases: [[Double]] = [[third, third, third], [0.2, 0.5, 0.3]]
    for shares in cases {
      var outcomes: [(gamma: Double, probability: Double)] = []
      for first in 0...3 {
        for second in first...3 {
          // 3! / (a! b! c!) shares^(a, b, c).
          var probability: Double = 6
          for (share, number) in zip(shares, [first, second - first, 3 - second]) {
            for factor in 0..<number { probability *= share / Double(factor + 1) }
          }
          let gamma = min(tail(binomial(places[0]), first), tail(binomial(places[1]), second))
          outcomes.append((gamma, probability))
        }
      }
      for gamma in [0.01, 0.05, 0.1, 0.3, 0.55, 0.6, 0.9] {
        let expected: Double = outcomes.filter { $0.gamma > gamma }.reduce(0) {
          $0 + $1.probability
        }
        let found = test.probability(above: gamma) { (place: Double) -> Double in
          place < half ? shares[0] : shares[0] + shares[1]
        }
        #expect((found - expected).magnitude < 1e-12, "\(gamma): \(found), \(expected)")
      }
    }
  }

  @Test("p-values of a few numbers, by hand")
  func byHand() {
    // One of two below 1/2: the likeliest case. None or both: 1/4 each.
    #expect(UniformityTest(count: 2).pValue(of: [0.9, 0.2]) == 1)
    #expect((UniformityTest(count: 2).pValue(of: [0.1, 0.2]) - 0.5).magnitude < 1e-12)
    #expect(
      UniformityTest(count: 100).pValue(of: (0..<100).map { (Double($0) + 0.5) / 100 }) > 0.99)
    #expect(UniformityTest(count: 100).pValue(of: [Double](repeating: 0.5, count: 100)) < 1e-10)
  }

  @Test("bands hold what they promise, by uniform numbers", arguments: [10, 60, 150])
  func coverage(_ count: Int) {
    let test = UniformityTest(count: count)
    let gamma = test.gamma(holding: 0.95)
    let promised = test.probability(above: gamma)
    #expect(promised >= 0.95 && promised < 0.975, "\(promised)")
    let bounds = test.bounds(gamma)
    var generator = SplitMix64(seed: 3)
    let (runs, limit) = (800, 4.0)
    var (inside, refused) = (0, 0)
    for _ in 0..<runs {
      let numbers = (0..<count).map { _ in Double.random(in: 0..<1, using: &generator) }
      let isInside = zip(test.places, bounds).allSatisfy { place, bound in
        bound?.contains(numbers.count { $0 <= place }) ?? false
      }
      if isInside { inside += 1 }
      let p = test.pValue(of: numbers)
      if p <= 0.05 { refused += 1 }
      // Outside the band exactly where the p-value is that small.
      #expect(isInside == (p > 1 - promised + 1e-9))
    }
    let error = (promised * (1 - promised) / Double(runs)).squareRoot()
    #expect((Double(inside) / Double(runs) - promised).magnitude < limit * error)
    #expect(Double(refused) / Double(runs) < 0.05 + limit * error)
  }
}

@Suite("Ranks of the truth")
struct TruthRankTests {
  @Test("ranks by hand: equal weights, unequal ones, ties, what is no number")
  func byHand() {
    func check(
      _ truth: Double, _ draws: [Double], _ weights: [Double]? = nil, tie: Double = 0.5,
      is expected: Double
    ) {
      let rank = TruthRanks.rank(of: truth, among: draws, weights: weights, tie: tie)
      #expect((rank - expected).magnitude < 1e-12, "\(truth) among \(draws): \(rank)")
    }
    check(2.5, [1, 2, 3, 4], is: 0.5)
    check(0, [1, 2, 3, 4], tie: 0, is: 0)
    check(9, [1, 2, 3, 4], tie: 1, is: 1)
    // Three of four are equal: U takes the truth through all places among them.
    check(2, [2, 2, 1, 2], tie: 0, is: 0.2)
    check(2, [2, 2, 1, 2], tie: 1, is: 1)
    check(1, [1 + 1e-13, 1 - 1e-13], tie: 0.25, is: 0.25)
    // n = 1 / (0.5^2 + 0.3^2 + 0.2^2) = 1 / 0.38, and 0.7 n + 0.5 of n + 1.
    let weighted: Double = (0.7 / 0.38 + 0.5) / (1 / 0.38 + 1)
    check(2.5, [1, 3, 2], [0.5, 0.3, 0.2], is: weighted)
    check(2.5, [1, 3, 2, .nan], [0.5, 0.3, 0.2, 0], is: weighted)
    func rank(_ truth: Double, _ draws: [Double]) -> Double {
      TruthRanks.rank(of: truth, among: draws, weights: nil, tie: 0.5)
    }
    #expect(rank(.nan, [1, 2]).isNaN && rank(1, [1, .nan]).isNaN)
  }

  /// Ranks of exact draws of N(0, 1) among weighted draws of N(0, 1.5^2).
  private func ranks(_ runs: Int, isWeighted: Bool) -> [Double] {
    var generator = SplitMix64(seed: 5)
    return (0..<runs).map { run in
      let key = NoiseKey(seed: 8, run)
      let noise = Tensor<Double>.standardNormal([401], key: key).scalars
      let draws = noise.dropLast().map { 1.5 * $0 }
      let rate: Double = (1 - 1 / 2.25) / 2
      let masses = draws.map { (x: Double) -> Double in exp(-rate * x * x) }
      let sum = masses.reduce(0, +)
      return TruthRanks.rank(
        of: noise[400], among: draws, weights: isWeighted ? masses.map { $0 / sum } : nil,
        tie: Double.random(in: 0..<1, using: &generator))
    }
  }

  @Test("weights count: ranks of exact draws among weighted ones are uniform, among bare ones not")
  func weighted() {
    let test = UniformityTest(count: 500)
    let (with, without) = (
      test.pValue(of: ranks(500, isWeighted: true)), test.pValue(of: ranks(500, isWeighted: false))
    )
    #expect(with > 0.05, "\(with)")
    #expect(without < 1e-4, "\(without)")
  }

  @Test("chains are thinned to about their effective number")
  func thinned() {
    let (chains, times) = (32, 200)
    let noise = Tensor<Double>.standardNormal([times * chains], key: NoiseKey(seed: 6)).scalars
    func rows(_ correlation: Double) -> [Int] {
      var values = noise
      let fresh: Double = (1 - correlation * correlation).squareRoot()
      for row in chains..<values.count {
        values[row] = correlation * values[row - chains] + fresh * noise[row]
      }
      return TruthRanks.independentRows(
        of: Tensor(values, shape: [times * chains, 1]), chains: chains)
    }
    // The variance of 32 means is known to a quarter, sqrt(2 / 31): within three of them.
    #expect(rows(0).count >= times * chains / 2)
    // (1 - 0.9) / (1 + 0.9) of the draws.
    let sticky = rows(0.9)
    let expected = Double(times * chains) / 19
    #expect(Double(sticky.count) < 1.75 * expected && Double(sticky.count) > 0.4 * expected)
    #expect(sticky.count.isMultiple(of: chains) && Set(sticky).count == sticky.count)
    #expect(sticky.allSatisfy { (0..<times * chains).contains($0) })
    // A constant has no effective number, and every time serves.
    let constant = Tensor<Double>(repeating: 2, shape: [64, 1])
    #expect(TruthRanks.independentRows(of: constant, chains: 32).count == 64)
  }
}
