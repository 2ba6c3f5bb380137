// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing
import VariationalInference

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

@Suite("Ordered vectors")
struct OrderedTests {
  private func number(_ value: Value) -> Double { value.tensor.scalars[0] }

  @Test("independent numbers of one law in order: the product of their densities times n!")
  func alike() {
    let law = Normal(0.5, 2)
    let x: Value = [-1, 0.2, 3]
    let product = number(law.logDensity(of: x).sum())
    let found = number(Ordered(law, count: 3).logDensity(of: x))
    #expect((found - (product + log(6.0))).magnitude < 1e-13)
    // A law that is the same everywhere, and several vectors.
    let several = Ordered(law, count: 3).logDensity(of: Value([[-1, 0.2, 3], [-1, 0.2, 3]]))
    #expect(several.shape == [2])
    #expect(relativeError(several.tensor.scalars, [found, found]) < 1e-14)
  }

  @Test("with a law for each element: the product as it stands")
  func different() {
    let law = Normal([-1, 1], 2)
    let x: Value = [-0.5, 0.2]
    let product = number(law.logDensity(of: x).sum())
    #expect((number(Ordered(law).logDensity(of: x)) - product).magnitude < 1e-14)
  }

  /// The mean of the smaller of two independent normal numbers is -sd / sqrt(pi). k = 4 standard
  /// errors, 20,000 draws.
  @Test("draws ascend, and have the moments of order statistics")
  func drawn() throws {
    let drawn = try draws(Ordered(Normal(0, 2), count: 2), like: [0, 1], count: 20_000).draws
    #expect(zip(drawn[0], drawn[1]).allSatisfy { $0 < $1 })
    let check = meanCheck("smaller", of: drawn[0], expected: -2 / Double.pi.squareRoot())
    #expect(check.isWithin(4), "\(check)")
    // N(0, 1) and N(1, 1) given that they ascend: with d = x[1] - x[0], N(1, 2) above 0, and the
    // sum, independent of it, N(1, 2). E d = 1 + sqrt(2) phi(a) / Phi(a), a = 1 / sqrt(2);
    // scipy.stats.norm.
    let restricted = try draws(Ordered(Normal([0, 1], 1)), like: [0, 1], count: 20_000).draws
    #expect(zip(restricted[0], restricted[1]).allSatisfy { $0 < $1 })
    let gap = zip(restricted[0], restricted[1]).map { $1 - $0 }
    let gapCheck = meanCheck("gap", of: gap, expected: 1.5779563627452626)
    #expect(gapCheck.isWithin(4), "\(gapCheck)")
  }

  /// log of the integral of the joint density over the plane, on a grid of the unconstrained
  /// coordinates: 1 with log n!. The rule is exact to rounding for functions as smooth as this one.
  @Test("as a latent variable it is normalised")
  func normalised() throws {
    let density = try Model { z in z.latent("mu", Ordered(Normal(0, 2), count: 2)) }.density()
    let h = 0.1
    var points: [Double] = []
    for i in -150...150 { for j in -300...60 { points += [Double(i) * h, Double(j) * h] } }
    let values = density.logDensities(at: Tensor(points, shape: [points.count / 2, 2])).scalars
    let total = values.reduce(0.0) { $0 + exp($1) } * h * h
    #expect((total - 1).magnitude < 1e-6)
  }

  @Test("only laws of real or positive numbers, which ascend")
  func refused() {
    let error = #expect(throws: ModelError.self) {
      _ = try Model { z in z.observe("x", Ordered(Normal(0, 1), count: 2), [1, 0]) }.density()
    }
    #expect(error?.problem == "vector 0 does not ascend")
    #expect(Ordered(Poisson(2), count: 2).logDensity(of: [0, 1]).fault != nil)
  }
}
