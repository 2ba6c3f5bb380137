// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

// The command as users meet it: a program is started, its whole text and its exit status come back.

/// The command built beside these tests, found from the place of the test program.
let elboPath: String? = {
  let package = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()
  let places =
    CommandLine.arguments.filter { $0.contains("/") }.map { URL(fileURLWithPath: $0) }
    + [package.appendingPathComponent(".build/release/x")]
  for place in places {
    var folder = place.deletingLastPathComponent()
    // On macOS the test program is three folders deep in a bundle beside the command.
    for _ in 0..<4 {
      let candidate = folder.appendingPathComponent("elbo").path
      var isFolder: ObjCBool = false
      if FileManager.default.fileExists(atPath: candidate, isDirectory: &isFolder),
        !isFolder.boolValue, FileManager.default.isExecutableFile(atPath: candidate)
      {
        return candidate
      }
      folder = folder.deletingLastPathComponent()
    }
  }
  return nil
}()

/// What a finished command leaves behind.
struct Outcome: Sendable {
  /// The exit status; the negative number of the signal that ended the command.
  let status: Int32
  /// Standard output.
  let output: String
  /// Standard error.
  let errors: String

  /// The lines of standard output.
  var lines: [String] { output.split(separator: "\n").map(String.init) }
}

/// A program that is running.
struct Child {
  let process: pid_t
  let outputPath: String
  let errorPath: String

  /// Starts a program with its output going to files, or its standard output to `terminal`.
  init(
    _ executable: String, _ arguments: [String], in folder: String, logs: String,
    terminal: Int32? = nil
  ) throws {
    let name = UUID().uuidString
    (outputPath, errorPath) = ("\(logs)/\(name).out", "\(logs)/\(name).err")
    #if canImport(Darwin)
      var actions: posix_spawn_file_actions_t?
    #else
      var actions = posix_spawn_file_actions_t()
    #endif
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    var attributes = Self.ordinarySignals()
    defer { posix_spawnattr_destroy(&attributes) }
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    if let terminal {
      posix_spawn_file_actions_adddup2(&actions, terminal, 1)
    } else {
      posix_spawn_file_actions_addopen(&actions, 1, outputPath, O_WRONLY | O_CREAT, 0o600)
    }
    posix_spawn_file_actions_addopen(&actions, 2, errorPath, O_WRONLY | O_CREAT, 0o600)
    // The shell enters the folder and becomes the program, under the same process number.
    let enter = ["/bin/sh", "-c", "cd \"$0\" && exec \"$@\"", folder, executable]
    let words = (enter + arguments).map { strdup($0) }
    // COLUMNS would change where the help breaks its lines, TERM what is drawn.
    let environment = ProcessInfo.processInfo.environment
      .filter { $0.key != "COLUMNS" && $0.key != "TERM" }
      .merging(["TERM": "xterm"]) { $1 }
      .map { strdup("\($0)=\($1)") }
    defer { (words + environment).forEach { free($0) } }
    var number: pid_t = 0
    let result = posix_spawn(
      &number, enter[0], &actions, &attributes, words + [nil], environment + [nil])
    try #require(result == 0, "\(executable) could not be started")
    process = number
  }

  #if canImport(Darwin)
    private typealias Attributes = posix_spawnattr_t?
  #else
    private typealias Attributes = posix_spawnattr_t
  #endif

  /// No signal blocked or ignored, as in a shell; the threads of the tests block many.
  private static func ordinarySignals() -> Attributes {
    #if canImport(Darwin)
      var attributes: posix_spawnattr_t?
    #else
      var attributes = posix_spawnattr_t()
    #endif
    posix_spawnattr_init(&attributes)
    var signals = sigset_t()
    sigemptyset(&signals)
    posix_spawnattr_setsigmask(&attributes, &signals)
    for signal in [SIGINT, SIGTERM, SIGHUP, SIGPIPE] { sigaddset(&signals, signal) }
    posix_spawnattr_setsigdefault(&attributes, &signals)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
    return attributes
  }

  /// What has been written to standard output so far.
  var output: String { (try? String(contentsOfFile: outputPath, encoding: .utf8)) ?? "" }

  /// What has been written to standard error so far.
  var errors: String { (try? String(contentsOfFile: errorPath, encoding: .utf8)) ?? "" }

  /// Waits until the output holds `text`, or the program has ended. "epoch 3/20" is said, too, by
  /// that epoch's row of the table.
  func waitForOutput(_ text: String) {
    let row = text.hasPrefix("epoch ") ? " " + text.dropFirst("epoch ".count) : text
    while !output.contains(text) && !output.contains(row) {
      var info = siginfo_t()
      waitid(P_PID, id_t(process), &info, WEXITED | WNOHANG | WNOWAIT)
      // Nothing ends: `info` stays as it was, with no signal in it.
      if info.si_signo != 0 { return }
      usleep(2000)
    }
  }

  func send(_ signal: Int32) { kill(process, signal) }

  /// Waits until the program has ended.
  func wait() -> Outcome {
    var status: Int32 = 0
    while waitpid(process, &status, 0) < 0 && errno == EINTR {}
    let signal = status & 0x7f
    return Outcome(
      status: signal == 0 ? (status >> 8) & 0xff : -signal, output: output,
      errors: errors)
  }
}

/// Expects a refusal: this status, one sentence that holds `words`, no crash.
func expectRefusal(
  _ outcome: Outcome, status: Int32 = 1, _ words: [String],
  sourceLocation: SourceLocation = #_sourceLocation
) {
  let errors = outcome.errors
  #expect(outcome.status == status, "\(errors)", sourceLocation: sourceLocation)
  let lines = errors.split(separator: "\n").map(String.init)
  let sentence = lines.first ?? ""
  #expect(sentence.hasPrefix("Error: "), sourceLocation: sourceLocation)
  for word in words {
    #expect(
      sentence.contains(word), "\(sentence) should hold \(word)", sourceLocation: sourceLocation)
  }
  if status == 64 {
    // Wrong usage is answered by the sentence and the way to the help, nothing else.
    let others = lines.dropFirst().filter {
      !$0.hasPrefix("Help: ") && !$0.hasPrefix("Usage: ") && !$0.hasPrefix("  See 'elbo ")
    }
    #expect(others.isEmpty, sourceLocation: sourceLocation)
  } else {
    #expect(lines.count == 1, "\(errors)", sourceLocation: sourceLocation)
    #expect(!sentence.hasSuffix("."), sourceLocation: sourceLocation)
  }
}

/// Expects that a command did what it was asked and complained about nothing.
func expectSuccess(_ outcome: Outcome, sourceLocation: SourceLocation = #_sourceLocation) {
  #expect(outcome.status == 0, "\(outcome.errors)", sourceLocation: sourceLocation)
  #expect(outcome.errors == "", sourceLocation: sourceLocation)
}
