// SPDX-License-Identifier: Apache-2.0

import VariationalInference

// Programs as users write them: literals on both sides, methods in between, no annotations.

let y = Value([28, 8, -3, 7, -1, 1, 18, 12])
let errors = Value([15, 10, 16, 11, 9, 11, 10, 18])
let x = Value((0..<8).map { 0.25 * Double($0) - 1 })

let hierarchy = Model { z in
  let mu = z.latent("mu", Normal(0, 5))
  let tau = z.latent("tau", HalfCauchy(5))
  let theta = z.latent("theta", Normal(mu, tau), count: 8, .nonCentred)
  z.observe("y", Normal(theta, errors), y)
  z.define("difference", (theta[0] - theta[2]) / (1 + tau.squared() / 100))
}

let regression = Model { z in
  let design = Value.stack([.ones(8), x, x.squared() - 0.5, 2 * x - 1]).transposed()
  let variance = z.latent("variance", InverseGamma(2, 0.5))
  let beta = z.latent("beta", Normal(0, 10 * variance.squareRoot()), count: 4)
  z.observe("y", Normal(design.times(beta) + 0.5, variance.squareRoot() * 2), y)
}

let logistic = Model { z in
  let a = z.latent("a", Normal(0, 2.5))
  let b = z.latent("b", StudentT(3, 0, 2.5))
  let logits = a + b * (x - 0.5) / 2 - 0.1 * (x - 0.5).squared()
  z.observe("k", Bernoulli(logits: logits), [0, 1, 0, 0, 1, 1, 1, 1])
  z.define("odds", (a + 0.5 * b - 0.1 * 0.25).exp())
  z.define("p", 1 / (1 + (-(a + 2 * b)).exp()))
}

let process = Model { z in
  let scale = z.latent("scale", HalfNormal(2))
  let length = z.latent("length", InverseGamma(5, 5))
  let kernel =
    .squaredExponential(scale: scale, lengthScale: length)
    + Kernel.periodic(scale: 0.5 * scale, lengthScale: 1, period: 2 * length + 0.1)
    * Kernel.linear(scale: 0.3) + .constant(scale: 1)
  let noise = 0.01 + 0.5 * scale.squared()
  z.observe("y", GaussianProcess(kernel, at: x, mean: 0.5, noiseVariance: noise), y / 10)
}

let twoHumps = Model { z in
  let w = z.latent("w", Beta(2, 2))
  let mu = z.latent("mu", Ordered(Normal(0, 5), count: 2))
  let weights = Value.stack([w, 1 - w])
  z.observe("x", Mixture(weights, Normal(mu, 0.5 + 0.25 * mu.magnitude())), x)
  z.observe(
    "y",
    Mixture(
      weights, [Normal(mu[0] - 1, 0.5), StudentT(4, mu[1] + 1, 2 * mu[1].exp())]), y)
}

let chain = Model { z in
  let stay = z.latent("stay", Beta(4, 2), count: 2)
  let rate = z.latent("rate", Ordered(Gamma(2, 0.3), count: 2))
  let rows = [[stay[0], 1 - stay[0]], [1 - stay[1], stay[1]]]
  let transition = Value.stack(rows.map { Value.stack($0) })
  let law = HiddenMarkov(
    initial: Value([0.5, 0.5]), transition: transition, emissions: Poisson(2 * rate + 0.1))
  z.observe("k", law, [1, 2, 0, 5, 7, 4, 1, 0])
}

let states = Model { z in
  let phi = z.latent("phi", Uniform(-1, 1))
  let step = z.latent("step", HalfNormal(1))
  let shocks = z.latent("shocks", Normal(0, 1), count: 8)
  let first = (shocks[0] / (1 - phi.squared()).squareRoot()).reshaped(to: [1])
  let level = step * Value.concatenated([first, shocks[1..<8]]).linearRecurrence(phi)
  z.observe("y", Normal(10 + 2 * level, 0.5 + 0.1 * step), y)
}

func tenTerms(_ a: Value, _ b: Value, _ x: Value) -> Value {
  1 + 2 * a - 0.5 * b + 3 * x - 0.25 * x.squared() + 0.1 * a * b - 2 * a * x + 0.3 * b * x / 2
    - 0.01 * x.raised(to: 3) + 4 - a / 2 - 1.5
}

func polynomial(_ c: [Value], _ x: Value) -> Value {
  c[0] + c[1] * x + c[2] * x * x + c[3] * x * x * x + c[4] * x * x * x * x + c[5] * x.raised(to: 5)
    + c[6] * x.raised(to: 6) + c[7] * x.raised(to: 7) + c[8] * x.raised(to: 8) + 0.5 * c[9]
}

func normalByHand(_ y: Value, _ mu: Value, _ tau: Value, _ sigma: Value) -> Value {
  -0.5 * ((y - mu) / sigma).squared().sum() - sigma.log().sum() - 8 * 0.918_938_5 - 0.5
    * (mu / 5).squared() - 1.609 - 0.918_938_5 - (1 + (tau / 5).squared()).log() - 1.145 - 2
}

func seasons(_ a: Value, _ b: Value, _ t: Value) -> Value {
  a + 0.1 * b * t + 0.5 * (2 * 3.14159 * t / 12).sin() + 0.5 * (2 * 3.14159 * t / 12).cos() - 0.2
    * (4 * 3.14159 * t / 12).sin() + 0.3 * (4 * 3.14159 * t / 12).cos() + (a - 1) * (b + 2) / 3
}

func predators(_ theta: Value, _ start: Value) -> Value {
  let (a, b, c, d) = (theta[0], theta[1], theta[2], theta[3])
  return integrate(start, times: [1, 2, 3.5, 5]) { _, y in
    Value.stack([a * y[0] - b * y[0] * y[1], -c * y[1] + d * y[0] * y[1] - 0.01 * y[1] + 0.001])
  }
}

func withNumbers(_ n: Int, _ s: Double, _ a: Value) -> Value {
  s * a + Double(n) * 0.5 - a * s / 2 + (a - s) * (a + s) - 1 / (1 + s * s) + Double(n) / 3 * a - s
}
