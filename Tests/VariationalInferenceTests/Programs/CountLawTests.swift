// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing
import VariationalInference

/// Digits by mpmath 1.3 with 150 digits from the formulas of probability; those of multinomial and
/// beta binomial counts agree with SciPy 1.17.1.
private let cases: [LawCase] = [
  LawCase(
    name: "Bernoulli, probability", parameters: [[0.2, 0.7]], x: [0, 1],
    digits: [-0.22314355131420976, -0.35667494393873245]
  ) { Bernoulli($0[0]) },
  LawCase(
    name: "Bernoulli, extreme probability", parameters: [[1e-20, 1e-20, 1.0, 0.0]],
    x: [1, 0, 1, 0],
    digits: [-46.051701859880914, -1e-20, 0, 0], hasGradient: false
  ) { Bernoulli($0[0]) },
  LawCase(
    name: "Bernoulli, logits", parameters: [[0.3, -2.5, 40, -40, 800]], x: [1, 1, 1, 0, 0],
    digits: [
      -0.5543552444685271, -2.5788897342925496, -4.248354255291589e-18, -4.248354255291589e-18,
      -800,
    ]
  ) { Bernoulli(logits: $0[0]) },
  LawCase(
    name: "Binomial, probability", parameters: [[0.2, 0.3, 0.5]], x: [0, 3, 7],
    digits: [-2.2314355131420975, -1.3211512777668886, -2.1439800628174073]
  ) { Binomial(10, $0[0]) },
  LawCase(
    name: "Binomial, certain", parameters: [[0.999, 1.0]], x: [10, 10],
    digits: [-0.010005003335835344, 0], hasGradient: false
  ) { Binomial(10, $0[0]) },
  LawCase(
    name: "Binomial, logits", parameters: [[-2, 0.5, 35, -0.1, -35]], x: [0, 3, 10, 7, 0],
    digits: [
      -1.2692801104297249, -3.4532780990190206, -6.305116760146988e-15, -2.356474857953663,
      -6.305116760146988e-15,
    ]
  ) { Binomial([10, 10, 10, 10, 10], logits: $0[0]) },
  LawCase(
    name: "BetaBinomial", parameters: [2.5, 0.7], x: [0, 4, 10],
    digits: [-5.466256017644277, -3.1200460639690193, -1.1589347259476013]
  ) { BetaBinomial(10, $0[0], $0[1]) },
  LawCase(
    name: "Geometric", parameters: [0.3], x: [0, 1, 12],
    digits: [-1.203972804325936, -1.5606477482646683, -5.484072131590724]
  ) { Geometric($0[0]) },
  LawCase(
    name: "Poisson", parameters: [[2.5, 2.5, 31, 100]], x: [0, 3, 20, 150],
    digits: [-2.5, -1.5428872736055899, -4.6558723710505605, -14.244577951209978]
  ) { Poisson($0[0]) },
  LawCase(
    name: "Poisson of rate 0", parameters: [0], x: 0, digits: [0], hasGradient: false
  ) { Poisson($0[0]) },
  LawCase(
    name: "Poisson, log rate", parameters: [[-50, 1.2, 3.5, 4.6]], x: [0, 3, 20, 150],
    digits: [
      -1.9287498479639178e-22, -1.5118763919646026, -5.451068419445798, -14.50442149135751,
    ]
  ) { Poisson(logRate: $0[0]) },
  LawCase(
    name: "NegativeBinomial", parameters: [[0.5, 4, 20, 300], [0.3, 2, 10, 50]],
    x: [0, 3, 40, 500],
    digits: [
      -0.2942487759035179, -2.0273255405408217, -5.761450459501651, -12.047865839085423,
    ]
  ) { NegativeBinomial($0[0], $0[1]) },
  LawCase(
    name: "NegativeBinomial, little spread", parameters: [[4, 20, 4], [1e12, 150, 1e5]],
    x: [3, 40, 7], digits: [-1.632876385869383, -9.476789449333511, -2.8210908343094516]
  ) { NegativeBinomial($0[0], $0[1]) },
  LawCase(
    name: "BetaBinomial, little spread", parameters: [3e9, 7e9], x: [0, 3, 10],
    digits: [-3.5667494374587525, -1.3211512782668886, -12.03972803275936], hasGradient: false
  ) { BetaBinomial(10, $0[0], $0[1]) },
  LawCase(
    name: "NegativeBinomial, log mean", parameters: [[1, 30], [3, 0.5]], x: [2, 5],
    digits: [-1.6307455679110117, -16.74861630836826]
  ) { NegativeBinomial(logMean: $0[0], $0[1]) },
  LawCase(
    name: "Categorical", parameters: [[0.5, 0.3, 0.2]], x: [2, 0, 1, 1],
    digits: [-1.6094379124341003, -0.6931471805599453, -1.2039728043259361, -1.2039728043259361]
  ) { Categorical($0[0]) },
  LawCase(
    name: "Categorical, logits, one row for each",
    parameters: [Value([[0.5, -1, 2], [0.5, -1, 2], [0.5, -1, 2]])], x: [0, 1, 2],
    digits: [-1.7413112966571571, -3.241311296657157, -0.24131129665715706]
  ) { Categorical(logits: $0[0]) },
  LawCase(
    name: "Categorical, extreme logits", parameters: [[0.3, -1, 800]], x: [0, 1, 2],
    digits: [-799.7, -801, 0], hasGradient: false
  ) { Categorical(logits: $0[0]) },
  LawCase(
    name: "Multinomial", parameters: [[0.2, 0.5, 0.3]], x: Value([[2, 0, 5], [2, 0, 5]]),
    digits: [-6.194217408774458, -6.194217408774458]
  ) { Multinomial(7, $0[0]) },
  LawCase(
    name: "Multinomial, logits", parameters: [[0.5, -1, 2]], x: [2, 0, 5],
    digits: [-1.6446566388766763]
  ) { Multinomial(7, logits: $0[0]) },
  LawCase(
    name: "OrderedLogistic", parameters: [0.3, [-1, 0.5, 2]], x: [0, 1, 2, 3],
    digits: [-1.5410084538329922, -1.091629782140038, -1.2184073576933117, -1.867786029386266]
  ) { OrderedLogistic($0[0] * Value([1, 1, 1, 1]), $0[1]) },
  LawCase(
    name: "OrderedLogistic, far out", parameters: [[100, 100, 100, 100, -100, -100]],
    x: [0, 1, 2, 3, 0, 3],
    digits: [
      -101, -99.75248245892546, -98.25248245892546, -2.7487850079102147e-43,
      -1.0112214926104486e-43, -102,
    ]
  ) { OrderedLogistic($0[0], [-1, 0.5, 2]) },
  LawCase(
    name: "OrderedLogistic of two", parameters: [[0.3, -2.5], [0]], x: [1, 1],
    digits: [-0.5543552444685271, -2.5788897342925496]
  ) { OrderedLogistic($0[0], $0[1]) },
  LawCase(
    name: "ZeroInflated", parameters: [[2.5, 900, 2.5], 0.3], x: [0, 0, 4],
    digits: [-1.028733212673555, -1.2039728043259361, -2.3695658467900578]
  ) { ZeroInflated(Poisson($0[0]), $0[1]) },
]

