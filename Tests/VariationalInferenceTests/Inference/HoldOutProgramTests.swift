// SPDX-License-Identifier: Apache-2.0

import Testing
import VariationalInference

/// A program with parameters whose moments are known by quadrature on a grid over all coordinates
/// (NumPy 2.4.6; effects of groups integrated out by Gauss-Hermite rules of 120 nodes).
private struct KnownProgram: CustomTestStringConvertible, Sendable {
  let testDescription: String
  let moments: [String: (mean: Double, deviation: Double)]
  let model: Model
}

private let reaction: Value = [-2, -1.5, -0.5, 0.3, 1, 2]

private let programs: [KnownProgram] = [
  KnownProgram(
    testDescription: "logistic regression of separated data",
    moments: ["a": (1.05179, 3.46324), "b": (12.3505, 6.3176)],
    model: Model { z in
      let a = z.latent("a", Normal(0, 10))
      let b = z.latent("b", Normal(0, 10))
      z.observe("y", Bernoulli(logits: a + b * reaction), [0, 0, 0, 1, 1, 1])
    }),
  KnownProgram(
    testDescription: "Poisson counts of six groups",
    moments: ["mu": (0.75857, 0.648342), "tau": (1.22236, 0.660768)],
    model: Model { z in
      let mu = z.latent("mu", Normal(0, 3))
      let tau = z.latent("tau", HalfNormal(2))
      let theta = z.latent("theta", Normal(mu, tau), count: 6, .nonCentred)
      z.observe("y", Poisson(logRate: theta), [2, 0, 5, 1, 9, 3])
    }),
  KnownProgram(
    testDescription: "negative binomial counts",
    moments: ["rate": (0.884929, 0.443097), "phi": (2.41569, 3.02213)],
    model: Model { z in
      let rate = z.latent("rate", Normal(0, 3))
      let phi = z.latent("phi", HalfNormal(10))
      z.observe("y", NegativeBinomial(logMean: rate, phi), [0, 2, 9, 1, 0, 4, 3, 0])
    }),
  // Normals cut off at the bounds: mean and deviation of scipy.stats.truncnorm, SciPy 1.17.1.
  KnownProgram(
    testDescription: "data beyond the bounds",
    moments: ["a": (0.2544004, 0.2316891), "b": (0.8755460, 0.1107922)],
    model: Model { z in
      let a = z.latent("a", HalfNormal(1))
      let b = z.latent("b", Uniform(0, 1))
      z.observe("y", Normal(a, 1), [-3])
      z.observe("w", Normal(b, 0.3), [1.5])
    }),
  KnownProgram(
    testDescription: "ordered responses",
    moments: ["b": (2.25553, 1.06656), "c[1]": (-0.0861449, 0.95337), "c[2]": (2.30652, 1.1618)],
    model: Model { z in
      let b = z.latent("b", Normal(0, 2))
      let c = z.latent("c", Ordered(Normal(0, 3), count: 2))
      let x: Value = [-1, -0.5, 0, 0.2, 0.7, 1.2, 1.5]
      z.observe("y", OrderedLogistic(b * x, c), [0, 0, 1, 0, 2, 1, 2])
    }),
]

@Suite("Programs with moments by quadrature")
struct HoldOutProgramTests {
  /// The tolerances of a verdict are 0.3 sd and 0.7 to 1.4; these are easier than that.
  @Test("moments within 0.15 sd and 0.8 to 1.2", arguments: programs, [UInt64(100), 101])
  private func moments(_ program: KnownProgram, _ seed: UInt64) throws {
    let posterior = try program.model.fit(FitOptions(seed: seed))
    #expect(posterior.fit.verdict != .doNotUse, "\(posterior.fit.reasons)")
    for (name, known) in program.moments {
      let found = posterior[name]
      #expect((found.mean - known.mean).magnitude < 0.15 * known.deviation, "\(name)")
      #expect((0.8...1.2).contains(found.standardDeviation / known.deviation), "\(name)")
    }
  }
}
