// SPDX-License-Identifier: Apache-2.0

/// Means over examples, in nats per example: `elbo = -reconstruction - kl`.
public struct MeanTerms: Sendable, Equatable {
  /// The evidence lower bound.
  public var elbo: Double
  /// -E_q[log p(x | z)], a positive cost.
  public var reconstruction: Double
  /// KL(q || p), a positive cost.
  public var kl: Double
  /// L_K, where an importance-weighted bound is the objective; at least the ELBO of the same draws.
  public var importanceWeighted: Double?

  /// The two costs, from which the ELBO follows, and L_K where there is one.
  public init(reconstruction: Double, kl: Double, importanceWeighted: Double? = nil) {
    self.elbo = -reconstruction - kl
    self.reconstruction = reconstruction
    self.kl = kl
    self.importanceWeighted = importanceWeighted
  }

  /// What is maximised: L_K where there is one, else the ELBO.
  public var objective: Double { importanceWeighted ?? elbo }

  /// Whether all terms are numbers.
  package var isFinite: Bool { elbo.isFinite && objective.isFinite }
}

/// Sums over examples, in nats: what an epoch has seen so far.
public struct RunningTerms: Sendable, Equatable {
  /// Summed reconstruction costs.
  public private(set) var reconstruction = 0.0
  /// Summed KL costs.
  public private(set) var kl = 0.0
  /// Summed L_K, where that is the objective.
  public private(set) var importanceWeighted: Double?
  /// Examples seen.
  public private(set) var examples = 0

  /// Nothing seen.
  public init() {}

  package init(
    reconstruction: Double, kl: Double, importanceWeighted: Double? = nil, examples: Int
  ) {
    self.reconstruction = reconstruction
    self.kl = kl
    self.importanceWeighted = importanceWeighted
    self.examples = examples
  }

  /// The means so far; before the first example, not a number.
  /// Costs of weighted examples hold their weights; the divisor is the number of examples, not the
  /// sum of the weights.
  public var mean: MeanTerms {
    MeanTerms(
      reconstruction: reconstruction / Double(examples), kl: kl / Double(examples),
      importanceWeighted: importanceWeighted.map { $0 / Double(examples) })
  }

  /// Adds the report of an objective: reconstruction and KL costs, then L_K where there is one.
  /// Examples are added one after the other, in order: the same sum however a batch was cut.
  mutating func add<Scalar>(_ report: [Tensor<Scalar>]) {
    for cost in report[0].doubles { reconstruction += cost }
    for cost in report[1].doubles { kl += cost }
    if report.count > 2 {
      importanceWeighted = report[2].doubles.reduce(importanceWeighted ?? 0, +)
    }
    examples += report[0].count
  }

  /// Adds a share of what there is once in the data set, a cost in nats: a batch's share is its number of
  /// examples over that of all, so that an epoch counts it once.
  mutating func addOnce(_ cost: Double, share: Double) { kl += cost * share }

  mutating func add(_ other: RunningTerms) {
    reconstruction += other.reconstruction
    kl += other.kl
    if let more = other.importanceWeighted {
      importanceWeighted = (importanceWeighted ?? 0) + more
    }
    examples += other.examples
  }
}
