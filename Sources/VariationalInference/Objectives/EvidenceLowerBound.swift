// SPDX-License-Identifier: Apache-2.0

/// An estimate of the evidence lower bound of each example, from one draw of q.
///
///     log p(x) = ELBO(q) + KL(q(z|x) || p(z|x))
///     ELBO(q)  = E_q[log p(x, z) - log q(z|x)] = E_q[log p(x|z)] - KL(q(z|x) || p(z))
///
/// Objectives are maximised; the two parts are positive costs: `elbo = -reconstruction - kl`. All
/// are in nats per example, `[batch]`; sums and means over a batch are the caller's.
///
/// A model that is not split into p(x | z) and p(z) has the energy -log p(x, z) as its reconstruction
/// cost, and log q as its KL: the bound is the same.
public struct EvidenceLowerBound<Scalar: TensorScalar>: Sendable {
  /// -log p(x | z) at the draw: an unbiased estimate of -E_q[log p(x | z)].
  public let reconstruction: Tensor<Scalar>
  /// KL(q || p): exact where the pair has a closed form, else log q(z) - log p(z) at the draw.
  public let kl: Tensor<Scalar>
  /// The cost of what there is once, `[]`: log q - log p at the draw of the latent variables that there
  /// are once, and -log p of parameters that have a prior (``LogJoint/once``). It is of the whole data
  /// set, whatever the batch. Nil where there is nothing of the kind.
  public let once: Tensor<Scalar>?

  /// Parts of one shape.
  public init(
    reconstruction: Tensor<Scalar>, kl: Tensor<Scalar>, once: Tensor<Scalar>? = nil
  ) {
    self.reconstruction = reconstruction
    self.kl = kl
    self.once = once
  }

  /// The bound of each example, without what there is once: at most log p(x) in expectation, because
  /// KL >= 0.
  public var elbo: Tensor<Scalar> { -(reconstruction + kl) }

  /// The same numbers, off the tape.
  public var detached: EvidenceLowerBound {
    EvidenceLowerBound(
      reconstruction: reconstruction.detached, kl: kl.detached, once: once?.detached)
  }
}

/// A draw of the latent variables that there are once.
struct SharedDraw<Scalar: TensorScalar> {
  let values: LatentValues<Scalar>
  /// log q - log |dT / du| of the draw, `[]`, in nats.
  let logProbability: Tensor<Scalar>

  /// From the guide's distribution of their coordinates; `noise` is `[1, n]`.
  init(
    _ latents: [Latent], from q: some ReparameterizedDistribution<Scalar>, noise: Tensor<Scalar>
  ) {
    let draw = q.draw(noise: noise)
    values = LatentValues(latents, at: draw.value.reshaped(to: [latents.dimension]))
    let logProbability = draw.logProbability.reshaped(to: [])
    self.logProbability = values.logJacobian.map { logProbability - $0 } ?? logProbability
  }
}

extension JointDensity {
  /// The ELBO of examples under this model and a posterior, from one reparameterised draw.
  ///
  /// - Parameters:
  ///   - batch: The fields that the model reads.
  ///   - q: q(u | x) of each example, of the unconstrained coordinates of its latent variables.
  ///   - noise: Standard normal numbers `[batch, q.noiseDimension]`.
  /// - Returns: Both parts of each example, differentiable in the parameters of model and q.
  /// - Precondition: No latent variables are shared; see ``Trainer`` for a model with some.
  public func evidenceLowerBound<Posterior: ReparameterizedDistribution<Scalar>>(
    _ batch: Batch<Scalar>, posterior q: Posterior, noise: Tensor<Scalar>
  ) -> EvidenceLowerBound<Scalar> {
    requireOwnLatents("a bound without a posterior of shared latent variables")
    return evidenceLowerBound(batch, posterior: q, noise: noise, shared: nil)
  }

  func evidenceLowerBound<Posterior: ReparameterizedDistribution<Scalar>>(
    _ batch: Batch<Scalar>, posterior q: Posterior, noise: Tensor<Scalar>,
    shared: SharedDraw<Scalar>?
  ) -> EvidenceLowerBound<Scalar> {
    func bound(_ u: Tensor<Scalar>, kl: Tensor<Scalar>) -> EvidenceLowerBound<Scalar> {
      let cost = reconstructionCost(batch, at: u, shared: shared?.values)
      let shape = cost.perExample.shape
      return EvidenceLowerBound(
        // A q of one row for all examples has one KL, which enters the bound of each.
        reconstruction: cost.perExample.called("reconstruction cost"),
        kl: (kl.shape == shape ? kl : kl.repeated(to: shape)).called("KL divergence"),
        // log q(u) - log |dT / du| - log p(v): the density of q at v = T(u) against the prior's.
        once: shared.map { shared in
          cost.once.map { shared.logProbability + $0 } ?? shared.logProbability
        } ?? cost.once)
    }
    // A KL in closed form has no noise of its own, and needs no log q at the draw.
    if let kl = divergenceFromPrior(of: q) {
      return bound(q.sample(noise: noise).called("z"), kl: kl)
    }
    let draw = q.draw(noise: noise)
    let prior = logPrior(at: draw.value)
    return bound(
      draw.value.called("z"), kl: prior.map { draw.logProbability - $0 } ?? draw.logProbability)
  }
}
