// SPDX-License-Identifier: Apache-2.0

/// N(0, I): the usual prior of latent variables, the same for all rows.
///
///     log p(z) = -1/2 sum over j of z[j]^2 + log(2 pi)
public struct StandardNormal<Scalar: TensorScalar>: InvertibleDistribution {
  /// The number of dimensions.
  public let dimension: Int

  /// N(0, I) in `dimension` dimensions.
  public init(dimension: Int) { self.dimension = dimension }

  /// log p(value) of each row, `[...]`, in nats.
  public func logProbability(of value: Tensor<Scalar>) -> Tensor<Scalar> {
    precondition(
      value.shape.last == dimension,
      "a standard normal of dimension \(dimension) and a value of shape \(value.shape)")
    return value.standardNormalLogProbability()
  }

  /// One number for each dimension.
  public var noiseDimension: Int { dimension }

  /// z is the noise.
  public func draw(noise: Tensor<Scalar>) -> Draw<Scalar> {
    Draw(value: noise, logProbability: logProbability(of: noise))
  }

  /// z.
  public func noise(of value: Tensor<Scalar>) -> Tensor<Scalar> { value }

  /// log p(z).
  public func logProbabilityAlongPath(
    of z: Tensor<Scalar>, noise: Tensor<Scalar>
  ) -> Tensor<Scalar> {
    logProbability(of: z)
  }
}
