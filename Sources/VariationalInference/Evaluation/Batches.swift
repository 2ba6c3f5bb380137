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
    try data.check(allReads)
    precondition(
      examples.lowerBound >= 0 && examples.upperBound <= data.count,
      "examples \(examples) of \(data.count)")
    return BatchSource.evaluation(data, allReads, seed: seed).batch(Array(examples))
  }
}