@Suite("Laws of counts and categories")
struct CountLawTests {
  @Test("log-densities have their digits", arguments: cases)
  func digits(_ row: LawCase) { row.checkDigits() }

  @Test("gradients are central differences", arguments: cases.filter(\.hasGradient))
  func gradients(_ row: LawCase) { row.checkSlopes() }

  @Test("draws come as often as their density says")
  func frequencies() throws {
    let few = (0...6).map(Double.init)
    try checkFrequencies(Bernoulli(0.3), values: [0, 1])
    try checkFrequencies(Bernoulli(logits: 2), values: [0, 1])
    try checkFrequencies(Binomial(6, 0.3), values: few)
    try checkFrequencies(Binomial(6, logits: 1.2), values: few)
    // By rejection.
    try checkFrequencies(Binomial(100, 0.7), values: (60...80).map(Double.init))
    try checkFrequencies(BetaBinomial(6, 0.6, 2), values: few)
    try checkFrequencies(Geometric(0.4), values: few)
    try checkFrequencies(Poisson(2.5), values: few)
    try checkFrequencies(Poisson(25), values: (15...35).map(Double.init))
    try checkFrequencies(Poisson(logRate: 0.2), values: few)
    try checkFrequencies(NegativeBinomial(3, 1.5), values: few)
    try checkFrequencies(NegativeBinomial(logMean: 3, 4), values: (5...30).map(Double.init))
    try checkFrequencies(Categorical([0.5, 0.3, 0.2]), values: [0, 1, 2])
    try checkFrequencies(Categorical(logits: [0.5, -1, 2]), values: [0, 1, 2])
    try checkFrequencies(OrderedLogistic(0.3, [-1, 0.5, 2]), values: [0, 1, 2, 3])
    try checkFrequencies(ZeroInflated(Poisson(2), 0.25), values: few)
  }

