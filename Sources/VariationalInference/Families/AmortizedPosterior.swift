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

  /// q(z | x) of each example, `times` times in succession: for many draws of each. A family may
  /// compute it once and repeat the result.
  ///
  /// - Parameters:
  ///   - x: `[batch, data]`.
  ///   - times: The draws of each example.
  /// - Returns: A distribution over `[batch * times, latent]`.
  func posterior(given x: Tensor<Scalar>, repeated times: Int) -> Posterior
}

extension AmortizedPosterior {
  /// q(z | x) of the repeated rows.
  public func posterior(given x: Tensor<Scalar>, repeated times: Int) -> Posterior {
    posterior(given: x.repeatingRows(times))
  }
}
