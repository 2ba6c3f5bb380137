// SPDX-License-Identifier: Apache-2.0

/// A joint density p(x, z) of data x and latent variables z: all that inference asks of a model.
public protocol JointDensity<Scalar>: Sendable {
  /// The type of number.
  associatedtype Scalar: TensorScalar

  /// log p(x, z) of each example.
  ///
  /// - Parameters:
  ///   - x: `[batch, data]`.
  ///   - z: `[batch, latent]`.
  /// - Returns: `[batch]`, in nats.
  func logJoint(_ x: Tensor<Scalar>, _ z: Tensor<Scalar>) -> Tensor<Scalar>
}

/// A joint density in the directed form p(x, z) = p(x | z) p(z).
public protocol GenerativeModel<Scalar>: JointDensity {
  /// The distribution of z.
  associatedtype Prior: Distribution<Scalar>
  /// The distribution of x once z is known.
  associatedtype Likelihood: Distribution<Scalar>

  /// p(z).
  var prior: Prior { get }

  /// The number of dimensions of z.
  var latentDimension: Int { get }

  /// p(x | z) for each row of z, `[batch, latent]`.
  func likelihood(given z: Tensor<Scalar>) -> Likelihood
}

extension GenerativeModel {
  /// log p(x | z) + log p(z): `[batch]`, in nats.
  public func logJoint(_ x: Tensor<Scalar>, _ z: Tensor<Scalar>) -> Tensor<Scalar> {
    likelihood(given: z).logProbability(of: x) + prior.logProbability(of: z)
  }
}
