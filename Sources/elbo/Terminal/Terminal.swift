// SPDX-License-Identifier: Apache-2.0

internal import Formats
internal import Synchronization

#if canImport(Glibc)
  internal import Glibc
#else
  internal import Darwin
#endif

/// What the command says, as people and programs meet it.
///
/// Nothing that a file, a server or an argument says reaches a terminal raw: lines and messages are
/// escaped here, whoever made them, and bounded. Only ``write(_:)``, for text that escapes by rules
/// of its own, passes on what it is given.
enum Terminal {
  /// Where lines for people go: standard output, or beside it, or, below 0, nowhere.
  private static let lines = Atomic<Int32>(STDOUT_FILENO)
  private static let hasProgram = Atomic(false)
  /// The number of the error that lost some of the output, or 0.
  private static let failure = Atomic<Int32>(0)
  /// Whether a live line is on the screen.
  private static let isLive = Atomic(false)

  /// Characters of a line at most, and of a message beside the output.
  private static let (longestLine, longestMessage) = (4000, 500)

  private static let isTerminal: [Bool] = {
    // One that knows no escape sequences gets none.
    let isDumb = getenv("TERM").map { String(cString: $0) } == "dumb"
    return (0...2).map { !isDumb && isatty($0) == 1 }
  }()

  /// Leaves standard output to a program, which gets objects; lines for people go beside it.
  static func leaveOutputToProgram() {
    hasProgram.store(true, ordering: .relaxed)
    lines.store(STDERR_FILENO, ordering: .relaxed)
  }

  /// Shows people nothing but warnings, errors and notices.
  static func beQuiet() { lines.store(-1, ordering: .relaxed) }

  /// Whether standard output is a program's.
  static var isForProgram: Bool { hasProgram.load(ordering: .relaxed) }

  /// Whether a person is looking: a live line may then be redrawn.
  static var isInteractive: Bool {
    let place = lines.load(ordering: .relaxed)
    return place >= 0 && isTerminal[Int(place)]
  }

  /// Columns of the window at this moment; where there is none, those that COLUMNS asks for, or 80.
  static var width: Int {
    var size = winsize()
    let place = max(lines.load(ordering: .relaxed), STDOUT_FILENO)
    if ioctl(place, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 { return Int(size.ws_col) }
    let asked = getenv("COLUMNS").flatMap { Int(String(cString: $0)) } ?? 80
    return asked > 0 ? asked : 80
  }

  // MARK: Output

  /// Writes text for programs, or of several lines that are the command's own, as it is.
  static func write(_ text: String) { send(text, to: STDOUT_FILENO) }

  /// Writes a line and shows it at once, also when the output is a file or a pipe.
  static func line(_ text: String) {
    let place = lines.load(ordering: .relaxed)
    if place < 0 { return }
    clearLine()
    send(text.shownLine(limit: longestLine) + "\n", to: place)
  }

  /// Writes an object as a line of standard output, where that is a program's.
  ///
  /// - Parameters:
  ///   - object: What the run has to say.
  ///   - run: Its folder, which the object names first.
  static func object(_ object: JSONValue, of run: String) {
    guard isForProgram else { return }
    let named = JSONValue.object([.init("run", .string(run))] + (object.members ?? []))
    write(named.compact + "\n")
  }

  /// Writes a text of several lines.
  static func block(_ text: String) {
    for part in text.split(separator: "\n", omittingEmptySubsequences: false) { line(String(part)) }
  }

  /// Makes sure that all output has arrived, where losing some would be losing the result.
  static func finish() throws {
    let number = failure.load(ordering: .relaxed)
    if number != 0 { throw OutputError(number: number) }
  }

  /// Takes the places of standard streams that are closed, before a file that is opened later gets
  /// one of them and what is meant for the stream; writing there fails.
  static func holdClosedStreams() {
    var descriptor: Int32
    repeat { descriptor = open("/dev/null", O_RDONLY) } while (0...2).contains(descriptor)
    if descriptor > 2 { close(descriptor) }
  }

  // MARK: Beside the output

  /// Tells, beside the output, what the reader of it should know; nothing where nobody listens.
  static func warn(_ text: String) { tell("Warning: \(text)") }

  /// A line beside the output, for the user of a command whose output a program reads.
  static func tell(_ text: String) {
    clearLine()
    send(text.shownLine(limit: longestMessage) + "\n", to: STDERR_FILENO)
  }

  /// A line that whoever asked for quiet should see, too; they get it beside the output.
  static func notice(_ text: String) {
    if lines.load(ordering: .relaxed) < 0 { tell(text) } else { line(text) }
  }

  /// The last words of a command that failed.
  ///
  /// - Parameters:
  ///   - lines: One sentence, or a sentence and a listing.
  ///   - help: What the command itself adds, as it is.
  static func fail(_ lines: [String], help: String) {
    clearLine()
    let shown = lines.map { $0.shownLine(limit: longestMessage) }
    send("Error: " + shown.joined(separator: "\n") + "\n" + help, to: STDERR_FILENO)
  }

  // MARK: The live line

  /// Replaces the live line; only where a person is looking.
  ///
  /// The cursor stays at its beginning. So where the window has become narrower and the terminal
  /// has broken the line into several, all of them are still behind the cursor, and go.
  static func redraw(_ text: String) {
    guard isInteractive else { return }
    let place = lines.load(ordering: .relaxed)
    let shown = text.shownLine(limit: longestLine).prefix(max(width - 1, 1))
    isLive.store(true, ordering: .relaxed)
    send("\r" + shown + eraseRest + "\r", to: place)
  }

  /// Removes the live line, where there is one.
  static func clearLine() {
    guard isLive.exchange(false, ordering: .relaxed) else { return }
    send("\r" + eraseRest, to: max(lines.load(ordering: .relaxed), STDOUT_FILENO))
  }

  /// The same where a signal ends the process.
  static func clearLineInHandler() {
    guard isLive.exchange(false, ordering: .relaxed) else { return }
    let erasure: StaticString = "\r\u{1B}[J"
    let place = lines.load(ordering: .relaxed)
    writeBytes(erasure.utf8Start, erasure.utf8CodeUnitCount, to: place)
  }

  /// What is behind the cursor to the end of the screen.
  private static let eraseRest = "\u{1B}[J"

  private static func send(_ text: String, to descriptor: Int32) {
    let number = writeAll(text, to: descriptor)
    if number != 0, descriptor == STDOUT_FILENO { failure.store(number, ordering: .relaxed) }
  }
}

/// Outside `Terminal`, whose own `write` would be meant.
private func writeBytes(_ start: UnsafePointer<UInt8>, _ count: Int, to descriptor: Int32) {
  _ = write(descriptor, start, count)
}

/// Writes all of a text, and gives the number of the error that lost some of it, or 0.
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
  let number: Int32

  var description: String {
    let reason = String(cString: strerror(number)).lowercased()
    let way =
      switch number {
      case ENOSPC, EDQUOT, EFBIG: "make room and repeat"
      case EBADF: "it is closed, so send it somewhere; > /dev/null where it is not wanted"
      default: "send it somewhere else and repeat"
      }
    return "the output could not be written (\(reason)); \(way)"
  }
}
