// SPDX-License-Identifier: Apache-2.0

internal import Formats

extension DataRead {
  /// The same data with a share of the training part as validation part: a pure function of the number
  /// of training examples, the share and the seed (and of the groups, where there are some).
  ///
  /// - Parameters:
  ///   - share: Of the training examples, above 0 and below 1; rounded to whole examples, at least one.
  ///   - seed: Decides which.
  /// - Returns: The parts, and a line more that says so.
  /// - Throws: ``ValidationPartError`` where there is a validation part already, ``DivisionError`` for
  ///   a single training example.
  public func takingValidation(_ share: Double, seed: UInt64) throws -> DataRead {
    precondition(share > 0 && share < 1, "a share of \(share) is not between 0 and 1")
    let all = parts.train
    if let validation = parts.validation {
      throw ValidationPartError(data: all.name, count: validation.count)
    }
    let division = try DatasetDivision(
      count: all.count, fractions: .init(train: 1 - share, validation: share, test: 0),
      seed: seed, groups: groups)
    var read = self
    read.groups = groups.map { groups in division.train.map { groups[$0] } }
    let places = numbers[.train] ?? Array(0..<all.count)
    for (split, examples) in [
      (DatasetSplit.train, division.train), (.validation, division.validation),
    ] {
      read.numbers[split] = examples.map { places[$0] }
      if let names = names[.train] { read.names[split] = examples.map { names[$0] } }
    }
    read.parts = DatasetSplits(
      train: all.selecting(division.train, DatasetSplit.train.rawValue),
      validation: all.selecting(division.validation, DatasetSplit.validation.rawValue),
      test: parts.test)
    read.notes.append(
      "\(division.validation.count) of the \(all.count) training examples, by seed \(seed), are the "
        + "validation part (--validation)")
    return read
  }
}

/// A validation part was to be taken from the training part of data that have one.
public struct ValidationPartError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The name of the data.
  public let data: String
  /// The examples of the validation part that is there.
  public let count: Int

  /// There are `count` validation examples already.
  public init(data: String, count: Int) {
    (self.data, self.count) = (data, count)
  }

  /// One sentence, without a full stop.
  public var description: String {
    "'\(data)' has a validation part of \(count.counted("example")); leave --validation "
      + "out (of data that come undivided --fractions says how large it is)"
  }
}
