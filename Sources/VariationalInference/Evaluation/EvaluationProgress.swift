// SPDX-License-Identifier: Apache-2.0

internal import Synchronization

/// Hears the share of the work that is done, from 0 to 1, on any thread, but one call at a time; the
/// answer false stops the work, which then throws `CancellationError`.
public typealias EvaluationProgress = @Sendable (_ share: Double) -> Bool

extension EvaluationProgress? {
  /// Tells the share that is done, for work that goes step by step.
  ///
  /// - Throws: `CancellationError` where the answer is false.
  func report(_ share: Double) throws {
    if let self, !self(share) { throw CancellationError() }
  }

  /// What hears of a part of the work: its shares from 0 to 1 are those from `start` to `end` here.
  func part(from start: Double, to end: Double) -> EvaluationProgress? {
    guard let self else { return nil }
    // Exactly `end` at 1, which start + share (end - start) need not be.
    return { share in self(start * (1 - share) + end * share) }
  }
}

/// Counts what all threads have done, and tells them to stop when the listener says so.
final class ProgressCounter: Sendable {
  private let all: Int
  private let listener: EvaluationProgress?
  private let limit: TimeLimit?
  private let state = Mutex((done: 0, goesOn: true))

  init(all: Int, _ listener: EvaluationProgress?, until limit: TimeLimit? = nil) {
    self.all = all
    self.listener = listener
    self.limit = limit
  }

  /// Whether nobody has asked to stop, and the work is not to be given up for time.
  var goesOn: Bool { state.withLock { $0.goesOn } && limit?.isPast != true }

  /// One item more is done.
  func advance() {
    guard let listener else { return }
    state.withLock {
      $0.done += 1
      if $0.goesOn, !listener(Double($0.done) / Double(all)) { $0.goesOn = false }
    }
  }

  /// Throws where the listener stopped the work.
  func check() throws {
    if !state.withLock({ $0.goesOn }) { throw CancellationError() }
  }
}
