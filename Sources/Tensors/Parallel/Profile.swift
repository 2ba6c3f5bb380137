// SPDX-License-Identifier: Apache-2.0

internal import Synchronization

/// Where the time of training steps goes, operation by operation, over all threads.
///
/// Operations report the work they do: arithmetic of products, and the bytes that others must read
/// and write at least. Seconds are those of threads: two threads at work for one second count two.
public final class Profile: Sendable {
  /// What was measured of one operation.
  public struct Entry: Sendable {
    /// What was done, as in "product 784 -> 400".
    public let operation: String
    /// How often.
    public internal(set) var calls = 0
    /// Seconds, added over threads.
    public internal(set) var seconds = 0.0
    /// Additions and multiplications.
    public internal(set) var operations = 0
    /// Bytes read and written at least once.
    public internal(set) var bytes = 0
  }

  private struct State {
    var entries: [String: Entry] = [:]
    var threadSeconds = 0.0
    var steps = 0
  }

  private let state = Mutex(State())

  /// Nothing measured yet.
  public init() {}

  /// The operations, the longest first.
  public var entries: [Entry] {
    state.withLock {
      $0.entries.values.sorted { ($1.seconds, $0.operation) < ($0.seconds, $1.operation) }
    }
  }

  /// Steps measured.
  public var steps: Int { state.withLock { $0.steps } }

  /// The duration of all steps times the number of threads: what the operations' seconds leave is
  /// waiting for each other, bookkeeping, and what no operation reports.
  public var threadSeconds: Double { state.withLock { $0.threadSeconds } }

  fileprivate func add(_ operation: String, _ duration: Duration, _ operations: Int, _ bytes: Int) {
    state.withLock { state in
      var entry = state.entries[operation] ?? Entry(operation: operation)
      entry.calls += 1
      entry.seconds += duration.seconds
      entry.operations += operations
      entry.bytes += bytes
      state.entries[operation] = entry
    }
  }

  func addStep(_ duration: Duration, threads: Int) {
    state.withLock {
      $0.threadSeconds += duration.seconds * Double(threads)
      $0.steps += 1
    }
  }
}

extension Optional<Profile> {
  /// Runs `body`, and measures it where there is a profile.
  ///
  /// - Parameters:
  ///   - operation: What is done; operations of one name are added up.
  ///   - operations: Additions and multiplications.
  ///   - bytes: Read and written at least once.
  ///   - body: The work.
  /// - Returns: What `body` returns.
  func measure<Result>(
    _ operation: @autoclosure () -> String, operations: Int = 0, bytes: Int = 0,
    _ body: () -> Result
  ) -> Result {
    guard let self else { return body() }
    let start = ContinuousClock.now
    defer { self.add(operation(), .now - start, operations, bytes) }
    return body()
  }
}

extension Duration {
  fileprivate var seconds: Double {
    Double(components.seconds) + Double(components.attoseconds) * 1e-18
  }
}

extension ContinuousClock.Instant {
  fileprivate static func - (end: Self, start: Self) -> Duration { start.duration(to: end) }
}
