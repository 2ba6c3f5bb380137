// SPDX-License-Identifier: Apache-2.0

internal import Tensors

/// How far annealing is from log p(x), on data sets that the model itself draws, where it can be
/// bounded from both sides.
///
/// With z*, x* from the joint density, z* is an exact draw of the posterior of x*, from which
/// chains can go back to q. It says nothing on data that the model would hardly draw.
public struct BidirectionalEvidence: Sendable {
  /// Bounds of log p(x*) of one simulated data set, each in expectation.
  public struct Simulation: Sendable {
    /// x*, by the names of the statements that observe it, as ``Model/observing(_:)`` takes it.
    public let data: [String: Value]
    /// The ELBO of the q that was fitted to it.
    public let elbo: Fit.Estimate
    /// From chains from q to p: the logarithm of the mean weight, as ``AnnealedEvidence/estimate``.
    public let lower: Fit.Estimate
    /// From chains from z* to q: minus the logarithm of the mean inverse weight. Its error is that
    /// of chains from one z*; what another z* would change shows in the spread over data sets.
    public let upper: Fit.Estimate
    /// What was made of the fit to it.
    public let verdict: Verdict

    /// Upper less lower bound, in nats; below 0 by chance alone.
    public var width: Double { upper.mean - lower.mean }
  }

  /// What the simulated data sets gave.
  public let simulations: [Simulation]
  /// Data sets that could not be used, and why.
  public let failures: [String]
  /// Of the data at hand: the bound from below, by as many chains and steps.
  public let data: AnnealedEvidence

  /// The mean width, with its error by the spread over data sets: in expectation the estimate of a
  /// simulated data set is at most so many nats below its log p(x). Not a number without data sets.
  public var width: Fit.Estimate { Fit.Estimate(ofMean: simulations.map(\.width)) }
}

extension Posterior where Density == ProgramDensity {
  /// Bounds of log p(x) from both sides on data sets drawn from the model, beside the bound from
  /// below of the data at hand (bidirectional Monte Carlo).
  ///
  /// For each, latent variables and data are drawn from the prior, q is fitted to these data as to
  /// any, without a walk, and chains go from q to p and from the latent variables that were drawn
  /// to q.
  ///
  /// - Parameters:
  ///   - simulations: How many data sets, at least 2. Each costs a fit and twice the annealing.
  ///   - options: The seed, the number of chains, and how exact. The steps found for the data at
  ///     hand serve for all.
  /// - Returns: Both bounds of each, and the bound of the data at hand.
  /// - Throws: ``ModelError`` where a prior is flat, or the model adds terms that are no law: no
  ///   data can be drawn from it.
  /// - Source: Grosse, Ghahramani and Adams, "Sandwiching the marginal likelihood using
  ///   bidirectional Monte Carlo", 2015, arXiv:1511.02543; Grosse, Ancha and Roy, "Measuring the
  ///   reliability of MCMC inference with bidirectional Monte Carlo", NeurIPS 2016,
  ///   arXiv:1606.02275.
  public func bidirectionalEvidence(
    simulations: Int = 8, _ options: AnnealingOptions = AnnealingOptions()
  ) throws -> BidirectionalEvidence {
    precondition(simulations >= 2, "\(simulations) data sets tell no spread: at least 2")
    try density.model.requireDrawable()
    let data = annealedEvidence(options)
    var options = options
    options.steps = data.steps
    var (results, failures) = ([BidirectionalEvidence.Simulation](), [String]())
    for number in 1...simulations {
      do {
        results.append(try density.bounds(number, options))
      } catch let error as FitError {
        failures.append("data set \(number): \(error)")
      } catch let error as ModelError {
        failures.append("data set \(number): \(error)")
      }
    }
    return BidirectionalEvidence(simulations: results, failures: failures, data: data)
  }
}

extension ProgramDensity {
  /// One data set from the prior, q fitted to it, and chains both ways.
  fileprivate func bounds(
    _ number: Int, _ options: AnnealingOptions
  ) throws -> BidirectionalEvidence.Simulation {
    // Data sets of neighbouring seeds must not share draws.
    var generator = CounterGenerator(
      seed: options.seed, stream: GeneratorPurpose.simulatedDataSet.stream(UInt64(number)))
    let seed = generator.next()
    let simulated = try simulation(seed: seed)
    let exact = simulated.coordinates
    let fit = try simulated.density.fit(FitOptions(seed: seed, walks: false))
    let counted = CountedDensity(simulated.density)
    counted.begin("annealing")
    let path = AnnealedPath(counted, fit.components, seed: seed, chains: options.chains)
    let steps = options.steps ?? 2
    guard exact.count == dimension, exact.allSatisfy(\.isFinite),
      let reverse = path.reverse(
        steps, from: Tensor(rows: [[Double]](repeating: exact, count: options.chains)))
    else {
      throw ModelError(nil, "the latent variables that were drawn have no finite log-density")
    }
    return BidirectionalEvidence.Simulation(
      data: simulated.data, elbo: fit.wholeELBO, lower: LogWeights(path.forward(steps)).logMean,
      upper: LogWeights.inverse(reverse).logMean, verdict: fit.verdict)
  }
}
