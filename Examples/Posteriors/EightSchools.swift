// SPDX-License-Identifier: Apache-2.0

import VariationalInference

// Effects of coaching in eight schools, and their standard errors. Source: Rubin, "Estimation in
// parallel randomized experiments", J. Educational Statistics 6 (1981), table 1.
private let effects = Value([28, 8, -3, 7, -1, 1, 18, 12])
private let errors = Value([15, 10, 16, 11, 9, 11, 10, 18])

extension PosteriorExample {
  /// Shows a hierarchy in its non-centred form, and a value derived from latent variables.
  static let eightSchools = PosteriorExample(
    name: "eight_schools",
    description: "a hierarchical model: effects of coaching in eight schools (Rubin 1981)",
    model: Model { z in
      let mu = z.latent("mu", Normal(0, 5))
      let tau = z.latent("tau", HalfCauchy(5))
      let theta = z.latent("theta", Normal(mu, tau), count: 8, .nonCentred)
      z.observe("y", Normal(theta, errors), effects)
      z.define("best less worst", theta[0] - theta[2])
    })
}
