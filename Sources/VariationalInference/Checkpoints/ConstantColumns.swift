// SPDX-License-Identifier: Apache-2.0

extension AutoencoderLikelihood {
  /// What a user should know before training on these data, in lines: columns whose density has no
  /// bound.
  ///
  /// A law with a location and a learned noise of its own for a column that is the same in every
  /// row has the density 1 / sigma times a constant there: it grows without bound as sigma goes to
  /// 0, and hides what the other columns are worth. Nothing is done about it, as a smallest sigma
  /// that suits one unit suits no other.
  ///
  /// - Parameter data: The training data. Of more than 20,000 rows, so many that are spread over
  ///   all are looked at.
  /// - Returns: One line, or none.
  package func notes(on data: any Dataset) -> [String] {
    guard case .general(let likelihood, let table) = self else { return [] }
    let columns = likelihood.unboundedColumns(in: data)
    if columns.isEmpty { return [] }
    let known = table?.names
    let names = columns.prefix(3).map { column in
      known.map { "'\($0[column])'" } ?? "\(column)"
    }
    let others = columns.count > 3 ? " and \(columns.count - 3) more" : ""
    let place = table == nil ? " (counted from 0)" : ""
    let subject =
      columns.count == 1
      ? "column \(names[0])\(place) is"
      : "columns \(names.joined(separator: ", "))\(others)\(place) are"
    let remedy =
      "leave \(columns.count == 1 ? "it" : "them") out"
      + (table == nil ? " of the file" : " (--columns)")
    let noise = likelihood.groups.contains { $0.noise == .one } ? "" : ", or take --noise one"
    return [
      "\(subject) the same in every training row: the ELBO grows without bound as the noise there"
        + " shrinks, and says little; \(remedy)\(noise)"
    ]
  }
}

extension DataLikelihood {
  /// Columns of x that are constant and whose law has a learned width of its own, or shares one
  /// with constant columns alone.
  fileprivate func unboundedColumns(in data: any Dataset) -> [Int] {
    let candidates = groups.filter(\.law.hasUnboundedDensity)
    if candidates.isEmpty { return [] }
    let constant = data.constantColumns(among: candidates.flatMap(\.columns))
    return candidates.flatMap { group in
      let own = group.columns.filter(constant.contains)
      return group.noise != .one || own.count == group.columns.count ? own : []
    }
  }
}

extension DataLikelihood.Law {
  /// Whether its density at the location is the larger the smaller the noise, which is learned.
  fileprivate var hasUnboundedDensity: Bool { hasNoise && isDensity }
}

extension Dataset {
  /// Those columns of x that hold one number in all rows in which they were observed, of 20,000
  /// rows at most; a column that never was is none.
  fileprivate func constantColumns(among columns: [Int]) -> Set<Int> {
    var (left, first) = (Set(columns), [Int: Double]())
    forEachRowOfX(most: 20_000) { _, x, observed in
      for column in left where observed[column] != 0 {
        if first[column, default: x[column]] != x[column] {
          left.remove(column)
        } else {
          first[column] = x[column]
        }
      }
      // As a rule after a few rows.
      return !left.isEmpty
    }
    return left.filter { first[$0] != nil }
  }
}
