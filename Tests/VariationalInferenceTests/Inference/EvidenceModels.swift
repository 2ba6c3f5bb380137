// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing
import VariationalInference

/// A model whose evidence is known in closed form, for any data.
struct ConjugateModel: Sendable, CustomTestStringConvertible {
  let name: String
  let model: Model
  /// The name of the statement that observes the data, and the data.
  let statement: String
  let data: [Double]
  /// log p(x) of any data of this shape.
  let logEvidence: @Sendable ([Double]) -> Double

  var testDescription: String { name }

  static let all = [normal, regression, betaBinomial, gammaPoisson]

  private static let logTwoPi = log(2 * Double.pi)

  /// mu ~ N(1, 2^2), y_i ~ N(mu, 1.5^2): log p(y) as a product of predictive densities.
  private static let normal: ConjugateModel = {
    let data = [2.1, 0.3, 3.9, 1.7, 2.6]
    return ConjugateModel(
      name: "normal",
      model: Model { z in
        let mu = z.latent("mu", Normal(1, 2))
        z.observe("y", Normal(mu, 1.5), data)
      }, statement: "y", data: data
    ) { y in
      var (mean, variance, sum) = (1.0, 4.0, 0.0)
      for value in y {
        let total = variance + 2.25
        sum -= (ConjugateModel.logTwoPi + log(total) + (value - mean) * (value - mean) / total) / 2
        mean += variance / total * (value - mean)
        variance *= 2.25 / total
      }
      return sum
    }
  }()

  /// beta ~ N(0, 2^2 I), y ~ N(X beta, 0.5^2): with A = X^T X / s^2 + I / t^2, b = X^T y / s^2,
  /// log p(y) = -n/2 log(2 pi s^2) - log |t^2 A| / 2 - (y^T y / s^2 - b^T A^-1 b) / 2.
  private static let regression: ConjugateModel = {
    let x = [[1, -1.2], [1, 0.4], [1, 0.9], [1, 1.6], [1, -0.3], [1, 2.2]]
    let data = [-0.8, 1.1, 1.9, 2.4, 0.2, 3.9]
    return ConjugateModel(
      name: "regression",
      model: Model { z in
        let beta = z.latent("beta", Normal(0, 2), count: 2)
        z.observe("y", Normal(Value(x).times(beta), 0.5), data)
      }, statement: "y", data: data
    ) { y in
      var (a, b, c) = (0.25, 0.0, 0.25)
      var (first, second, square) = (0.0, 0.0, 0.0)
      for (row, value) in zip(x, y) {
        a += row[0] * row[0] / 0.25
        b += row[0] * row[1] / 0.25
        c += row[1] * row[1] / 0.25
        first += row[0] * value / 0.25
        second += row[1] * value / 0.25
        square += value * value / 0.25
      }
      let determinant = a * c - b * b
      let form =
        (c * first * first - 2 * b * first * second + a * second * second) / determinant
      return -Double(y.count) / 2 * (ConjugateModel.logTwoPi + log(0.25)) - log(16 * determinant)
        / 2
        - (square - form) / 2
    }
  }()

  /// p ~ Beta(2, 3), k ~ Binomial(20, p): log C(20, k) + log B(2 + k, 23 - k) - log B(2, 3).
  private static let betaBinomial = ConjugateModel(
    name: "beta-binomial",
    model: Model { z in
      let p = z.latent("p", Beta(2, 3))
      z.observe("k", Binomial(20, p), [7.0])
    }, statement: "k", data: [7]
  ) { data in
    let k = data[0]
    func logBeta(_ a: Double, _ b: Double) -> Double { lgamma(a) + lgamma(b) - lgamma(a + b) }
    return lgamma(21) - lgamma(k + 1) - lgamma(21 - k) + logBeta(2 + k, 23 - k) - logBeta(2, 3)
  }

  /// r ~ Gamma(3, 0.5), k_i ~ Poisson(r).
  private static let gammaPoisson: ConjugateModel = {
    let data = [4.0, 9, 6, 5]
    return ConjugateModel(
      name: "gamma-Poisson",
      model: Model { z in
        let rate = z.latent("rate", Gamma(3, 0.5))
        z.observe("k", Poisson(rate), data)
      }, statement: "k", data: data
    ) { k in
      let (sum, count) = (k.reduce(0, +), Double(k.count))
      return 3 * log(0.5) - lgamma(3) + lgamma(3 + sum) - (3 + sum) * log(0.5 + count)
        - k.reduce(0) { $0 + lgamma($1 + 1) }
    }
  }()
}

/// Rubin's eight schools, with tau ~ C+(0, 5) normalised.
func eightSchools(_ form: Form) -> Model {
  let y = Value([28.0, 8, -3, 7, -1, 1, 18, 12])
  let sigma = Value([15.0, 10, 16, 11, 9, 11, 10, 18])
  return Model { z in
    let mu = z.latent("mu", Normal(0, 5))
    let tau = z.latent("tau", HalfCauchy(5))
    let theta = z.latent("theta", Normal(mu, tau), count: 8, form)
    z.observe("y", Normal(theta, sigma), y)
  }
}

/// log p(y) of it, by quadrature over mu and tau.
let eightSchoolsLogEvidence = -31.3113

/// How many standard errors a fixed seed's estimate may be off.
let standardErrors = 3.0

extension Fit.Estimate {
  func isNear(_ exact: Double, _ count: Double = standardErrors) -> Bool {
    (mean - exact).magnitude <= count * standardError + 1e-6
  }
  func isBelow(_ exact: Double) -> Bool {
    mean <= exact + standardErrors * standardError + 1e-6
  }
}
