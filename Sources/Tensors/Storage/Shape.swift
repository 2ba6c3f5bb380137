// SPDX-License-Identifier: Apache-2.0

extension [Int] {
  /// The number of elements of a tensor of this shape: the product of its sizes, 1 for `[]`.
  ///
  /// - Precondition: No size is negative, and the product of those that are not 0 is a number of
  ///   elements that memory could hold, so that no product of some of the sizes overflows either.
  var elementCount: Int {
    var (product, isEmpty) = (1, false)
    for size in self {
      precondition(size >= 0, "a tensor of shape \(self) would have a negative size")
      if size == 0 {
        isEmpty = true
        continue
      }
      let (next, overflows) = product.multipliedReportingOverflow(by: size)
      precondition(
        !overflows && next <= Self.mostElements,
        "a tensor of shape \(self) would have more elements than there is memory")
      product = next
    }
    return isEmpty ? 0 : product
  }

  /// Beyond what any machine addresses, and so few that their bytes can still be counted.
  private static var mostElements: Int { 1 << 56 }
}
