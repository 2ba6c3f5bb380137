// SPDX-License-Identifier: Apache-2.0

/// N(0, I): the usual prior of latent variables.
///
///     log p(z) = -1/2 sum over j of z[j]^2 + log(2 pi)
public struct StandardNormal<Scalar: TensorScalar>: Distribution {
  /// The number of dimensions.
  public let dimension: Int

  /// N(0, I) in `dimension` dimensions.
  public init(dimension: Int) { self.dimension = dimension }

  /// log p(value) of each row, `[batch]`, in nats.
  public func logProbability(of value: Tensor<Scalar>) -> Tensor<Scalar> {
    precondition(
      value.rank == 2 && value.shape[1] == dimension,
      "a standard normal of dimension \(dimension) and a value of shape \(value.shape)")
    let constant = Scalar(halfLogTwoPi) * Scalar(dimension)
    return value.squared().sum(along: 1) * -0.5 - constant
  }
}
