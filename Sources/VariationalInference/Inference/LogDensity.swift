// SPDX-License-Identifier: Apache-2.0

/// A log-density on R^D that can be evaluated: all that fitting asks of a model.
///
/// Programs (``Model``) conform through ``ProgramDensity``, hand-written densities through
/// ``HandWrittenDensity``. The density is that of unconstrained coordinates u, the Jacobian of the
/// bijection to the parameters included; it need not be normalised.
///
/// Points come as rows, and many at once: a model whose operations take all rows together costs little
/// more for 64 points than for one. A point where the density or its gradient is not finite is one where
/// there is no density, for the engine; it is no error.
public protocol LogDensity: Sendable {
  /// D, the number of unconstrained coordinates.
  var dimension: Int { get }

  /// What each unconstrained coordinate is called, D names.
  var coordinateNames: [String] { get }

  /// log p at each row.
  ///
  /// - Parameter points: `[B, D]`, off the tape.
  /// - Returns: `[B]`, in nats.
  func logDensities(at points: Tensor<Double>) -> Tensor<Double>

  /// log p at each row and its gradient by the row's coordinates.
  ///
  /// - Parameter points: `[B, D]`, off the tape.
  /// - Returns: `values` `[B]` in nats, `gradients` `[B, D]`. A row's numbers depend on that row alone.
  func logDensitiesWithGradients(
    at points: Tensor<Double>
  ) -> (values: Tensor<Double>, gradients: Tensor<Double>)

  /// The names of what ``quantities(at:)`` gives: parameters on their own scale, `theta[1]`, and what is
  /// derived from them.
  var quantityNames: [String] { get }

  /// Parameters and derived values at each row.
  ///
  /// - Parameter points: `[B, D]`, off the tape.
  /// - Returns: `[B, Q]`, in the order of ``quantityNames``.
  func quantities(at points: Tensor<Double>) -> Tensor<Double>

  /// Draws from the prior in unconstrained coordinates, from which a search may start; nil where the
  /// density knows no prior.
  ///
  /// - Returns: `[count, D]`; a row may be not finite.
  func priorDraws(_ count: Int, seed: UInt64) -> Tensor<Double>?
}

extension LogDensity {
  /// The coordinates themselves.
  public var quantityNames: [String] { coordinateNames }
  /// The coordinates themselves.
  public func quantities(at points: Tensor<Double>) -> Tensor<Double> { points }
  /// None.
  public func priorDraws(_ count: Int, seed: UInt64) -> Tensor<Double>? { nil }
}
