// SPDX-License-Identifier: Apache-2.0

/// What chains found out about log p(x) of each example.
public struct AnnealedBound: Sendable {
  /// The bound of each example, in nats.
  public let bound: [Double]
  /// (sum w)^2 / sum w^2 of the chains of each example, from 1 to their number.
  public let effectiveSampleSize: [Double]
  /// The mean probability of acceptance over each example's transitions; not a number where there
  /// were none (T = 1).
  public let acceptance: [Double]
}

/// Bounds of log p(x) from both sides, on examples simulated from the model.
public struct BidirectionalBound: Sendable {
  /// From chains that start from the prior or q.
  public let lower: AnnealedBound
  /// From chains that start from an exact draw of the posterior.
  public let upper: AnnealedBound

  /// Upper minus lower bound of each example: at most so much, in expectation, is missing from the
  /// lower one. A single example's may be negative by chance.
  public var gap: [Double] { zip(upper.bound, lower.bound).map { $0 - $1 } }
}

extension AnnealedBound {
  /// Those of the first examples alone.
  func first(_ count: Int) -> AnnealedBound {
    AnnealedBound(
      bound: Array(bound.prefix(count)),
      effectiveSampleSize: Array(effectiveSampleSize.prefix(count)),
      acceptance: Array(acceptance.prefix(count)))
  }

  init(_ blocks: [AnnealedBound]) {
    bound = blocks.flatMap(\.bound)
    effectiveSampleSize = blocks.flatMap(\.effectiveSampleSize)
    acceptance = blocks.flatMap(\.acceptance)
  }

  /// From the chains of a block, `chains` in succession for each example; an upper bound, where the
  /// sign is -1, has log 1/w for log w.
  init(logWeights: [Double], sign: Double, acceptance: [Double], chains: Int) {
    let weights = stride(from: 0, to: logWeights.count, by: chains).map { first in
      var weights = ImportanceWeights(expected: chains)
      for row in first..<first + chains { weights.add(logWeights[row]) }
      return weights
    }
    bound = weights.map { sign * $0.logMean }
    effectiveSampleSize = weights.map(\.effectiveSampleSize)
    self.acceptance = acceptance
  }
}

/// Both bounds of a block of examples.
struct AnnealedBlockResult: Sendable {
  let lower: AnnealedBound
  let upper: AnnealedBound?
}
