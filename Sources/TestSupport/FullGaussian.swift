// SPDX-License-Identifier: Apache-2.0

package import VariationalInference

/// N(mean, L L^T) with one factor L for all rows: z = mean + L noise. It has no closed-form KL, so
/// an objective must estimate it from the draw.
package struct FullGaussian: ReparameterizedDistribution {
  /// `[batch, dimension]`.
  package let mean: Tensor<Double>
  /// L^T and the transposed inverse of L, `[dimension, dimension]`.
  private let factor: Tensor<Double>
  private let inverse: Tensor<Double>
  private let normalizer: Double

  package init(mean: Tensor<Double>, covariance: SmallMatrix) {
    self.mean = mean
    let l = covariance.choleskyFactor
    factor = l.transposed.tensor
    inverse = l.lowerTriangularInverse.transposed.tensor
    normalizer = ExactGaussian(mean: covariance.diagonal.map { _ in 0 }, covariance: covariance)
      .logProbability(of: covariance.diagonal.map { _ in 0 })
  }

  package func logProbability(of value: Tensor<Double>) -> Tensor<Double> {
    (value - mean.aligned(toRank: value.rank)).matrixProduct(inverse).squared().sum(along: -1)
      * -0.5 + normalizer
  }

  package var noiseDimension: Int { mean.shape[1] }

  package func draw(noise: Tensor<Double>) -> Draw<Double> {
    Draw(
      value: mean.aligned(toRank: noise.rank) + noise.matrixProduct(factor),
      logProbability: noise.squared().sum(along: -1) * -0.5 + normalizer)
  }

  package func logProbabilityAlongPath(
    of z: Tensor<Double>, noise: Tensor<Double>
  ) -> Tensor<Double> {
    FullGaussian(mean: mean.detached, factor, inverse, normalizer).logProbability(of: z)
  }

  private init(
    mean: Tensor<Double>, _ factor: Tensor<Double>, _ inverse: Tensor<Double>,
    _ normalizer: Double
  ) {
    (self.mean, self.factor, self.inverse) = (mean, factor, inverse)
    self.normalizer = normalizer
  }

  package func kullbackLeiblerDivergence(to prior: some Distribution<Double>) -> Tensor<Double>? {
    nil
  }
}

/// A diagonal Gaussian that hides its closed-form KL, so that an objective estimates it.
package struct EstimatedKLGaussian: InvertibleDistribution {
  package let base: DiagonalGaussian<Double>

  package init(_ base: DiagonalGaussian<Double>) { self.base = base }

  package func logProbability(of value: Tensor<Double>) -> Tensor<Double> {
    base.logProbability(of: value)
  }

  package var noiseDimension: Int { base.noiseDimension }

  package func draw(noise: Tensor<Double>) -> Draw<Double> { base.draw(noise: noise) }

  package func noise(of value: Tensor<Double>) -> Tensor<Double> { base.noise(of: value) }

  package func logProbabilityAlongPath(
    of z: Tensor<Double>, noise: Tensor<Double>
  ) -> Tensor<Double> {
    base.logProbabilityAlongPath(of: z, noise: noise)
  }

  package func kullbackLeiblerDivergence(to prior: some Distribution<Double>) -> Tensor<Double>? {
    nil
  }
}

extension SmallMatrix {
  /// The same numbers as a tensor `[rows, columns]`.
  package var tensor: Tensor<Double> { Tensor(elements, shape: [rows, columns]) }
}
