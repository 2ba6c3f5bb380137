// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing
import VariationalInference

/// A model that uses laws as its writer would.
private struct ModelCase: CustomTestStringConvertible, Sendable {
  let testDescription: String
  /// Of its unconstrained coordinates.
  let dimension: Int
  let model: Model
}

private let cases: [ModelCase] = [
  ModelCase(
    testDescription: "a mixture of two, in order", dimension: 4,
    model: Model { z in
      let w = z.latent("w", Dirichlet([2, 2]))
      let mu = z.latent("mu", Ordered(Normal(0, 2), count: 2))
      let sigma = z.latent("sigma", LogNormal(0, 1))
      z.observe("y", Mixture(w, Normal(mu, sigma)), [-1.2, 0.3, 2.2, 1.9])
    }),
  ModelCase(
    testDescription: "correlated effects, by noise", dimension: 3 + 3 + 12,
    model: Model { z in
      let l = z.latent("L", LKJCholesky(3, 2))
      let scales = z.latent("scales", LogNormal(0, 1), count: 3)
      let factor = scales.asDiagonal().times(l)
      let beta = z.latent(
        "beta", MultivariateNormal(0, cholesky: factor), count: 4, .nonCentred)
      z.observe("y", Normal(beta.sum(along: 1), 1), [0.3, -1, 2, 0.5])
    }),
  ModelCase(
    testDescription: "correlation matrices and directions", dimension: 2 * 3 + 3,
    model: Model { z in
      let r = z.latent("R", LKJ(3, 1.5), count: 2)
      let direction = z.latent("direction", UniformUnitVector(3))
      z.observe("y", MultivariateNormal(direction, covariance: r[1]), [0.3, -1, 2])
    }),
  ModelCase(
    testDescription: "a latent Gaussian process", dimension: 2 + 4,
    model: Model { z in
      let scale = z.latent("scale", LogNormal(0, 1))
      let length = z.latent("length", LogNormal(0, 1))
      let kernel = Kernel.squaredExponential(scale: scale, lengthScale: length)
      let f = z.latent("f", GaussianProcess(kernel, at: [0, 1, 2, 4]), .nonCentred)
      z.observe("y", Poisson(logRate: f), [0, 2, 3, 1])
    }),
  ModelCase(
    testDescription: "hidden states", dimension: 4 + 2,
    model: Model { z in
      let rows = z.latent("rows", Dirichlet([1, 1]), count: 2)
      let start = z.latent("start", Dirichlet([1, 1, 1]))
      let mu = z.latent("mu", Ordered(Normal(0, 2), count: 2))
      let chain = HiddenMarkov(
        initial: start[0..<2] / start[0..<2].sum(), transition: rows, emissions: Normal(mu, 1))
      z.observe("y", chain, [0.3, -1, 2, 2.5])
    }),
  ModelCase(
    testDescription: "ordered categories", dimension: 3,
    model: Model { z in
      let cuts = z.latent("cuts", Ordered(Normal(0, 3), count: 2))
      let beta = z.latent("beta", Normal(0, 1))
      z.observe("y", OrderedLogistic([-1, 0, 2] * beta, cuts), [0, 2, 1])
    }),
  ModelCase(
    testDescription: "hares and lynxes", dimension: 4,
    model: Model { z in
      let theta = z.latent("theta", LogNormal(-1, 0.3), count: 4)
      let states = integrate([1, 0.5], times: [0.5, 1], stepsPerInterval: 5) { _, y in
        .stack([y[0] * (theta[0] - theta[1] * y[1]), y[1] * (theta[3] * y[0] - theta[2])])
      }
      z.observe("y", LogNormal(states.log(), 0.2), Value([[1.2, 0.5], [1.4, 0.4]]))
    }),
]

@Suite("Laws in models")
struct LawsInModelsTests {
  /// Central differences as `checkGradients` takes them, over rows of coordinates.
  @Test("log joint densities have the gradient of central differences", arguments: cases)
  private func gradients(_ row: ModelCase) throws {
    let density = try row.model.density(threads: WorkerPool(count: 1))
    let n = density.dimension
    #expect(n == row.dimension)
    let points = Tensor<Double>.pseudoRandom([3, n], seed: 12)
    let found = density.logDensitiesWithGradients(at: points)
    let h = 1e-5
    var expected: [Double] = []
    for place in 0..<3 * n {
      let sides = [h, -h].map { step -> Double in
        var moved = points.scalars
        moved[place] += step
        return density.logDensities(at: Tensor(moved, shape: [3, n])).scalars[place / n]
      }
      expected.append((sides[0] - sides[1]) / (2 * h))
    }
    let scale = found.values.scalars.map(\.magnitude).max() ?? 1
    #expect(relativeError(found.gradients.scalars, expected, scale: scale) < 1e-6)
  }

  @Test("all can be drawn from", arguments: cases)
  private func prior(_ row: ModelCase) throws {
    let drawn = try row.model.prior(draws: 5)
    for name in drawn.names {
      #expect(drawn[name].draws.allSatisfy { $0.allSatisfy { $0.isFinite } }, "\(name)")
    }
  }
}
