// SPDX-License-Identifier: Apache-2.0

internal import Tensors

#if canImport(Glibc)
  internal import Glibc
#else
  internal import Darwin
#endif

/// Independent counts of Poisson's law.
///
///     log p(x) = x log rate - rate - log x!
public struct IndependentPoisson<Scalar: TensorScalar>: FactorizedDistribution, DataDistribution {
  /// `[..., n]`.
  public let logRate: Tensor<Scalar>

  /// Counts with these rates.
  public init(logRate: Tensor<Scalar>) { self.logRate = logRate }

  /// The formula above: `[..., n]`, in nats.
  public func logProbabilities(of value: Tensor<Scalar>) -> Tensor<Scalar> {
    let (x, l) = value.meeting(logRate)
    return LogDensities.poisson(x, logRate: l)
  }

  /// The rates.
  public var mean: Tensor<Scalar> { logRate.exp() }

  /// Exact, from the row's key.
  public func draw(_ keys: [NoiseKey]) -> Tensor<Scalar> {
    let l = logRate.doubles
    return .drawn(keys, logRate.shape[logRate.rank - 1]) { $0.poisson(exp(l[$1])) }
  }
}

/// Independent counts of the negative binomial law: Poisson's with a rate that varies as a gamma
/// variable of shape r.
///
///     log p(x) = log G(x + r) - log G(r) - log x! + r log(r / (r + mu)) + x log(mu / (r + mu))
///
/// The mean is mu, the variance mu + mu^2 / r.
public struct IndependentNegativeBinomial<Scalar: TensorScalar>: FactorizedDistribution,
  DataDistribution
{
  /// log mu: `[..., n]`.
  public let logMean: Tensor<Scalar>
  /// log r: `[1]`, `[n]` or `[..., n]`.
  public let logDispersion: Tensor<Scalar>

  /// Counts with these parameters.
  public init(logMean: Tensor<Scalar>, logDispersion: Tensor<Scalar>) {
    (self.logMean, self.logDispersion) = (logMean, logDispersion)
  }

  /// The formula above: `[..., n]`, in nats.
  public func logProbabilities(of value: Tensor<Scalar>) -> Tensor<Scalar> {
    let (x, m) = value.meeting(logMean)
    return .negativeBinomialLogDensity(
      x, logMean: m, logDispersion: x.meeting(logDispersion).parameter)
  }

  /// mu.
  public var mean: Tensor<Scalar> { logMean.exp() }

  /// Exact, from the row's key: a gamma rate, then a Poisson count.
  public func draw(_ keys: [NoiseKey]) -> Tensor<Scalar> {
    let n = logMean.shape[logMean.rank - 1]
    let (m, a) = (logMean.doubles, logDispersion.spread(rows: keys.count, n))
    return .drawn(keys, n) { generator, index in
      let logRate = generator.logGamma(exp(a[index])) - a[index] + m[index]
      return generator.poisson(exp(logRate))
    }
  }
}

/// Negative binomial counts of which some are 0 for a reason of their own.
///
///     p(x) = w [x = 0] + (1 - w) NB(x; mu, r),    w = 1 / (1 + exp(-l))
public struct ZeroInflatedNegativeBinomial<Scalar: TensorScalar>: FactorizedDistribution,
  DataDistribution
{
  /// NB.
  public let counts: IndependentNegativeBinomial<Scalar>
  /// l: `[..., n]`.
  public let zeroLogits: Tensor<Scalar>

  /// Counts with these parameters.
  public init(
    logMean: Tensor<Scalar>, logDispersion: Tensor<Scalar>, zeroLogits: Tensor<Scalar>
  ) {
    counts = IndependentNegativeBinomial(logMean: logMean, logDispersion: logDispersion)
    self.zeroLogits = zeroLogits
  }

  /// log p of each count, `[..., n]`, in nats.
  public func logProbabilities(of value: Tensor<Scalar>) -> Tensor<Scalar> {
    let (x, counted) = value.meeting(counts.logProbabilities(of: value))
    return .zeroInflatedLogDensity(
      x, counted: counted, zeroLogits: x.meeting(zeroLogits).parameter)
  }

  /// (1 - w) mu.
  public var mean: Tensor<Scalar> { (-zeroLogits).sigmoid() * counts.mean }

  /// Exact, from the row's key.
  public func draw(_ keys: [NoiseKey]) -> Tensor<Scalar> {
    let n = zeroLogits.shape[zeroLogits.rank - 1]
    let (m, l) = (counts.logMean.doubles, zeroLogits.doubles)
    let a = counts.logDispersion.spread(rows: keys.count, n)
    return .drawn(keys, n) { generator, index in
      let isZero = generator.uniform() < 1 / (1 + exp(-l[index]))
      let logRate = generator.logGamma(exp(a[index])) - a[index] + m[index]
      let count = generator.poisson(exp(logRate))
      return isZero ? 0 : count
    }
  }
}

/// Independent numbers of successes in so many trials each.
///
///     log p(x) = log(t! / (x! (t - x)!)) + x l - t log(1 + exp(l))
public struct IndependentBinomial<Scalar: TensorScalar>: FactorizedDistribution, DataDistribution {
  /// l, the log-odds of a success: `[..., n]`.
  public let logits: Tensor<Scalar>
  /// t: `[1]`, `[n]` or `[..., n]`.
  public let trials: Tensor<Scalar>

  /// Numbers of successes.
  public init(logits: Tensor<Scalar>, trials: Tensor<Scalar>) {
    (self.logits, self.trials) = (logits, trials)
  }

  /// The formula above: `[..., n]`, in nats.
  public func logProbabilities(of value: Tensor<Scalar>) -> Tensor<Scalar> {
    let (x, l) = value.meeting(logits)
    let t = x.meeting(trials).parameter
    return LogDensities.logOrders(trials: t, successes: x)
      + LogDensities.binomial(successes: x, failures: t - x, logits: l)
  }

  /// t / (1 + exp(-l)).
  public var mean: Tensor<Scalar> {
    logits.sigmoid() * logits.meeting(trials).parameter
  }

  /// Exact, from the row's key.
  public func draw(_ keys: [NoiseKey]) -> Tensor<Scalar> {
    let n = logits.shape[logits.rank - 1]
    let (l, t) = (logits.doubles, trials.spread(rows: keys.count, n))
    return .drawn(keys, n) { $0.binomial(t[$1], 1 / (1 + exp(-l[$1]))) }
  }
}
