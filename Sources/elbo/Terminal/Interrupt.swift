// SPDX-License-Identifier: Apache-2.0

internal import Synchronization

#if canImport(Glibc)
  internal import Glibc
#else
  internal import Darwin
#endif

/// Ctrl-C, a polite request to end, a closed terminal, a reader that has gone (`elbo train | head`):
/// noted, so that the run can save itself first.
enum Interrupt {
  private static let received = Atomic<Int32>(0)

  /// From now on these signals are noted instead of ending the process. A second Ctrl-C or request
  /// ends it; each further line to a reader that has gone brings another SIGPIPE, which does not.
  static func watch() {
    for number in [SIGINT, SIGTERM] {
      signal(number) { number in
        if Interrupt.received.exchange(number, ordering: .relaxed) != 0 {
          Terminal.clearLineInHandler()
          _exit(128 + number)
        }
      }
    }
    for number in [SIGHUP, SIGPIPE] {
      signal(number) { Interrupt.received.store($0, ordering: .relaxed) }
    }
    unblock([SIGINT, SIGTERM, SIGHUP, SIGPIPE])
  }

  /// From now on these signals end the process at once: there is nothing to save, and nothing was written.
  static func endAtOnce() {
    for number in [SIGINT, SIGTERM, SIGHUP] {
      signal(number) { number in
        Terminal.clearLineInHandler()
        let sentence: StaticString = "Stopped; nothing was written.\n"
        _ = write(STDERR_FILENO, sentence.utf8Start, sentence.utf8CodeUnitCount)
        _exit(128 + number)
      }
    }
    unblock([SIGINT, SIGTERM, SIGHUP])
  }

  /// The program that started this one may have handed down a mask that keeps signals away.
  private static func unblock(_ numbers: [Int32]) {
    var set = sigset_t()
    sigemptyset(&set)
    for number in numbers { sigaddset(&set, number) }
    pthread_sigmask(SIG_UNBLOCK, &set, nil)
  }

  /// The signal that asked the run to end, if one did.
  static var signalNumber: Int32? {
    let number = received.load(ordering: .relaxed)
    return number == 0 ? nil : number
  }
}
