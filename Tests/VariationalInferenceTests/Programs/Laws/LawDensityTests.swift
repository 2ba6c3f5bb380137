// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing
import VariationalInference

@Suite("Densities of laws of numbers")
struct LawDensityTests {
  @Test("are known digits, in the middle and far out", arguments: LawDigits.densities)
  func digits(_ row: LawDigits.DensityRow) {
    let law = NamedLaws.law(row.law, row.parameters)
    let density = law.logDensity(of: Value(row.points))
    #expect(density.fault == nil)
    let numbers =
      density.numbers.count == 1
      ? row.points.map { _ in density.numbers[0] } : density.numbers
    // A sum whose parts cancel is as exact as its parts: hence 1 where the result is smaller.
    expectEqual(numbers, row.logDensities, within: 1e-12, absolute: true, row.law)
  }

  @Test(
    "have the gradients of central differences, by x and all parameters", arguments: NamedLaws.rows)
  func gradients(_ row: LawDigits.QuantileRow) {
    let density = { (all: [Tensor<Double>]) in
      let values = all.map { Value($0) }
      return NamedLaws.law(row.law, Array(values.dropFirst())).logDensity(of: values[0]).tensor
    }
    // Off the median, where the Laplace density has a kink.
    let points = [3, 4, 5].map { row.quantiles[$0] + 0.07 }
    // Data of three elements, parameters that differ in four draws.
    let steps = [0.0, 1, 2, 3]
    let draws = row.parameters.map { p in
      Tensor<Double>(steps.map { (step: Double) -> Double in p + (0.02 * p + 0.01) * step })
    }
    checkGradients(of: density, at: [Tensor(points, shape: [3, 1])] + draws)
    // Three elements in four draws; the first parameter for each element, the others for all.
    let moved = points.flatMap { (x: Double) -> [Double] in steps.map { x + 0.003 * $0 } }
    let all = Tensor<Double>(moved, shape: [3, 4])
    let elements = row.parameters.enumerated().map { (place: Int, p: Double) -> Tensor<Double> in
      place == 0 ? Tensor([p, p * 1.01, p * 1.02], shape: [3, 1]) : Tensor([p])
    }
    checkGradients(of: density, at: [all] + elements)
  }

  @Test("of the beta law by mean and precision are those of a = mean precision")
  func betaByMean() {
    let x = Value([0.1, 0.7])
    expectEqual(
      Beta(mean: 0.25, precision: 8).logDensity(of: x).numbers,
      Beta(2, 6).logDensity(of: x).numbers,
      within: 1e-15, "beta")
  }

  /// Laws at the edges of their supports and outside.
  static let edges: [(String, [Double], Double, Double)] = [
    ("gamma", [1, 2], 0, log(2)), ("gamma", [2, 2], 0, -.infinity),
    ("gamma", [0.5, 2], 0, .infinity),
    ("gamma", [1, 2], -1, -.infinity), ("gamma", [0.5, 2], -1, -.infinity),
    ("gamma", [3, 2], .infinity, -.infinity), ("chiSquared", [2], 0, log(0.5)),
    ("inverseGamma", [1, 2], 0, -.infinity), ("inverseGamma", [1, 2], -1, -.infinity),
    ("weibull", [1, 2], 0, -log(2)), ("weibull", [2, 2], 0, -.infinity),
    ("weibull", [2, 2], -1, -.infinity), ("beta", [1, 3], 0, log(3)), ("beta", [3, 1], 1, log(3)),
    ("beta", [3, 1], 0, -.infinity), ("beta", [0.5, 1], 0, .infinity),
    ("beta", [2, 3], 1.5, -.infinity), ("beta", [2, 3], -0.5, -.infinity),
    ("logNormal", [0, 1], 0, -.infinity), ("logNormal", [0, 1], -1, -.infinity),
    ("exponential", [2], -1e-9, -.infinity), ("pareto", [1.5, 2], 1.4, -.infinity),
    ("uniform", [-1, 3], 3.1, -.infinity), ("uniform", [-1, 3], -1.1, -.infinity),
    ("vonMises", [0, 1], 3.2, -.infinity), ("halfNormal", [1], -1, -.infinity),
    ("halfCauchy", [1], -1, -.infinity), ("halfStudentT", [3, 1], -1, -.infinity),
  ]

  @Test("are limits at edges and 0 outside, without a gradient there", arguments: edges)
  func edge(_ name: String, _ parameters: [Double], _ x: Double, _ known: Double) {
    // Beside a number inside, whose gradient alone counts.
    let inside = name == "pareto" ? 2.0 : 0.25
    let function = { (points: [Double], p: [Tensor<Double>]) in
      NamedLaws.law(name, p.map { Value($0) }).logDensity(of: Value(points)).tensor
    }
    let p = parameters.map { Tensor([$0]) }
    let density = function([inside, x], p).scalars
    #expect(density[0].isFinite)
    expectEqual([density[1]], [known], within: 1e-15, name)
    if known.isFinite { return }
    let slopes = [[inside, x], [inside]].map { points in
      let tape = Tape<Double>()
      let variables = p.map(tape.variable)
      // Uniform and others may have one density for all.
      let density = function(points, variables).repeated(to: [points.count, 1])
      return tape.gradients(of: density.slice(0..<1).sum(), at: variables).map(\.scalar)
    }
    expectEqual(slopes[0], slopes[1], within: 1e-14, "\(name)'s gradient")
    #expect(slopes[0].allSatisfy { $0.isFinite })
  }

  @Test("of what is not a number are not numbers")
  func notANumber() {
    for row in NamedLaws.rows where row.law != "uniform" {
      let density = NamedLaws.law(row.law, row.parameters).logDensity(of: Value(.nan))
      #expect(density.numbers[0].isNaN, "\(row.law)")
    }
  }

  /// Numbers that no parameters explain, and such that some do.
  static let data: [(String, [Double], wrong: [Double], right: [Double])] = [
    ("gamma", [2, 1], [-1], [0, 3]), ("chiSquared", [3], [-1], [0, 3]),
    ("inverseGamma", [2, 1], [-1, 0], [3]), ("logNormal", [2, 1], [-1, 0], [3]),
    ("weibull", [2, 1], [-1], [0, 3]), ("exponential", [2], [-1], [0, 3]),
    ("beta", [2, 1], [-0.1, 1.1], [0, 0.5, 1]), ("vonMises", [2, 1], [-4, 3.2], [-3, 3]),
    ("halfNormal", [2], [-1], [0, 3]), ("halfCauchy", [2], [-1], [0, 3]),
    ("halfStudentT", [2, 1], [-1], [0, 3]), ("normal", [0, 1], [], [-9, 0, 9]),
  ]

  @Test("refuse data that no parameters explain", arguments: data)
  func faults(_ name: String, _ p: [Double], _ wrong: [Double], _ right: [Double]) {
    let law = NamedLaws.law(name, p)
    #expect(law.fault(inData: Value(right)) == nil)
    for number in wrong {
      let fault = law.fault(inData: Value(right + [number]))
      #expect(fault?.hasPrefix("element \(right.count) is \(number); a value of ") == true)
    }
  }
}