  /// k = 4 standard errors, 20,000 draws: means n p and E k[0] k[1] = n (n - 1) p[0] p[1].
  @Test("draws of multinomial counts")
  func multinomial() throws {
    let drawn = try draws(
      Multinomial([7, 40], [0.2, 0.5, 0.3]), like: Value([[2, 0, 5], [10, 10, 20]]), count: 20_000)
    for (vector, n) in [7.0, 40.0].enumerated() {
      let counts = drawn[vector].draws
      for (k, p) in [0.2, 0.5, 0.3].enumerated() {
        let check = meanCheck("count \(k) of \(n)", of: counts[k], expected: n * p)
        #expect(check.isWithin(4), "\(check)")
      }
      let product = zip(counts[0], counts[1]).map { $0 * $1 }
      let check = meanCheck("product", of: product, expected: n * (n - 1) * 0.1)
      #expect(check.isWithin(4), "\(check)")
      #expect((0..<20_000).allSatisfy { counts[0][$0] + counts[1][$0] + counts[2][$0] == n })
    }
  }

  @Test("densities sum to 1")
  func sums() {
    func total(_ law: some Law, upTo last: Int) -> Double {
      let all = Value((0...last).map(Double.init))
      return law.logDensity(of: all).logSumExp().tensor.scalars[0]
    }
    #expect(total(BetaBinomial(9, 0.4, 3), upTo: 9).magnitude < 1e-13)
    #expect(total(NegativeBinomial(4, 0.7), upTo: 1000).magnitude < 1e-12)
    #expect(total(OrderedLogistic(0.4, [-1, 0, 3]), upTo: 3).magnitude < 1e-14)
    #expect(total(ZeroInflated(NegativeBinomial(2, 3), 0.2), upTo: 300).magnitude < 1e-12)
    #expect(total(Geometric(logits: -1), upTo: 200).magnitude < 1e-13)
  }

  @Test("data that no parameters explain are named", arguments: faultCases)
  private func faults(_ row: FaultCase) {
    let model = Model { z in
      z.latent("u", Normal(0, 1))
      row.body(z)
    }
    let error = #expect(throws: ModelError.self) { _ = try model.density() }
    #expect(error?.problem == row.problem)
  }
}

/// A statement about data, and what is wrong with them.
private struct FaultCase: Sendable {
  let problem: String
  let body: @Sendable (Program) -> Void

  init(_ problem: String, _ body: @escaping @Sendable (Program) -> Void) {
    (self.problem, self.body) = (problem, body)
  }
}

private let faultCases: [FaultCase] = [
  FaultCase("element 1 is 2.0; a value of Bernoulli is 0 or 1") {
    $0.observe("x", Bernoulli(0.5), [1, 2])
  },
  FaultCase("element 1 is 5.0; a value of Binomial is a whole number from 0 to 4") {
    $0.observe("x", Binomial([3, 4], 0.5), [3, 5])
  },
  FaultCase("element 1 is -1.0; a value of Poisson is a whole number from 0 on") {
    $0.observe("x", Poisson(2), [1, -1])
  },
  FaultCase("element 1 is 2.0; a value of Categorical is a whole number of 0 ..< 2") {
    $0.observe("x", Categorical([0.5, 0.5]), [0, 2])
  },
  FaultCase("element 1 is 3.0; a value of OrderedLogistic is a whole number of 0 ... 2") {
    $0.observe("x", OrderedLogistic([0, 0], [1, 2]), [2, 3])
  },
  FaultCase("the counts' sums: element 0 is 3.0; a value of Multinomial is of 4 trials in all") {
    $0.observe("x", Multinomial(4, [0.5, 0.5]), [1, 2])
  },
]
