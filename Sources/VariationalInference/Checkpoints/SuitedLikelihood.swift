// SPDX-License-Identifier: Apache-2.0

internal import Formats

/// What is asked of p(x | z); what is nil follows from the data.
public struct LikelihoodWishes: Sendable, Equatable {
  /// The law of the columns that it suits.
  public var law: DataLikelihood.Law?
  /// What the width of the noise depends on, for laws that have it.
  public var noise: DataLikelihood.Noise?
  /// The trials of each count of a binomial law; nil for the largest count of each column.
  public var trials: Int?
  /// Whether the model standardises reals of arrays; those of tables are standardised where they are read.
  public var standardises: Bool

  /// These wishes.
  public init(
    law: DataLikelihood.Law? = nil, noise: DataLikelihood.Noise? = nil, trials: Int? = nil,
    standardises: Bool = true
  ) {
    (self.law, self.noise) = (law, noise)
    (self.trials, self.standardises) = (trials, standardises)
  }
}

extension AutoencoderLikelihood {
  /// The likelihood that suits data of a kind.
  ///
  /// | x | default | also |
  /// | --- | --- | --- |
  /// | grey levels | bernoulli | continuous-bernoulli, discretised-logistic, gaussian, student-t, laplace |
  /// | levels of colours | discretised-logistic | as for grey levels |
  /// | binary numbers | bernoulli | gaussian, student-t, laplace |
  /// | real numbers | gaussian | student-t, laplace; from 0 to 1 also continuous-bernoulli |
  /// | counts | negative-binomial given totals | the other laws of counts; gaussian, student-t, laplace |
  /// | counts of which some are missing | negative-binomial | the same, without multinomial |
  /// | sparse counts | multinomial | the other laws of counts |
  /// | a table of several kinds | a law for each column by its kind | |
  ///
  /// - Parameters:
  ///   - data: The training data, with a field "x".
  ///   - table: The columns of x, where it is a table.
  ///   - wishes: What is asked for.
  /// - Returns: The likelihood.
  /// - Throws: ``LikelihoodMisfit`` where no column of the data is of the law's kind.
  public static func suited(
    to data: any Dataset, table: TableSchema? = nil, _ wishes: LikelihoodWishes = .init()
  ) throws -> AutoencoderLikelihood {
    guard let field = data.field("x") else {
      throw DatasetError.missingField(
        data: data.name, field: "x", role: .data, there: data.fields.map(\.name))
    }
    // A table of counts may be read as an array of them, of which each row has a total.
    if let table, table.kind != .count || wishes.law != .multinomial {
      return .general(try DataLikelihood(table, data, wishes), table)
    }
    let kind = ColumnKind(field)
    let isComplete = data.field("mask") == nil
    let law = wishes.law ?? kind.usualLaw(isSparse: (data as? ArrayDataset)?.isSparse ?? false)
    if kind == .real, law == .continuousBernoulli {
      if let (example, found) = data.firstOutside(0...1) {
        throw LikelihoodMisfit(
          data: data.name, law: law, kinds: [kind], outside: .init(example: example, found: found))
      }
    } else if !kind.allLaws.contains(law) {
      throw LikelihoodMisfit(data: data.name, law: law, kinds: [kind])
    }
    if law == .multinomial, !isComplete { throw GapsInTotals(data: data.name) }
    if law == .bernoulli { return .bernoulli }
    let columns = 0..<field.width
    let sizes = law == .binomial ? try data.trials(columns, wishes.trials) : []
    let isStandardised = wishes.standardises && law.isReal && kind != .grey && kind != .colour
    let standards =
      isStandardised
      ? data.spreadOfX.map {
        DataLikelihood.Group.Standard(
          location: $0.mean, scale: $0.deviation.isNormal ? $0.deviation : 1)
      } : []
    let group = DataLikelihood.Group(
      law, columns, noise: wishes.noise ?? .column, sizes: sizes, standards: standards)
    return .general(DataLikelihood([group], isGivenTotal: law.takesTotal && isComplete), table)
  }
}

