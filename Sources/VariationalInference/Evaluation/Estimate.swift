// SPDX-License-Identifier: Apache-2.0

/// A mean over examples with its standard error.
public struct Estimate: Sendable, Equatable {
  /// The mean.
  public let mean: Double
  /// The standard deviation of the examples over the square root of their number; not a number for
  /// fewer than two examples.
  public let standardError: Double
  /// The number of examples.
  public let examples: Int

  init(mean: Double, standardError: Double, examples: Int) {
    self.mean = mean
    self.standardError = standardError
    self.examples = examples
  }

  /// The mean of these values, summed in order (two passes, for accuracy).
  public init(_ values: [Double]) {
    let count = Double(values.count)
    let mean = values.reduce(0, +) / count
    let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    self.mean = mean
    standardError = (squares / (count - 1) / count).squareRoot()
    examples = values.count
  }
}
