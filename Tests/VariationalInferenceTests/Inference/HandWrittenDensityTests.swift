// SPDX-License-Identifier: Apache-2.0

import Testing
import VariationalInference

@Suite("Hand-written densities")
struct HandWrittenDensityTests {
  @Test("names are given, or numbered from 1")
  func names() throws {
    let plain = try KnownTarget.normal([0, 0], [1, 1])
    #expect(plain.coordinateNames == ["x[1]", "x[2]"] && plain.quantityNames == ["x[1]", "x[2]"])
    #expect(plain.priorDraws(3, seed: 0) == nil)
  }

  @Test("a wrong gradient is an error that names its coordinate")
  func wrongGradient() throws {
    let names = ["alpha", "beta", "gamma"]
    let error = #expect(throws: FitError.self) {
      try KnownTarget.rows(3, names: names) { x, gradient in
        gradient = [-x[0], -1.01 * x[1], -x[2]]
        return -(x[0] * x[0] + x[1] * x[1] + x[2] * x[2]) / 2
      }
    }
    guard case .wrongGradient(let coordinate, _, _) = error else {
      Issue.record("\(error.map { "\($0)" } ?? "no error")")
      return
    }
    #expect(coordinate == "beta")
  }

  /// Values of 1e12 leave four digits to a difference; a density that is not finite leaves none.
  @Test("a right gradient passes, whatever the scale of log p")
  func rightGradient() throws {
    for offset in [0, 1e6, 1e12, -1e12] {
      #expect(throws: Never.self) {
        try KnownTarget.rows(2) { x, gradient in
          gradient = [-x[0] * 1e6, -x[1]]
          return offset - x[0] * x[0] * 5e5 - x[1] * x[1] / 2
        }
      }
    }
    #expect(throws: Never.self) { try KnownTarget.rows(2) { _, _ in .nan } }
  }
}
