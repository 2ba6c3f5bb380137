// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Formats
internal import VariationalInference

#if canImport(Glibc)
  internal import Glibc
#else
  internal import Darwin
#endif

/// How the command ends: the one place where help and errors are printed.
enum Ending {
  /// Ends the process with what a thrown error asks for: help or a version on the standard output,
  /// a sentence beside it, the exit status.
  ///
  /// - Parameters:
  ///   - error: As a command threw it.
  ///   - arguments: Those of the command line.
  static func end(_ error: any Error, arguments: [String]) -> Never {
    let status = Elbo.exitCode(for: error)
    let text = Elbo.fullMessage(for: error)
    let unknown = UnknownCommand(arguments)
    if let unknown, status == .validationFailure || unknown.isAskedFor {
      Terminal.fail(
        [unknown.sentence],
        help: status.isSuccess ? "" : Self.help(text, after: Elbo.message(for: error)))
      exit(ExitCode.validationFailure.rawValue)
    }
    if status.isSuccess {
      if !text.isEmpty { Terminal.write(text + "\n") }
      do { try Terminal.finish() } catch { end(error, arguments: arguments) }
      exit(status.rawValue)
    }
    let message = Elbo.message(for: error)
    if !message.isEmpty {
      Terminal.fail(lines(message, of: error, status), help: Self.help(text, after: message))
    }
    Terminal.clearLine()
    exit(status.rawValue)
  }

  /// A message is one line, whatever it quotes. Lines of their own have the listings of a compiler
  /// and those, indented, of the values that an option takes and of what converts a PyTorch file.
  private static func lines(
    _ message: String, of error: any Error, _ status: ExitCode
  ) -> [String] {
    if error is StanError { return message.split(separator: "\n").map(String.init) }
    let isConversion =
      if case .safetensors(.pytorch) = (error as? FormatError)?.fault { true } else { false }
    guard isConversion || status == .validationFailure else { return [message] }
    return message.split(separator: "\n", omittingEmptySubsequences: false).reduce(into: []) {
      lines, part in
      if lines.isEmpty || part.hasPrefix("  ") {
        lines.append(String(part))
      } else {
        lines[lines.count - 1] += "\n" + part
      }
    }
  }

  /// What the parser of arguments adds to a message: how the command is used.
  private static func help(_ text: String, after message: String) -> String {
    let start = "Error: \(message)\n"
    // Bytes, as the end of a message and the line feed may be one character.
    guard text.utf8.starts(with: start.utf8) else { return "" }
    let rest = String(decoding: text.utf8.dropFirst(start.utf8.count), as: UTF8.self)
    return rest.isEmpty ? "" : rest + "\n"
  }
}

/// A word that stands where a command's name is expected, and is none.
struct UnknownCommand {
  private let word: String
  private let names: [String]
  /// Whether the help of it is asked for, which the parser would answer by that of another.
  let isAskedFor: Bool

  /// The first such word of a command line, if there is one.
  init?(_ arguments: [String]) {
    var command: any ParsableCommand.Type = Elbo.self
    isAskedFor = arguments.contains { ["help", "--help", "-h"].contains($0) }
    for word in arguments where !word.hasPrefix("-") && word != "help" {
      let known = command.configuration.subcommands
      if known.isEmpty { return nil }
      guard let next = known.first(where: { $0._commandName == word }) else {
        (self.word, names) = (word, known.map { $0._commandName })
        return
      }
      command = next
    }
    return nil
  }

  var sentence: String {
    let way =
      nearestName(to: word, among: names).map { "Did you mean '\($0)'?" }
      ?? "The commands are \(names.joined(separator: ", "))"
    return "Unexpected argument '\(word.count > 60 ? word.prefix(60) + "..." : word)'. \(way)"
  }
}
