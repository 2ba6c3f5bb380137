// SPDX-License-Identifier: Apache-2.0

/// A log-density of a joint law of parameters and data, from which both can be drawn: what
/// simulation-based calibration asks of a model.
public protocol SimulatableDensity: LogDensity {
  /// Parameters drawn from the prior, data drawn from them, and the density given these data.
  ///
  /// - Parameter seed: The same seed gives the same draws.
  /// - Returns: `truth`, parameters and derived values in the order of
  ///   ``LogDensity/quantityNames``; `coordinates`, D unconstrained ones of the same truth, or nil
  ///   where they are not known; `density`, that of the parameters given the data that were drawn.
  /// - Throws: ``ModelError`` where a prior or a law has no draws.
  func simulated(
    seed: UInt64
  ) throws -> (truth: [Double], coordinates: [Double]?, density: Self)

  /// Threads among which simulations are shared. The numbers do not depend on it.
  var threads: WorkerPool { get }
}

extension SimulatableDensity {
  /// The calling thread alone.
  public var threads: WorkerPool { WorkerPool(count: 1) }
}

extension ProgramDensity: SimulatableDensity {
  /// Latent variables from the prior and data from them, and the density of the same program given
  /// these data. What the closure reads of the data elsewhere than in `observe` stays as it is.
  public func simulated(
    seed: UInt64
  ) throws -> (truth: [Double], coordinates: [Double]?, density: ProgramDensity) {
    try model.requireDrawable()
    let simulation = try simulation(seed: seed)
    return (simulation.truth, simulation.coordinates, simulation.density)
  }
}
