// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing
import VariationalInference

private let weights: Value = [0.3, 0.7]
private let first = Value([[2.0, 0.5], [0.5, 1.5]])
private let second = Value([[0.5, -0.2], [-0.2, 0.4]])

/// Digits by SciPy 1.17.1: `logsumexp` of the logarithms of weights and of densities by
/// `scipy.stats`.
private let cases: [LawCase] = [
  LawCase(
    name: "along an axis", parameters: [weights, [-1, 2], [0.5, 1.5]], x: [-0.8, 0.4, 30],
    digits: [-1.3721282965695014, -2.205894740904186, -175.90330080747384]
  ) { Mixture($0[0], Normal($0[1], $0[2])) },
  LawCase(
    name: "a list", parameters: [weights, -1, 2], x: [-0.8, 0.4, 30],
    digits: [-1.3721282965695014, -2.205894740904186, -175.90330080747384]
  ) { Mixture($0[0], [Normal($0[1], 0.5), Normal($0[2], 1.5)]) },
  LawCase(
    name: "of counts", parameters: [weights, [1.5, 6]], x: [0, 3, 9],
    digits: [-2.678382066465892, -2.301408092160964, -3.032520045465053]
  ) { Mixture($0[0], Poisson($0[1])) },
  LawCase(
    name: "of vectors", parameters: [weights, [0.1, -0.4]], x: Value([[0.7, -1.1], [0.7, -1.1]]),
    digits: [-1.3616288792226172, -1.3616288792226172]
  ) {
    Mixture(
      $0[0],
      [
        MultivariateNormal($0[1], covariance: first),
        MultivariateNormal([1, -1], covariance: second),
      ])
  },
]

@Suite("Mixtures")
struct MixtureTests {
  @Test("log-densities have their digits", arguments: cases)
  func digits(_ row: LawCase) { row.checkDigits() }

  @Test("gradients are central differences", arguments: cases.filter(\.hasGradient))
  func gradients(_ row: LawCase) { row.checkSlopes() }

  @Test("weights and parameters of each observation")
  func each() {
    let w = Value([[0.3, 0.7], [0.9, 0.1]])
    let found = Mixture(w, Normal([-1, 2], [0.5, 1.5])).logDensity(of: [-0.8, 0.4])
    for (row, x) in [-0.8, 0.4].enumerated() {
      let alone = Mixture(w[row], Normal([-1, 2], [0.5, 1.5])).logDensity(of: Value(x))
      #expect(relativeError([found.tensor.scalars[row]], alone.tensor.scalars) < 1e-14)
    }
  }

  /// k = 4.5 standard errors.
  @Test("draws")
  func drawn() throws {
    try checkFrequencies(
      Mixture([0.3, 0.7], Poisson([1.5, 6])), values: (0...12).map(Double.init))
    try checkFrequencies(
      Mixture([0.3, 0.7], [Poisson(1.5), Binomial(4, 0.5)]), values: (0...8).map(Double.init))
    let law = Mixture(
      weights,
      [
        MultivariateNormal([0.1, -0.4], covariance: first),
        MultivariateNormal([3, -5], covariance: second),
      ])
    let drawn = try draws(law, like: [0, 0], count: 20_000).draws
    // One choice for both elements: E x y = sum of w (covariance + product of means).
    let product = meanCheck(
      "product", of: zip(drawn[0], drawn[1]).map { $0 * $1 },
      expected: 0.3 * (0.5 - 0.04) + 0.7 * (-0.2 - 15))
    #expect(product.isWithin(4.5), "\(product)")
  }

  @Test("a mixture of other numbers of weights and laws is refused")
  func refused() {
    #expect(Mixture([0.3, 0.7], [Normal(0, 1)]).logDensity(of: 0).fault != nil)
    #expect(Mixture([0.3, 0.7], Normal([0, 1, 2], 1)).logDensity(of: 0).fault != nil)
    #expect(
      Mixture([0.3, 0.7], [Normal(0, 1), Poisson(1)] as [any Law]).logDensity(of: 0).fault != nil)
  }
}
