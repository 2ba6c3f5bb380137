// SPDX-License-Identifier: Apache-2.0

import Foundation
import Tensors
import TestSupport
import Testing

/// How many units in the last place a float kernel may be off over a range.
struct AccuracyBound: Sendable, CustomTestStringConvertible {
  let function: ElementaryFunction
  let range: ClosedRange<Float>
  let ulps: Double

  var testDescription: String { "\(function) on \(range)" }

  // Each kernel is a polynomial that is right to less than half an ulp, in an expression that rounds
  // by half an ulp once or twice at the size of the result: 2 ulps. expMinusOne near -0.35 and 0.35
  // is a difference whose first term is up to twice the result, still 2 ulps. sigmoid passes the
  // ulp of an exponential through 1 + e and a quotient: 3 ulps; tanh passes expMinusOne's on: 4.
  static let all: [AccuracyBound] = [
    .init(function: .exp, range: -87.3...88.7, ulps: 2),
    .init(function: .exp, range: -110...(-87.3), ulps: 2),
    .init(function: .log, range: .leastNonzeroMagnitude...(.greatestFiniteMagnitude), ulps: 2),
    .init(function: .log, range: 0.5...2, ulps: 2),
    .init(function: .logOnePlus, range: -0.99999...3e38, ulps: 2),
    .init(function: .logOnePlus, range: -0.5...1, ulps: 2),
    .init(function: .expMinusOne, range: -30...88.7, ulps: 2),
    .init(function: .expMinusOne, range: -1...1, ulps: 2),
    .init(function: .tanh, range: -12...12, ulps: 4),
    .init(function: .tanh, range: -1...1, ulps: 4),
    .init(function: .sigmoid, range: -87...120, ulps: 3),
    .init(function: .softplus, range: -87...120, ulps: 2),
    .init(function: .squareRoot, range: 0...(.greatestFiniteMagnitude), ulps: 0.5),
    .init(function: .sin, range: -20...20, ulps: 1),
    .init(function: .cos, range: -20...20, ulps: 1),
  ]

  /// Evenly spaced numbers of the range, and as many with evenly spaced exponents of either sign.
  var arguments: [Float] {
    let count = 100_000
    let (low, high) = (Double(range.lowerBound), Double(range.upperBound))
    let even = (0...count).map { Float(low + (high - low) * (Double($0) / Double(count))) }
    let octaves = log2(max(low.magnitude, high.magnitude) / 0x1p-149)
    let scales = (0..<count).map { 0x1p-149 * exp2(octaves * Double($0) / Double(count)) }
    let spread = scales.flatMap { [Float($0), Float(-$0)] }
    return (even + spread).filter(range.contains)
  }
}

@Suite("Float kernels against double kernels")
struct FloatAccuracyTests {
  @Test("error in units in the last place", arguments: AccuracyBound.all)
  func accuracy(_ bound: AccuracyBound) throws {
    let x = Tensor(bound.arguments)
    let results = bound.function(x).scalars
    let expected = bound.function(x.converted(to: Double.self)).scalars
    let errors = pairs(results, expected).map { ulps($0, from: $1) }
    let worst = try #require(errors.indices.max { errors[$0] < errors[$1] })
    #expect(
      errors[worst] <= bound.ulps,
      "\(errors[worst]) ulps at \(x.scalars[worst]): \(results[worst]), not \(expected[worst])")
  }
}
