// SPDX-License-Identifier: Apache-2.0

internal import Tensors

#if canImport(Glibc)
  internal import Glibc
#else
  internal import Darwin
#endif

/// Independent normal coordinates, whose variances may be one for all, one for each coordinate, or
/// as many as means.
public struct IndependentGaussian<Scalar: TensorScalar>: FactorizedDistribution, DataDistribution {
  /// `[..., n]`.
  public let mean: Tensor<Scalar>
  /// log sigma^2: `[1]`, `[n]` or `[..., n]`.
  public let logVariance: Tensor<Scalar>

  /// Normal distributions with these parameters.
  public init(mean: Tensor<Scalar>, logVariance: Tensor<Scalar>) {
    (self.mean, self.logVariance) = (mean, logVariance)
  }

  /// -1/2 ((x[j] - mean[j])^2 / sigma[j]^2 + log sigma[j]^2 + log(2 pi)): `[..., n]`, in nats.
  public func logProbabilities(of value: Tensor<Scalar>) -> Tensor<Scalar> {
    let (x, m) = value.meeting(mean)
    let s = x.meeting(logVariance).parameter
    return Tensor.normalLogDensity(x, mean: m, standardDeviation: (s * Scalar(0.5)).exp())
  }

  /// mean + sigma e, with standard normal e of the row's key.
  public func draw(_ keys: [NoiseKey]) -> Tensor<Scalar> {
    let n = mean.shape[mean.rank - 1]
    let noise = Tensor<Scalar>.concatenated(keys.map { .standardNormal([1, n], key: $0) })
    return mean.detached + (logVariance.detached * Scalar(0.5)).exp() * noise
  }
}

/// Independent coordinates with double-exponential noise.
///
///     log p(x) = -|x - location| / s - log(2 s)
public struct IndependentLaplace<Scalar: TensorScalar>: FactorizedDistribution, DataDistribution {
  /// `[..., n]`.
  public let location: Tensor<Scalar>
  /// log s: `[1]`, `[n]` or `[..., n]`.
  public let logScale: Tensor<Scalar>

  /// Distributions with these parameters.
  public init(location: Tensor<Scalar>, logScale: Tensor<Scalar>) {
    (self.location, self.logScale) = (location, logScale)
  }

  /// The formula above: `[..., n]`, in nats.
  public func logProbabilities(of value: Tensor<Scalar>) -> Tensor<Scalar> {
    let (x, m) = value.meeting(location)
    let s = x.meeting(logScale).parameter
    return LogDensities.laplace(x, location: m, scale: s.exp())
  }

  /// The location.
  public var mean: Tensor<Scalar> { location }

  /// The quantile of a uniform number of the row's key.
  public func draw(_ keys: [NoiseKey]) -> Tensor<Scalar> {
    let n = location.shape[location.rank - 1]
    let (m, s) = (location.doubles, logScale.spread(rows: keys.count, n))
    return .drawn(keys, n) { generator, index in
      let u = generator.uniform() - 0.5
      let distance = -log1p(-2 * u.magnitude)
      return m[index] + exp(s[index]) * (u < 0 ? -distance : distance)
    }
  }
}

/// Independent coordinates with Student's noise, whose tails are heavy: one outlier moves little.
///
///     log p(x) = log G((nu + 1) / 2) - log G(nu / 2) - log(nu pi) / 2 - log s
///                - (nu + 1) / 2 log(1 + e^2 / nu),    e = (x - location) / s
public struct IndependentStudentT<Scalar: TensorScalar>: FactorizedDistribution, DataDistribution {
  /// `[..., n]`.
  public let location: Tensor<Scalar>
  /// log s: `[1]`, `[n]` or `[..., n]`.
  public let logScale: Tensor<Scalar>
  /// log nu, the degrees of freedom: `[1]`, `[n]` or `[..., n]`.
  public let logDegrees: Tensor<Scalar>

  /// Distributions with these parameters.
  public init(location: Tensor<Scalar>, logScale: Tensor<Scalar>, logDegrees: Tensor<Scalar>) {
    (self.location, self.logScale, self.logDegrees) = (location, logScale, logDegrees)
  }

  /// The formula above: `[..., n]`, in nats.
  public func logProbabilities(of value: Tensor<Scalar>) -> Tensor<Scalar> {
    let (x, m) = value.meeting(location)
    let s = x.meeting(logScale).parameter
    let d = x.meeting(logDegrees).parameter
    return LogDensities.studentT(x, degreesOfFreedom: d.exp(), mean: m, scale: s.exp())
  }

  /// The location, which is the expectation where there are more than 1 degrees of freedom.
  public var mean: Tensor<Scalar> { location }

  /// Exact, from the row's key.
  public func draw(_ keys: [NoiseKey]) -> Tensor<Scalar> {
    let n = location.shape[location.rank - 1]
    let (m, s) = (location.doubles, logScale.spread(rows: keys.count, n))
    let d = logDegrees.spread(rows: keys.count, n)
    return .drawn(keys, n) { generator, index in
      m[index] + exp(s[index]) * generator.studentT(exp(d[index]))
    }
  }
}
