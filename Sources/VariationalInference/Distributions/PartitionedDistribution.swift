// SPDX-License-Identifier: Apache-2.0

/// Groups of coordinates side by side, each with a law of its own: the columns of a table.
///
///     log p(x) = sum over groups g of log p[g](x[columns of g]) - sum over j of log unit[j]
///
/// A unit is the length, in the numbers that people know, of 1 in those that the law sees. With it the
/// density is one of the numbers that people know although x was standardised.
public struct PartitionedDistribution<Scalar: TensorScalar>: DataDistribution {
  /// One group of coordinates.
  public struct Group: Sendable {
    /// Which coordinates.
    public let columns: Range<Int>
    /// p of them.
    public let law: any DataDistribution<Scalar>
    /// log unit[j] of each, `[n]`; nil where all are 1.
    public let logUnits: Tensor<Scalar>?

    /// The coordinates `columns` follow `law`.
    public init(
      _ columns: Range<Int>, _ law: any DataDistribution<Scalar>,
      logUnits: Tensor<Scalar>? = nil
    ) {
      self.columns = columns
      self.law = law
      self.logUnits = logUnits
    }
  }

  /// In the order of the coordinates.
  public let groups: [Group]

  /// A distribution of these groups.
  ///
  /// - Precondition: There is a group, the first begins at 0, and each begins where the one before ends.
  public init(_ groups: [Group]) {
    var end = 0
    for group in groups {
      precondition(
        group.columns.lowerBound == end && !group.columns.isEmpty,
        "coordinates \(group.columns) after the first \(end)")
      end = group.columns.upperBound
    }
    precondition(end > 0, "a distribution of no coordinate")
    self.groups = groups
  }

  /// The sum over the groups: `[...]`, in nats.
  public func logProbability(of value: Tensor<Scalar>) -> Tensor<Scalar> {
    sum { group in
      let density = group.law.logProbability(of: group.part(of: value))
      return group.logUnits.map { density - $0.sum() } ?? density
    }
  }

  /// The same of the coordinates that were observed.
  public func logProbability(
    of value: Tensor<Scalar>, observed mask: Tensor<Scalar>
  ) -> Tensor<Scalar> {
    sum { group in
      let seen = group.part(of: mask)
      let density = group.law.logProbability(of: group.part(of: value), observed: seen)
      guard let units = group.logUnits else { return density }
      return density - (seen * units).sum(along: -1).besideRows(ofRank: density.rank)
    }
  }

  private func sum(_ term: (Group) -> Tensor<Scalar>) -> Tensor<Scalar> {
    groups.dropFirst().reduce(term(groups[0])) { $0 + term($1) }
  }

  /// The expectations of the groups, side by side.
  public var mean: Tensor<Scalar> { .concatenated(groups.map { $0.law.mean }, along: -1) }

  /// One draw of each group for each row. Groups draw from sequences of their own.
  public func draw(_ keys: [NoiseKey]) -> Tensor<Scalar> {
    if groups.count == 1 { return groups[0].law.draw(keys) }
    let parts = groups.enumerated().map { number, group in
      group.law.draw(keys.map { $0.derived(number) })
    }
    return .concatenated(parts, along: -1)
  }
}

extension PartitionedDistribution.Group {
  fileprivate func part(of rows: Tensor<Scalar>) -> Tensor<Scalar> {
    let width = rows.shape[rows.rank - 1]
    return columns.count == width ? rows : rows.slice(columns, along: rows.rank - 1)
  }
}
