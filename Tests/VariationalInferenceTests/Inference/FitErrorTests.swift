// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing
import VariationalInference

@Suite("Densities that cannot be fitted")
struct FitErrorTests {
  private func message(_ density: HandWrittenDensity) -> String {
    do {
      return "no error: \(try density.fit().verdict)"
    } catch {
      return "\(error)"
    }
  }

  private func density(
    _ n: Int = 3, _ function: @escaping @Sendable ([Double], inout [Double]) -> Double
  ) throws -> HandWrittenDensity {
    try KnownTarget.rows(n, names: Array(["a", "b", "c"].prefix(n)), function)
  }

  @Test("nothing to fit")
  func empty() throws {
    let nothing = try HandWrittenDensity(dimension: 0) { ($0.sum(along: -1), $0) }
    #expect(throws: FitError.noCoordinates) { try nothing.fit() }
  }

  @Test(
    "no start has a finite density: what was found there",
    arguments: [
      (Double.nan, "log p is not a number"), (.infinity, "log p is +infinity"),
      (-.infinity, "log p is -infinity"),
    ])
  func noDensity(_ value: Double, _ text: String) throws {
    let found = message(try density { _, _ in value })
    #expect(found.contains("none of 164 starts") && found.contains(text), "\(found)")
  }

  @Test("no start has a finite gradient: the coordinates that are not")
  func noGradient() throws {
    let found = message(
      try density { x, gradient in
        gradient = [-x[0], .nan, 0]
        return -x[0] * x[0]
      })
    #expect(found.contains("its derivative by `b` is not finite"), "\(found)")
  }

  @Test("a posterior that does not integrate along a coordinate")
  func improper() throws {
    let flat = try density { x, gradient in
      gradient = [-x[0], -x[1], 0]
      return -(x[0] * x[0] + x[1] * x[1]) / 2
    }
    let rising = try density { x, gradient in
      gradient = [-x[0], -x[1], 1]
      return -(x[0] * x[0] + x[1] * x[1]) / 2 + x[2]
    }
    let oneSided = try density { x, gradient in
      gradient = [-x[0], -x[1], -exp(x[2])]
      return -(x[0] * x[0] + x[1] * x[1]) / 2 - exp(x[2])
    }
    for (density, text) in [
      (flat, "does not fall along `c`"), (rising, "keeps rising along `c`"),
      (oneSided, "does not fall along `c`"),
    ] {
      let found = message(density)
      #expect(found.contains(text) && found.contains("proper prior"), "\(found)")
    }
  }

  /// Each coordinate is bounded while the other stays where it is.
  @Test("a posterior that does not integrate along a diagonal is not to be used")
  func ridge() throws {
    let ridge = try density(2) { x, gradient in
      let sum = x[0] + x[1] - 1
      gradient = [-sum, -sum]
      return -sum * sum / 2
    }
    let fit = try ridge.fit()
    #expect(fit.verdict == .doNotUse)
    #expect(fit.advice.contains { $0.contains("give it a prior") }, "\(fit.advice)")
  }

  /// Heavy tails, wide scales and distant modes are proper.
  @Test("a posterior that integrates is not called improper")
  func proper() throws {
    let cauchy = try density(1) { x, gradient in
      gradient = [-2 * x[0] / (1 + x[0] * x[0])]
      return -log(1 + x[0] * x[0])
    }
    #expect(throws: Never.self) { try cauchy.fit() }
    let scales = [1e-6, 1, 1e9]
    let wide = try KnownTarget.normal(scales, scales)
    let fit = try wide.fit()
    #expect(fit.verdict == .use, "\(fit.reasons)")
    #expect(throws: Never.self) { try KnownTarget.normal([1e6, 1e6], [1e-3, 1e-3]).fit() }
  }

  @Test(
    "options that do not fit the density",
    arguments: [
      (FitOptions(draws: 99), "99 draws"),
      (FitOptions(starts: [[0, 0, 0], [1]]), "start 1 has 1"),
      (FitOptions(family: .lowRank(3)), "rank of 3 for 3"),
      (FitOptions(family: .lowRank(-1)), "rank of -1"),
      (FitOptions(family: .flow(layers: 0)), "flow:0"),
      (FitOptions(family: .mixture(components: 0)), "mixture:0"),
      (FitOptions(objective: .renyi(alpha: 0.5)), "not maximised within automatic"),
      (FitOptions(family: .meanField, objective: .importanceWeighted(0)), "importanceWeighted(0)"),
      (FitOptions(family: .fullRank, objective: .renyi(alpha: .nan)), "alpha >= 0"),
    ])
  func options(_ options: FitOptions, _ text: String) throws {
    let normal = try density { x, gradient in
      gradient = x.map { -$0 }
      return -x.reduce(0) { $0 + $1 * $1 } / 2
    }
    let found = #expect(throws: FitError.self) { try normal.fit(options) }
    #expect(found.map { "\($0)" }?.contains(text) == true, "\(found as Any)")
  }
}
