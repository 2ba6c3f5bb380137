// SPDX-License-Identifier: Apache-2.0

import VariationalInference

extension ReferencePosterior {
  static let others: [ReferencePosterior] = [
    ReferencePosterior("eight_schools-eight_schools_centered", halves: 1, check: -53.486465) {
      eightSchools($0, .centred)
    },
    ReferencePosterior(
      "eight_schools-eight_schools_noncentered", halves: 1, check: -43.234418, isOnNoise: true
    ) { eightSchools($0, .nonCentred) },
    ReferencePosterior("arK-arK", halves: 1, check: 75.505124) { data in
      let order = try data.integer("K")
      let y = data["y"]
      // Row t has the values before it, the latest first.
      let past = Value.columns((1...order).map { y[order - $0..<y.count - $0] })
      return Model { z in
        let alpha = z.latent("alpha", Normal(0, 10))
        let beta = z.latent("beta", Normal(0, 10), count: order)
        let sigma = z.latent("sigma", HalfCauchy(2.5))
        z.observe("y", Normal(alpha + past.times(beta), sigma), y[order..<y.count])
      }
    },
    ReferencePosterior("arma-arma11", halves: 1, check: 68.776384) { data in
      let y = data["y"]
      return Model { z in
        let mu = z.latent("mu", Normal(0, 10))
        let phi = z.latent("phi", Normal(0, 2))
        let theta = z.latent("theta", Normal(0, 2))
        let sigma = z.latent("sigma", HalfCauchy(2.5))
        // e[t] = y[t] - mu - phi y[t - 1] - theta e[t - 1]; before the first, y is mu and e is 0.
        let first = y[0] - mu - phi * mu
        let rest = y[1..<y.count] - mu - phi * y[0..<y.count - 1]
        let errors = Value.concatenated([first, rest]).linearRecurrence(-theta)
        z.add(Normal(0, sigma).totalLogDensity(of: errors))
      }
    },
    ReferencePosterior("garch-garch11", check: -447.148292) { data in
      let y = data["y"]
      return Model { z in
        let mu = z.latent("mu", Flat())
        let alpha0 = z.latent("alpha0", Flat(.positive))
        let alpha1 = z.latent("alpha1", Flat(.interval(0, 1)))
        let beta1 = z.latent("beta1", Flat(.interval(0, 1 - alpha1)))
        let shocks = alpha0 + alpha1 * (y[0..<y.count - 1] - mu).squared()
        let first = data["sigma1"].squared()
        let variances = Value.concatenated([first, shocks]).linearRecurrence(beta1)
        z.observe("y", Normal(mu, variances.squareRoot()), y)
      }
    },
    ReferencePosterior(
      "gp_pois_regr-gp_pois_regr", halves: 1, check: -211.890599, isOnNoise: true
    ) { data in
      Model { z in
        let rho = z.latent("rho", Gamma(25, 4))
        let alpha = z.latent("alpha", HalfNormal(2))
        let kernel = Kernel.squaredExponential(scale: alpha, lengthScale: rho)
        let f = z.latent("f", GaussianProcess(kernel, at: data["x"]), .nonCentred)
        z.observe("k", Poisson(logRate: f), data["k"])
      }
    },
    ReferencePosterior("gp_pois_regr-gp_regr", halves: 2, check: -31.043536) { data in
      Model { z in
        let rho = z.latent("rho", Gamma(25, 4))
        let alpha = z.latent("alpha", HalfNormal(2))
        let sigma = z.latent("sigma", HalfNormal(1))
        let kernel = Kernel.squaredExponential(scale: alpha, lengthScale: rho)
        z.observe(
          "y", GaussianProcess(kernel, at: data["x"], noiseVariance: sigma), data["y"])
      }
    },
    // The reference's initial states have weight 1 each, the means' density is not divided by the
    // probability that they ascend; here the former sum to 1.
    ReferencePosterior("hmm_example-hmm_example", constant: 0.693147180559945, check: -166.890508) {
      data in
      Model { z in
        let rows = ["theta1", "theta2"].map { z.latent($0, Dirichlet(Value([1.0, 1]))) }
        let mu = z.latent("mu", Flat(.positiveOrdered, shape: [2]))
        z.add(Normal(Value([3.0, 10]), 1).totalLogDensity(of: mu))
        z.observe(
          "y",
          HiddenMarkov(
            initial: Value([0.5, 0.5]), transition: .stack(rows), emissions: Normal(mu, 1)),
          data["y"])
      }
    },
    // The reference's normal priors are cut at 0 without being normalised anew: 2 log Phi(2) + 2 log Phi(1).
    ReferencePosterior(
      "hudson_lynx_hare-lotka_volterra", constant: -0.391533376704827, check: -128.497586
    ) { data in
      let times = data["ts"].numbers
      return Model { z in
        let rates = Value([1, 0.05, 1, 0.05]), spreads = Value([0.5, 0.05, 0.5, 0.05])
        let theta = z.latent("theta", Truncated(Normal(rates, spreads), from: 0))
        let start = z.latent("z_init", LogNormal(Value([10.0, 10]).log(), 1))
        let sigma = z.latent("sigma", LogNormal(-1, 1), count: 2)
        // d hares = hares (theta[0] - theta[1] lynxes), d lynxes = lynxes (theta[3] hares - theta[2]): as
        // vectors, with the other's number beside each, a step takes half the operations.
        let own = Value.stack([theta[0], -theta[2]])
        let mutual = Value.stack([-theta[1], theta[3]])
        let populations = integrate(start, times: times, stepsPerInterval: 5) { _, state in
          state * (own + mutual * state[[1, 0]])
        }
        z.observe("y_init", LogNormal(start.log(), sigma), data["y_init"])
        z.observe("y", LogNormal(populations.log(), sigma), data["y"])
      }
    },
    ReferencePosterior("low_dim_gauss_mix-low_dim_gauss_mix", halves: 2, check: -2104.710848) {
      data in
      Model { z in
        let mu = z.latent("mu", Flat(.ordered, shape: [2]))
        z.add(Normal(0, 2).totalLogDensity(of: mu))
        let sigma = z.latent("sigma", HalfNormal(2), count: 2)
        let theta = z.latent("theta", Beta(5, 5))
        z.observe("y", Mixture(.stack([theta, 1 - theta]), Normal(mu, sigma)), data["y"])
      }
    },
  ]

  private static func eightSchools(_ data: ModelData, _ form: Form) -> Model {
    Model { z in
      let mu = z.latent("mu", Normal(0, 5))
      let tau = z.latent("tau", HalfCauchy(5))
      let theta = z.latent("theta", Normal(mu, tau), count: 8, form)
      z.observe("y", Normal(theta, data["sigma"]), data["y"])
    }
  }
}
