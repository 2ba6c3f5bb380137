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
    (value - mean).matrixProduct(inverse).squared().sum(along: 1) * -0.5 + normalizer
  }

  package var noiseShape: [Int] { mean.shape }

  package func sample(noise: Tensor<Double>) -> Tensor<Double> {
    mean + noise.matrixProduct(factor)
  }

  package func kullbackLeiblerDivergence(to prior: some Distribution<Double>) -> Tensor<Double>? {
    nil
  }
}

/// A diagonal Gaussian that hides its closed-form KL, so that an objective estimates it.
package struct EstimatedKLGaussian: ReparameterizedDistribution {
  package let base: DiagonalGaussian<Double>

  package init(_ base: DiagonalGaussian<Double>) { self.base = base }

  package func logProbability(of value: Tensor<Double>) -> Tensor<Double> {
    base.logProbability(of: value)
  }

  package var noiseShape: [Int] { base.noiseShape }

  package func sample(noise: Tensor<Double>) -> Tensor<Double> { base.sample(noise: noise) }

  package func kullbackLeiblerDivergence(to prior: some Distribution<Double>) -> Tensor<Double>? {
    nil
  }
}

extension SmallMatrix {
  /// The same numbers as a tensor `[rows, columns]`.
  package var tensor: Tensor<Double> { Tensor(elements, shape: [rows, columns]) }
}
