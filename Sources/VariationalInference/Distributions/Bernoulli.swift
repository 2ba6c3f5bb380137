// SPDX-License-Identifier: Apache-2.0

/// Independent binary variables, given by the logits log(p / (1 - p)).
///
/// On grey levels between 0 and 1 the "log-probability" is a cross-entropy times -1: the usual
/// objective for MNIST, but not a normalised density.
public struct Bernoulli<Scalar: TensorScalar>: Distribution {
  /// `[batch, dimension]`.
  public let logits: Tensor<Scalar>

  /// Variables with these logits, `[batch, dimension]`.
  public init(logits: Tensor<Scalar>) { self.logits = logits }

  /// sum over j of x[j] l[j] - softplus(l[j]): `[batch]`, in nats.
  public func logProbability(of value: Tensor<Scalar>) -> Tensor<Scalar> {
    value.bernoulliLogProbability(logits: logits)
  }

  /// The same, one value for each `times` rows of logits, without copies of the value.
  public func logProbability(of value: Tensor<Scalar>, repeated times: Int) -> Tensor<Scalar> {
    value.bernoulliLogProbability(repeated: times, logits: logits)
  }

  /// The probabilities of 1, `[batch, dimension]`.
  public var mean: Tensor<Scalar> { logits.sigmoid() }
}
