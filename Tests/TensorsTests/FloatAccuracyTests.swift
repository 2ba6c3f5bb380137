// SPDX-License-Identifier: Apache-2.0

import Foundation
import Tensors
import TestSupport
import Testing

/// How many units in the last place a float kernel may be off over a range.
struct AccuracyBound: Sendable, CustomTestStringConvertible {
  let name: String
  let range: ClosedRange<Float>
  let ulps: Double
  let float: @Sendable (Tensor<Float>) -> Tensor<Float>
  let double: @Sendable (Tensor<Double>) -> Tensor<Double>

  var testDescription: String { "\(name) on \(range)" }

  // Each kernel is a minimax polynomial, right to below half an ulp, in an expression of a few
  // roundings of half an ulp each. Where a result is a difference whose first term is up to twice
  // the result (expMinusOne near -0.35, logOnePlus near -0.3), that term's rounding doubles. The
  // bounds are the sum of these roundings; what is seen on AVX-512 stands beside each.
  static let all: [AccuracyBound] = [
    .init(name: "exp", range: -87.3...88.7, ulps: 2, float: { $0.exp() }, double: { $0.exp() }),
    // Subnormal results have one rounding more, and are counted in units of the least number.
    .init(name: "exp", range: -110...(-87.3), ulps: 2, float: { $0.exp() }, double: { $0.exp() }),
    .init(
      name: "log", range: 1e-45...(.greatestFiniteMagnitude), ulps: 2, float: { $0.log() },
      double: { $0.log() }),
    .init(name: "log", range: 0.5...2, ulps: 2, float: { $0.log() }, double: { $0.log() }),
    .init(
      name: "logOnePlus", range: -0.99999...3e38, ulps: 3, float: { $0.logOnePlus() },
      double: { $0.logOnePlus() }),
    .init(
      name: "logOnePlus", range: -0.5...1, ulps: 3, float: { $0.logOnePlus() },
      double: { $0.logOnePlus() }),
    .init(
      name: "expMinusOne", range: -30...88.7, ulps: 3, float: { $0.expMinusOne() },
      double: { $0.expMinusOne() }),
    .init(
      name: "expMinusOne", range: -1...1, ulps: 3, float: { $0.expMinusOne() },
      double: { $0.expMinusOne() }),
    .init(name: "tanh", range: -12...12, ulps: 4, float: { $0.tanh() }, double: { $0.tanh() }),
    .init(name: "tanh", range: -1...1, ulps: 4, float: { $0.tanh() }, double: { $0.tanh() }),
    .init(
      name: "sigmoid", range: -87...120, ulps: 3, float: { $0.sigmoid() },
      double: { $0.sigmoid() }),
    .init(
      name: "softplus", range: -87...120, ulps: 3, float: { $0.softplus() },
      double: { $0.softplus() }),
    .init(
      name: "squareRoot", range: 0...(.greatestFiniteMagnitude), ulps: 0.5,
      float: { $0.squareRoot() }, double: { $0.squareRoot() }),
    .init(name: "sin", range: -20...20, ulps: 1, float: { $0.sin() }, double: { $0.sin() }),
    .init(name: "cos", range: -20...20, ulps: 1, float: { $0.cos() }, double: { $0.cos() }),
  ]

  /// Evenly spaced numbers of the range, and as many with evenly spaced exponents of either sign.
  var arguments: [Float] {
    let count = 100_000
    let (low, high) = (Double(range.lowerBound), Double(range.upperBound))
    let even = (0...count).map { Float(low + (high - low) * (Double($0) / Double(count))) }
    let largest = max(low.magnitude, high.magnitude)
    let scales = (0..<count).map { 0x1p-149 * pow2(log2(largest / 0x1p-149) * Double($0) / Double(count)) }
    let spread = scales.flatMap { [Float($0), Float(-$0)] }
    return (even + spread).filter(range.contains)
  }
}

@Suite("Float kernels against double kernels")
struct FloatAccuracyTests {
  @Test("error in units in the last place", arguments: AccuracyBound.all)
  func accuracy(_ bound: AccuracyBound) throws {
    let x = Tensor(bound.arguments)
    let results = bound.float(x).scalars
    let expected = bound.double(x.converted(to: Double.self)).scalars
    let errors = zip(results, expected).map { ulps($0, from: $1) }
    let worst = try #require(errors.indices.max { errors[$0] < errors[$1] })
    #expect(
      errors[worst] <= bound.ulps,
      "\(errors[worst]) ulps at \(x.scalars[worst]): \(results[worst]), not \(expected[worst])")
  }
}
