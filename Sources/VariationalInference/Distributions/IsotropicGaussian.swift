// SPDX-License-Identifier: Apache-2.0

/// N(mean, exp(logVariance) I): normal coordinates that share one variance, as the noise of
/// real-valued data.
public struct IsotropicGaussian<Scalar: TensorScalar>: Distribution {
  /// `[batch, dimension]`.
  public let mean: Tensor<Scalar>
  /// `[1]`: log sigma^2, the same for all examples and coordinates.
  public let logVariance: Tensor<Scalar>

  /// Normal distributions with these parameters.
  public init(mean: Tensor<Scalar>, logVariance: Tensor<Scalar>) {
    precondition(
      mean.rank == 2 && logVariance.shape == [1],
      "an isotropic Gaussian of mean \(mean.shape) and log variance \(logVariance.shape)")
    self.mean = mean
    self.logVariance = logVariance
  }

  /// -1/2 (|x - mean|^2 / sigma^2 + n log sigma^2 + n log(2 pi)): `[batch]`, in nats.
  public func logProbability(of value: Tensor<Scalar>) -> Tensor<Scalar> {
    let n = Scalar(mean.shape[1])
    let squares = (value - mean).squared().sum(along: 1)
    return (squares * (-logVariance).exp() + logVariance * n) * -0.5 - n * Scalar(halfLogTwoPi)
  }
}
