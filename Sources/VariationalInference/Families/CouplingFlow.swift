// SPDX-License-Identifier: Apache-2.0

/// A Gaussian bent by coupling steps: z = mean + L f(noise), with f the steps one after the other.
///
///     log q(z) = log N(e; 0, I) - sum over steps of log |det| - log det L,   e = f^-1(L^-1 (z - mean))
///
/// The steps act before the affine map, so that they see standard normal numbers whatever the scale
/// of z. Where they are the identity, this is the Gaussian.
public struct CouplingFlow<Scalar: TensorScalar>: ReparameterizedDistribution {
  /// The Gaussian that is bent.
  public let base: FullCovarianceGaussian<Scalar>
  /// In the order in which they act on noise.
  public let steps: [CouplingStep<Scalar>]

  /// A flow of these parts, with networks for as many examples as the base has.
  public init(base: FullCovarianceGaussian<Scalar>, steps: [CouplingStep<Scalar>]) {
    self.base = base
    self.steps = steps
  }

  /// Exact, through the inverse of each step: `[batch]`, in nats.
  public func logProbability(of value: Tensor<Scalar>) -> Tensor<Scalar> {
    var noise = base.noise(of: value)
    var logDeterminant = base.logDeterminant
    for step in steps.reversed() {
      let inverse = step.inverse(noise)
      noise = inverse.value
      logDeterminant = logDeterminant + inverse.logDeterminant
    }
    return StandardNormal(dimension: base.mean.shape[1]).logProbability(of: noise) - logDeterminant
  }

  /// That of the base.
  public var noiseShape: [Int] { base.noiseShape }

  /// z = mean + L f(noise).
  public func sample(noise: Tensor<Scalar>) -> Tensor<Scalar> {
    base.sample(noise: steps.reduce(noise) { $1.forward($0).value })
  }

  /// None in closed form.
  public func kullbackLeiblerDivergence(to prior: some Distribution<Scalar>) -> Tensor<Scalar>? {
    nil
  }
}
