// SPDX-License-Identifier: Apache-2.0

/// Where a latent variable lies, and the bijection T by which unconstrained numbers u get there.
///
///     log p(u) = log p(T(u)) + log |dT / du|
///
/// - Source: Kucukelbir et al., "Automatic differentiation variational inference", JMLR 18 (2017),
///   section 2.3, arXiv:1603.00788; "Stan reference manual", constraint transforms.
public enum Support: Sendable, Equatable {
  /// All real numbers: T(u) = u.
  case real
  /// Numbers above 0: T(u) = exp(u), log T' = u.
  case positive
  /// Numbers between two bounds: T(u) = a + (b - a) sigmoid(u),
  /// log T' = log(b - a) - softplus(u) - softplus(-u).
  case interval(lower: Double, upper: Double)

  /// T(u), and the logarithm of T' element by element, for u of any shape; nil for that of the
  /// identity, which is 0.
  public func constrain<Scalar: TensorScalar>(
    _ u: Tensor<Scalar>
  ) -> (value: Tensor<Scalar>, logDerivative: Tensor<Scalar>?) {
    switch self {
    case .real: return (u, nil)
    case .positive: return (u.exp(), u)
    case .interval(let lower, let upper):
      let width = upper - lower
      precondition(width > 0 && width.isFinite, "an interval from \(lower) to \(upper)")
      let logDerivative = Tensor(Scalar(width)).log() - u.softplus() - (-u).softplus()
      return (u.sigmoid() * Scalar(width) + Scalar(lower), logDerivative)
    }
  }

  /// The u with T(u) = `value`, element by element; not a number outside the support.
  public func unconstrain<Scalar: TensorScalar>(_ value: Tensor<Scalar>) -> Tensor<Scalar> {
    switch self {
    case .real: return value
    case .positive: return value.log()
    case .interval(let lower, let upper):
      return (value - Scalar(lower)).log() - (Scalar(upper) - value).log()
    }
  }
}
