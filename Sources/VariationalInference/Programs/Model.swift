// SPDX-License-Identifier: Apache-2.0

/// A directed model p(x, z), written once as a program.
///
///     let eight = Model { z in
///       let mu = z.latent("mu", Normal(0, 5))
///       let tau = z.latent("tau", HalfCauchy(5))
///       let theta = z.latent("theta", Normal(mu, tau), count: 8, .nonCentred)
///       z.observe("y", Normal(theta, sigma), y)
///     }
///     let posterior = try eight.fit()
///
/// The closure is written for one draw and runs for many at once. From it come the names, shapes and
/// supports of the latent variables, the log joint density on unconstrained coordinates, draws of
/// parameters and data from the prior, posterior predictive draws, and derived values.
public struct Model: Sendable {
  let body: @Sendable (Program) -> Void
  /// Data that stand in the place of those in the closure, by the name of their statement.
  private(set) var replacements: [String: Value] = [:]

  /// A model from its statements. Nothing is run before something is asked of it.
  public init(_ body: @escaping @Sendable (Program) -> Void) { self.body = body }

  /// The same model with other data, as new ones, or simulated ones.
  ///
  /// - Parameter data: By the name of the statement that observes them. What the closure reads besides, as
  ///   past values from which a series is predicted, stays as it is.
  /// - Returns: The model given those data.
  public func observing(_ data: [String: Value]) -> Model {
    var model = self
    model.replacements.merge(data) { $1 }
    return model
  }

  /// Draws of everything from the prior: latent variables, derived values, and data.
  ///
  /// - Parameters:
  ///   - draws: How many.
  ///   - seed: The same seed gives the same draws.
  /// - Returns: Values by name.
  /// - Throws: ``ModelError`` for a mistake in the model, or a prior that cannot be drawn from.
  public func prior(draws: Int, seed: UInt64 = 0) throws -> NamedDraws {
    precondition(draws > 0, "\(draws) draws")
    let program = run(.structure, draws: 1)
    if let error = program.error { throw error }
    let drawn = run(.prior(seed: seed), draws: draws)
    if let error = drawn.error { throw error }
    return NamedDraws(drawn.values, order: program.outputs.map(\.name), draws: draws)
  }

  /// One run of the program; `sites` are known to runs at coordinates.
  func run(
    _ mode: Program.Mode, draws: Int, sites: [Program.Site] = [],
    minibatch: Program.Minibatch? = nil
  ) -> Program {
    let program = Program(
      mode, draws: draws, sites: sites, minibatch: minibatch, replacements: replacements)
    body(program)
    program.checkReplacements()
    program.checkStatements()
    return program
  }
}
