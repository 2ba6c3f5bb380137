// SPDX-License-Identifier: Apache-2.0

/// A Gaussian bent by coupling steps: z = mean + L f(noise), with f the steps one after the other.
///
///     log q(z) = log N(e; 0, I) - sum over steps of log |det| - log det L,   e = f^-1(L^-1 (z - mean))
///
/// The steps act before the affine map, so that they see standard normal numbers whatever the scale
/// of z. Where they are the identity, this is the Gaussian.
public struct CouplingFlow<Scalar: TensorScalar>: InvertibleDistribution {
  /// The Gaussian that is bent.
  public let base: FullCovarianceGaussian<Scalar>
  /// In the order in which they act on noise.
  public let steps: [CouplingStep<Scalar>]

  /// A flow of these parts, with networks for as many examples as the base has.
  public init(base: FullCovarianceGaussian<Scalar>, steps: [CouplingStep<Scalar>]) {
    self.base = base
    self.steps = steps
  }

  /// Exact, through the inverse of each step: `[...]`, in nats.
  public func logProbability(of value: Tensor<Scalar>) -> Tensor<Scalar> {
    logProbability(ofBent: base.noise(of: value))
  }

  /// log q(z) for f(e) = L^-1 (z - mean): log N(e; 0, I) - log |dz / de|.
  private func logProbability(ofBent bent: Tensor<Scalar>) -> Tensor<Scalar> {
    var noise = bent
    var logDeterminant = base.logDeterminant.besideRows(ofRank: bent.rank - 1)
    // Each inverse gives log |det| of the step forwards, at the same pair of points: the sum is log
    // |dz / de|.
    for step in steps.reversed() {
      let inverse = step.inverse(noise)
      noise = inverse.value
      logDeterminant = logDeterminant + inverse.logDeterminant
    }
    return noise.standardNormalLogProbability() - logDeterminant
  }

  /// f^-1(L^-1 (z - mean)).
  public func noise(of value: Tensor<Scalar>) -> Tensor<Scalar> {
    steps.reversed().reduce(base.noise(of: value)) { $1.inverse($0).value }
  }

  /// That of the base.
  public var noiseDimension: Int { base.noiseDimension }

  /// z = mean + L f(e) and log q(z) = log N(e; 0, I) - log |dz / de|.
  public func draw(noise: Tensor<Scalar>) -> Draw<Scalar> {
    var value = noise
    var logDeterminant = base.logDeterminant.besideRows(ofRank: noise.rank - 1)
    for step in steps {
      let moved = step.forward(value)
      value = moved.value
      logDeterminant = logDeterminant + moved.logDeterminant
    }
    return Draw(
      value: base.sample(noise: value),
      logProbability: noise.standardNormalLogProbability() - logDeterminant)
  }

  /// z alone.
  public func sample(noise: Tensor<Scalar>) -> Tensor<Scalar> {
    base.sample(noise: steps.reduce(noise) { $1.forward($0).value })
  }

  /// Through the inverse of each step, from f(noise) + L^-1 (z - z): its value is what z was made of
  /// before it was rounded, its gradient that of L^-1 (z - mean).
  public func logProbabilityAlongPath(
    of z: Tensor<Scalar>, noise: Tensor<Scalar>
  ) -> Tensor<Scalar> {
    let still = CouplingFlow(
      base: FullCovarianceGaussian(mean: base.mean.detached, factor: base.factor.detached),
      steps: steps.map(\.detached))
    let bent = still.steps.reduce(noise) { $1.forward($0).value }
    let moved = (z - z.detached).lowerTriangularSolve(factor: still.base.factor)
    return still.logProbability(ofBent: bent + moved)
  }
}
