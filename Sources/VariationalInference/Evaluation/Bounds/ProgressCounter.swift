// SPDX-License-Identifier: Apache-2.0

internal import Synchronization

/// Hears how many of how many items are done, from any thread, one at a time; the answer false stops
/// the work, which then throws `CancellationError`.
public typealias EvaluationProgress = @Sendable (_ done: Int, _ all: Int) -> Bool

/// Counts what all threads have done, and tells them to stop when the listener says so.
final class ProgressCounter: Sendable {
  private let all: Int
  private let listener: EvaluationProgress?
  private let state = Mutex((done: 0, goesOn: true))

  init(all: Int, _ listener: EvaluationProgress?) {
    self.all = all
    self.listener = listener
  }

  /// Whether nobody has asked to stop.
  var goesOn: Bool { state.withLock { $0.goesOn } }

  /// One item more is done.
  func advance() {
    guard let listener else { return }
    state.withLock {
      $0.done += 1
      if $0.goesOn, !listener($0.done, all) { $0.goesOn = false }
    }
  }

  /// Throws where the work was stopped.
  func check() throws {
    if !goesOn { throw CancellationError() }
  }
}
