// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing
import VariationalInference

private typealias T = Tensor<Double>

/// A law of one coordinate with its parameters, and what is known of it.
private struct KnownLaw: Sendable, CustomTestStringConvertible {
  let testDescription: String
  /// Values with log p, by SciPy 1.17.1 (scipy.stats) or, where it has no such law, the formula in
  /// numpy.longdouble.
  let values: [(x: Double, logProbability: Double)]
  /// What the law sums or integrates to over these points.
  let support: Support
  let parameters: [T]
  let make: @Sendable ([T]) -> any DataDistribution<Double>

  enum Support: Sendable {
    case points([Double])
    /// Between two numbers, by the midpoint rule in so many steps.
    case interval(Double, Double, Int)
  }

  init(
    _ name: String, _ values: [(Double, Double)], _ support: Support, _ parameters: [Double],
    _ make: @escaping @Sendable ([T]) -> any DataDistribution<Double>
  ) {
    testDescription = name
    self.values = values.map { (x: $0.0, logProbability: $0.1) }
    self.support = support
    self.parameters = parameters.map { T([$0], shape: [1, 1]) }
    self.make = make
  }

  var law: any DataDistribution<Double> { make(parameters) }

  static let all: [KnownLaw] = {
    let counts = Support.points((0..<4000).map(Double.init))
    let levels = Support.points((0..<256).map { Double($0) / 255 })
    return [
      KnownLaw("Bernoulli", [(1, -0.4374879504858856)], .points([0, 1]), [0.6]) {
        IndependentBernoulli(logits: $0[0])
      },
      KnownLaw(
        "continuous Bernoulli", [(0.2, -0.45945075287610376)], .interval(0, 1, 20_000), [1.3]
      ) { IndependentContinuousBernoulli(logits: $0[0]) },
      KnownLaw(
        "continuous Bernoulli near 1/2", [(0.7, 0.00199583333680555)], .interval(0, 1, 20_000),
        [0.01]
      ) { IndependentContinuousBernoulli(logits: $0[0]) },
      KnownLaw(
        "continuous Bernoulli in its series", [(0.4, -0.046657800285226994)],
        .interval(0, 1, 20_000), [0.4]
      ) { IndependentContinuousBernoulli(logits: $0[0]) },
      KnownLaw(
        "steep continuous Bernoulli", [(0.1, -0.3111205458860637)], .interval(0, 1, 400_000), [-40]
      ) { IndependentContinuousBernoulli(logits: $0[0]) },
      KnownLaw(
        "Gaussian", [(1.3, -1.4700555812401934)], .interval(-30, 30, 20_000), [0.4, 0.7]
      ) { IndependentGaussian(mean: $0[0], logVariance: $0[1]) },
      KnownLaw(
        "Laplace", [(1.3, -1.6773664613067876)], .interval(-79.6, 80.4, 1_280_000), [0.4, 0.35]
      ) { IndependentLaplace(location: $0[0], logScale: $0[1]) },
      KnownLaw("Student", [(1.3, -1.5902132522678567)], .points([]), [0.4, 0.35, 1.2]) {
        IndependentStudentT(location: $0[0], logScale: $0[1], logDegrees: $0[2])
      },
      KnownLaw(
        "discretised logistic", [(0, -2.3070897345963273)], levels, [0.3, -2]
      ) { DiscretisedLogistic(location: $0[0], logScale: $0[1]) },
      KnownLaw(
        "narrow discretised logistic", [(100.0 / 255, -5.184938145888451)], levels, [0.3, -3.5]
      ) { DiscretisedLogistic(location: $0[0], logScale: $0[1]) },
      KnownLaw(
        "discretised logistic near white", [(1, -0.8352478051102915)], levels, [0.9, -1]
      ) { DiscretisedLogistic(location: $0[0], logScale: $0[1]) },
      KnownLaw(
        "narrower discretised logistic", [(200.0 / 255, -13.040463097410608)], levels, [0.7, -5]
      ) { DiscretisedLogistic(location: $0[0], logScale: $0[1]) },
      KnownLaw("Poisson", [(7, -3.829327385011847)], counts, [1.1]) {
        IndependentPoisson(logRate: $0[0])
      },
      KnownLaw("negative binomial", [(7, -3.3399085984710566)], counts, [1.1, 0.4]) {
        IndependentNegativeBinomial(logMean: $0[0], logDispersion: $0[1])
      },
      KnownLaw("negative binomial of large r", [(7, -3.818353726830626)], counts, [1.1, 6]) {
        IndependentNegativeBinomial(logMean: $0[0], logDispersion: $0[1])
      },
      KnownLaw("negative binomial past the border", [(3, -1.5354900343120779)], counts, [1.1, 3.6])
      {
        IndependentNegativeBinomial(logMean: $0[0], logDispersion: $0[1])
      },
      KnownLaw(
        "zero-inflated", [(0, -0.7750454157587822), (7, -3.7430946473565143)], counts,
        [1.1, 0.4, -0.7]
      ) {
        ZeroInflatedNegativeBinomial(logMean: $0[0], logDispersion: $0[1], zeroLogits: $0[2])
      },
      KnownLaw(
        "binomial", [(4, -2.1011096474214925)], .points((0...9).map(Double.init)), [0.6]
      ) { IndependentBinomial(logits: $0[0], trials: T([9.0])) },
    ]
  }()
}

@Suite("Distributions that data come from")
struct DataDistributionTests {
  @Test("log-probabilities are SciPy's", arguments: KnownLaw.all)
  private func reference(_ known: KnownLaw) {
    for (x, expected) in known.values {
      let found = known.law.logProbability(of: T([x], shape: [1, 1])).scalars[0]
      #expect((found - expected).magnitude < 1e-9 * max(1, expected.magnitude), "\(x): \(found)")
    }
  }