/// What neighbouring columns of x are, as far as laws care.
public enum ColumnKind: String, Sendable {
  case grey = "grey levels"
  case colour = "levels of colours"
  case binary = "binary numbers"
  case real = "real numbers"
  case count = "counts"
  case category = "classes"

  init(_ field: DataField) {
    switch field.kind {
    case .real: self = .real
    case .count: self = .count
    case .category: self = .category
    case .binary: self = .binary
    case .grey: self = field.imageSize?.channels == 3 ? .colour : .grey
    }
  }

  init(_ kind: TableColumn.Kind) {
    switch kind {
    case .real: self = .real
    case .count: self = .count
    case .binary: self = .binary
    case .category: self = .category
    }
  }

  /// The laws of such numbers, the usual one first.
  var laws: [DataLikelihood.Law] {
    switch self {
    case .grey:
      [.bernoulli, .continuousBernoulli, .discretisedLogistic, .gaussian, .studentT, .laplace]
    case .colour:
      [.discretisedLogistic, .continuousBernoulli, .gaussian, .studentT, .laplace, .bernoulli]
    case .binary: [.bernoulli]
    case .real: [.gaussian, .studentT, .laplace]
    case .count:
      [.negativeBinomial, .zeroInflatedNegativeBinomial, .poisson, .multinomial, .binomial]
    case .category: [.categorical]
    }
  }

  /// The same with those of numbers that happen to be whole.
  var allLaws: [DataLikelihood.Law] {
    self == .binary || self == .count ? laws + ColumnKind.real.laws : laws
  }

  func usualLaw(isSparse: Bool) -> DataLikelihood.Law {
    self == .count && isSparse ? .multinomial : laws[0]
  }
}

extension DataLikelihood {
  /// Each column of a table by its kind; neighbours of one law together. The counts of a table have units of
  /// their own, so no total is given.
  fileprivate init(
    _ table: TableSchema, _ data: any Dataset, _ wishes: LikelihoodWishes
  ) throws {
    let kinds = table.columns.map { ColumnKind($0.kind) }
    if let law = wishes.law,
      law == .multinomial || !kinds.contains(where: { $0.laws.contains(law) })
    {
      throw LikelihoodMisfit(data: data.name, law: law, kinds: kinds)
    }
    var groups: [Group] = []
    for (index, range) in table.ranges.enumerated() {
      let (column, kind) = (table.columns[index], kinds[index])
      let wished = wishes.law.flatMap { kind.laws.contains($0) ? $0 : nil }
      let law = wished ?? kind.laws[0]
      let sizes =
        switch law {
        case .categorical: [column.width]
        case .binomial: try data.trials(range, wishes.trials)
        default: [Int]()
        }
      let units = kind == .real ? [column.scale] : []
      if let last = groups.last, last.law == law {
        groups[groups.count - 1] = Group(
          law, last.columns.lowerBound..<range.upperBound, noise: last.noise,
          sizes: last.sizes + sizes, units: last.units + units)
      } else {
        groups.append(
          Group(law, range, noise: wishes.noise ?? .column, sizes: sizes, units: units))
      }
    }
    self.init(groups)
  }
}

extension Dataset {
  /// The trials of a binomial law of some columns of x: the largest value of each, unless told.
  fileprivate func trials(_ columns: Range<Int>, _ told: Int?) throws -> [Int] {
    var largest = [Double](repeating: 1, count: columns.count)
    forEachRowOfX { _, row, _ in
      for index in largest.indices {
        largest[index] = max(largest[index], row[columns.lowerBound + index])
      }
      return true
    }
    guard let told else { return largest.map { Int($0) } }
    if let most = largest.max(), most > Double(told) {
      throw TooFewTrials(data: name, trials: told, found: Int(most))
    }
    return columns.map { _ in told }
  }

  /// The first number of x that is not in a range, and whose it is.
  fileprivate func firstOutside(
    _ range: ClosedRange<Double>
  ) -> (example: Int, found: Double)? {
    var first: (Int, Double)?
    forEachRowOfX { example, row, _ in
      first = row.first { !range.contains($0) }.map { (example, $0) }
      return first == nil
    }
    return first
  }
}

