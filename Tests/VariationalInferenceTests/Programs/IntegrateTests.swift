// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing
import VariationalInference

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

@Suite("Integration of differential equations")
struct IntegrateTests {
  /// Lotka and Volterra's hares and lynxes.
  private func animals(_ theta: Value, steps: Int) -> Value {
    integrate([33, 6], times: [1, 5, 10, 20], stepsPerInterval: steps) { _, y in
      let (hares, lynxes) = (y[0], y[1])
      return .stack([
        hares * (theta[0] - theta[1] * lynxes), lynxes * (theta[3] * hares - theta[2]),
      ])
    }
  }

  /// scipy.integrate.solve_ivp, DOP853 with tolerances of 1e-13, SciPy 1.17.1.
  private let expected = [
    47.76350966717434, 7.338059469524693, 17.5797466310507, 37.33820927887578, 34.53515187965972,
    6.027088281624806, 36.1366874534422, 6.083781818702381,
  ]

  @Test("the solution, with an error of order 4")
  func order() {
    let theta: Value = [0.55, 0.028, 0.84, 0.026]
    let errors = [100, 200].map { steps in
      relativeError(animals(theta, steps: steps).tensor.scalars, expected)
    }
    #expect(errors[1] < 1e-6)
    #expect(animals(theta, steps: 1000).shape == [4, 2])
    #expect(relativeError(animals(theta, steps: 1000).tensor.scalars, expected) < 1e-9)
    #expect((errors[0] / errors[1] - 16).magnitude < 2, "\(errors)")
  }

  @Test("gradients are central differences")
  func gradients() {
    let theta = Tensor<Double>(
      [0.55, 0.5, 0.028, 0.03, 0.84, 0.8, 0.026, 0.025], shape: [4, 2])
    checkGradients(of: { self.animals(Value($0[0]), steps: 20).tensor * 0.01 }, at: [theta])
  }

  /// dy/dt = -a y + t from y(2) = 1: y = t / a - 1 / a^2 + c exp(-a (t - 2)).
  @Test("an equation that depends on the time, from another start, to the start itself")
  func time() {
    let (a, t0) = (0.7, 2.0)
    let square = 1 / (a * a)
    let c: Double = 1 - t0 / a + square
    func exact(_ t: Double) -> Double {
      let decay: Double = exp(-a * (t - t0))
      return t / a - square + c * decay
    }
    let found = integrate([1], from: t0, times: [2, 2.5, 4], stepsPerInterval: 50) { t, y in
      y * -a + t
    }
    #expect(relativeError(found.tensor.scalars, [1, exact(2.5), exact(4)]) < 1e-8)
  }

  @Test("mistakes are named")
  func faults() {
    #expect(integrate([1], times: [2, 1]) { $1 }.fault?.contains("ascend") == true)
    #expect(integrate(1, times: [2]) { $1 }.fault?.contains("not a vector") == true)
    #expect(integrate([1, 2], times: [2]) { $1[0] }.fault?.contains("shape []") == true)
  }
}
