// SPDX-License-Identifier: Apache-2.0

public import VariationalInference

// Lists of numbers as values, for the tables of these tests. The library leaves this out, as sums of lists of
// other things would then take the type checker minutes.
extension Value: ExpressibleByArrayLiteral {
  /// A vector.
  public init(arrayLiteral elements: Double...) { self.init(elements) }
}
