// SPDX-License-Identifier: Apache-2.0

internal import Synchronization

#if canImport(Glibc)
  internal import Glibc
#else
  internal import Darwin
#endif

/// Standard output as people and programs meet it.
enum Terminal {
  /// Whether a person is looking: a live line may then be redrawn.
  static let isInteractive = isatty(STDOUT_FILENO) == 1

  /// Columns of the window; 80 where it does not tell.
  static var width: Int {
    var size = winsize()
    let known = ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0
    return known ? Int(size.ws_col) : 80
  }

  /// The number of the error that lost some of the output, or 0.
  private static let failure = Atomic<Int32>(0)

  /// Writes text without a line end and shows it at once.
  static func write(_ text: String) {
    let number = writeAll(text, to: STDOUT_FILENO)
    if number != 0 { failure.store(number, ordering: .relaxed) }
  }

  /// Writes a line and shows it at once, also when the output is a file or a pipe.
  static func line(_ text: String) { write(text + "\n") }

  /// Tells, beside the output, what the reader of it should know; nothing where nobody listens.
  static func warn(_ text: String) { tell("Warning: \(text)") }

  /// A line beside the output, for the user of a command whose output a program reads.
  static func tell(_ text: String) { writeErrors(text + "\n") }

  /// Makes sure that all output has arrived, where losing some would be losing the result.
  static func finish() throws {
    let number = failure.load(ordering: .relaxed)
    if number != 0 { throw OutputError(reason: String(cString: strerror(number))) }
  }

  /// Takes the places of standard streams that are closed, before a file that is opened later gets
  /// one of them and what is meant for the stream; writing there fails.
  static func holdClosedStreams() {
    var descriptor: Int32
    repeat { descriptor = open("/dev/null", O_RDONLY) } while (0...2).contains(descriptor)
    if descriptor > 2 { close(descriptor) }
  }

  /// Replaces the live line.
  static func redraw(_ text: String) { write("\r\u{1B}[K" + text.prefix(max(width - 1, 20))) }

  /// Removes the live line.
  static func clearLine() { if isInteractive { write("\r\u{1B}[K") } }
}

/// Writes to standard error.
private func writeErrors(_ text: String) { _ = writeAll(text, to: STDERR_FILENO) }

/// Writes all of a text, and gives the number of the error that lost some of it, or 0; outside
/// `Terminal`, whose own `write` would be meant.
private func writeAll(_ text: String, to descriptor: Int32) -> Int32 {
  let bytes = Array(text.utf8)
  return bytes.withUnsafeBytes { bytes in
    var done = 0
    while done < bytes.count {
      let rest = UnsafeRawBufferPointer(rebasing: bytes[done...])
      let count = write(descriptor, rest.baseAddress, rest.count)
      if count < 0 {
        if errno == EINTR { continue }
        return errno
      }
      done += count
    }
    return 0
  }
}

/// Standard output that takes nothing more, as a file on a full disk.
struct OutputError: Error, CustomStringConvertible {
  let reason: String

  var description: String {
    "the output could not be written (\(reason.lowercased())); make room and repeat"
  }
}
