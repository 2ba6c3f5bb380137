// SPDX-License-Identifier: Apache-2.0

/// A family of surrogate posteriors q(z | x) whose parameters are computed from x.
public protocol AmortizedPosterior<Scalar>: Sendable {
  /// The type of number.
  associatedtype Scalar: TensorScalar
  /// The distribution over z.
  associatedtype Posterior: ReparameterizedDistribution<Scalar>

  /// q(z | x) of each example.
  ///
  /// - Parameter x: `[batch, data]`.
  /// - Returns: A distribution over `[batch, latent]`.
  func posterior(given x: Tensor<Scalar>) -> Posterior
}
