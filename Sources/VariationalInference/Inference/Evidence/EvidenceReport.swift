// SPDX-License-Identifier: Apache-2.0

/// What was measured of log p(x), what contradicts, and what follows; `print` shows it all.
public struct EvidenceReport: Sendable {
  /// The ELBO: a lower bound in expectation.
  public let elbo: Fit.Estimate
  /// By the smoothed importance weights of draws from q and wider copies of it: an estimate, and no
  /// bound.
  public let importance: Fit.Estimate
  /// k-hat of these weights, see ``ParetoShape``; nil where nothing can be fitted.
  public let shape: Double?
  /// Their effective number over their number.
  public let relativeEffectiveSampleSize: Double
  /// By annealing from q: a lower bound in expectation, and an estimate.
  public let annealed: AnnealedEvidence
  /// Bounds from both sides on simulated data; nil where none were asked for.
  public let bidirectional: BidirectionalEvidence?
  /// What was made of q, at which the chains begin.
  public let verdict: Verdict
  /// Why all numbers of the data are up to a constant, see ``LogDensity/unknownConstant``; nil
  /// where they are not.
  public let unknownConstant: String?

  /// Whether all numbers of the data are up to a constant.
  public var isUpToAConstant: Bool { unknownConstant != nil }

  /// A bound from below, by its name.
  public struct LowerBound: Sendable {
    /// What it is.
    public let name: String
    /// The bound.
    public let value: Fit.Estimate
  }

  /// The largest of the bounds from below. The largest of two is too large by chance, by no more
  /// than their errors.
  public var best: LowerBound {
    annealed.bound.mean > elbo.mean
      ? LowerBound(name: "annealing", value: annealed.bound)
      : LowerBound(name: "ELBO", value: elbo)
  }
}

extension Posterior {
  /// All that is known of the evidence: ELBO, importance weights and annealing, and what they say
  /// together.
  ///
  /// - Parameter options: Of the annealing.
  /// - Returns: What was measured; `print` shows it.
  public func evidence(_ options: AnnealingOptions = AnnealingOptions()) -> EvidenceReport {
    report(annealedEvidence(options), nil)
  }

  fileprivate func report(
    _ annealed: AnnealedEvidence, _ bidirectional: BidirectionalEvidence?
  ) -> EvidenceReport {
    EvidenceReport(
      elbo: fit.wholeELBO, importance: fit.logEvidence, shape: fit.check.shape,
      relativeEffectiveSampleSize: fit.check.relativeEffectiveSampleSize, annealed: annealed,
      bidirectional: bidirectional, verdict: fit.verdict,
      unknownConstant: density.unknownConstant)
  }
}

extension Posterior where Density == ProgramDensity {
  /// The same, with bounds from both sides on data sets that the model draws.
  ///
  /// - Parameters:
  ///   - simulations: How many data sets, at least 2.
  ///   - options: Of the annealing.
  /// - Returns: What was measured; `print` shows it.
  /// - Throws: ``ModelError`` where a prior is flat, or the model adds terms that are no law.
  public func evidence(
    simulations: Int, _ options: AnnealingOptions = AnnealingOptions()
  ) throws -> EvidenceReport {
    let both = try bidirectionalEvidence(simulations: simulations, options)
    return report(both.data, both)
  }
}

// MARK: - Contradictions

extension EvidenceReport {
  /// Two numbers of which the first should not be above the second, or not differ from it.
  public struct Contradiction: Sendable, CustomStringConvertible {
    /// What is wrong.
    public enum Kind: String, Sendable {
      /// A lower bound is above an estimate of log p(x).
      case boundAboveEstimate = "bound-above-estimate"
      /// The mean of many weights gave less than their mean logarithm.
      case importanceBelowELBO = "importance-below-elbo"
      /// Two estimates of the same number differ.
      case estimatesDiffer = "estimates-differ"
      /// Chains from q to the posterior and those back give different numbers.
      case directionsDiffer = "directions-differ"
      /// On simulated data a lower bound is above an upper one.
      case lowerAboveUpper = "lower-bound-above-upper-bound"
    }

    /// What is wrong.
    public let kind: Kind
    /// What is larger, and what smaller.
    public let larger, smaller: String
    /// By how much, with its error, in nats.
    public let difference: Fit.Estimate

    /// What is above what, by how much, and what it means.
    public var description: String {
      let meaning =
        switch kind {
        case .boundAboveEstimate:
          "the estimate lacks mass that the bound has seen; do not use it"
        case .importanceBelowELBO:
          "in expectation it is not: draws of q miss what matters, or the tail was smoothed away"
        case .estimatesDiffer:
          "one of them misses mass: the smaller one, or the larger one by few heavy weights"
        case .directionsDiffer:
          "chains of one way miss what those of the other have; the truth may well lie between"
        case .lowerAboveUpper:
          "one of the two is wrong: means of few weights with heavy tails; take more steps"
        }
      return "\(larger) is \(nats(difference)) nats above \(smaller): \(meaning)"
    }
  }

  /// What contradicts by more than 3 standard errors of the difference and 0.001 nats.
  public var contradictions: [Contradiction] {
    Self.contradictions(
      elbo: elbo, importance: importance, bound: annealed.bound, estimate: annealed.estimate,
      backward: annealed.backwardEstimate, simulatedWidth: bidirectional?.width)
  }

  /// The same of numbers by themselves.
  package static func contradictions(
    elbo: Fit.Estimate, importance: Fit.Estimate, bound: Fit.Estimate, estimate: Fit.Estimate,
    backward: Fit.Estimate, simulatedWidth: Fit.Estimate?
  ) -> [Contradiction] {
    let own = ("the ELBO", elbo)
    let lower = ("the annealing bound", bound)
    let weighted = ("the importance estimate", importance)
    let forward = ("the annealing estimate", estimate)
    let back = ("annealing back from the draws", backward)
    let missed = above(.boundAboveEstimate, lower, weighted)
    var found = [
      above(.importanceBelowELBO, own, weighted), above(.boundAboveEstimate, own, forward),
      missed ?? above(.estimatesDiffer, forward, weighted),
      above(.estimatesDiffer, weighted, forward), above(.directionsDiffer, back, forward),
      above(.directionsDiffer, forward, back),
    ]
    if let width = simulatedWidth {
      let zero = Fit.Estimate(mean: 0, standardError: 0)
      let names = ("the lower bound of simulated data", "the upper one")
      found.append(above(.lowerAboveUpper, (names.0, zero), (names.1, width)))
    }
    return found.compactMap { $0 }
  }

  private static func above(
    _ kind: Contradiction.Kind, _ larger: (name: String, value: Fit.Estimate),
    _ smaller: (name: String, value: Fit.Estimate)
  ) -> Contradiction? {
    let difference = larger.value.less(smaller.value)
    guard difference.mean > max(1e-3, 3 * difference.standardError) else { return nil }
    return Contradiction(
      kind: kind, larger: larger.name, smaller: smaller.name, difference: difference)
  }
}
