// SPDX-License-Identifier: Apache-2.0

import Tensors
import TestSupport
import Testing

/// What a step of Adam reads and writes.
private enum AdamBuffer: CaseIterable { case gradient, parameter, first, second }

@Suite("One step of Adam over a range")
struct AdamKernelTests {
  /// Whether all that a step writes is finite, as it says and as can be seen, where one number of one
  /// buffer has been replaced.
  private func step<Scalar: TensorScalar>(
    _ count: Int, _ replaced: AdamBuffer? = nil, at place: Int = 0, by value: Scalar = 0,
    rate: Scalar = 0.01
  ) -> (said: Bool, seen: Bool) {
    let buffers = AdamBuffer.allCases.enumerated().map { seed, buffer -> FlatBuffer<Scalar> in
      let drawn = Tensor<Scalar>.pseudoRandom([count], .uniform(0...1), seed: UInt64(seed))
      var scalars = drawn.scalars
      if buffer == replaced { scalars[place] = value }
      return FlatBuffer([Tensor(scalars)])
    }
    let said = FlatBuffer.adam(
      buffers[0].slab(0..<count), parameter: buffers[1], first: buffers[2], second: buffers[3],
      AdamCoefficients(
        rate: rate, weight1: 0.1, weight2: 0.001, epsilon: 1e-8, correction1: 0.1,
        correction2: 0.001))
    return (said, buffers[1...].flatMap(\.tensors).allSatisfy { $0.firstNonFinite == nil })
  }

  private func check<Scalar: TensorScalar>(
    _ buffer: AdamBuffer, _ value: Scalar, rate: Scalar = 0.01
  ) {
    for count in [1, 5, 16, 37] {
      for place in 0..<count {
        let step = step(count, buffer, at: place, by: value, rate: rate)
        #expect(!step.said && !step.seen, "\(value) at \(place) of \(count) in \(buffer)")
      }
    }
  }

  private func check<Scalar: TensorScalar>(_ type: Scalar.Type) {
    for count in [0, 1, 16, 37, 4099] {
      #expect(step(count, rate: 0.01 as Scalar) == (true, true), "\(count) numbers")
    }
    for value in [Scalar.infinity, -.infinity, .nan] {
      for buffer in [AdamBuffer.gradient, .parameter, .first] { check(buffer, value) }
      check(.gradient, value, rate: 0)
    }
    for value in [Scalar.infinity, .nan, -1] { check(.second, value) }
    // Its square overflows: the second moment alone is infinite, and the parameter does not move.
    check(.gradient, Scalar.greatestFiniteMagnitude.squareRoot() * 64)
  }

  @Test("says whether what it wrote is finite")
  func finite() {
    check(Float.self)
    check(Double.self)
  }
}
