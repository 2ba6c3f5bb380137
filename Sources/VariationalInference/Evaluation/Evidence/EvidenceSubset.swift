// SPDX-License-Identifier: Apache-2.0

internal import Tensors

/// Which examples are measured, where not all are.
package struct EvidenceSubset: Sendable, Equatable {
  package enum Rule: String, Sendable {
    /// The first ones, in the order of the data.
    case first
    /// Drawn at random.
    case random
  }

  package let rule: Rule
  /// Whether each label has its share of the examples, as it has of all.
  package let isStratified: Bool
  /// Decides which examples are drawn.
  package let seed: UInt64
  /// All examples in the order in which they are taken; nil for that of the data.
  private let order: [Int]?

  /// The first examples.
  package static let first = EvidenceSubset(
    rule: .first, isStratified: false, seed: 0, order: nil)

  private init(rule: Rule, isStratified: Bool, seed: UInt64, order: [Int]?) {
    (self.rule, self.isStratified, self.seed, self.order) = (rule, isStratified, seed, order)
  }

  /// Examples drawn at random, without replacement, by `seed` alone; where the data have labels, any
  /// number of them has as many of each label as its share, to within one.
  ///
  /// Member j of the n of a label, in a random order, stands at (j + u) / n of the way, with one u
  /// from 0 to 1 for each label: the first part of the way holds the same part of every label.
  package init(of data: any Dataset, seed: UInt64) {
    let classes = data.classNumbers
    var generator = CounterGenerator(seed: seed, stream: GeneratorPurpose.subset.stream())
    var strata: [Int: [Int]] = [:]
    for example in 0..<data.count { strata[classes?[example] ?? 0, default: []].append(example) }
    var places: [(place: Double, example: Int)] = []
    for label in strata.keys.sorted() {
      let members = strata[label] ?? []
      let start = Double.random(in: 0..<1, using: &generator)
      let order = EpochOrder.permutation(of: members.count, using: &generator)
      for (index, member) in order.enumerated() {
        places.append(((Double(index) + start) / Double(members.count), members[member]))
      }
    }
    places.sort { ($0.place, $0.example) < ($1.place, $1.example) }
    self.init(
      rule: .random, isStratified: strata.count > 1, seed: seed, order: places.map(\.example))
  }

  /// The numbers of so many examples, in the order in which they are taken.
  package func examples(_ count: Int) -> [Int] {
    order.map { Array($0.prefix(count)) } ?? Array(0..<count)
  }
}

extension EvidenceResults {
  /// The ELBO of a subset beside that of all examples.
  package struct SubsetShift: Sendable {
    /// How many examples there are in the subset.
    package let count: Int
    /// The mean ELBO of the subset and that of all.
    package let subset, all: Double
    /// The difference in standard errors of the mean of so many examples: in those drawn without
    /// replacement from all, or in those of the subset itself where these are smaller.
    package let standardErrors: Double

    /// By chance alone a mean of many examples is as far off once in 16,000 times.
    package var isNoSample: Bool { standardErrors.magnitude > 4 }
  }

  /// How far the subset of so many examples is from all, by the ELBO; nil of all examples, or where
  /// that is not known.
  ///
  ///     (mean of n - mean of N) / (s / sqrt(n) sqrt(1 - n / N)),   s the deviation of all N
  ///
  /// From 20 examples on s is that of the n instead, where it is smaller: fewer do not tell it.
  package func subsetShift(_ count: Int) -> SubsetShift? {
    guard let elbo, count < elbo.count else { return nil }
    let all = Estimate(elbo)
    let subset = Estimate(examples(count).map { elbo[$0] })
    let (n, total) = (Double(count), Double(elbo.count))
    var error = all.standardError * (total / n * (1 - n / total)).squareRoot()
    if count >= 20 { error = min(error, subset.standardError) }
    guard error > 0, error.isFinite, subset.mean.isFinite else { return nil }
    return SubsetShift(
      count: count, subset: subset.mean, all: all.mean,
      standardErrors: (subset.mean - all.mean) / error)
  }

  /// Subsets that are further from all examples than chance takes them.
  package var noSamples: [SubsetShift] {
    let counts = [iwae?.bound.count, ais?.bound.count, gaps?.bound.count].compactMap { $0 }
    return Set(counts).sorted().compactMap(subsetShift).filter(\.isNoSample)
  }
}
