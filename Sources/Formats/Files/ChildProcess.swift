// SPDX-License-Identifier: Apache-2.0

internal import CProcess

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// A program running beside this one, with the same environment (proxies, certificates).
///
/// It ends with this object, and with this process, however that ends.
package final class ChildProcess {
  /// Why a program does not run.
  package enum Failure: Error, Equatable {
    /// There is none of that name.
    case missing
    /// The system refused.
    case notStarted(reason: String)
  }

  private let number: pid_t
  private let output: Descriptor
  private let messages: Descriptor
  private var code: Int32?

  /// Starts the program that the first word names, by path or where the system looks for programs.
  ///
  /// - Throws: ``Failure``.
  package init(_ words: [String]) throws(Failure) {
    var arguments = words.map { strdup($0) } + [nil]
    defer { for argument in arguments { free(argument) } }
    var process = ElboProcess()
    let error = elbo_process_start(&arguments, &process)
    if error == ENOENT { throw .missing }
    guard error == 0 else { throw .notStarted(reason: SystemError(code: error).reason) }
    number = process.number
    output = Descriptor(owning: process.output)
    messages = Descriptor(owning: process.messages)
  }

  deinit {
    if code == nil {
      kill(number, SIGKILL)
      _ = wait(for: 0)
    }
  }

  /// Reads what the program writes until it has ended.
  ///
  /// - Parameters:
  ///   - onMessages: Gets pieces of its standard error, each before output that was written after
  ///     it.
  ///   - onOutput: Gets pieces of its standard output.
  ///   - whileRunning: Called ten times a second.
  /// - Returns: The code it ended with, or 128 and the signal that ended it.
  /// - Throws: What the closures throw; the program has then been stopped.
  package func run(
    onMessages: ([UInt8]) throws -> Void, onOutput: ([UInt8]) throws -> Void,
    whileRunning: () throws -> Void
  ) throws -> Int32 {
    var (isOpen, last) = (true, ContinuousClock.now)
    while isOpen {
      var ends = [output.number, messages.number].map {
        pollfd(fd: $0, events: Int16(POLLIN), revents: 0)
      }
      poll(&ends, 2, 100)
      // Read before the messages and handed on after them: what was said before it was written is
      // there by then. One piece at a time, so that messages in between come in their order.
      let piece = piece(of: output)
      let areMessagesOpen = try drain(messages, onMessages)
      if let piece, !piece.isEmpty { try onOutput(piece) }
      isOpen = piece?.isEmpty != true || areMessagesOpen
      if ContinuousClock.now - last >= .milliseconds(100) {
        try whileRunning()
        last = .now
      }
      // One end is closed and would be ready for ever.
      if isOpen, ends.contains(where: { $0.revents & Int16(POLLHUP) != 0 }) {
        POSIX.sleep(milliseconds: 1)
      }
    }
    // It may close its output before it ends.
    while true {
      if let code = wait(for: WNOHANG) { return code }
      try whileRunning()
      POSIX.sleep(milliseconds: 10)
    }
  }

  /// Hands on all that is there; false at the end.
  private func drain(_ end: borrowing Descriptor, _ body: ([UInt8]) throws -> Void) throws -> Bool {
    while true {
      guard let piece = piece(of: end) else { return true }
      if piece.isEmpty { return false }
      try body(piece)
    }
  }

  /// What is there; empty at the end, nil where nothing is there yet.
  private func piece(of end: borrowing Descriptor) -> [UInt8]? {
    var isWaiting = false
    let piece = [UInt8](unsafeUninitializedCapacity: 1 << 16) { buffer, count in
      do {
        count = try end.read(into: UnsafeMutableRawBufferPointer(buffer))
      } catch {
        isWaiting = error as? SystemError == .busy
      }
    }
    return isWaiting ? nil : piece
  }

  /// Waits for about so long, before a program is started once more.
  package static func pause(milliseconds: Int) { POSIX.sleep(milliseconds: milliseconds) }

  /// The code of the ended program, or nil while it runs.
  private func wait(for flags: Int32) -> Int32? {
    var status: Int32 = 0
    var answer: pid_t
    repeat { answer = waitpid(number, &status, flags) } while answer < 0 && errno == EINTR
    if answer == 0 { return nil }
    // Someone else has collected it, so its code is lost: the caller checks what it has done.
    let signal = status & 0x7F
    let result = answer != number ? 0 : signal == 0 ? status >> 8 & 0xFF : 128 + signal
    code = result
    return result
  }
}
