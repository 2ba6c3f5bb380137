// SPDX-License-Identifier: Apache-2.0

@_exported public import Tensors

/// A batch of distributions over vectors: log p(value), row by row.
///
/// Conventions for every conforming type: a batch is `[batch, dimension]`; densities are in nats and
/// summed over the dimensions of an example, never over the batch; a density may exceed 1, so its
/// logarithm may be positive.
public protocol Distribution<Scalar>: Sendable {
  /// The type of number.
  associatedtype Scalar: TensorScalar

  /// log p(value) of each example.
  ///
  /// - Parameter value: `[batch, dimension]`.
  /// - Returns: `[batch]`, in nats.
  func logProbability(of value: Tensor<Scalar>) -> Tensor<Scalar>

  /// log p(value) where each value stands for `times` examples in succession: many draws of z for
  /// one x. A type may do without the copies that the default makes.
  ///
  /// - Parameters:
  ///   - value: `[batch, dimension]`.
  ///   - times: How many rows of the distribution there are for each row of `value`.
  /// - Returns: `[batch * times]`, in nats.
  func logProbability(of value: Tensor<Scalar>, repeated times: Int) -> Tensor<Scalar>
}

extension Distribution {
  /// log p of the repeated rows.
  public func logProbability(of value: Tensor<Scalar>, repeated times: Int) -> Tensor<Scalar> {
    logProbability(of: value.repeatingRows(times))
  }
}

/// A distribution whose draws are a differentiable function of noise that has no parameters.
public protocol ReparameterizedDistribution<Scalar>: Distribution {
  /// The shape of the noise for one draw per example.
  var noiseShape: [Int] { get }

  /// A draw.
  ///
  /// - Parameter noise: Standard normal numbers of ``noiseShape``.
  /// - Returns: `[batch, dimension]`, traced where the distribution's parameters are.
  func sample(noise: Tensor<Scalar>) -> Tensor<Scalar>

  /// KL(self || prior) of each example in closed form, `[batch]`, in nats; nil where there is none,
  /// and the objective then estimates it from the draw.
  func kullbackLeiblerDivergence(to prior: some Distribution<Scalar>) -> Tensor<Scalar>?
}

/// log(2 pi) / 2, the constant of a normal density.
let halfLogTwoPi = 0.918938533204672741780329736406
