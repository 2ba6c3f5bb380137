// SPDX-License-Identifier: Apache-2.0

/// Latent variables drawn from a program's prior, data drawn from them, and the density given these
/// data.
struct ProgramSimulation {
  /// Parameters and derived values, in the order of ``ProgramDensity/quantityNames``.
  let truth: [Double]
  /// The coordinates of the latent variables, D numbers; not a number where a value has none.
  let coordinates: [Double]
  /// The data, by the names of the statements that observe them, as ``Model/observing(_:)`` takes
  /// them.
  let data: [String: Value]
  /// The log joint density given these data.
  let density: ProgramDensity
}

extension Model {
  /// - Throws: ``ModelError`` where the model has no draws from its prior.
  func requireDrawable() throws {
    let program = run(.structure, draws: 1)
    if program.hasFreeTerm {
      throw ModelError(
        nil,
        "the model adds a term that is no law, so its prior cannot be drawn from, and no data "
          + "simulated; write the term as the law of a latent variable or of data")
    }
    let drawn = run(.prior(seed: 0), draws: 1)
    if let error = drawn.error { throw error }
  }
}

extension ProgramDensity {
  /// One draw of everything from the prior, and the density given the data among it.
  ///
  /// - Throws: ``ModelError`` where a law has no draws, or what was drawn is no data.
  func simulation(seed: UInt64) throws -> ProgramSimulation {
    let drawn = model.run(.prior(seed: seed), draws: 1)
    if let error = drawn.error { throw error }
    let observed = outputs.filter { $0.kind == .observed }.compactMap { output in
      drawn.values[output.name].map { (output.name, $0) }
    }
    let data = Dictionary(uniqueKeysWithValues: observed)
    return ProgramSimulation(
      truth: reported.flatMap { output in
        drawn.values[output.name]?.numbers
          ?? [Double](repeating: .nan, count: output.shape.reduce(1, *))
      },
      coordinates: drawn.drawnCoordinates.flatMap { $0?.numbers ?? [.nan] }, data: data,
      density: try model.observing(data).density(threads: threads))
  }
}
