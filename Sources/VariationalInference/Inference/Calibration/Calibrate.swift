// SPDX-License-Identifier: Apache-2.0

internal import Synchronization

extension SimulatableDensity {
  /// Whether fits of data that the model itself draws describe their posteriors: for each
  /// simulation, parameters from the prior, data from the model, a fit, and the rank of each
  /// parameter among the draws that the verdict recommends.
  ///
  /// Simulations are shared among ``threads``. Simulation i depends on (seed, i) alone.
  ///
  /// - Parameters:
  ///   - simulations: How many, at least 1. Each costs a fit.
  ///   - options: What fits are told, but for their seeds.
  ///   - seed: The same seed gives the same bits, for any number of threads.
  ///   - progress: Hears how many simulations are done, on any thread, but one call at a time; the
  ///     answer false stops the work.
  /// - Returns: What was found; `print` shows it.
  /// - Throws: Where no simulation could be fitted, the first one's error: ``ModelError`` of a
  ///   prior that is flat, or a law without draws. `CancellationError` where `progress` answered
  ///   false.
  public func calibrate(
    simulations: Int = 100, options: FitOptions = FitOptions(), seed: UInt64 = 0,
    progress: (@Sendable (_ done: Int) -> Bool)? = nil
  ) throws -> Calibration {
    precondition(simulations >= 1, "\(simulations) simulations tell nothing: at least 1")
    let state = Mutex((done: 0, goesOn: true))
    let outcomes = threads.map(simulations) { index -> Outcome in
      guard state.withLock({ $0.goesOn }) else { return .stopped }
      let outcome = outcome(index, seed: seed, options)
      state.withLock {
        $0.done += 1
        if $0.goesOn, let progress, !progress($0.done) { $0.goesOn = false }
      }
      return outcome
    }
    if !state.withLock({ $0.goesOn }) { throw CancellationError() }
    var (done, first): ([Calibration.Simulation], (any Error)?) = ([], nil)
    for outcome in outcomes {
      switch outcome {
      case .fitted(let simulation): done.append(simulation)
      case .failed(let simulation, let error):
        done.append(simulation)
        first = first ?? error
      case .broken(let error): throw error
      case .stopped: break
      }
    }
    if let first, done.allSatisfy({ $0.verdict == nil }) { throw first }
    return Calibration(
      quantityNames: quantityNames + [Calibration.logDensityName], simulations: done)
  }

  /// One simulation, by its number from 0.
  private func outcome(_ number: Int, seed: UInt64, _ options: FitOptions) -> Outcome {
    var generator = CounterGenerator(
      seed: seed, stream: GeneratorPurpose.calibration.stream(UInt64(number)))
    var options = options
    options.seed = generator.next()
    do {
      let (truth, coordinates, density) = try simulated(seed: options.seed)
      precondition(
        truth.count == quantityNames.count,
        "\(truth.count) true values for \(quantityNames.count) quantities")
      let fit = try density.fit(options)
      let points = fit.draws.points
      // A quantity that the data decide too sees errors that no parameter shows.
      let height = coordinates.map {
        density.logDensities(at: Tensor($0, shape: [1, dimension])).scalars[0]
      }
      let heights = density.logDensities(at: points).reshaped(to: [points.shape[0], 1])
      let found = TruthRanks(
        of: truth + [height ?? .nan],
        among: .concatenated([density.quantities(at: points), heights], along: 1), fit,
        using: &generator)
      return .fitted(
        Calibration.Simulation(
          seed: options.seed, verdict: fit.verdict, failure: nil, ranks: found.ranks,
          scores: found.scores))
    } catch {
      // Faults of these data or of their fit; others end the work.
      guard error is FitError || error is ModelError else { return .broken(error) }
      return .failed(
        Calibration.Simulation(
          seed: options.seed, verdict: nil, failure: "\(error)", ranks: [], scores: []), error)
    }
  }
}

/// What became of a simulation.
private enum Outcome: Sendable {
  case fitted(Calibration.Simulation)
  case failed(Calibration.Simulation, any Error)
  case broken(any Error)
  case stopped
}

extension Posterior where Density: SimulatableDensity {
  /// Whether fits like this one describe the posteriors of data that the model itself draws
  /// (simulation-based calibration), with the options of this fit.
  ///
  ///     print(try posterior.calibrate(simulations: 100))
  ///
  /// - Parameters:
  ///   - simulations: How many, at least 1. Each costs a fit.
  ///   - seed: The same seed gives the same bits, for any number of threads.
  ///   - progress: Hears how many simulations are done, on any thread, but one call at a time; the
  ///     answer false stops the work.
  /// - Returns: What was found; `print` shows it.
  /// - Throws: ``ModelError`` where a prior is flat, a law has no draws, or this posterior was
  ///   fitted by minibatches; `CancellationError` where `progress` answered false.
  public func calibrate(
    simulations: Int = 100, seed: UInt64 = 0,
    progress: (@Sendable (_ done: Int) -> Bool)? = nil
  ) throws -> Calibration {
    guard let options else {
      throw ModelError(
        nil,
        "this posterior was fitted by minibatches, which calibration does not repeat; calibrate "
          + "the model's density, which is fitted to all data at once")
    }
    return try density.calibrate(
      simulations: simulations, options: options, seed: seed, progress: progress)
  }
}
