// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing
import VariationalInference

@Suite("Cumulative and truncated laws")
struct CumulativeLawTests {
  @Test("have known digits of both tails", arguments: LawDigits.tails)
  func digits(_ row: LawDigits.TailRow) throws {
    let law = try #require(NamedLaws.cumulative(row.law, row.parameters.map { Value($0) }))
    let x = Value(row.points)
    expectEqual(law.logCDF(of: x).numbers, row.logCDFs, within: 2e-12, "\(row.law)'s F")
    expectEqual(
      law.logSurvival(of: x).numbers, row.logSurvivals, within: 2e-12, "\(row.law)'s 1 - F")
  }

  @Test("have a density that is F's derivative", arguments: NamedLaws.cumulativeRows)
  func derivative(_ row: LawDigits.QuantileRow) {
    let law = row.cumulative
    let tape = Tape<Double>()
    let x = tape.variable(Tensor(row.quantiles, shape: [row.quantiles.count, 1]))
    let (below, above) = (law.logCDF(of: Value(x)).tensor, law.logSurvival(of: Value(x)).tensor)
    let density = law.logDensity(of: Value(row.quantiles)).tensor.repeated(to: x.shape).scalars
    let slopes = [below, above].map { tape.gradients(of: $0.sum(), at: [x])[0].scalars }
    expectEqual(
      slopes[0], zip(density, below.scalars).map { exp($0 - $1) }, within: 1e-10, "\(row.law)'s F")
    expectEqual(
      slopes[1], zip(density, above.scalars).map { -exp($0 - $1) }, within: 1e-10,
      "\(row.law)'s 1 - F")
  }

  @Test("are 0 before and 1 after their support, with no gradient")
  func outside() {
    let rows: [(String, [Double], Double)] = [
      ("exponential", [2], -1), ("weibull", [2, 2], -1), ("pareto", [1.5, 2], 1),
      ("logNormal", [0, 1], -1), ("uniform", [-1, 3], -2), ("exponential", [2], 0),
    ]
    for (name, parameters, x) in rows {
      let tape = Tape<Double>()
      let p = parameters.map { tape.variable(Tensor([$0])) }
      guard let law = NamedLaws.cumulative(name, p.map { Value($0) }) else { continue }
      #expect(law.logCDF(of: Value(x)).numbers == [-.infinity], "\(name)")
      #expect(law.logSurvival(of: Value(x)).numbers == [0], "\(name)")
      let sum = law.logCDF(of: Value([x, 2])).tensor.slice(1..<2).sum()
      #expect(tape.gradients(of: sum, at: p).allSatisfy { $0.scalar.isFinite }, "\(name)")
    }
    #expect(Uniform(-1, 3).logCDF(of: 4).numbers == [0])
    #expect(Uniform(-1, 3).logSurvival(of: 4).numbers == [-.infinity])
  }

  /// Parts of N(0, 1), and log-densities from mpmath 1.3 with 60 digits.
  static let parts: [(Double, Double?, Double, Double)] = [
    (10, 11, 10.5, -2.812628307621548), (40, nil, 40.01, 3.289453480549195),
    (-1, 2, 0.5, -0.8437722388802101), (1e3, nil, 1000.001, 5.907755779003284),
    (30, 30.5, 30.2, -2.617694311319565),
  ]

  @Test("cut from the normal law far out have known digits", arguments: parts)
  func truncatedNormal(_ lower: Double, _ upper: Double?, _ x: Double, _ known: Double) {
    // The parts are of the size of x^2 / 2, and so is what rounding leaves.
    let tolerance = 4e-16 * max(x * x, 2500)
    let right = Truncated(Normal(0, 1), from: Value(lower), to: upper.map { Value($0) })
    expectEqual(
      right.logDensity(of: Value(x)).numbers, [known], within: tolerance, absolute: true, "right")
    let left = Truncated(Normal(0, 1), from: upper.map { Value(-$0) }, to: Value(-lower))
    expectEqual(
      left.logDensity(of: Value(-x)).numbers, [known], within: tolerance, absolute: true, "left")
  }

  @Test("cut from a law integrate to 1 and are 0 elsewhere", arguments: NamedLaws.cumulativeRows)
  func integral(_ row: LawDigits.QuantileRow) {
    func check(_ law: Truncated<some CumulativeLaw>, _ lower: Double, _ upper: Double) {
      // The middle rule, wrong by h^2 (f'(b) - f'(a)) / 24.
      let (n, width) = (20_000, upper - lower)
      let points = (0..<n).map { lower + (Double($0) + 0.5) * width / Double(n) }
      let density = law.logDensity(of: Value(points)).tensor.repeated(to: [n, 1]).scalars
      let sum = density.reduce(0.0) { $0 + exp($1) } * width / Double(n)
      #expect((sum - 1).magnitude < 1e-6, "\(row.law): \(sum)")
      let outside = law.logDensity(of: Value([lower - 0.1, upper + 0.1])).numbers
      #expect(outside == [-.infinity, -.infinity], "\(row.law)")
    }
    func parts(_ law: some CumulativeLaw) {
      let q = row.quantiles
      check(Truncated(law, from: Value(q[2]), to: Value(q[6])), q[2], q[6])
      check(Truncated(law, from: Value(q[5]), to: Value(q[6])), q[5], q[6])
      check(Truncated(law, from: Value(q[0]), to: Value(q[2])), q[0], q[2])
    }
    parts(row.cumulative)
  }

