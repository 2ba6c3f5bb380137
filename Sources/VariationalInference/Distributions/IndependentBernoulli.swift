// SPDX-License-Identifier: Apache-2.0

/// Independent binary variables, given by the logits log(p / (1 - p)).
///
/// On grey levels between 0 and 1 the "log-probability" is a cross-entropy times -1: the usual
/// objective for MNIST, but not a normalised density.
public struct IndependentBernoulli<Scalar: TensorScalar>: FactorizedDistribution,
  DataDistribution
{
  /// `[..., n]`.
  public let logits: Tensor<Scalar>

  /// Variables with these logits, `[..., n]`.
  public init(logits: Tensor<Scalar>) { self.logits = logits }

  /// sum over j of x[j] l[j] - softplus(l[j]): `[...]`, in nats.
  public func logProbability(of value: Tensor<Scalar>) -> Tensor<Scalar> {
    let rank = max(value.rank, logits.rank)
    return value.aligned(toRank: rank).bernoulliLogProbability(logits: logits.aligned(toRank: rank))
  }

  /// x[j] l[j] - softplus(l[j]): `[..., n]`.
  public func logProbabilities(of value: Tensor<Scalar>) -> Tensor<Scalar> {
    let rank = max(value.rank, logits.rank)
    let l = logits.aligned(toRank: rank)
    return value.aligned(toRank: rank) * l - l.softplus()
  }

  /// The probabilities of 1, `[..., n]`.
  public var mean: Tensor<Scalar> { logits.sigmoid() }

  /// 1 where a uniform number of the row's key is below the probability, else 0.
  public func draw(_ keys: [NoiseKey]) -> Tensor<Scalar> {
    let n = logits.shape[logits.rank - 1]
    let uniforms = keys.flatMap { Tensor<Scalar>.uniform([n], in: 0..<1, key: $0).scalars }
    return Tensor(zip(uniforms, mean.scalars).map { $0 < $1 ? 1 : 0 }, shape: [keys.count, n])
  }
}
