// SPDX-License-Identifier: Apache-2.0

internal import Formats

/// What is wrong with a Stan library, a program or its data.
public struct StanError: Error, Equatable, CustomStringConvertible {
  /// One sentence; a compiler's message keeps its lines.
  public let description: String

  init(_ description: String) { self.description = description }

  /// What a library said as part of a sentence: on one line, without control characters, not endless.
  static func bounded(_ message: String) -> String {
    lines(message, limit: 300).joined(separator: "; ").shown(limit: 600)
  }

  /// What a compiler said: on its lines, which point at each other.
  static func listing(_ message: String) -> String {
    let lines = lines(message, limit: 300), most = 16
    let rest = lines.count > most ? ["... and \(lines.count - most) more lines"] : []
    return (lines.prefix(most) + rest).joined(separator: "\n")
  }

  private static func lines(_ message: String, limit: Int) -> [String] {
    message.split(whereSeparator: \.isNewline).map { String($0).shown(limit: limit) }
      .filter { line in !line.allSatisfy { $0 == " " || $0 == "-" } }
  }
}
