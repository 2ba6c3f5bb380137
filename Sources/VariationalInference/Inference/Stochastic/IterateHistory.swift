// SPDX-License-Identifier: Apache-2.0

internal import Tensors

#if canImport(Glibc)
  internal import Glibc
#else
  internal import Darwin
#endif

/// What noisy iterates say of whether they have arrived: the means of q and the logarithms of its
/// standard deviations, in the units of one q.
struct IterateHistory {
  private let unit: FactoredGaussian
  private let units: [Double]
  private(set) var rows: [[Double]] = []

  init(unit: FactoredGaussian) {
    (self.unit, units) = (unit, unit.deviations)
  }

  mutating func add(_ gaussian: FactoredGaussian) {
    let deviations = gaussian.deviations
    rows.append(
      units.indices.map { (gaussian.mean[$0] - unit.mean[$0]) / units[$0] }
        + units.indices.map { log(deviations[$0] / units[$0]) })
  }

  mutating func removeAll() { rows = [] }

  /// The largest split R-hat of a number over the last `count` iterates, cut in halves.
  func rHat(last count: Int) -> Double {
    let last = Array(rows.suffix(count))
    var largest = 0.0
    for column in last[0].indices {
      let value = SplitRHat.plain(last.map { $0[column] }, chains: 1)
      if !value.isNaN { largest = max(largest, value) }
    }
    return largest
  }

  /// The largest standard deviation of a number over the last `count` iterates.
  func spread(last count: Int) -> Double {
    Tensor(rows: Array(rows.suffix(count))).columnMoments().deviations.largestMagnitude
  }

  /// The largest standard error of the averages over all iterates, by the spread of the means of
  /// eight batches, in sd.
  var largestError: Double {
    let batches = 8
    let size = rows.count / batches
    guard size > 0 else { return .infinity }
    let used = rows.suffix(size * batches)
    var largest = 0.0
    for column in rows[0].indices {
      let means = (0..<batches).map { batch -> Double in
        let start = used.startIndex + batch * size
        return used[start..<start + size].reduce(0.0) { $0 + $1[column] } / Double(size)
      }
      largest = max(
        largest, means.standardDeviation / Double(batches - 1).squareRoot())
    }
    return largest
  }
}
