// SPDX-License-Identifier: Apache-2.0

/// One example x of a model simple enough that log p(x) and p(z | x) have closed forms, with a q.
///
/// Densities are of points `[count, dimension]` and `[count]`, in nats.
protocol KnownJoint: Sendable {
  /// Model, data and q, a line each.
  var setting: [String] { get }
  /// log p(x), by a formula that no integral over z enters.
  var logEvidence: Double { get }
  /// KL(q || p(z|x)) and KL(q || p(z)), by formulas that no integral over z enters.
  var divergenceToPosterior: Double { get }
  var divergenceToPrior: Double { get }
  /// Some z, `[1, dimension]`, for statements that hold at each.
  var somewhere: Tensor<Double> { get }
  /// Where q, and where p(z | x), have their mass.
  var underQ: Quadrature { get }
  var underPosterior: Quadrature { get }
  /// The best q of q's own family, where that is not the posterior.
  var bestOfFamily: Self? { get }

  func logPrior(_ z: Tensor<Double>) -> Tensor<Double>
  func logLikelihood(_ z: Tensor<Double>) -> Tensor<Double>
  func logPosterior(_ z: Tensor<Double>) -> Tensor<Double>
  func logQ(_ z: Tensor<Double>) -> Tensor<Double>
}

extension KnownJoint {
  func logJoint(_ z: Tensor<Double>) -> Tensor<Double> { logLikelihood(z) + logPrior(z) }

  /// ELBO(q) = E_q[log p(x, z) - log q(z)], by quadrature.
  var bound: Double {
    let (z, logQ) = (underQ.points, logQ(underQ.points))
    return underQ.expectation(of: logJoint(z) - logQ, under: logQ)
  }

  /// The same with the posterior in the place of q.
  /// Its integrand is log p(x) at every z.
  var boundAtPosterior: Double {
    let (z, logQ) = (underPosterior.points, logPosterior(underPosterior.points))
    return underPosterior.expectation(of: logJoint(z) - logQ, under: logQ)
  }
}
