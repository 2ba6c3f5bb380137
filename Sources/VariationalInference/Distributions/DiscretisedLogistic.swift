// SPDX-License-Identifier: Apache-2.0

internal import Tensors

#if canImport(Glibc)
  internal import Glibc
#else
  internal import Darwin
#endif

/// Independent levels k / (levels - 1), k = 0 ... levels - 1, as bytes of pixels over 255: what a
/// logistic variable gives when it is rounded to the nearest of them.
///
///     P(k) = F((k + 1/2) / (levels - 1)) - F((k - 1/2) / (levels - 1)),
///     F(y) = 1 / (1 + exp(-(y - location) / s))
///
/// The outer bins reach to infinity, so the probabilities sum to 1.
///
/// - Source: Kingma et al., "Improving variational inference with inverse autoregressive flow",
///   NIPS 2016, arXiv:1606.04934, appendix; Salimans et al., "PixelCNN++", ICLR 2017,
///   arXiv:1701.05517, of the outer bins.
public struct DiscretisedLogistic<Scalar: TensorScalar>: FactorizedDistribution, DataDistribution {
  /// In the units of the levels, from 0 to 1: `[..., n]`.
  public let location: Tensor<Scalar>
  /// log s: `[1]`, `[n]` or `[..., n]`.
  public let logScale: Tensor<Scalar>
  /// How many, 2 or more: 256 of bytes.
  public let levels: Int

  /// Distributions with these parameters.
  public init(location: Tensor<Scalar>, logScale: Tensor<Scalar>, levels: Int = 256) {
    (self.location, self.logScale, self.levels) = (location, logScale, levels)
  }

  /// log P of each level, `[..., n]`, in nats: however far the location is, it is a number.
  public func logProbabilities(of value: Tensor<Scalar>) -> Tensor<Scalar> {
    let (x, m) = value.meeting(location)
    return .discretisedLogisticLogDensity(
      x, location: m, logScale: x.meeting(logScale).parameter, levels: levels)
  }

  /// The location, from which the expectation differs by what the outer bins hold.
  public var mean: Tensor<Scalar> { location }

  /// A logistic number of the row's key, rounded to its level.
  public func draw(_ keys: [NoiseKey]) -> Tensor<Scalar> {
    let n = location.shape[location.rank - 1]
    let (m, s) = (location.doubles, logScale.spread(rows: keys.count, n))
    let last = Double(levels - 1)
    return .drawn(keys, n) { generator, index in
      let u = generator.uniform()
      let level = (last * (m[index] + exp(s[index]) * (log(u) - log1p(-u)))).rounded()
      return min(max(level, 0), last) / last
    }
  }
}
