// SPDX-License-Identifier: Apache-2.0

/// Surrogate posteriors q(u | x) of a model's latent variables, in their unconstrained coordinates u.
///
/// A guide is amortised, where a network computes q from x, or local, where each example has parameters
/// of its own: the same protocol serves both, as a ``Batch`` brings the fields and the examples' numbers.
public protocol Guide<Scalar>: Sendable {
  /// The type of number.
  associatedtype Scalar: TensorScalar
  /// The distribution of the coordinates of one example.
  associatedtype Posterior: ReparameterizedDistribution<Scalar>

  /// q of the latent variables of each example: one row each, or one for all.
  func posterior(given batch: Batch<Scalar>) -> Posterior

  /// Fields that it reads, whether or not the model does.
  var alsoReads: [FieldUse] { get }

  /// q of the latent variables that there are once, of one row; nil where there are none.
  var sharedPosterior: (any ReparameterizedDistribution<Scalar>)? { get }
}

extension Guide {
  /// None.
  public var alsoReads: [FieldUse] { [] }

  /// Nil.
  public var sharedPosterior: (any ReparameterizedDistribution<Scalar>)? { nil }
}

/// A guide that sees x as one matrix: the short way to write an encoder.
public protocol AmortizedPosterior<Scalar>: Guide {
  /// The distribution of z of one example.
  associatedtype Posterior

  /// q(z | x, c) of each example.
  ///
  /// - Parameter x: The data and the conditions joined, `[batch, n]`.
  /// - Returns: A distribution for each row of x.
  func posterior(given x: Tensor<Scalar>) -> Posterior
}
