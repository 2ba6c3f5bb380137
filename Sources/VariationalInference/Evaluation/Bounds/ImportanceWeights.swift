// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
  internal import Glibc
#else
  internal import Darwin
#endif

/// Importance weights of one example as they stream past, given by their logarithms: mean, effective
/// sample size and tail, in memory of the square root of their number.
///
/// Sums are kept relative to the largest weight so far, so that nothing overflows. Weights are added
/// one by one, so that the result does not depend on how the stream was cut.
///
/// A weight that is not a number makes all three results not a number; an infinite one makes the mean
/// infinite, and the other two not a number.
public struct ImportanceWeights: Sendable {
  /// How many weights were added.
  public private(set) var count = 0
  /// The logarithm of the largest weight, of those that are numbers.
  public private(set) var largest = -Double.infinity
  /// Sums of w / w_max and of its square.
  private var (sum, squares) = (0.0, 0.0)
  private var tail: LargestValues

  /// No weights yet.
  ///
  /// - Parameter expected: How many there will be, which decides the size of the tail.
  public init(expected: Int) {
    tail = LargestValues(capacity: ParetoShape.tailSize(samples: expected) + 1)
  }

  /// Adds a weight, given its logarithm.
  public mutating func add(_ logWeight: Double) {
    count += 1
    tail.insert(logWeight)
    if logWeight > largest {
      // Both sums are brought to the new largest weight: w / w_max, so the squares by scale^2.
      let scale = exp(largest - logWeight)
      (sum, squares) = (sum * scale + 1, squares * scale * scale + 1)
      largest = logWeight
    } else if logWeight == .infinity {
      // inf - inf is no distance: these two are taken for equal, which the mean does not notice.
      (sum, squares) = (sum + 1, squares + 1)
    } else if logWeight > -.infinity {
      let weight = exp(logWeight - largest)
      (sum, squares) = (sum + weight, squares + weight * weight)
    } else if logWeight.isNaN {
      sum = .nan
    }
  }

  /// Adds -cost + log p(z) - log q(z) of each draw.
  ///
  /// Where there is no `prior`, the cost is -log p(x, z) and holds it.
  mutating func add(cost: [Double], prior: [Double]?, posterior: [Double]) {
    for draw in cost.indices { add(-cost[draw] + (prior?[draw] ?? 0) - posterior[draw]) }
  }

  /// The logarithm of the mean weight, in nats.
  public var logMean: Double { largest + log(sum / Double(count)) }

  /// (sum w)^2 / sum w^2: of so many equal weights the mean would be as exact (Kong 1992). From 1 to
  /// the number of weights; not a number where all weights are 0, or one is infinite.
  public var effectiveSampleSize: Double {
    largest == .infinity ? .nan : sum * sum / squares
  }

  /// The shape of the tail, see ``ParetoShape``; nil where nothing can be fitted: fewer than 25
  /// weights, or the largest all equal. Not a number where a weight is infinite or not a number.
  public var paretoShape: Double? {
    sum.isNaN ? .nan : ParetoShape.fit(largest: tail.sorted)
  }
}
