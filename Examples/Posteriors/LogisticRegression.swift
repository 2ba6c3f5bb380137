// SPDX-License-Identifier: Apache-2.0

package import VariationalInference

// Launches of the space shuttle before 1986: degrees Fahrenheit at the joints, and whether an
// O-ring was damaged. Source: Dalal, Fowlkes and Hoadley, "Risk analysis of the space shuttle", J.
// American Statistical Association 84 (1989), table 1.
package let launchTemperatures = Value([
  66, 70, 69, 68, 67, 72, 73, 70, 57, 63, 70, 78, 67, 53, 67, 75, 70, 81, 76, 79, 75, 76, 58,
])
package let ringDamage = Value([
  0, 1, 0, 0, 0, 0, 0, 0, 1, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, 0, 1,
])

extension PosteriorExample {
  /// Shows a likelihood given by its logits, and a prediction as a derived value: the probability
  /// of damage at 31 degrees, those of the launch of 28 January 1986.
  static let logisticRegression = PosteriorExample(
    name: "logistic_regression",
    description: "damage of O-rings by temperature, 23 launches of the space shuttle",
    model: Model { z in
      let alpha = z.latent("alpha", Normal(0, 5))
      let beta = z.latent("beta", Normal(0, 1))
      z.observe("damage", Bernoulli(logits: alpha + beta * (launchTemperatures - 70)), ringDamage)
      z.define("damage at 31", (alpha + beta * (31 - 70)).sigmoid())
    })
}
