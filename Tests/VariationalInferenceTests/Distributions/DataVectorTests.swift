// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing
import VariationalInference

private typealias T = Tensor<Double>

@Suite("Distributions of vectors that data come from")
struct DataVectorTests {
  @Test("a multinomial is that of SciPy, and of some kinds alone it is theirs given their sum")
  func multinomial() {
    let logits = T([0.3, -1, 0.8], shape: [1, 3])
    let law = MultinomialCounts(logits: logits, totals: T([5.0]))
    let x = T([2, 0, 3], shape: [1, 3])
    // scipy.stats.multinomial.logpmf([2, 0, 3], 5, softmax), and ([2, 3], 5, softmax of the two).
    #expect((law.logProbability(of: x).scalars[0] - -1.557478185233153).magnitude < 1e-12)
    let seen = law.logProbability(of: x, observed: T([1, 0, 1], shape: [1, 3])).scalars[0]
    #expect((seen - -1.0677998279064873).magnitude < 1e-9)
    #expect(law.logProbability(of: x, observed: T.zeros([1, 3])).scalars[0] == 0)
    var total = 0.0
    for a in 0...5 {
      for b in 0...5 - a {
        let row = T([a, b, 5 - a - b].map(Double.init), shape: [1, 3])
        total += law.logProbability(of: row).exp().scalars[0]
      }
    }
    #expect((total - 1).magnitude < 1e-12)
    checkGradients(of: { MultinomialCounts(logits: $0[0]).logProbability(of: x) }, at: [logits])
    let rows = MultinomialCounts(
      logits: logits.repeated(to: [20_000, 3]), totals: T(repeating: 5, shape: [20_000]))
    let draws = rows.draw((0..<20_000).map { NoiseKey(seed: 3, $0) })
    #expect(draws.sum(along: 1).scalars.allSatisfy { $0 == 5 })
    for kind in 0..<3 {
      let check = meanCheck(
        "kind \(kind)", of: draws.slice(kind..<kind + 1, along: 1).scalars,
        expected: law.mean.scalars[kind])
      #expect(check.isWithin(4), "\(check)")
    }
  }

  @Test("classes of several variables are those of each by itself")
  func categorical() {
    let logits = T([0.3, -1, 0.8, 2, -2], shape: [1, 5])
    let law = IndependentCategorical(logits: logits, classes: [3, 2])
    // scipy.special.log_softmax([0.3, -1, 0.8])[1], and log of 1 / (1 + exp(4)).
    let x = T([0, 1, 0, 0, 1], shape: [1, 5])
    let expected = -2.37201265564544 - log1p(exp(4.0))
    #expect((law.logProbability(of: x).scalars[0] - expected).magnitude < 1e-12)
    #expect((law.mean.sum().scalars[0] - 2).magnitude < 1e-12)
    let seen = law.logProbability(of: x, observed: T([1, 1, 1, 0, 0], shape: [1, 5])).scalars[0]
    #expect((seen - -2.37201265564544).magnitude < 1e-12)
    checkGradients(
      of: { IndependentCategorical(logits: $0[0], classes: [3, 2]).logProbability(of: x) },
      at: [logits])
    let many = IndependentCategorical(logits: logits.repeated(to: [20_000, 5]), classes: [3, 2])
    let draws = many.draw((0..<20_000).map { NoiseKey(seed: 3, $0) })
    for column in 0..<5 {
      let check = meanCheck(
        "class \(column)", of: draws.slice(column..<column + 1, along: 1).scalars,
        expected: law.mean.scalars[column])
      #expect(check.isWithin(4), "\(check)")
    }
  }

  @Test("groups side by side: sums, units, masks, and draws of their own")
  func partitioned() {
    let x = T([0.5, -1, 1, 0, 1, 0], shape: [1, 6])
    let gaussian = IndependentGaussian(
      mean: T([0.1, 0.2], shape: [1, 2]), logVariance: T([0.3, -0.2]))
    let binary = IndependentBernoulli(logits: T([0.4], shape: [1, 1]))
    let classes = IndependentCategorical(
      logits: T([0.1, 0.2, 0.3], shape: [1, 3]), classes: [3])
    let units = T([2.0, 5.0])
    let all = PartitionedDistribution([
      .init(0..<2, gaussian, logUnits: units.log()), .init(2..<3, binary), .init(3..<6, classes),
    ])
    func part(_ range: Range<Int>) -> T { x.slice(range, along: 1) }
    let expected =
      gaussian.logProbability(of: part(0..<2)).scalars[0] - log(10)
      + binary.logProbability(of: part(2..<3)).scalars[0]
      + classes.logProbability(of: part(3..<6)).scalars[0]
    #expect((all.logProbability(of: x).scalars[0] - expected).magnitude < 1e-12)
    let mask = T([1, 0, 1, 0, 0, 0], shape: [1, 6])
    let seen =
      gaussian.logProbabilities(of: part(0..<2)).scalars[0] - log(2)
      + binary.logProbability(of: part(2..<3)).scalars[0]
    #expect((all.logProbability(of: x, observed: mask).scalars[0] - seen).magnitude < 1e-12)
    #expect(all.mean.shape == [1, 6])
    let draw = all.draw([NoiseKey(seed: 1, 4)])
    #expect(draw.shape == [1, 6] && draw.slice(3..<6, along: 1).sum().scalars == [1])
  }

  @Test("levels other than 256 sum to 1, and are what is drawn", arguments: [2, 16])
  func levels(_ count: Int) {
    let levels = T((0..<count).map { Double($0) / Double(count - 1) }, shape: [count, 1])
    let law = DiscretisedLogistic(
      location: T([0.4], shape: [1, 1]), logScale: T([-1.0]), levels: count)
    let p = law.logProbability(of: levels).exp().scalars
    #expect((p.reduce(0, +) - 1).magnitude < 1e-12)
    let rows = DiscretisedLogistic(
      location: T(repeating: 0.4, shape: [20_000, 1]), logScale: T([-1.0]), levels: count)
    let draws = rows.draw((0..<20_000).map { NoiseKey(seed: 3, $0) }).scalars
    #expect(Set(draws).isSubset(of: levels.scalars))
    for (level, expected) in pairs(levels.scalars, p) {
      let check = meanCheck(
        "\(level)", of: draws.map { $0 == level ? 1 : 0 }, expected: expected)
      #expect(check.isWithin(4), "\(check)")
    }
  }
}
