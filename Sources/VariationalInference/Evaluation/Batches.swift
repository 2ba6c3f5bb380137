// SPDX-License-Identifier: Apache-2.0

extension GuidedModel {
  /// Examples of a data set as this model sees them in every evaluation with this seed.
  ///
  /// - Parameters:
  ///   - data: With the fields that the model reads.
  ///   - examples: Which examples.
  ///   - seed: Decides what is drawn of the data.
  /// - Returns: A row for each example in each field.
  /// - Throws: ``DatasetError`` naming a field that the data lack.
  public func batch(
    of data: any Dataset, _ examples: Range<Int>, seed: UInt64 = 0
  ) throws -> Batch<Scalar> {
    precondition(
      examples.lowerBound >= 0 && examples.upperBound <= data.count,
      "examples \(examples) of \(data.count)")
    return try batch(of: data, Array(examples), seed: seed)
  }

  /// The same of examples in any order.
  package func batch(
    of data: any Dataset, _ examples: [Int], seed: UInt64 = 0
  ) throws -> Batch<Scalar> {
    try data.check(allReads)
    return BatchSource.evaluation(data, allReads, seed: seed).batch(examples)
  }
}

extension Batch {
  /// Blames the data for a bound that is infinite or undefined, where they are to blame.
  ///
  /// - Parameters:
  ///   - uses: The fields that the bounds depend on.
  ///   - bounds: One for each example.
  /// - Throws: ``DatasetError/notFiniteInBatch(field:example:found:)`` for the first example with
  ///   such a bound that holds such a number.
  func requireFinite(_ uses: [FieldUse], where bounds: [Double]) throws {
    for (row, bound) in bounds.enumerated() where !bound.isFinite {
      for use in uses {
        let values = self[use.name].slice(row..<row + 1)
        guard let index = values.firstNonFinite else { continue }
        throw DatasetError.notFiniteInBatch(
          field: use.name, example: examples[row], found: values.doubles[index])
      }
    }
  }
}
