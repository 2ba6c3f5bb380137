// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing
import VariationalInference

/// A law at given parameters and values, with digits that its log-density should have.
struct LawCase: CustomTestStringConvertible, Sendable {
  let name: String
  let parameters: [Value]
  let x: Value
  let digits: [Double]
  /// Relative to each number.
  var tolerance = 1e-13
  /// False where a parameter is at an end, or so far out that differences say nothing.
  var hasGradient = true
  let law: @Sendable ([Value]) -> any Law

  var testDescription: String { name }

  func checkDigits() {
    let law = law(parameters)
    let found = law.logDensity(of: x)
    #expect(found.fault == nil, "\(found.fault ?? "")")
    #expect(found.shape == Array(x.shape.dropLast(law.eventRank)))
    for (a, b) in zip(found.tensor.scalars, digits) where a != b {
      #expect((a - b).magnitude <= tolerance * b.magnitude, "\(a), not \(b)")
    }
    #expect(found.count == digits.count)
    let total = law.totalLogDensity(of: x).tensor.scalars[0]
    let sum = digits.reduce(0, +)
    #expect(total == sum || (total - sum).magnitude <= max(tolerance, 1e-12) * sum.magnitude)
  }

  /// By the value, where that has a gradient, and by every parameter, with two draws of each.
  func checkSlopes() {
    let isDiscrete = law(parameters).isDiscrete
    let points = parameters + (isDiscrete ? [] : [x])
    checkGradients(
      of: { tensors in
        let values = tensors.map { Value($0) }
        let x = isDiscrete ? self.x : values[values.count - 1]
        return self.law(Array(values.prefix(self.parameters.count))).logDensity(of: x).tensor
      },
      at: points.map { point in
        let rank = point.tensor.rank
        return .concatenated([point.tensor, point.tensor * 1.02], along: rank - 1)
      })
  }
}

/// Draws of a law, as data of the shape of `example`.
func draws(_ law: some Law, like example: Value, count: Int, seed: UInt64 = 3) throws -> DrawnValue
{
  let model = Model { z in z.observe("x", law, example) }
  return try model.prior(draws: count, seed: seed)["x"]
}

/// The frequency of each value in a sample, against exp of the log-density, within k = 4.5 standard
/// errors: a false alarm in 150,000 checks.
func checkFrequencies(_ law: some Law, values: [Double], count: Int = 40_000) throws {
  let sample = try draws(law, like: Value(values[0]), count: count).draws[0]
  for value in values {
    let p = law.logDensity(of: Value(value)).exp().tensor.scalars[0]
    let check = StatisticalCheck(
      "P(x = \(value))", observed: Double(sample.count { $0 == value }) / Double(count),
      expected: p,
      standardError: (p * (1 - p) / Double(count)).squareRoot())
    #expect(check.isWithin(4.5), "\(check)")
  }
}