extension AutoencoderLikelihood {
  /// Refuses data that cannot be of this likelihood; of a table its columns have said so already.
  ///
  /// - Throws: ``OtherNumbers`` naming the data and what they hold.
  package func check(_ data: any Dataset, name: String) throws {
    guard table == nil, let field = data.field(name) else { return }
    let kind = ColumnKind(field)
    func refuse(_ example: Int? = nil, _ found: Double? = nil) throws -> Never {
      throw OtherNumbers(
        data: data.name, kind: kind, likelihood: words, example: example, found: found)
    }
    func checkRange(_ range: ClosedRange<Double>) throws {
      if let (example, found) = data.firstOutside(range) { try refuse(example, found) }
    }
    switch self {
    case .gaussian: break
    case .bernoulli: if kind == .real || kind == .count { try checkRange(0...1) }
    case .general(let likelihood, _):
      switch likelihood.groups[0].law {
      case .bernoulli, .continuousBernoulli:
        if kind == .real || kind == .count { try checkRange(0...1) }
      case .discretisedLogistic: if kind != .grey && kind != .colour { try refuse() }
      case .gaussian, .studentT, .laplace, .categorical: break
      case .poisson, .negativeBinomial, .zeroInflatedNegativeBinomial, .binomial, .multinomial:
        if kind != .count && kind != .binary { try refuse() }
      }
    }
  }
}

/// Data that a model's likelihood does not have.
public struct OtherNumbers: Error, Sendable, CustomStringConvertible {
  let data: String
  let kind: ColumnKind
  let likelihood: String
  let example: Int?
  let found: Double?

  /// One sentence, without a full stop.
  public var description: String {
    let place = example.map { ", \(found ?? .nan) at example \($0)" } ?? ""
    return
      "'\(data)' holds \(kind.rawValue)\(place), which the model's likelihood (\(likelihood)) does not have; "
      + "give data of the kind that it was trained on"
  }
}

/// A count is larger than the number of trials that was told.
public struct TooFewTrials: Error, Sendable, Equatable, CustomStringConvertible {
  /// The name of the data.
  public let data: String
  /// What was told.
  public let trials: Int
  /// The largest count.
  public let found: Int

  /// One sentence, without a full stop.
  public var description: String {
    "'\(data)' holds a count of \(found), more than the "
      + "\(trials.counted("trial")) of --trials; give at least so many"
  }
}

/// Counts are given the totals of whole rows only.
public struct GapsInTotals: Error, Sendable, Equatable, CustomStringConvertible {
  /// The name of the data.
  public let data: String

  /// One sentence, without a full stop.
  public var description: String {
    "the likelihood multinomial is of whole rows, but numbers of '\(data)' are missing; choose poisson or "
      + "negative-binomial"
  }
}

/// A likelihood that is none of data of such a kind.
public struct LikelihoodMisfit: Error, Sendable, Equatable, CustomStringConvertible {
  /// The name of the data.
  public let data: String
  /// What was asked for.
  public let law: DataLikelihood.Law
  /// What the data are.
  public let kinds: [ColumnKind]
  /// A number that the law does not have, where it is that.
  public var outside: Outside?

  /// A number and the example that has it, counted from 0.
  public struct Outside: Sendable, Equatable {
    /// The example's place in the training part.
    public let example: Int
    /// The number.
    public let found: Double
  }

  /// One sentence, without a full stop.
  public var description: String {
    if let outside {
      return
        "the likelihood \(law.rawValue) takes numbers from 0 to 1, but training example "
        + "\(outside.example) of '\(data)' has \(outside.found); scale the numbers, or choose gaussian"
    }
    let distinct = kinds.reduce(into: [ColumnKind]()) { if !$0.contains($1) { $0.append($1) } }
    let found = distinct.map(\.rawValue).joined(separator: ", ")
    let laws = distinct.flatMap { distinct.count == 1 ? $0.allLaws : $0.laws }
      .filter { distinct.count == 1 || $0 != .multinomial }
    return
      "the likelihood \(law.rawValue) is none of '\(data)', which holds \(found); choose one of "
      + laws.map(\.rawValue).joined(separator: ", ")
  }
}
