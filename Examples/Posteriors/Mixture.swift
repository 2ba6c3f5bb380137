// SPDX-License-Identifier: Apache-2.0

import VariationalInference

/// 40 draws of N(-2, 0.8^2) and 80 of N(1.5, 0.8^2), by the generator's seed 1.
private let points: Value = {
  let noise = Tensor<Double>.standardNormal([120], key: NoiseKey(seed: 1)).scalars
  return Value(noise.enumerated().map { ($0 < 40 ? -2 : 1.5) + 0.8 * $1 })
}()

extension PosteriorExample {
  /// Shows a discrete part that is summed out: which of the two each point belongs to. Without an
  /// order, the means could change places, and the posterior would have two modes.
  static let mixture = PosteriorExample(
    name: "mixture",
    description: "a mixture of two Gaussians, simulated: 1/3 N(-2, 0.8^2) + 2/3 N(1.5, 0.8^2)",
    model: Model { z in
      let weights = z.latent("weights", Dirichlet(.ones(2)))
      let mu = z.latent("mu", Ordered(Normal(0, 5), count: 2))
      let sigma = z.latent("sigma", HalfNormal(2), count: 2)
      z.observe("x", Mixture(weights, Normal(mu, sigma)), points)
    })
}