  @Test("of magnitudes integrate to 1")
  func halves() {
    for row in NamedLaws.rows where row.law.hasPrefix("half") {
      // The trapezium rule over log x, exact to rounding for densities that are smooth there.
      let u = stride(from: -45.0, through: 45, by: 0.05).map { $0 }
      let density = NamedLaws.law(row.law, row.parameters).logDensity(of: Value(u.map { exp($0) }))
      let sum = zip(density.numbers, u).reduce(0.0) { $0 + exp($1.0 + $1.1) } * 0.05
      #expect((sum - 1).magnitude < 1e-10, "\(row.law): \(sum)")
    }
  }

  @Test(
    "cut from a law are drawn in its part, in the right fractions",
    arguments: NamedLaws.cumulativeRows)
  func draws(_ row: LawDigits.QuantileRow) throws {
    let (count, q) = (10_000, row.quantiles)
    // From one known quantile to another, or to the end: F is known at those between.
    func check(_ law: Truncated<some CumulativeLaw>, _ from: Int, _ to: Int?) throws {
      let model = Model { z in z.latent("x", law) }
      let draws = try model.prior(draws: count, seed: 9)["x"].draws[0]
      let end = to.map { q[$0] } ?? .infinity
      #expect(draws.allSatisfy { $0 >= q[from] && $0 <= end })
      let p = LawDigits.probabilities
      let mass = (to.map { p[$0] } ?? 1) - p[from]
      for place in from..<(to ?? p.count) {
        let known = (p[place] - p[from]) / mass
        let fraction = Double(draws.count { $0 <= q[place] }) / Double(count)
        let error = (known * (1 - known) / Double(count)).squareRoot()
        #expect((fraction - known).magnitude <= 4.5 * error, "\(row.law) below \(p[place])")
      }
    }
    func parts(_ law: some CumulativeLaw) throws {
      try check(Truncated(law, from: Value(q[2]), to: Value(q[6])), 2, 6)
      try check(Truncated(law, from: Value(q[6])), 6, nil)
    }
    try parts(row.cumulative)
  }

  @Test("cut far out are drawn there")
  func farDraws() throws {
    let model = Model { z in
      z.latent("tail", Truncated(Normal(0, 1), from: 100))
      z.latent("part", Truncated(Normal(0, 1), from: -41, to: -40))
      z.latent("start", Truncated(Exponential(1), to: 1e-9))
    }
    let drawn = try model.prior(draws: 4000, seed: 2)
    // Beyond 100 the law is nearly exponential of rate 100: mean 0.01, and so is the spread.
    let mean = drawn["tail"].mean - 100
    #expect((mean / 0.01 - 1).magnitude < 4.5 / 4000.0.squareRoot())
    #expect(drawn["part"].draws[0].allSatisfy { $0 >= -41 && $0 <= -40 })
    #expect((drawn["part"].mean + 40 + 1 / 40.0).magnitude < 4.5 / 40 / 4000.0.squareRoot())
    // And the start of an exponential law nearly uniform.
    let start = drawn["start"].mean / 1e-9 - 0.5
    #expect(start.magnitude < 4.5 / (12 * 4000.0).squareRoot())
  }

  @Test("cut from a law have the gradients of differences, by bounds and parameters")
  func gradients() {
    let function = { (all: [Tensor<Double>]) -> Tensor<Double> in
      let v = all.map { Value($0) }
      return Truncated(Normal(v[3], v[4]), from: v[1], to: v[2]).logDensity(of: v[0]).tensor
    }
    let x = Tensor<Double>([0.9, 1.2, 1.9], shape: [3, 1])
    for mean in [-3.0, 1, 6] {
      checkGradients(
        of: function,
        at: [x] + [[0.5, 0.6], [2.1, 2.2], [mean, mean + 0.1], [0.8, 1.1]].map { Tensor($0) })
    }
    // The edge of the support as a bound: log F(0) is -infinity.
    checkGradients(
      of: { all in
        Truncated(Exponential(Value(all[1])), from: 0, to: 3).logDensity(of: Value(all[0])).tensor
      }, at: [x, Tensor([0.5, 2])])
  }

  @Test("cut from a law have the part's support")
  func supports() throws {
    let model = Model { z in
      z.latent("a", Truncated(Normal(0, 1), from: 1, to: 2))
      z.latent("b", Truncated(Normal(0, 1), to: -1))
      z.latent("c", Truncated(Exponential(1), from: -3, to: 0.5))
      z.latent("d", Truncated(Uniform(-1, 3), from: 2, to: 9), .nonCentred)
      z.latent("e", Truncated(Cauchy(0, 1), from: 7))
    }
    let density = try model.density()
    #expect(density.dimension == 5)
    let drawn = try model.prior(draws: 500, seed: 3)
    let within: [(String, ClosedRange<Double>)] = [
      ("a", 1...2), ("b", -1e3...(-1)), ("c", 0...0.5), ("d", 2...3), ("e", 7...1e9),
    ]
    for (name, range) in within {
      #expect(drawn[name].draws[0].allSatisfy(range.contains), "\(name)")
    }
  }
}
