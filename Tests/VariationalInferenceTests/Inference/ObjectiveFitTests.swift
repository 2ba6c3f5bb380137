// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing
import VariationalInference

@Suite("Objectives of a fit")
struct ObjectiveFitTests {
  private func fit(_ objective: FitObjective, _ family: FitFamily = .fullRank) throws -> Fit {
    try KnownTarget.banana(0.5, 1).density.fit(
      FitOptions(walks: false, family: family, objective: objective))
  }

  private func difference(_ a: Fit.Estimate, _ b: Fit.Estimate) -> (Double, error: Double) {
    let squares = a.standardError * a.standardError + b.standardError * b.standardError
    return (a.mean - b.mean, squares.squareRoot())
  }

  @Test("the importance-weighted bound is tighter", arguments: [FitFamily.meanField, .fullRank])
  func tighter(_ family: FitFamily) throws {
    let elbo = try fit(.elbo, family)
    let ten = try fit(.importanceWeighted(10), family)
    let (gain, error) = difference(ten.objective, elbo.elbo)
    #expect(gain > 0.05 + 4 * error, "\(ten.objective) \(elbo.elbo)")
    #expect(ten.objective.mean < log(2 * .pi) + 4 * ten.objective.standardError)
    // q is wider than the ELBO's, whose own bound is lower for it.
    #expect(ten.elbo.mean < elbo.elbo.mean)
    let wide = ten.components[0].factor.scalars[0] / elbo.components[0].factor.scalars[0]
    #expect(wide > 1.1, "\(wide)")
    #expect(ten.notes.contains { $0.contains("steps of Adam") })
    if family == .meanField { #expect(ten.components[0].factor.scalars[2] == 0) }
  }

  @Test("one draw, and the order 1, are the ELBO")
  func limits() throws {
    let elbo = try fit(.elbo)
    for objective in [FitObjective.importanceWeighted(1), .renyi(alpha: 1), .renyi(alpha: 0.9999)] {
      let other = try fit(objective)
      let (gap, error) = difference(other.objective, elbo.elbo)
      #expect(gap.magnitude < 0.01 + 4 * error, "\(objective) \(other.objective) \(elbo.elbo)")
      #expect((other.elbo.mean - elbo.elbo.mean).magnitude < 0.01)
      #expect(
        relativeError(other.components[0].factor.scalars, elbo.components[0].factor.scalars) < 0.05)
    }
  }

  @Test("a Renyi bound falls with its order, and the order 0 is the importance-weighted bound")
  func orders() throws {
    let bounds = try [0.0, 0.5, 1, 2].map { try fit(.renyi(alpha: $0)).objective.mean }
    #expect(zip(bounds, bounds.dropFirst()).allSatisfy { $0 > $1 }, "\(bounds)")
    let (gap, error) = difference(
      try fit(.renyi(alpha: 0)).objective, try fit(.importanceWeighted(16)).objective)
    #expect(gap.magnitude < 0.01 + 4 * error)
  }

  @Test("the ELBO is the objective of a fit that asks for nothing else")
  func plain() throws {
    let fit = try fit(.elbo)
    #expect(fit.objective.mean == fit.elbo.mean)
  }
}
