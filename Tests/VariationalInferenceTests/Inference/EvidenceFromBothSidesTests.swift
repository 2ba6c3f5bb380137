// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing
import VariationalInference

@Suite("Evidence from both sides")
struct BidirectionalEvidenceTests {
  @Test("conjugate models: log p(x) of simulated data between", arguments: ConjugateModel.all)
  func conjugate(_ known: ConjugateModel) throws {
    let report = try known.model.fit().evidence(simulations: 4)
    let both = try #require(report.bidirectional)
    #expect(both.simulations.count == 4 && both.failures.isEmpty, "\(report)")
    for simulation in both.simulations {
      let data = try #require(simulation.data[known.statement])
      let exact = known.logEvidence(data.numbers)
      #expect(simulation.lower.isNear(exact), "\(exact)\n\(report)")
      // Chains from one draw depend on each other: 6 of their errors, and 0.02 nats at most.
      #expect(simulation.upper.isNear(exact, 6), "\(exact)\n\(report)")
      #expect(simulation.width.magnitude < 0.02)
      #expect(simulation.elbo.isBelow(exact))
    }
    #expect(Set(both.simulations.map(\.lower.mean)).count > 1)
    #expect(both.data.estimate.isNear(known.logEvidence(known.data)))
    #expect(report.contradictions.isEmpty)
    #expect(report.description.contains("On data that the model itself draws"))
  }

  @Test("few steps: weights of either way have their exact mean, over many data sets")
  func unbiased() throws {
    let model = Model { z in
      let rates = z.latent("rates", Gamma(2, 1), count: 20)
      z.observe("k", Poisson(rates), [Double](repeating: 2, count: 20))
    }
    let both = try model.fit(FitOptions(walks: false))
      .bidirectionalEvidence(simulations: 60, AnnealingOptions(chains: 16, steps: 2))
    #expect(both.simulations.count == 60)
    let ratios = try both.simulations.map { simulation in
      // Negative binomial counts: k + 1 over 2^(k + 2).
      let counts = try #require(simulation.data["k"]).numbers
      let exact = counts.reduce(0) { $0 + log($1 + 1) - ($1 + 2) * log(2) }
      return (exp(simulation.lower.mean - exact), exp(exact - simulation.upper.mean))
    }
    for ratios in [ratios.map(\.0), ratios.map(\.1)] {
      let mean = ratios.reduce(0, +) / 60
      let error = (ratios.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 60 / 59).squareRoot()
      #expect((mean - 1).magnitude < standardErrors * error, "\(mean) +- \(error)")
      #expect(error > 0.01 && error < 0.15)
    }
  }

  @Test("no draws, no upper bound: flat priors and free terms are refused")
  func refused() throws {
    let flat = Model { z in
      let mu = z.latent("mu", Flat())
      z.observe("y", Normal(mu, 1), [0.3, 1.2])
    }
    let posterior = try flat.fit()
    #expect {
      try posterior.bidirectionalEvidence()
    } throws: {
      ($0 as? ModelError)?.statement == "latent \"mu\""
    }
    #expect(posterior.evidence().isUpToAConstant)
    #expect(posterior.evidence().description.contains("up to a constant"))
    let free = Model { z in
      let mu = z.latent("mu", Normal(0, 1))
      z.add(-mu.squared())
      z.observe("y", Normal(mu, 1), [0.3, 1.2])
    }
    let other = try free.fit()
    #expect {
      try other.bidirectionalEvidence()
    } throws: {
      ($0 as? ModelError)?.problem.contains("a term that is no law") ?? false
    }
  }
}
