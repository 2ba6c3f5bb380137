// SPDX-License-Identifier: Apache-2.0

internal import Formats
internal import Tensors

/// Examples divided at random into a training, a validation and a test part: a pure function of
/// their number, the fractions and the seed (and of the groups, where there are some).
///
/// A random order of the examples is cut: the test part first, so that it stays the same when the
/// validation part is made larger, then validation, then training.
public struct DatasetDivision: Sendable, Equatable {
  /// How large the parts are, relative to each other: 80, 10, 10 are 0.8, 0.1, 0.1.
  public struct Fractions: Sendable, Equatable {
    /// The training part, above 0.
    public let train: Double
    /// The validation part; there is none where it is 0.
    public let validation: Double
    /// The test part; there is none where it is 0.
    public let test: Double

    /// 80, 10 and 10 of a hundred.
    public static let standard = Fractions(train: 80, validation: 10, test: 10)

    /// - Precondition: Finite and at least 0, the training part above 0.
    public init(train: Double, validation: Double, test: Double) {
      precondition(
        [train, validation, test].allSatisfy { $0 >= 0 && $0.isFinite } && train > 0,
        "fractions \(train), \(validation), \(test): none may be below 0, and the first is above 0")
      let sum = train + validation + test
      (self.train, self.validation, self.test) = (train / sum, validation / sum, test / sum)
    }

    /// How many parts there are.
    var parts: Int { 1 + (validation > 0 ? 1 : 0) + (test > 0 ? 1 : 0) }
  }

  /// What a model learns from: numbers of examples, ascending.
  public let train: [Int]
  /// What its settings are chosen by, ascending; empty where there is no such part.
  public let validation: [Int]
  /// What it is judged by, ascending; empty where there is no such part.
  public let test: [Int]

  /// The number of examples in all parts.
  public var count: Int { train.count + validation.count + test.count }

  /// Divides examples.
  ///
  /// - Parameters:
  ///   - count: The number of examples.
  ///   - fractions: How large the parts are; each is rounded to whole examples (or groups), at
  ///     least one.
  ///   - seed: Decides which examples fall into which part.
  ///   - groups: The group of each example `[count]`, any number, where all examples of one have to
  ///     fall into one part, such as patches of one picture. Fractions are then of the number of
  ///     groups.
  ///   - data: The file or folder, for errors.
  /// - Throws: ``DivisionError`` where there are fewer examples (or groups) than parts.
  public init(
    count: Int, fractions: Fractions = .standard, seed: UInt64, groups: [Int]? = nil,
    of data: String? = nil
  ) throws {
    guard let groups else {
      let parts = try Self.divide(count, fractions, seed, data, isOfGroups: false)
      (train, validation, test) = (parts[2].sorted(), parts[1].sorted(), parts[0].sorted())
      return
    }
    precondition(groups.count == count, "\(groups.count) groups for \(count) examples")
    var members: [[Int]] = []
    var places: [Int: Int] = [:]
    for (example, group) in groups.enumerated() {
      if let place = places[group] {
        members[place].append(example)
      } else {
        places[group] = members.count
        members.append([example])
      }
    }
    let parts = try Self.divide(members.count, fractions, seed, data, isOfGroups: true)
      .map { part in part.flatMap { members[$0] }.sorted() }
    (train, validation, test) = (parts[2], parts[1], parts[0])
  }

  /// Test, validation and training part of `count` units.
  private static func divide(
    _ count: Int, _ fractions: Fractions, _ seed: UInt64, _ data: String?, isOfGroups: Bool
  ) throws -> [ArraySlice<Int>] {
    guard count >= fractions.parts else {
      throw DivisionError(
        data: data, found: count, parts: fractions.parts, isOfGroups: isOfGroups)
    }
    func size(_ fraction: Double, others: Int) -> Int {
      if fraction == 0 { return 0 }
      return min(max(Int((fraction * Double(count)).rounded()), 1), count - others)
    }
    // One example is kept for each part that is still to come.
    let test = size(fractions.test, others: fractions.validation > 0 ? 2 : 1)
    let validation = size(fractions.validation, others: test + 1)
    var generator = CounterGenerator(seed: seed, stream: GeneratorPurpose.division.stream())
    let order = EpochOrder.permutation(of: count, using: &generator)
    return [order[..<test], order[test..<test + validation], order[(test + validation)...]]
  }
}

/// There are too few examples to divide.
public struct DivisionError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The file or folder, where it is known.
  public let data: String?
  /// How many examples or groups there are.
  public let found: Int
  /// How many parts were asked for.
  public let parts: Int
  /// Whether groups of examples are divided.
  public let isOfGroups: Bool

  /// Fewer units than parts.
  public init(data: String? = nil, found: Int, parts: Int, isOfGroups: Bool) {
    self.data = data
    self.found = found
    self.parts = parts
    self.isOfGroups = isOfGroups
  }

  /// One sentence, without a full stop.
  public var description: String {
    let units = found.noun(isOfGroups ? "group" : "example")
    let place = data.map { " of '\($0)'" } ?? ""
    return
      "\(found) \(units)\(place) cannot be divided into \(parts) parts with at least one each;"
      + " take more data, or fewer parts with --fractions, such as 90,0,10"
  }
}
