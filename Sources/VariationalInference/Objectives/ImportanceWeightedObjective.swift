// SPDX-License-Identifier: Apache-2.0

/// An estimate of the importance-weighted bound of each example, from K draws of q.
///
///     w_k = p(x, z_k) / q(z_k | x),   z_k ~ q(z | x)
///     L_K = E[log 1/K sum over k of w_k],   ELBO = L_1 <= L_K <= L_K+1 <= log p(x)
///
/// It is maximised, in nats per example; only L_1 is an evidence lower bound of q. To judge a model
/// with many draws, see `importanceWeightedBound`, which keeps no tape and streams them.
///
/// - Source: Burda, Grosse and Salakhutdinov, "Importance weighted autoencoders", ICLR 2016,
///   arXiv:1509.00519, equation 8 and theorem 1.
public struct ImportanceWeightedObjective<Scalar: TensorScalar>: Sendable {
  /// log w_k of each draw, `[batch, K]`.
  public let logWeights: Tensor<Scalar>
  /// log of the mean weight: one unbiased draw of L_K for each example, `[batch]`.
  public let bound: Tensor<Scalar>
  /// The ELBO of the same draws, whose parts are means over the K of them; without a gradient.
  public let evidenceLowerBound: EvidenceLowerBound<Scalar>
}

/// How the gradient of an importance-weighted bound is estimated. Both are unbiased.
public enum ImportanceWeightedGradient: String, Sendable, CaseIterable {
  /// The gradient of the bound at reparameterised draws, with v_k = w_k / sum of w:
  ///
  ///     sum over k of v_k d log w_k
  ///
  /// Its signal-to-noise ratio for the encoder falls with K, as 1 / sqrt(K) (Rainforth et al.,
  /// "Tighter variational bounds are not necessarily better", ICML 2018, arXiv:1802.04537).
  case reparameterised
  /// The doubly reparameterised gradient (DReG), whose ratio grows with K:
  ///
  ///     encoder: sum over k of v_k^2 (d log w_k / d z_k) (d z_k / d phi),   decoder: as above
  ///
  /// For K = 1 it is the path derivative of the ELBO ("sticking the landing"), which is zero for every
  /// draw where q is the posterior.
  ///
  /// - Source: Tucker, Lawson, Gu and Maddison, "Doubly reparameterized gradient estimators for
  ///   Monte Carlo objectives", ICLR 2019, arXiv:1810.04152, equation 8.
  case doublyReparameterised = "dreg"

  /// In words.
  package var meaning: String {
    switch self {
    case .reparameterised: "reparameterised"
    case .doublyReparameterised: "doubly reparameterised"
    }
  }
}

extension JointDensity {
  /// The importance-weighted bound of examples under this model and a posterior.
  ///
  /// The log q in the weights is that of the draws: no closed form of the KL applies for K > 1, and L_1 is
  /// the ELBO with an estimated KL.
  ///
  /// - Parameters:
  ///   - batch: The fields that the model reads.
  ///   - q: q(u | x) of each example.
  ///   - noise: Standard normal numbers `[batch, K, q.noiseDimension]`.
  ///   - gradient: The estimator that differentiating the bound gives.
  /// - Returns: The bound of each example, differentiable in the parameters of model and q.
  public func importanceWeightedObjective<Posterior: ReparameterizedDistribution<Scalar>>(
    _ batch: Batch<Scalar>, posterior q: Posterior, noise: Tensor<Scalar>,
    gradient: ImportanceWeightedGradient = .reparameterised
  ) -> ImportanceWeightedObjective<Scalar> {
    requireOwnLatents("an importance-weighted objective")
    precondition(
      noise.rank == 3 && noise.shape[0] == batch.count && noise.shape[1] >= 1,
      "noise \(noise.shape) for draws of \(batch.count) examples")
    let weights = GradientWeights<Scalar>()
    let draw = q.draw(noise, gradient, weights)
    let cost = reconstructionCost(batch, at: draw.value.called("z"), shared: nil)
    let reconstruction = cost.perExample.called("reconstruction cost")
    let prior = logPrior(at: draw.value)
    let kl = (prior.map { draw.logProbability - $0 } ?? draw.logProbability).called("KL divergence")
    let logWeights = (-(reconstruction + kl)).called("log weights")
    // Before the way back, which reads them.
    weights.normalise(logWeights.detached)
    return ImportanceWeightedObjective(
      logWeights: logWeights, bound: logWeights.logMeanExp(along: 1).called("L_K"),
      evidenceLowerBound: EvidenceLowerBound(
        reconstruction: reconstruction.detached.mean(along: 1), kl: kl.detached.mean(along: 1),
        once: cost.once))
  }
}

extension ReparameterizedDistribution {
  /// Draws, and the density of q at them, such that the bound's gradient is the estimator asked for.
  fileprivate func draw(
    _ noise: Tensor<Scalar>, _ gradient: ImportanceWeightedGradient,
    _ weights: GradientWeights<Scalar>
  ) -> Draw<Scalar> {
    switch gradient {
    case .reparameterised: return draw(noise: noise)
    case .doublyReparameterised:
      // log q then depends on the parameters of q through z alone.
      let z = sample(noise: noise).weightingGradient(by: weights)
      return Draw(value: z, logProbability: logProbabilityAlongPath(of: z, noise: noise))
    }
  }
}

/// The normalised weights v_k by which the doubly reparameterised gradient multiplies what reaches
/// the draws. The draws come before the weights, the way back comes after them: hence a reference.
private final class GradientWeights<Scalar: TensorScalar> {
  /// `[batch, K, 1]`.
  var values = Tensor<Scalar>.zeros([0, 1, 1])

  /// v_k = w_k / sum of w, from log w `[batch, K]`.
  func normalise(_ logWeights: Tensor<Scalar>) {
    // By way of logarithms, as w itself may overflow.
    let total = logWeights.logSumExp(along: 1, keepingAxis: true)
    values = (logWeights - total).exp().reshaped(to: logWeights.shape + [1])
  }
}

extension Tensor {
  /// This tensor, whose gradient is multiplied by v_k draw by draw on its way back.
  ///
  /// The bound's own gradient at log w_k is v_k, so that the decoder gets v_k d log w_k; through the
  /// draws, the encoder gets v_k^2.
  fileprivate func weightingGradient(by weights: GradientWeights<Scalar>) -> Tensor {
    .operation(value: detached, inputs: [self]) { [$0 * weights.values] }
  }
}
