// SPDX-License-Identifier: Apache-2.0

/// How a model is fitted whose plates see a random part of their examples at each step.
public struct MinibatchOptions: Sendable {
  /// Decides all random numbers: the same seed gives the same bits.
  public var seed: UInt64
  /// ``FitFamily/meanField`` or ``FitFamily/fullRank``.
  public var family: FitFamily
  /// Steps at most.
  public var steps: Int
  /// Draws of q in a step, half of them the mirror images of the others. All see the same examples.
  public var draws: Int
  /// Subsets that the pilot sees, which finds a first q: coordinates for the steps.
  public var pilotSubsets: Int
  /// Whether gradients at one point are subtracted, by the step's examples, and added, by all
  /// examples: most of the noise of subsets goes. One row of all data for each window of 100 steps.
  public var controlVariates: Bool
  /// Draws of the importance check, each of which sees all examples; 0 for no check, and no verdict
  /// to use q.
  public var checkDraws: Int
  /// Places to search from, besides those that are drawn: unconstrained coordinates, D each.
  public var starts: [[Double]]

  /// - Parameters:
  ///   - seed: Decides all random numbers.
  ///   - family: `.meanField` or `.fullRank`.
  ///   - steps: Steps at most.
  ///   - draws: Draws of q in a step, an even number.
  ///   - pilotSubsets: Subsets that the pilot sees.
  ///   - controlVariates: Whether one row of all data for each window takes noise away.
  ///   - checkDraws: Draws of the check on all data, at least 100, or 0 for none.
  ///   - starts: Places to search from.
  public init(
    seed: UInt64 = 0, family: FitFamily = .fullRank, steps: Int = 5000, draws: Int = 16,
    pilotSubsets: Int = 8, controlVariates: Bool = true, checkDraws: Int = 1000,
    starts: [[Double]] = []
  ) {
    precondition(
      family == .meanField || family == .fullRank,
      "minibatches fit .meanField or .fullRank, not \(family)")
    precondition(steps > 0 && pilotSubsets > 0, "\(steps) steps, \(pilotSubsets) pilot subsets")
    precondition(draws >= 2 && draws.isMultiple(of: 2), "\(draws) draws are no pairs")
    precondition(
      checkDraws == 0 || checkDraws >= 100, "a check by \(checkDraws) draws says nothing")
    self.seed = seed
    self.family = family
    self.steps = steps
    self.draws = draws
    self.pilotSubsets = pilotSubsets
    self.controlVariates = controlVariates
    self.checkDraws = checkDraws
    self.starts = starts
  }
}

extension Model {
  /// Fits the posterior by steps that see a part of the examples of each
  /// ``Program/plate(size:subset:_:)``.
  ///
  ///     let posterior = try model.fit(minibatches: MinibatchOptions())
  ///
  /// A pilot finds a first Gaussian for a posterior of few subsets, scaled up. In its coordinates
  /// Adam maximises the ELBO, until iterates of several windows agree and their average is known to
  /// 0.03 sd. The check sees all examples; there is no walk.
  ///
  /// - Throws: ``ModelError`` for a mistake in the model, or one without a plate that has a subset;
  ///   ``FitError`` where there is nothing to fit.
  /// - Source: Hoffman, Blei, Wang and Paisley, "Stochastic variational inference", JMLR 14 (2013),
  ///   arXiv:1206.7051; when to stop, and averages: Dhaka, Catalina, Andersen, Magnusson, Huggins
  ///   and Vehtari, "Robust, accurate stochastic optimization for variational inference", NeurIPS
  ///   2020, arXiv:2009.00666.
  public func fit(minibatches options: MinibatchOptions) throws -> Posterior<ProgramDensity> {
    let density = try density()
    try checkStep(of: density)
    let clock = ContinuousClock()
    let start = clock.now
    let fit = try MinibatchFit(density, options).run()
    let duration = (clock.now - start).components
    return Posterior(
      density, fit, nil,
      seconds: Double(duration.seconds) + Double(duration.attoseconds) * 1e-18)
  }

  /// Refuses a model whose steps see all, or that does not fit together where a step sees less.
  private func checkStep(of density: ProgramDensity) throws {
    let minibatch = Program.Minibatch(seed: 0, step: 0)
    let structure = run(.structure, draws: 1, minibatch: minibatch)
    guard structure.hasSubset else {
      throw ModelError(
        "plate", "no plate has a subset of its examples; use fit(), or give subset: fewer")
    }
    for (part, whole) in zip(structure.sites, density.sites) where part.shape != whole.shape {
      throw ModelError(
        "latent \"\(whole.name)\"",
        "its shape is \(part.shape) where a step sees a part of the examples, else \(whole.shape); "
          + "minibatches fit latent variables that all examples share")
    }
    if let error = structure.error { throw error }
    let coordinates = density.sites.map { Value(.zeros($0.unconstrainedShape + [1])) }
    let joint = run(.joint(coordinates), draws: 1, sites: density.sites, minibatch: minibatch)
    if let error = joint.error { throw error }
  }
}
