// SPDX-License-Identifier: Apache-2.0

internal import Foundation
package import VariationalInference

/// A model that carries its own truth: what inference should find for one example.
package protocol KnownPosterior: GenerativeModel where Scalar == Double {
  /// The number of dimensions of x.
  var dataDimension: Int { get }

  /// p(z | x).
  func exactPosterior(given x: [Double]) -> ExactGaussian

  /// log p(x) in nats, by a formula that does not use the posterior.
  func logEvidence(of x: [Double]) -> Double
}

/// p(z) = N(0, I), p(x | z) = N(W z + b, s^2 I).
///
///     p(z | x) = N(S W^T (x - b) / s^2, S),  S = (I + W^T W / s^2)^-1
///     p(x)     = N(b, W W^T + s^2 I)
///
/// - Source: Bishop, "Pattern recognition and machine learning", 2006, equations 2.115 and 2.116.
package struct LinearGaussianModel: KnownPosterior {
  package let weight: SmallMatrix
  package let offset: [Double]
  package let noiseVariance: Double

  package init(weight: SmallMatrix, offset: [Double], noiseVariance: Double) {
    self.weight = weight
    self.offset = offset
    self.noiseVariance = noiseVariance
  }

  package var latentDimension: Int { weight.columns }
  package var dataDimension: Int { weight.rows }
  package var prior: StandardNormal<Double> { StandardNormal(dimension: latentDimension) }

  package func likelihood(given z: Tensor<Double>) -> DiagonalGaussian<Double> {
    let mean = z.linear(weight: weight.tensor, bias: Tensor(offset))
    return DiagonalGaussian(
      mean: mean, logVariance: Tensor(repeating: log(noiseVariance), shape: mean.shape))
  }

  package func exactPosterior(given x: [Double]) -> ExactGaussian {
    let identity = SmallMatrix(diagonal: [Double](repeating: 1, count: latentDimension))
    let precision = identity + (weight.transposed * weight).scaled(by: 1 / noiseVariance)
    let covariance = precision.inverse
    let pull = weight.transposed * zip(x, offset).map { ($0 - $1) / noiseVariance }
    return ExactGaussian(mean: covariance * pull, covariance: covariance)
  }

  package func logEvidence(of x: [Double]) -> Double {
    let noise = SmallMatrix(diagonal: [Double](repeating: noiseVariance, count: dataDimension))
    return ExactGaussian(mean: offset, covariance: weight * weight.transposed + noise)
      .logProbability(of: x)
  }
}

/// One unknown mean: p(z) = N(m, t^2), and n observations x[i] ~ N(z, s^2). The prior is no
/// standard normal, so no closed form of the KL applies.
///
///     p(z | x) = N((m / t^2 + sum x / s^2) / r, 1 / r),  r = 1 / t^2 + n / s^2
///
/// - Source: Gelman et al., "Bayesian data analysis", third edition, section 2.5.
package struct ConjugateNormalModel: KnownPosterior {
  package let priorMean: Double
  package let priorVariance: Double
  package let noiseVariance: Double
  package let dataDimension: Int

  package init(
    priorMean: Double, priorVariance: Double, noiseVariance: Double, observations: Int
  ) {
    self.priorMean = priorMean
    self.priorVariance = priorVariance
    self.noiseVariance = noiseVariance
    dataDimension = observations
  }

  package var latentDimension: Int { 1 }

  package var prior: DiagonalGaussian<Double> {
    DiagonalGaussian(
      mean: Tensor([priorMean], shape: [1, 1]),
      logVariance: Tensor([log(priorVariance)], shape: [1, 1]))
  }

  package func likelihood(given z: Tensor<Double>) -> DiagonalGaussian<Double> {
    let mean = z.repeated(to: z.shape.dropLast() + [dataDimension])
    return DiagonalGaussian(
      mean: mean, logVariance: Tensor(repeating: log(noiseVariance), shape: mean.shape))
  }

  package func exactPosterior(given x: [Double]) -> ExactGaussian {
    let precision = 1 / priorVariance + Double(dataDimension) / noiseVariance
    let mean = (priorMean / priorVariance + x.reduce(0, +) / noiseVariance) / precision
    return ExactGaussian(mean: [mean], covariance: SmallMatrix(diagonal: [1 / precision]))
  }

  /// N(m 1, s^2 I + t^2 1 1^T).
  package func logEvidence(of x: [Double]) -> Double {
    let size = x.count
    let noise = SmallMatrix(diagonal: [Double](repeating: noiseVariance, count: size))
    let shared = SmallMatrix(
      [Double](repeating: priorVariance, count: size * size), rows: size, columns: size)
    return ExactGaussian(
      mean: [Double](repeating: priorMean, count: size), covariance: noise + shared
    ).logProbability(of: x)
  }
}
