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

  /// Those of ``quantityNames`` that are parameters, not derived from them: what a start of another program
  /// consists of.
  var parameterNames: [String] { get }

  /// Why log p is known up to a constant only, as the end of a sentence: "as a prior is flat"; nil where
  /// it is known in full.
  var unknownConstant: String? { get }

  /// Why there is no finite log-density at a point, where the density can tell more than its number.
  ///
  /// - Parameter point: D coordinates.
  /// - Returns: A clause, "statement ... at sigma = 0"; nil where nothing is known, or nothing failed.
  func failure(at point: [Double]) -> String?

  /// Data drawn anew at each row, beside the data that were seen.
  ///
  /// - Parameters:
  ///   - points: `[B, D]`, off the tape.
  ///   - seed: The same seed gives the same draws.
  /// - Returns: One for each part of the data; none where the density knows no data.
  /// - Throws: ``ModelError`` where they cannot be drawn.
  func predictions(at points: Tensor<Double>, seed: UInt64) throws -> [Prediction]

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
  /// All.
  public var parameterNames: [String] { quantityNames }
  /// None.
  public var unknownConstant: String? { nil }
  /// Not known.
  public func failure(at point: [Double]) -> String? { nil }
  /// None.
  public func predictions(at points: Tensor<Double>, seed: UInt64) throws -> [Prediction] { [] }
  /// None.
  public func priorDraws(_ count: Int, seed: UInt64) -> Tensor<Double>? { nil }
}

/// A part of the data, and draws of it from the model.
public struct Prediction: Sendable {
  /// As the model calls it: `y`.
  public let name: String
  /// The data that were seen, N numbers.
  public let observed: [Double]
  /// `[B, N]`: data drawn anew, a row for each draw of the latent variables.
  public let drawn: Tensor<Double>

  /// - Parameters:
  ///   - name: As the model calls it.
  ///   - observed: N numbers.
  ///   - drawn: `[B, N]`.
  public init(name: String, observed: [Double], drawn: Tensor<Double>) {
    precondition(
      drawn.rank == 2 && drawn.shape[1] == observed.count,
      "data drawn anew of shape \(drawn.shape) for \(observed.count) observed numbers")
    (self.name, self.observed, self.drawn) = (name, observed, drawn)
  }
}
