// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
  internal import Glibc
#else
  internal import Darwin
#endif

/// A Gaussian mixture, z the number of the component: p(z = k) = w[k], p(x | z = k) = N(x; c[k],
/// s[k]^2), q(z = k) = r[k]. Each integral over z is a sum.
struct KnownMixture: KnownJoint {
  let weights: [Double]
  let centres: [Double]
  let deviations: [Double]
  let x: Double
  let q: [Double]

  var setting: [String] {
    func list(_ numbers: [Double]) -> String {
      numbers.map { "\($0.rounded(to: 4))" }.joined(separator: ", ")
    }
    return [
      "model      a mixture of \(weights.count) Gaussians; z is the number of the component",
      "           p(z) = (\(list(weights))), p(x|z) = N(x; c, s^2),",
      "           c = (\(list(centres))), s = (\(list(deviations)))",
      "data       x = \(x)",
      "q          q(z) = (\(list(q)))",
    ]
  }

  /// w[k] N(x; c[k], s[k]^2).
  private var jointDensities: [Double] {
    zip(weights, (logLikelihood(underQ.points)).exp().scalars).map { $0 * $1 }
  }

  /// log sum over k of w[k] N(x; c[k], s[k]^2).
  var logEvidence: Double { log(jointDensities.reduce(0, +)) }

  /// w[k] N(x; c[k], s[k]^2) / p(x).
  private var posterior: [Double] {
    let joint = jointDensities
    let evidence = joint.reduce(0, +)
    return joint.map { $0 / evidence }
  }

  var divergenceToPosterior: Double { divergence(from: posterior) }
  var divergenceToPrior: Double { divergence(from: weights) }

  /// sum over k of r[k] log(r[k] / p[k]), in nats.
  private func divergence(from p: [Double]) -> Double {
    zip(q, p).reduce(0) { $0 + $1.0 * log($1.0 / $1.1) }
  }

  var somewhere: Tensor<Double> { .zeros([1, 1]) }
  var underQ: Quadrature { Quadrature(count: weights.count) }
  var underPosterior: Quadrature { underQ }
  /// Any probabilities are in the family of q, the posterior too.
  var bestOfFamily: KnownMixture? { nil }

  func logPrior(_ z: Tensor<Double>) -> Tensor<Double> { select(weights, z).log() }

  /// -1/2 ((x - c[z]) / s[z])^2 - log s[z] - 1/2 log(2 pi), `[count]`.
  func logLikelihood(_ z: Tensor<Double>) -> Tensor<Double> {
    let (centre, deviation) = (select(centres, z), select(deviations, z))
    return ((Tensor(x) - centre) / deviation).squared() * -0.5 - deviation.log() - halfLogTwoPi
  }

  func logPosterior(_ z: Tensor<Double>) -> Tensor<Double> { select(posterior, z).log() }
  func logQ(_ z: Tensor<Double>) -> Tensor<Double> { select(q, z).log() }

  /// The elements of a list at z, `[count]`.
  private func select(_ list: [Double], _ z: Tensor<Double>) -> Tensor<Double> {
    Tensor(z.scalars.map { list[Int($0)] })
  }
}
