// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing
import VariationalInference

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

@Suite("Supports")
struct SupportTests {
  private static let all: [Support] = [
    .real, .positive, .interval(lower: 0, upper: 1), .interval(lower: -3, upper: 2.5),
    .interval(lower: 1000, upper: 1000.5),
  ]
  private let u = Tensor<Double>([-25, -4, -1, -1e-3, 0, 0.3, 2, 5], shape: [2, 4])

  private func lies(_ x: Double, in support: Support) -> Bool {
    switch support {
    case .real: x.isFinite
    case .positive: x > 0 && x.isFinite
    case .interval(let lower, let upper): x > lower && x < upper
    }
  }

  /// The distance from a bound that is not 0 has lost as many digits as exp(-|u|) is small: up to
  /// |u| = 5, two of sixteen there, and three more where the bound is 1000.
  @Test("unconstrained numbers come back, and lie where they should", arguments: all)
  func inverse(_ support: Support) {
    let (value, _) = support.constrain(u)
    #expect(value.shape == u.shape)
    #expect(value.scalars.allSatisfy { lies($0, in: support) })
    let back = support.unconstrain(value).scalars
    let isFromZero = [.real, .positive, .interval(lower: 0, upper: 1)].contains(support)
    let kept = u.scalars.indices.filter { isFromZero || u.scalars[$0].magnitude <= 5 }
    let bound = support == .interval(lower: 1000, upper: 1000.5) ? 1e-9 : 1e-12
    #expect(relativeError(kept.map { back[$0] }, kept.map { u.scalars[$0] }, scale: 1) < bound)
  }

  /// T' is at least 1e-2 here. Central differences err by about 2e-11, so 2e-9 of that; those of
  /// numbers around 1000 by a rounding of 1e-13 over h, so 1e-6 of it.
  @Test("log T' is the logarithm of the slope, by central differences", arguments: all)
  func slope(_ support: Support) {
    let inner = Tensor<Double>([-4, -1, -1e-3, 0, 0.3, 2])
    let h = 1e-5
    let (up, down) = (support.constrain(inner + h).value, support.constrain(inner - h).value)
    let expected = ((up - down) / (2 * h)).scalars.map { log($0) }
    let found = support.constrain(inner).logDerivative?.scalars ?? inner.scalars.map { _ in 0 }
    let bound = support == .interval(lower: 1000, upper: 1000.5) ? 1e-5 : 1e-7
    #expect(relativeError(found, expected, scale: 1) < bound)
    #expect((support.constrain(inner).logDerivative == nil) == (support == .real))
  }

  @Test("gradients of value and log T' are central differences", arguments: all)
  func gradients(_ support: Support) {
    let inner = Tensor<Double>([-4, -1, -1e-3, 0, 0.3, 2])
    checkGradients(of: { support.constrain($0[0]).value }, at: [inner])
    guard support != .real else { return }
    checkGradients(of: { support.constrain($0[0]).logDerivative ?? $0[0] }, at: [inner])
  }

  /// sigmoid'(u) = exp(-u) to 1e-17 there, where sigmoid(u) itself is 1 and its slope by the
  /// formula s (1 - s) would be 0.
  @Test("log T' of an interval keeps its digits far out")
  func farOut() throws {
    let far = Tensor<Double>([-700, -40, 40, 700])
    let (_, slope) = Support.interval(lower: 2, upper: 5).constrain(far)
    let expected = far.scalars.map { log(3.0) - $0.magnitude }
    #expect(relativeError(try #require(slope).scalars, expected) < 1e-15)
  }

  @Test("what lies outside has no coordinate")
  func outside() {
    let outside = Support.interval(lower: 0, upper: 1).unconstrain(Tensor<Double>([-0.5, 1.5]))
    #expect(outside.scalars.allSatisfy { $0.isNaN })
    #expect(Support.positive.unconstrain(Tensor<Double>([-1])).scalar.isNaN)
  }

  @Test("an interval without length is refused")
  func refusal() async {
    await #expect(processExitsWith: .failure) {
      _ = Support.interval(lower: 1, upper: 1).constrain(Tensor<Double>([0]))
    }
    await #expect(processExitsWith: .failure) {
      _ = Support.interval(lower: 0, upper: .infinity).constrain(Tensor<Double>([0]))
    }
  }
}
