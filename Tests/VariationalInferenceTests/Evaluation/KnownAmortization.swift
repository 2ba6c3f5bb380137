// SPDX-License-Identifier: Apache-2.0

import TestSupport
import VariationalInference

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// A model with known posterior beside a q(z | x) of known distance from it: independent coordinates
/// at the posterior's mean, moved, with its variances, scaled.
struct KnownAmortization: Autoencoder {
  let linear: LinearGaussianModel
  var shift = 0.0
  var varianceScale = 1.0

  /// Columns at right angles, so that with no shift and scale 1 q is the posterior itself.
  static let independent = KnownAmortization(
    linear: LinearGaussianModel(
      weight: SmallMatrix([1, 2, 2, -1, 0.5, 1, 1, -0.5], rows: 4, columns: 2),
      offset: [0.5, 0.4, 0.6, 0.5], noiseVariance: 0.7))

  func moved(shift: Double, varianceScale: Double = 1) -> Self {
    KnownAmortization(linear: linear, shift: shift, varianceScale: varianceScale)
  }

  var prior: StandardNormal<Double> { linear.prior }
  var latentDimension: Int { linear.latentDimension }

  func likelihood(given z: Tensor<Double>) -> DiagonalGaussian<Double> {
    linear.likelihood(given: z)
  }

  func posterior(given x: Tensor<Double>) -> EstimatedKLGaussian {
    let exact = (0..<x.shape[0]).map { linear.exactPosterior(given: x.slice($0..<$0 + 1).scalars) }
    let mean = exact.flatMap { $0.mean.map { $0 + shift } }
    let logVariance = exact.flatMap { $0.covariance.diagonal.map { log($0 * varianceScale) } }
    let shape = [x.shape[0], latentDimension]
    return EstimatedKLGaussian(
      DiagonalGaussian(
        mean: Tensor(mean, shape: shape), logVariance: Tensor(logVariance, shape: shape)))
  }

  /// None.
  mutating func visitParameters(
    _ visit: (_ name: String, _ parameter: inout Tensor<Double>) throws -> Void
  ) rethrows {}

  /// log p(x) of each image.
  func logEvidence(_ data: ImageDataset) -> [Double] {
    (0..<data.count).map { image in
      linear.logEvidence(of: data.image(at: image).map { Double($0) / 255 })
    }
  }

  /// Images of 2 x 2 pixels for this model's four data dimensions.
  static func images(_ count: Int) -> ImageDataset {
    var generator = SplitMix64(seed: 5)
    return ImageDataset(
      name: "noise", split: "test", height: 2, width: 2,
      pixels: (0..<4 * count).map { _ in UInt8.random(in: 0...255, using: &generator) })
  }
}
