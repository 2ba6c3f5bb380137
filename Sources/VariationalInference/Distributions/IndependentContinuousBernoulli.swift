// SPDX-License-Identifier: Apache-2.0

internal import Tensors

#if canImport(Glibc)
  internal import Glibc
#else
  internal import Darwin
#endif

/// Independent real numbers from 0 to 1 with density proportional to p^x (1 - p)^(1 - x), given by the
/// logits l = log(p / (1 - p)): what a Bernoulli likelihood of grey levels leaves out to be a density.
///
///     log p(x) = x l + log(l / (exp(l) - 1))
///
/// - Source: Loaiza-Ganem and Cunningham, "The continuous Bernoulli: fixing a pervasive error in
///   variational autoencoders", NeurIPS 2019, arXiv:1907.06845.
public struct IndependentContinuousBernoulli<Scalar: TensorScalar>: FactorizedDistribution,
  DataDistribution
{
  /// `[..., n]`.
  public let logits: Tensor<Scalar>

  /// Numbers with these logits, `[..., n]`.
  public init(logits: Tensor<Scalar>) { self.logits = logits }

  /// The formula above: `[..., n]`, in nats.
  public func logProbabilities(of value: Tensor<Scalar>) -> Tensor<Scalar> {
    let (x, l) = value.meeting(logits)
    return x * l + Self.logNormaliser(l)
  }

  /// log(l / (exp(l) - 1)) = -l / 2 - log(sinh(a) / a) with a = l / 2, the latter by its series near 0.
  private static func logNormaliser(_ l: Tensor<Scalar>) -> Tensor<Scalar> {
    let a = (l * Scalar(0.5)).magnitude()
    let border = Tensor(Scalar(0.25))
    let near = Tensor.minimum(a, border).squared()
    // The rest is below 1e-16 at the border.
    let coefficients = [1.0 / 6, -1.0 / 180, 1.0 / 2835, -1.0 / 37800, 1.0 / 467_775, -1.803_70e-7]
    let series = coefficients.reversed().reduce(Tensor(Scalar(0))) { $0 * near + Scalar($1) } * near
    let far = Tensor.maximum(a, border)
    let direct =
      far + (far * Scalar(-2)).logOneMinusExp() - far.log() - Scalar(0.693147180559945309)
    return l * Scalar(-0.5) - Tensor.choose(Tensor.isAtLeast(a, border), direct, series)
  }

  /// 1 / (1 - exp(-l)) - 1 / l, `[..., n]`, off the tape.
  public var mean: Tensor<Scalar> {
    Tensor(logits.doubles.map { Scalar(Self.mean($0)) }, shape: logits.shape)
  }

  private static func mean(_ l: Double) -> Double {
    if l.magnitude > 0.05 { return -1 / expm1(-l) - 1 / l }
    let s = l * l
    return 0.5 + l * (1.0 / 12 - s * (1.0 / 720 - s / 30240))
  }

  /// The quantile of a uniform number of the row's key.
  public func draw(_ keys: [NoiseKey]) -> Tensor<Scalar> {
    let n = logits.shape[logits.rank - 1]
    let l = logits.doubles
    return .drawn(keys, n) { generator, index in Self.quantile(generator.uniform(), l[index]) }
  }

  private static func quantile(_ u: Double, _ l: Double) -> Double {
    // Mirrored, so that no exponential overflows.
    if l > 0 { return 1 - quantile(1 - u, -l) }
    return l > -1e-8 ? u : log1p(u * expm1(l)) / l
  }
}