  /// Midpoints leave h^2 / 24 times the jump of f' at the ends of an interval and at the kink of
  /// the Laplace law, which lies on a border of two steps: below 1e-9 in so many steps.
  @Test("probabilities sum to 1", arguments: KnownLaw.all)
  private func normalised(_ known: KnownLaw) {
    let total: Double
    switch known.support {
    case .points(let points):
      if points.isEmpty { return }
      total =
        known.law.logProbability(of: T(points, shape: [points.count, 1])).exp().sum()
        .scalars[0]
    case .interval(let low, let high, let steps):
      let h = (high - low) / Double(steps)
      let points = (0..<steps).map { low + (Double($0) + 0.5) * h }
      total = h * known.law.logProbability(of: T(points, shape: [steps, 1])).exp().sum().scalars[0]
    }
    #expect((total - 1).magnitude < 2e-9, "\(total)")
  }

  @Test("gradients by all parameters are those of central differences", arguments: KnownLaw.all)
  private func gradients(_ known: KnownLaw) {
    let x = T(known.values.map(\.x), shape: [known.values.count, 1])
    checkGradients(of: { known.make($0).logProbability(of: x) }, at: known.parameters)
  }

  /// 40,000 draws are within 4 standard errors of the moments of the log-probabilities: the mean,
  /// and the mean square around the law's mean, whose own spread is that of the draws.
  @Test("draws have the law's mean and variance", arguments: KnownLaw.all)
  private func draws(_ known: KnownLaw) {
    let count = 40_000
    let rows = known.parameters.map { $0.repeated(to: [count, 1]) }
    let keys = (0..<count).map { NoiseKey(seed: 5, $0) }
    let draws = known.make(rows).draw(keys).scalars
    #expect(draws == known.make(rows).draw(keys).scalars)
    let points: [Double]
    let width: Double
    switch known.support {
    case .points(let all):
      if all.isEmpty { return }
      (points, width) = (all, 1)
    case .interval(let low, let high, let steps):
      width = (high - low) / Double(steps)
      points = (0..<steps).map { low + (Double($0) + 0.5) * width }
    }
    let p = known.law.logProbability(of: T(points, shape: [points.count, 1])).exp().scalars
    let mean = pairs(points, p).reduce(0) { $0 + width * $1.0 * $1.1 }
    let variance = pairs(points, p).reduce(0) {
      $0 + width * ($1.0 - mean) * ($1.0 - mean) * $1.1
    }
    let checks = [
      meanCheck("mean", of: draws, expected: mean),
      meanCheck("variance", of: draws.map { ($0 - mean) * ($0 - mean) }, expected: variance),
    ]
    for check in checks { #expect(check.isWithin(4), "\(check)") }
  }

  @Test("draws beside rows, parameters of all rows: as one by one", arguments: KnownLaw.all)
  private func axes(_ known: KnownLaw) {
    let x = T([known.values[0].x, known.values[0].x], shape: [2, 1])
    let first = T(
      (0..<6).map { known.parameters[0].scalars[0] + Double($0) / 50 }, shape: [2, 3, 1])
    let others = known.parameters.dropFirst().map { $0.reshaped(to: [1]) }
    let all = known.make([first] + others).logProbability(of: x)
    #expect(all.shape == [2, 3])
    for (index, logProbability) in all.scalars.enumerated() {
      let one = known.make([T([first.scalars[index]], shape: [1, 1])] + others)
      let alone = one.logProbability(of: x.slice(0..<1)).scalars[0]
      #expect((logProbability - alone).magnitude < 1e-12 * max(1, alone.magnitude))
    }
  }

  @Test("what is missing counts nothing", arguments: KnownLaw.all)
  private func missing(_ known: KnownLaw) {
    let x = T([known.values[0].x], shape: [1, 1])
    let law = known.law
    #expect(law.logProbability(of: x, observed: T.zeros([1, 1])).scalars == [0])
    let (seen, all) = (
      law.logProbability(of: x, observed: T([1], shape: [1, 1])), law.logProbability(of: x)
    )
    #expect(relativeError(seen.scalars, all.scalars, scale: 1) < 1e-14)
  }

  @Test("far from everything log-probabilities in Float are numbers, and so are their gradients")
  func extremes() {
    for location: Float in [-300, -1, 0, 1, 300] {
      for scale: Float in [-12, 0, 6] {
        let tape = Tape<Float>()
        let (m, s) = (
          tape.variable(Tensor([location], shape: [1, 1])),
          tape.variable(Tensor([scale], shape: [1, 1]))
        )
        let x = Tensor<Float>([0, 1, 100.0 / 255], shape: [3, 1])
        let count = Tensor<Float>([0, 3, 2000], shape: [3, 1])
        let all: [Tensor<Float>] = [
          DiscretisedLogistic(location: m, logScale: s).logProbability(of: x),
          IndependentContinuousBernoulli(logits: m).logProbability(of: x),
          IndependentNegativeBinomial(logMean: m * 0.05, logDispersion: s).logProbability(
            of: count),
          ZeroInflatedNegativeBinomial(logMean: m * 0.05, logDispersion: s, zeroLogits: m)
            .logProbability(of: count),
        ]
        for value in all {
          #expect(value.firstNonFinite == nil, "\(location), \(scale): \(value.scalars)")
          for gradient in tape.gradients(of: value.sum(), at: [m, s]) {
            #expect(gradient.firstNonFinite == nil, "\(location), \(scale): \(gradient.scalars)")
          }
        }
      }
    }
  }
}
