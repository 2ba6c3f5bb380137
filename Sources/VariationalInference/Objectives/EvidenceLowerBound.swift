// SPDX-License-Identifier: Apache-2.0

/// An estimate of the evidence lower bound of each example, from one draw of q.
///
///     log p(x) = ELBO(q) + KL(q(z|x) || p(z|x))
///     ELBO(q)  = E_q[log p(x, z) - log q(z|x)] = E_q[log p(x|z)] - KL(q(z|x) || p(z))
///
/// Objectives are maximised; the two parts are positive costs: `elbo = -reconstruction - kl`. All
/// are in nats per example, `[batch]`; sums and means over a batch are the caller's.
public struct EvidenceLowerBound<Scalar: TensorScalar>: Sendable {
  /// -log p(x | z) at the draw: an unbiased estimate of -E_q[log p(x | z)].
  public let reconstruction: Tensor<Scalar>
  /// KL(q || p): exact where the pair has a closed form, else log q(z) - log p(z) at the draw.
  public let kl: Tensor<Scalar>

  /// Parts of one shape.
  public init(reconstruction: Tensor<Scalar>, kl: Tensor<Scalar>) {
    self.reconstruction = reconstruction
    self.kl = kl
  }

  /// The bound: at most log p(x) in expectation, because KL >= 0.
  public var elbo: Tensor<Scalar> { -(reconstruction + kl) }

  /// The same numbers, off the tape.
  public var detached: EvidenceLowerBound {
    EvidenceLowerBound(reconstruction: reconstruction.detached, kl: kl.detached)
  }
}

extension GenerativeModel {
  /// The ELBO of examples under this model and a posterior, from one reparameterised draw.
  ///
  /// - Parameters:
  ///   - x: `[batch, data]`.
  ///   - q: q(z | x) of each example.
  ///   - noise: Standard normal numbers of `q.noiseShape`.
  /// - Returns: Both parts of each example, differentiable in the parameters of model and q.
  public func evidenceLowerBound<Posterior: ReparameterizedDistribution<Scalar>>(
    _ x: Tensor<Scalar>, posterior q: Posterior, noise: Tensor<Scalar>
  ) -> EvidenceLowerBound<Scalar> {
    let z = q.sample(noise: noise)
    let kl =
      q.kullbackLeiblerDivergence(to: prior)
      ?? q.logProbability(of: z) - prior.logProbability(of: z)
    return EvidenceLowerBound(
      reconstruction: -likelihood(given: z).logProbability(of: x), kl: kl)
  }
}
