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

  /// p(x | z) made ready for many z near one point, and then near another: for the draws of q(z | x)
  /// of one x after the other. A model need not say how; the default ignores the point.
  func localLikelihood() -> LocalLikelihood<Self>
}

/// p(x | z) for many z near one point after the other, up to rounding and without gradients.
public struct LocalLikelihood<Model: GenerativeModel>: Sendable {
  /// `likelihood(given: z)` for a point `[1, latent]`: right for any z, and fastest near the point.
  public let near: @Sendable (_ point: Tensor<Model.Scalar>) -> OfRows

  /// p(x | z) for each row of z, `[batch, latent]`.
  public typealias OfRows = @Sendable (_ z: Tensor<Model.Scalar>) -> Model.Likelihood

  /// Prepares for each point with `near`.
  public init(near: @escaping @Sendable (_ point: Tensor<Model.Scalar>) -> OfRows) {
    self.near = near
  }
}

extension GenerativeModel {
  /// `likelihood(given: z)`, wherever the point is.
  public func localLikelihood() -> LocalLikelihood<Self> {
    LocalLikelihood { _ in { self.likelihood(given: $0) } }
  }

  /// log p(x | z) + log p(z): `[batch]`, in nats.
  public func logJoint(_ x: Tensor<Scalar>, _ z: Tensor<Scalar>) -> Tensor<Scalar> {
    likelihood(given: z).logProbability(of: x) + prior.logProbability(of: z)
  }
}
