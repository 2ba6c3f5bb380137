// SPDX-License-Identifier: Apache-2.0

internal import Formats
internal import Synchronization
internal import VariationalInference

#if canImport(Glibc)
  internal import Glibc
#else
  internal import Darwin
#endif

/// Ends the command with a sentence where a Stan library, whose code runs inside this process,
/// crashes or does not come back. No file has been written by then.
enum StanGuard {
  private static let isWatching = Atomic(false)
  private static let linesHeard = Atomic(0)
  private static let mostLines = 20

  /// From now on.
  ///
  /// - Parameter timeout: Seconds that one call may take.
  static func watch(timeout: Int) {
    guard !isWatching.exchange(true, ordering: .relaxed) else { return }
    _ = sentences
    for number in [SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT] { handle(number) }
    let seconds = UnsafeMutablePointer<Int>.allocate(capacity: 1)
    seconds.pointee = timeout
    #if canImport(Glibc)
      var thread = pthread_t()
    #else
      var thread: pthread_t?
    #endif
    // It lives as long as the process.
    _ = pthread_create(
      &thread, nil,
      { argument in
        let argument: UnsafeMutableRawPointer? = argument
        StanGuard.wait(atMost: argument?.assumingMemoryBound(to: Int.self).pointee ?? 120)
      }, seconds)
  }

  /// Shows what a program prints, but no flood of it.
  static func hear(_ text: String) {
    for line in text.split(separator: "\n", omittingEmptySubsequences: true) {
      let number = linesHeard.add(1, ordering: .relaxed).newValue
      if number <= mostLines { Terminal.tell("Stan: \(String(line).shown(limit: 300))") }
      if number == mostLines {
        Terminal.tell("Stan: (what the program prints further is not shown)")
      }
    }
  }

  // MARK: Crashes

  /// By the number of the work that was going on; made before they are needed, as a signal's handler may make
  /// nothing.
  private static let sentences: [StaticBuffer] = (0...4).map { number in
    let work = StanLibrary.Work(rawValue: number) ?? .nothing
    return StaticBuffer(
      "\nError: the Stan library crashed while \(work.words); nothing was written. Take another "
        + "version of it, or look for what is special in the program\n")
  }

  private struct StaticBuffer: @unchecked Sendable {
    /// Never changed, never freed.
    let bytes: UnsafeBufferPointer<UInt8>

    init(_ text: String) {
      let copy = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: text.utf8.count)
      _ = copy.initialize(from: text.utf8)
      bytes = UnsafeBufferPointer(copy)
    }
  }

  private static func handle(_ number: Int32) {
    signal(number) { number in
      let activity = StanLibrary.activity
      // A crash of our own goes its way.
      guard activity.isInside else {
        signal(number, SIG_DFL)
        raise(number)
        return
      }
      let sentence = StanGuard.sentences[activity.work.rawValue].bytes
      _ = write(STDERR_FILENO, sentence.baseAddress, sentence.count)
      _exit(1)
    }
  }

  // MARK: Endless loops

  private static func wait(atMost seconds: Int) -> Never {
    var (last, since) = (-1, Clock.seconds)
    while true {
      usleep(100_000)
      let activity = StanLibrary.activity
      if !activity.isInside || activity.calls != last {
        (last, since) = (activity.calls, Clock.seconds)
      } else if Clock.seconds - since > Double(seconds) {
        Terminal.tell("")
        Terminal.tell(
          """
          Error: the Stan library has not come back for \(seconds) s while \
          \(activity.work.words); nothing was written. If the program needs that long, give more with --stan-timeout; a solver of equations that \
          goes on for ever takes a limit of steps, as ode_rk45_tol does
          """)
        _exit(1)
      }
    }
  }
}
