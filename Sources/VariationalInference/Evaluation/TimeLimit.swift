// SPDX-License-Identifier: Apache-2.0

internal import Synchronization

/// A moment at which a measurement is to be over: items of its work that would end later are not
/// begun, and what is not over at a second, later moment is given up.
package final class TimeLimit: Sendable {
  let end: ContinuousClock.Instant
  let lastEnd: ContinuousClock.Instant
  private let spent = Mutex((items: 0, time: Duration.zero))

  /// Without a second moment nothing that was begun is given up.
  package init(_ end: ContinuousClock.Instant, last: ContinuousClock.Instant? = nil) {
    (self.end, lastEnd) = (end, last ?? end + .seconds(1e9))
  }

  var isOver: Bool { ContinuousClock.now >= end }
  /// Whether all work is to be given up.
  var isPast: Bool { ContinuousClock.now >= lastEnd }

  /// Runs an item of the work; nil where it would end too late, as far as those before it tell, and
  /// is none of the first `least`.
  func run<Result>(_ item: Int, least: Int, _ body: () -> Result?) -> Result? {
    let start = ContinuousClock.now
    let expected = spent.withLock { $0.items > 0 ? $0.time / $0.items : .zero }
    if item >= least, start + expected > end { return nil }
    let result = body()
    spent.withLock { $0 = ($0.items + 1, $0.time + (ContinuousClock.now - start)) }
    return result
  }
}
